// SPDX-License-Identifier: GPL-2.0
/*
 * Arm CCA's part of the conformance suite, and what only this platform has: registers as
 * the sources have them, operations in parts, and answers that are none.
 */
#include <linux/pci.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../../tests/fake_core.h"
#include "../internal.h"
#include "fake_rmm.h"

#define CONF_SUITE	"tdi-cca-conformance"
#define CONF_NO_LOCK_FLAGS	1
#define CONF_MMIO_BY_ADDRESS	1
#include "../../tests/conformance.h"

#define GET_INFO	0xc400019dULL
#define VALIDATE	0xc400019fULL
#define STATE_SET	0xc4000197ULL
#define DMA_ENABLE	0xc400019cULL
#define DMA_DISABLE	0xc40001a4ULL
#define OBJECT_SIZE	0xc500004cULL
#define OBJECT_READ	0xc500004dULL
#define CONTINUE	0xc5000051ULL
#define MEASURE		0xc5000052ULL
#define GET_REPORT	0xc5000053ULL
#define SET_STATE	0xc5000054ULL
#define ABORT		0xc5000056ULL

static struct fake_pci *fake;

static void remove_tdi(void *tdi)
{
	if (fake_core_backend)
		fake_core_backend->ops->remove(tdi);
}

static struct tdi *add(struct kunit *test, unsigned int slot)
{
	struct pci_dev *pdev = fake_pci_fn(fake, slot)->pdev;
	struct tdi *tdi = fake_core_backend->ops->add(fake_core_backend, pdev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tdi);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_tdi, tdi), 0);
	tdi->pdev = pdev;
	tdi->backend = fake_core_backend;
	return tdi;
}

static void leave(void *unused)
{
	if (fake_core_backend)
		fake_core_backend->ops->leave(fake_core_backend);
}

static void put_nonces(const struct tdi_nonces *nonces)
{
	fake_rmm.info.lock_nonce = cpu_to_le64(nonces->lock);
	fake_rmm.info.meas_nonce = cpu_to_le64(nonces->meas);
	fake_rmm.info.report_nonce = cpu_to_le64(nonces->report);
}

/* Function 0 stands in for the mailbox's device. */
static void machine(struct kunit *test)
{
	static const struct fake_desc descs[] = {
		{ .vendor = 0x1234, .device = 1, .bar_size = { 4096 } },
		{ .vendor = 0x1234, .device = 2, .tee = true, .bar_size = { 16384, 0, 8192 } },
		{ .vendor = 0x1234, .device = 3, .tee = true, .bar_size = { 16384 } },
	};

	fake_rmm_reset();
	fake_core_err = 0;
	cca_timeout_ms = 200;
	fake = fake_pci_new(test, descs, ARRAY_SIZE(descs));
	KUNIT_ASSERT_EQ(test, fake_platform_new(test, &fake_pci_fn(fake, 0)->pdev->dev,
						&fake_rmm_platform), 0);
	KUNIT_ASSERT_NOT_NULL(test, fake_core_backend);
	conf_object(conf_data, sizeof(conf_data), sizeof(conf_data));
	put_nonces(&conf_nonces);
	fake_rmm.info.state = RSI_VDEV_IS_LOCKED;
}

static struct tdi *conf_tdi(struct kunit *test)
{
	machine(test);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, leave, NULL), 0);
	return add(test, 1);
}

static struct tdi *conf_other_tdi(struct kunit *test)
{
	return add(test, 2);
}

/* START asks for the facts first; LOCK has the report fetched as well. */
static const struct {
	u64 fid;
	u64 arg;
	bool host;
} calls[CONF_NR_OPS] = {
	[CONF_INFO]	= { GET_INFO, FAKE_RMM_ANY, false },
	[CONF_LOCK]	= { SET_STATE, 1, true },
	[CONF_MEASURE]	= { MEASURE, FAKE_RMM_ANY, true },
	[CONF_SIZE]	= { OBJECT_SIZE, FAKE_RMM_ANY, true },
	[CONF_READ]	= { OBJECT_READ, FAKE_RMM_ANY, true },
	[CONF_ACCEPT]	= { VALIDATE, FAKE_RMM_ANY, false },
	[CONF_RELEASE]	= { STATE_SET, FAKE_RMM_ANY, false },
	[CONF_ENABLE]	= { DMA_ENABLE, FAKE_RMM_ANY, false },
	[CONF_DISABLE]	= { DMA_DISABLE, FAKE_RMM_ANY, false },
	[CONF_START]	= { SET_STATE, 2, true },
	[CONF_UNLOCK]	= { SET_STATE, 0, true },
};

static void conf_break(enum conf_op op, enum conf_break how)
{
	bool host = calls[op].host;

	fake_rmm.fid = calls[op].fid;
	fake_rmm.arg = calls[op].arg;
	fake_rmm.how = FAKE_RMM_STATUS;
	switch (how) {
	case CONF_SILENT:
		fake_rmm.how = FAKE_RMM_SILENT;
		break;
	case CONF_MALFORMED:
		fake_rmm.status = 77;
		break;
	case CONF_REFUSED:
		fake_rmm.status = host ? RHI_DA_DEVICE : RSI_STATUS_INPUT;
		break;
	case CONF_STALE:
		/* The RMM compares by itself; START compares with what it says. */
		fake_rmm.how = FAKE_RMM_HONEST;
		fake_rmm.info.meas_nonce = cpu_to_le64(1);
		break;
	default:
		fake_rmm.status = host ? RHI_DA_BUSY : RSI_STATUS_INCOMPLETE;
	}
}

static bool conf_facts(const struct tdi_tsm_info *facts)
{
	static const u8 hashes[] = { 0, 2, 1 };
	struct rsi_vdev_info *w = &fake_rmm.info;
	u8 * const digests[TDI_NR_OBJECTS] = {
		[TDI_OBJ_CERTS]		= w->cert_digest,
		[TDI_OBJ_VCA]		= w->vca_digest,
		[TDI_OBJ_MEASUREMENTS]	= w->meas_digest,
		[TDI_OBJ_REPORT]	= w->report_digest,
	};
	int i;

	w->state = facts->state;
	w->hash_algo = hashes[facts->hash];
	put_nonces(&facts->nonces);
	for (i = 0; i < TDI_NR_OBJECTS; i++) {
		memset(digests[i], 0, RSI_DIGEST_SIZE);
		if (facts->digest_valid & BIT(i))
			memcpy(digests[i], facts->digest[i], RSI_DIGEST_SIZE);
	}
	return true;
}

static void conf_raw_state(u32 state)
{
	fake_rmm.info.state = state;
}

/* 0 is an algorithm here: the first that there is not instead. */
static bool conf_raw_hash(u32 hash)
{
	fake_rmm.info.hash_algo = hash ?: 3;
	return true;
}

static void conf_object(const void *data, size_t len, u64 claimed)
{
	fake_rmm.object = data;
	fake_rmm.object_len = len;
	fake_rmm.claimed = claimed;
}

/* The count is all that says how much it is: only more than was asked for is wrong. */
static void conf_chunk(size_t chunk, int count_off)
{
	fake_rmm.chunk = chunk;
	fake_rmm.how = FAKE_RMM_HONEST;
	if (!count_off)
		return;
	fake_rmm.fid = OBJECT_READ;
	fake_rmm.how = FAKE_RMM_RESULTS;
	fake_rmm.result[0] = count_off < 0 ? (u64)(s64)count_off : 100 + (u64)count_off;
}

static unsigned int conf_calls(void)
{
	return fake_rmm.nr;
}

static bool carries(const void *at, size_t size, const void *bytes, size_t len)
{
	size_t i;

	for (i = 0; i + len <= size; i++)
		if (!memcmp(at + i, bytes, len))
			return true;
	return false;
}

/* START carries nothing: that these were the RMM's own nonces is why it was asked for. */
static bool conf_carried(enum conf_op op, const void *bytes, size_t len)
{
	const struct fake_rmm_call *call = fake_rmm_last(calls[op].fid, calls[op].arg);

	if (!call)
		return false;
	if (op == CONF_START)
		return carries(&fake_rmm.info.lock_nonce, 24, bytes, len);
	return carries(call->r, sizeof(call->r), bytes, len) ||
	       carries(call->nonce, sizeof(call->nonce), bytes, len);
}

static u64 vdev_of(const struct tdi *tdi)
{
	return (u64)pci_domain_nr(tdi->pdev->bus) << 16 | pci_dev_id(tdi->pdev);
}

static bool conf_was_for(enum conf_op op, struct tdi *tdi)
{
	const struct fake_rmm_call *call = fake_rmm_last(calls[op].fid, calls[op].arg);
	struct resource *r = &tdi->pdev->resource[0];

	if (!call)
		return false;
	/* By address; of the first function, BAR 4 comes last. */
	if (op == CONF_RELEASE)
		return (call->r[1] >= r->start && call->r[1] <= r->end) ||
		       call->r[1] == pci_resource_start(tdi->pdev, 4);
	return call->r[calls[op].host ? 2 : 1] == vdev_of(tdi);
}

/* --- registers, as the sources have them ---------------------------------------- */

struct golden {
	const char *desc;
	enum conf_op op;
	u64 fid;
	u64 arg;
	/* X0 .., or imm and gprs; VDEV, INFO and BUFFER stand for what differs. */
	u64 r[10];
};

#define VDEV	0xfeed0001ULL
#define INFO	0xfeed0002ULL
#define BUFFER	0xfeed0003ULL
#define L	0x1122334455667788ULL
#define M	0x99aabbccddeeff01ULL
#define R	0x0203040506070809ULL

static const struct golden goldens[] = {
	/* C2, 3.2: vdev_id, IPA of the buffer */
	{ "RSI_VDEV_GET_INFO", CONF_INFO, GET_INFO, FAKE_RMM_ANY,
	  { 0xc400019d, VDEV, INFO } },
	/* C2, 3.2: vdev_id, ipa_base, ipa_top, pa_base, flags, lock, meas, report */
	{ "RSI_VDEV_VALIDATE_MAPPING", CONF_ACCEPT, VALIDATE, FAKE_RMM_ANY,
	  { 0xc400019f, VDEV, 0x4000a000, 0x4000f000, 0x123456789000, 0, L, M, R } },
	/* C2, 3.2: vdev_id, flags, non_ats_plane, lock, meas, report */
	{ "RSI_VDEV_DMA_ENABLE", CONF_ENABLE, DMA_ENABLE, FAKE_RMM_ANY,
	  { 0xc400019c, VDEV, 0, 0, L, M, R } },
	/* C2, 3.2: vdev_id */
	{ "RSI_VDEV_DMA_DISABLE", CONF_DISABLE, DMA_DISABLE, FAKE_RMM_ANY,
	  { 0xc40001a4, VDEV } },
	/* C1, C3, 3.3: vdev, state; imm is 0 */
	{ "SET_TDI_STATE LOCKED", CONF_LOCK, SET_STATE, 1, { 0, 0xc5000054, VDEV, 1 } },
	{ "SET_TDI_STATE RUN", CONF_START, SET_STATE, 2, { 0, 0xc5000054, VDEV, 2 } },
	{ "SET_TDI_STATE UNLOCKED", CONF_UNLOCK, SET_STATE, 0, { 0, 0xc5000054, VDEV, 0 } },
	/* C4, 3.3: vdev */
	{ "GET_INTERFACE_REPORT", CONF_LOCK, GET_REPORT, FAKE_RMM_ANY, { 0, 0xc5000053, VDEV } },
	/* C4, 3.3: vdev, IPA of the parameters */
	{ "GET_MEASUREMENTS", CONF_MEASURE, MEASURE, FAKE_RMM_ANY,
	  { 0, 0xc5000052, VDEV, BUFFER } },
	/* C3, C4, 3.3: vdev, object; the report is 3 */
	{ "OBJECT_SIZE", CONF_SIZE, OBJECT_SIZE, FAKE_RMM_ANY, { 0, 0xc500004c, VDEV, 3 } },
	/* C1, C3, 3.3: vdev, object, buffer, length, offset */
	{ "OBJECT_READ", CONF_READ, OBJECT_READ, FAKE_RMM_ANY,
	  { 0, 0xc500004d, VDEV, 3, BUFFER, 256, 0 } },
};

KUNIT_ARRAY_PARAM_DESC(golden, goldens, desc);

static u64 meant(u64 r, struct tdi *tdi)
{
	switch (r) {
	case VDEV:
		return vdev_of(tdi);
	case INFO:
		return virt_to_phys(to_cca_tdi(tdi)->info);
	case BUFFER:
		return page_to_phys(to_cca(tdi->backend)->shared);
	default:
		return r;
	}
}

static void registers_are_as_the_sources_have_them(struct kunit *test)
{
	const struct golden *g = test->param_value;
	struct tdi *tdi = conf_tdi(test);
	const struct fake_rmm_call *call;
	int i;

	KUNIT_ASSERT_EQ(test, conf_do(tdi, g->op), 0);
	call = fake_rmm_last(g->fid, g->arg);
	KUNIT_ASSERT_NOT_NULL(test, call);
	for (i = 0; i < ARRAY_SIZE(g->r); i++)
		KUNIT_EXPECT_EQ_MSG(test, call->r[i], meant(g->r[i], tdi), "register %d", i);
	/* What has no meaning is zero. */
	for (; i < EMU_NR_REGS; i++)
		KUNIT_EXPECT_EQ(test, call->r[i], 0);
}

/* C2, 3.2: RsiVdevInfo, byte for byte. */
static void facts_are_where_the_sources_have_them(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info info;
	u8 *raw = (u8 *)&fake_rmm.info;

	memset(raw, 0, 0x200);
	raw[0x10] = 2;				/* SHA-384 */
	memset(raw + 0x18, 0x11, 8);
	memset(raw + 0x20, 0x22, 8);
	memset(raw + 0x28, 0x33, 8);
	raw[0x30] = 1;				/* TDISP */
	raw[0x3a] = 1;				/* 1.0: major << 16 */
	raw[0x40] = 2;				/* STARTED */
	memset(raw + 0x80, 0x44, 64);		/* VCA */
	memset(raw + 0xc0, 0x55, 64);		/* certificates */
	memset(raw + 0x100, 0x66, 64);		/* public key */
	memset(raw + 0x140, 0x77, 64);		/* measurements */
	memset(raw + 0x180, 0x88, 64);		/* report */
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	KUNIT_EXPECT_EQ(test, info.state, TDISP_RUN);
	KUNIT_EXPECT_EQ(test, info.hash, TDI_HASH_SHA384);
	KUNIT_EXPECT_EQ(test, info.nonces.lock, 0x1111111111111111ULL);
	KUNIT_EXPECT_EQ(test, info.nonces.meas, 0x2222222222222222ULL);
	KUNIT_EXPECT_EQ(test, info.nonces.report, 0x3333333333333333ULL);
	KUNIT_EXPECT_EQ(test, info.digest_valid, BIT(TDI_NR_OBJECTS) - 1);
	KUNIT_EXPECT_EQ(test, info.digest[TDI_OBJ_VCA][0], 0x44);
	KUNIT_EXPECT_EQ(test, info.digest[TDI_OBJ_CERTS][63], 0x55);
	KUNIT_EXPECT_EQ(test, info.digest[TDI_OBJ_MEASUREMENTS][0], 0x77);
	KUNIT_EXPECT_EQ(test, info.digest[TDI_OBJ_REPORT][63], 0x88);
}

/* K72: base, top, RIPAS EMPTY (0), destroyed ones too (1); every memory BAR. */
static void mmio_is_let_go_of_by_bars(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	const struct fake_rmm_call *call;
	u64 at = pci_resource_start(tdi->pdev, 0);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_RELEASE), 0);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(STATE_SET), 2);
	call = &fake_rmm.log[fake_rmm.nr - 2];
	KUNIT_EXPECT_EQ(test, call->r[1], at);
	KUNIT_EXPECT_EQ(test, call->r[2], at + 16384);
	KUNIT_EXPECT_EQ(test, call->r[3], 0);
	KUNIT_EXPECT_EQ(test, call->r[4], 1);
	call = fake_rmm_last(STATE_SET, FAKE_RMM_ANY);
	KUNIT_EXPECT_EQ(test, call->r[1], pci_resource_start(tdi->pdev, 4));
	KUNIT_EXPECT_EQ(test, call->r[2], pci_resource_start(tdi->pdev, 4) + 8192);
}

static void a_bar_that_stays_does_not_keep_the_other(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	fake_rmm.fid = STATE_SET;
	fake_rmm.how = FAKE_RMM_STATUS;
	fake_rmm.status = RSI_STATUS_INPUT;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_RELEASE), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(STATE_SET), 2);
}

/* --- the nonces ------------------------------------------------------------------ */

static void what_was_of_an_earlier_lock_is_no_nonce(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info info;

	fake_rmm.info.state = RSI_VDEV_IS_UNLOCKED;
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	KUNIT_EXPECT_EQ(test, info.nonces.lock, 0);
	KUNIT_EXPECT_EQ(test, info.nonces.meas, 0);
	KUNIT_EXPECT_EQ(test, info.nonces.report, 0);
}

static void each_nonce_is_compared_before_a_start(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	__le64 * const nonces[] = {
		&fake_rmm.info.lock_nonce, &fake_rmm.info.meas_nonce,
		&fake_rmm.info.report_nonce,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(nonces); i++) {
		put_nonces(&conf_nonces);
		*nonces[i] ^= cpu_to_le64(1);
		KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_START), -ESTALE);
	}
	KUNIT_EXPECT_EQ(test, fake_rmm_count(SET_STATE), 0);
}

static void a_device_that_is_in_the_way_is_no_stale_nonce(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	fake_rmm.fid = DMA_ENABLE;
	fake_rmm.how = FAKE_RMM_STATUS;
	fake_rmm.status = RSI_STATUS_DEVICE;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_ENABLE), -EREMOTEIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "device or nonce"));
}

static void no_mode_but_direct_is_asked_for(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	unsigned int before = fake_rmm.nr;

	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_enable(tdi, &conf_nonces, TDI_DMA_IOMMU),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_enable(tdi, &conf_nonces, TDI_DMA_SPLIT),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, fake_rmm.nr, before);
}

/* --- in parts --------------------------------------------------------------------- */

static void a_mapping_goes_on_where_it_ended(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	const struct fake_rmm_call *call;

	fake_rmm.part_size = 4096;
	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_ACCEPT), 0);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(VALIDATE), 5);
	call = fake_rmm_last(VALIDATE, FAKE_RMM_ANY);
	KUNIT_EXPECT_EQ(test, call->r[2], 0x4000e000);
	KUNIT_EXPECT_EQ(test, call->r[3], 0x4000f000);
	/* The device's pages go along. */
	KUNIT_EXPECT_EQ(test, call->r[4], 0x12345678d000);
}

struct odd_progress {
	const char *desc;
	u64 next, host;
	int err;
};

static const struct odd_progress odd_progresses[] = {
	{ "none", 0x4000a000, 0, -EREMOTEIO },
	{ "none, and the host rejects", 0x4000a000, 1, -EREMOTEIO },
	{ "some, and the host rejects", 0x4000b000, 1, -EREMOTEIO },
	{ "some, and another word of the host's", 0x4000b000, 7, -EREMOTEIO },
	{ "backwards", 0x40009000, 0, -EIO },
	{ "too far", 0x40010000, 0, -EIO },
	{ "as far as can be", ~0ULL, 0, -EIO },
};

KUNIT_ARRAY_PARAM_DESC(odd_progress, odd_progresses, desc);

static void a_mapping_that_gets_nowhere_is_refused(struct kunit *test)
{
	const struct odd_progress *p = test->param_value;
	struct tdi *tdi = conf_tdi(test);

	fake_rmm.fid = VALIDATE;
	fake_rmm.how = FAKE_RMM_RESULTS;
	fake_rmm.result[0] = p->next;
	fake_rmm.result[1] = p->host;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_ACCEPT), p->err);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "expected"));
	KUNIT_EXPECT_EQ(test, fake_rmm_count(VALIDATE), 1);
}

static void an_operation_is_continued_with_its_cookie(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	const struct fake_rmm_call *call;

	fake_rmm.parts = 3;
	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_MEASURE), 0);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(CONTINUE), 3);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(ABORT), 0);
	call = fake_rmm_last(CONTINUE, FAKE_RMM_ANY);
	KUNIT_EXPECT_EQ(test, call->r[2], vdev_of(tdi));
	KUNIT_EXPECT_EQ(test, call->r[3], fake_rmm.cookie);
}

static void an_operation_without_end_is_aborted(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	const struct fake_rmm_call *call;

	fake_rmm.fid = SET_STATE;
	fake_rmm.how = FAKE_RMM_ENDLESS;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_LOCK), -ETIMEDOUT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "expected an end within 200 ms"));
	/* The log is full of CONTINUEs: the abort is none of its 64. */
	call = fake_rmm_last(CONTINUE, FAKE_RMM_ANY);
	KUNIT_EXPECT_NOT_NULL(test, call);
	KUNIT_EXPECT_LT(test, fake_rmm.nr, 500);
}

static void what_is_given_up_is_aborted_once(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	cca_timeout_ms = 0;
	fake_rmm.fid = SET_STATE;
	fake_rmm.how = FAKE_RMM_ENDLESS;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_LOCK), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(ABORT), 1);
	KUNIT_EXPECT_EQ(test, fake_rmm_last(ABORT, FAKE_RMM_ANY)->r[2], vdev_of(tdi));
}

static void a_host_without_continue_must_not_be_incomplete(struct kunit *test)
{
	struct tdi *tdi;

	machine(test);
	fake_rmm.features = 0x3b;	/* C1, 3.3: what Linux cannot do without */
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, leave, NULL), 0);
	tdi = add(test, 1);
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_LOCK), 0);
	fake_rmm.parts = 1;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_LOCK), -EIO);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(CONTINUE), 0);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(ABORT), 0);
}

static void an_rmm_that_never_completes_is_busy(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	fake_rmm.fid = DMA_DISABLE;
	fake_rmm.how = FAKE_RMM_STATUS;
	fake_rmm.status = RSI_STATUS_INCOMPLETE;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_DISABLE), -EBUSY);
	KUNIT_EXPECT_LT(test, fake_rmm_count(DMA_DISABLE), 32);
}

/* --- the host's differences ------------------------------------------------------ */

struct features {
	const char *desc;
	u64 features;
};

static const struct features lacking[] = {
	{ "nothing", 0 },
	{ "no sizes", 0xfe },
	{ "no reads", 0xfd },
	{ "no measurements", 0xf7 },
	{ "no report", 0xef },
	{ "no state", 0xdf },
	{ "no such call", ~0ULL },
};

KUNIT_ARRAY_PARAM_DESC(lacking, lacking, desc);

static void a_host_that_lacks_something_is_declined(struct kunit *test)
{
	const struct features *f = test->param_value;

	machine(test);
	fake_rmm.features = f->features;
	KUNIT_EXPECT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), -ENODEV);
	KUNIT_EXPECT_FALSE(test, fake_platform.entered);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 0);
}

static void the_vca_is_found_by_either_number(struct kunit *test)
{
	static const u64 numbers[] = { 0, 4 };
	struct tdi *tdi = conf_tdi(test);
	u64 size;
	int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		fake_rmm.vca = numbers[i];
		KUNIT_ASSERT_EQ(test, tdi->backend->ops->object_size(tdi, TDI_OBJ_VCA, &size), 0);
		KUNIT_ASSERT_GT(test, tdi->backend->ops->object_read(tdi, TDI_OBJ_VCA, 0, conf_buf,
								     16), 0);
		KUNIT_EXPECT_EQ(test, fake_rmm_last(OBJECT_READ, FAKE_RMM_ANY)->r[3], numbers[i]);
	}
}

static void a_vca_of_no_number_is_refused(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	u64 size;

	fake_rmm.vca = 9;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->object_size(tdi, TDI_OBJ_VCA, &size), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(OBJECT_SIZE), 2);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "no such object"));
}

static void a_read_is_done_at_once_or_not(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	fake_rmm.fid = OBJECT_READ;
	fake_rmm.how = FAKE_RMM_STATUS;
	fake_rmm.status = RHI_DA_INCOMPLETE;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_READ), -EIO);
	KUNIT_EXPECT_EQ(test, fake_rmm_count(CONTINUE), 0);
}

static void a_read_of_nothing_is_none(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	fake_rmm.fid = OBJECT_READ;
	fake_rmm.how = FAKE_RMM_RESULTS;
	fake_rmm.result[0] = 0;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_READ), -EIO);
}

struct odd_info {
	const char *desc;
	size_t at;
	u8 value;
	const char *reason;
};

static const struct odd_info odd_infos[] = {
	{ "no format", 0x30, 0, "format" },
	{ "another format", 0x30, 2, "format" },
	{ "a later version", 0x3a, 2, "version" },
	{ "a minor version", 0x38, 1, "version" },
};

KUNIT_ARRAY_PARAM_DESC(odd_info, odd_infos, desc);

static void facts_of_another_format_are_not_read(struct kunit *test)
{
	const struct odd_info *o = test->param_value;
	struct tdi *tdi = conf_tdi(test);

	((u8 *)&fake_rmm.info)[o->at] = o->value;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_INFO), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, o->reason));
}

/* "Success", and not a byte of facts: nothing of the last ones is left. */
static void facts_that_were_not_written_are_not_read(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_INFO), 0);
	fake_rmm.fid = GET_INFO;
	fake_rmm.how = FAKE_RMM_STATUS;
	fake_rmm.status = RSI_STATUS_SUCCESS;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_INFO), -EIO);
}

/* The mailbox's other end answers when everybody is gone; KASAN looks on. */
static void facts_that_come_too_late_hit_nobodys_memory(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	u8 *info;

	conf_break(CONF_INFO, CONF_SILENT);
	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_INFO), -ETIMEDOUT);
	info = phys_to_virt(fake_rmm_last(GET_INFO, FAKE_RMM_ANY)->r[2]);
	kunit_release_action(test, remove_tdi, tdi);
	memset(info, 0x5a, 512);
	KUNIT_EXPECT_EQ(test, info[511], 0x5a);
	kfree(info);
}

/* Busy and incomplete by turns is neither's patience, but the operation's. */
static void a_host_that_takes_turns_comes_to_an_end(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	fake_rmm.parts = 1000000;
	fake_rmm.busy_by_turns = true;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_MEASURE), -ETIMEDOUT);
	KUNIT_EXPECT_LT(test, fake_rmm.nr, 5000);
}

static void it_never_hides_that_it_is_emulated(struct kunit *test)
{
	struct tdi_backend *backend = conf_tdi(test)->backend;

	KUNIT_EXPECT_TRUE(test, backend->flags & TDI_BACKEND_EMULATED);
	KUNIT_EXPECT_STREQ(test, backend->platform, "cca");
	KUNIT_EXPECT_EQ(test, backend->order, TDI_START_FIRST);
}

static void a_function_that_nobody_knows_is_not_its(struct kunit *test)
{
	struct tdi_backend *backend = conf_tdi(test)->backend;
	struct tdi *tdi;

	fake_platform.announce_err = -ENODEV;
	tdi = backend->ops->add(backend, fake_pci_fn(fake, 2)->pdev);
	KUNIT_EXPECT_PTR_EQ(test, tdi, ERR_PTR(-ENODEV));
}

static struct kunit_case own_cases[] = {
	KUNIT_CASE_PARAM(registers_are_as_the_sources_have_them, golden_gen_params),
	KUNIT_CASE(facts_are_where_the_sources_have_them),
	KUNIT_CASE(mmio_is_let_go_of_by_bars),
	KUNIT_CASE(a_bar_that_stays_does_not_keep_the_other),
	KUNIT_CASE(what_was_of_an_earlier_lock_is_no_nonce),
	KUNIT_CASE(each_nonce_is_compared_before_a_start),
	KUNIT_CASE(a_device_that_is_in_the_way_is_no_stale_nonce),
	KUNIT_CASE(no_mode_but_direct_is_asked_for),
	KUNIT_CASE(a_mapping_goes_on_where_it_ended),
	KUNIT_CASE_PARAM(a_mapping_that_gets_nowhere_is_refused, odd_progress_gen_params),
	KUNIT_CASE(an_operation_is_continued_with_its_cookie),
	KUNIT_CASE(an_operation_without_end_is_aborted),
	KUNIT_CASE(what_is_given_up_is_aborted_once),
	KUNIT_CASE(a_host_without_continue_must_not_be_incomplete),
	KUNIT_CASE(an_rmm_that_never_completes_is_busy),
	KUNIT_CASE_PARAM(a_host_that_lacks_something_is_declined, lacking_gen_params),
	KUNIT_CASE(the_vca_is_found_by_either_number),
	KUNIT_CASE(a_vca_of_no_number_is_refused),
	KUNIT_CASE(a_read_is_done_at_once_or_not),
	KUNIT_CASE(a_read_of_nothing_is_none),
	KUNIT_CASE_PARAM(facts_of_another_format_are_not_read, odd_info_gen_params),
	KUNIT_CASE(facts_that_were_not_written_are_not_read),
	KUNIT_CASE(facts_that_come_too_late_hit_nobodys_memory),
	KUNIT_CASE(a_host_that_takes_turns_comes_to_an_end),
	KUNIT_CASE(it_never_hides_that_it_is_emulated),
	KUNIT_CASE(a_function_that_nobody_knows_is_not_its),
	{}
};

static struct kunit_suite own_suite = { .name = "tdi-cca-glue", .test_cases = own_cases };
kunit_test_suite(own_suite);
