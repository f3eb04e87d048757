// SPDX-License-Identifier: GPL-2.0
/*
 * TDX Connect's part of the conformance suite, and what its glue has to do besides: the
 * backend's files as they are, over scripted TDCALLs.
 */
#include <linux/pci.h>
#include <linux/unaligned.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../../tests/fake_core.h"
#include "../../tests/fake_platform.h"
#include "../internal.h"
#include "fake_domain.h"
#include "fake_tdx.h"

#define CONF_SUITE	"tdi-tdx-connect-conformance"
/* BIND has none (2.2), and an answer comes in one piece. */
#define CONF_NO_LOCK_FLAGS	1
#define CONF_WHOLE_OBJECTS	1
#include "../../tests/conformance.h"

static struct fake_pci *fake;

/* Device information with one object in it that a test chose, and two that it did not. */
static u8 info[4 * PAGE_SIZE];

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
	tdi->pdev = pdev;
	tdi->backend = fake_core_backend;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, remove_tdi, tdi), 0);
	return tdi;
}

static void make_bus(struct kunit *test)
{
	static const struct fake_desc descs[] = {
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_MBOX,
		  .bar_size = { EMU_MBOX_BAR_SIZE } },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_DMATEST, .tee = true },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_NVME, .tee = true },
	};

	fake_tdx_reset();
	fake_core_err = 0;
	fake = fake_pci_new(test, descs, ARRAY_SIZE(descs));
}

static int probe(struct kunit *test, const struct fake_platform *how)
{
	return fake_platform_new(test, &fake_pci_fn(fake, 0)->pdev->dev, how);
}

static const struct fake_platform honest = {
	.tsm_regs = fake_tdx_tsm_regs, .host_regs = fake_tdx_host_regs,
};

static struct tdi *conf_tdi(struct kunit *test)
{
	make_bus(test);
	KUNIT_ASSERT_EQ(test, probe(test, &honest), 0);
	KUNIT_ASSERT_NOT_NULL(test, fake_core_backend);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	fake_tdx.session = conf_nonces.lock;
	put_unaligned_le64(conf_nonces.meas, fake_tdx.info_hash);
	put_unaligned_le64(conf_nonces.report, fake_tdx.report_hash);
	/* Short: a read takes all of it, and the next one asks the host again. */
	conf_object(conf_data, 200, 200);
	return add(test, 1);
}

static struct tdi *conf_other_tdi(struct kunit *test)
{
	return add(test, 2);
}

/* Which TDCALL, or which commands, do a callback's work. */
static const struct {
	u64 leaf, field;
	u32 ops;
} work[CONF_NR_OPS] = {
	[CONF_INFO]	= { .leaf = 67, .field = 2 },
	[CONF_LOCK]	= { .ops = BIT(2) },
	[CONF_MEASURE]	= { .ops = BIT(3) },
	[CONF_SIZE]	= { .ops = BIT(3) | BIT(4) },
	[CONF_READ]	= { .ops = BIT(3) | BIT(4) },
	[CONF_ACCEPT]	= { .leaf = 71 },
	[CONF_RELEASE]	= { .leaf = 67, .field = 2 },
	[CONF_ENABLE]	= { .leaf = 70 },
	[CONF_DISABLE]	= { .leaf = 67, .field = 2 },
	[CONF_START]	= { .leaf = 68 },
	[CONF_UNLOCK]	= { .ops = BIT(7) },
};

static void conf_break(enum conf_op op, enum conf_break how)
{
	bool leaf = work[op].leaf;

	fake_tdx.at_leaf = work[op].leaf;
	fake_tdx.at_field = work[op].field;
	fake_tdx.at_ops = work[op].ops;
	/* CHECK_TEEIO_SUPP is honest, and BIND is not. */
	switch (how) {
	case CONF_SILENT:
		fake_tdx.how = FAKE_TDX_SILENT;
		break;
	case CONF_MALFORMED:
		/* No error, and no success either; an operation that nobody asked for. */
		fake_tdx.how = leaf ? FAKE_TDX_STATUS : FAKE_TDX_HEADER;
		fake_tdx.status = 0x1234ULL << 32;
		fake_tdx.header = (struct tdx_tdcm_hdr) { .operation = cpu_to_le16(99),
							  .status = 1 };
		break;
	case CONF_REFUSED:
		fake_tdx.how = leaf ? FAKE_TDX_STATUS : FAKE_TDX_ERROR;
		fake_tdx.status = 0xc000010000000001ULL;
		break;
	case CONF_STALE:
		fake_tdx.session++;
		break;
	case CONF_BUSY:
		fake_tdx.how = leaf ? FAKE_TDX_STATUS : FAKE_TDX_VMCALL;
		fake_tdx.status = leaf ? 0x8000020000000001ULL : 1;
		break;
	case CONF_NR_BREAKS:
		break;
	}
}

/* Digests are of what was handed over, and flags are not told: see the suite below. */
static bool conf_facts(const struct tdi_tsm_info *facts)
{
	return false;
}

static void conf_raw_state(u32 state)
{
	fake_tdx.state = state;
}

static bool conf_raw_hash(u32 hash)
{
	fake_tdx.hash_len = hash;
	return true;
}

/* The same object for each of the four; @claimed is no other than @len here. */
static void conf_object(const void *data, size_t len, u64 claimed)
{
	put_unaligned_le32(3, info);
	put_unaligned_le32(len, info + 4);
	put_unaligned_le32(5, info + 8);
	memcpy(info + 12, "vca", 3);
	memcpy(info + 15, data, len);
	memcpy(info + 15 + len, "meas.", 5);
	fake_tdx.info = info;
	fake_tdx.info_len = 20 + len;
	fake_tdx.report = data;
	fake_tdx.report_len = len;
}

static void conf_chunk(size_t chunk, int count_off)
{
}

static unsigned int conf_calls(void)
{
	return fake_tdx.nr;
}

static bool find(const void *in, size_t in_len, const void *bytes, size_t len)
{
	size_t i;

	for (i = 0; i + len <= in_len; i++)
		if (!memcmp(in + i, bytes, len))
			return true;
	return false;
}

/*
 * A leaf carries no nonces but START the session. What was compared with them instead,
 * before the leaf was issued, is what the module told.
 */
static bool conf_carried(enum conf_op op, const void *bytes, size_t len)
{
	const struct fake_tdx_call *call;
	u64 found[8] = { fake_tdx.told[3], fake_tdx.told[4], fake_tdx.told[5] };

	if (op == CONF_MEASURE) {
		call = fake_tdx_last_tdcm(3);
		return call && find(call->cmd + 20, 32, bytes, len);
	}
	call = fake_tdx_last(work[op].leaf);
	if (!call)
		return false;
	if (op == CONF_ACCEPT) {
		found[3] = call->r[TDX_RCX];
		found[4] = call->r[TDX_RDX];
		found[5] = call->r[TDX_R9] >> 32;
		found[6] = call->r[TDX_R9] & 0xffffffff;
	}
	return find(found, sizeof(found), bytes, len);
}

static bool conf_was_for(enum conf_op op, struct tdi *tdi)
{
	const struct fake_tdx_call *call = work[op].leaf ? fake_tdx_last(work[op].leaf) :
				fake_tdx_last_tdcm(op == CONF_SIZE || op == CONF_READ ? 4 :
						   ffs(work[op].ops) - 1);
	enum tdx_reg reg = !work[op].leaf ? TDX_R12 : work[op].leaf == 71 ? TDX_R8 : TDX_RCX;

	return call && call->r[reg] == pci_dev_id(tdi->pdev);
}

/* --- what only this platform has ----------------------------------------------------- */

static struct tdi *tdi;
static const struct tdi_backend_ops *ops;

static void ready(struct kunit *test)
{
	tdi = conf_tdi(test);
	ops = tdi->backend->ops;
	fake_tdx.nr = 0;
}

static void refused(struct kunit *test, int found, int err, const char *reason)
{
	KUNIT_EXPECT_EQ(test, found, err);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(tdi->reason, reason), "%s", tdi->reason);
	tdi->reason[0] = '\0';
}

/* The session changes once that leaf (and field) was asked for so many times. */
static u64 rebind_leaf, rebind_field;
static unsigned int rebind_after;

static void rebind(const struct fake_tdx_call *call)
{
	if (call->r[TDX_RAX] != rebind_leaf || call->r[TDX_RDX] != rebind_field)
		return;
	if (!rebind_after--)
		fake_tdx.session ^= 0xff;
}

static void rebind_at(u64 leaf, u64 field, unsigned int after)
{
	rebind_leaf = leaf;
	rebind_field = field;
	rebind_after = after;
	fake_tdx.before = rebind;
}

static void it_says_what_it_is(struct kunit *test)
{
	ready(test);
	KUNIT_EXPECT_STREQ(test, tdi->backend->platform, "tdx-connect");
	KUNIT_EXPECT_EQ(test, tdi->backend->order, TDI_ACCEPT_FIRST);
	KUNIT_EXPECT_TRUE(test, tdi->backend->flags & TDI_BACKEND_EMULATED);
	KUNIT_EXPECT_TRUE(test, tdi->backend->flags & TDI_BACKEND_PRIVATE_MMIO);
	/* Shared memory is above the shared bit: GPAW 48. */
	KUNIT_EXPECT_EQ(test, tdi->backend->vtom, BIT_ULL(47));
}

static void addresses_may_have_52_bits(struct kunit *test)
{
	make_bus(test);
	KUNIT_ASSERT_EQ(test, probe(test, &honest), 0);
	fake_tdx.gpaw = 52;
	KUNIT_EXPECT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	KUNIT_EXPECT_EQ(test, fake_core_backend->vtom, BIT_ULL(51));
}

static void a_td_without_tdx_connect_is_left_alone(struct kunit *test)
{
	static const u64 widths[] = { 0, 1, 47, 49, 63 };
	int i;

	make_bus(test);
	KUNIT_ASSERT_EQ(test, probe(test, &honest), 0);
	fake_tdx.config = ~BIT(5);
	KUNIT_EXPECT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), -ENODEV);
	fake_tdx.config = BIT(5);
	for (i = 0; i < ARRAY_SIZE(widths); i++) {
		fake_tdx.gpaw = widths[i];
		KUNIT_EXPECT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), -EIO);
	}
	fake_tdx.gpaw = 48;
	KUNIT_EXPECT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
}

static void a_core_that_refuses_leaves_nothing(struct kunit *test)
{
	make_bus(test);
	fake_core_err = -EBUSY;
	KUNIT_EXPECT_EQ(test, probe(test, &honest), -EBUSY);
	fake_core_err = 0;
	KUNIT_EXPECT_NULL(test, fake_platform.event);
}

static void a_function_that_the_host_does_not_know_is_not_its(struct kunit *test)
{
	ready(test);
	fake_platform.announce_err = -ENODEV;
	KUNIT_EXPECT_PTR_EQ(test, ops->add(tdi->backend, fake_pci_fn(fake, 2)->pdev),
			    ERR_PTR(-ENODEV));
}

/* R12 of TDCM has 16 bits: another function may have the same. */
static void a_function_of_another_domain_is_not_its(struct kunit *test)
{
	ready(test);
	fake_tdx_domain = 1;
	KUNIT_EXPECT_PTR_EQ(test, ops->add(tdi->backend, fake_pci_fn(fake, 2)->pdev),
			    ERR_PTR(-ENODEV));
	KUNIT_EXPECT_EQ(test, fake_platform.nr_announced, 1);
}

static void nothing_stays_shared_when_a_tdi_goes(struct kunit *test)
{
	struct tdi *other;

	ready(test);
	other = ops->add(tdi->backend, fake_pci_fn(fake, 2)->pdev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	other->pdev = fake_pci_fn(fake, 2)->pdev;
	other->backend = tdi->backend;
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 0);
	KUNIT_EXPECT_EQ(test, ops->lock(other, 1), 0);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 32);
	ops->remove(other);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 0);
}

/* 2.1: 0xC0000F40 TDI not present, 0xC0000F41 invalid metadata. */
static void what_is_not_bound_is_unlocked(struct kunit *test)
{
	struct tdi_tsm_info got;

	ready(test);
	fake_tdx.bound = false;
	KUNIT_EXPECT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.state, TDISP_CONFIG_UNLOCKED);
	KUNIT_EXPECT_EQ(test, got.nonces.lock, 0);
	KUNIT_EXPECT_EQ(test, got.digest_valid, 0);
	fake_tdx.bound = true;
	fake_tdx.at_leaf = 67;
	fake_tdx.how = FAKE_TDX_STATUS;
	fake_tdx.status = 0xc0000f4100000001ULL;
	KUNIT_EXPECT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.state, TDISP_CONFIG_UNLOCKED);
	/* Any other error is no state. */
	fake_tdx.status = 0xc0000f4200000001ULL;
	refused(test, ops->info(tdi, &got), -EREMOTEIO, "found 0xc0000f4200000001");
}

/* A byte of it would be 2, RUN, as the driver of T1 reads it. */
static void a_state_is_64_bits(struct kunit *test)
{
	struct tdi_tsm_info got;

	ready(test);
	fake_tdx.state = 0x100000002ULL;
	refused(test, ops->info(tdi, &got), -EIO, "state: expected 0 to 3, found 4294967298");
}

static void session_and_hashes_are_the_nonces(struct kunit *test)
{
	struct tdi_tsm_info got;

	ready(test);
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.nonces.lock, conf_nonces.lock);
	KUNIT_EXPECT_EQ(test, got.nonces.meas, conf_nonces.meas);
	KUNIT_EXPECT_EQ(test, got.nonces.report, conf_nonces.report);
	KUNIT_EXPECT_TRUE(test, got.no_lock_flags);
	KUNIT_EXPECT_FALSE(test, got.has_bars);
	KUNIT_EXPECT_FALSE(test, got.has_dma);
	/* A hash that begins with zeros is one all the same. */
	memset(fake_tdx.info_hash, 0, 8);
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_NE(test, got.nonces.meas, 0);
}

static void a_session_that_changes_while_it_is_read_is_stale(struct kunit *test)
{
	struct tdi_tsm_info got;

	ready(test);
	rebind_at(67, 5, 1);
	refused(test, ops->info(tdi, &got), -ESTALE, "bind session nonce");
}

static void shorten(const struct fake_tdx_call *call)
{
	fake_tdx.hash_len = call->r[TDX_RDX] == 4 ? 32 : 48;
}

static void hashes_of_two_lengths_are_malformed(struct kunit *test)
{
	struct tdi_tsm_info got;

	ready(test);
	fake_tdx.before = shorten;
	refused(test, ops->info(tdi, &got), -EIO, "found 48 and 32");
}

static void a_length_tells_the_algorithm(struct kunit *test)
{
	struct tdi_tsm_info got;
	static const u64 lens[] = { 32, 48, 64 };
	static const enum tdi_hash algs[] = { TDI_HASH_SHA256, TDI_HASH_SHA384, TDI_HASH_SHA512 };
	int i;

	ready(test);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		fake_tdx.hash_len = lens[i];
		KUNIT_EXPECT_EQ(test, ops->info(tdi, &got), 0);
		KUNIT_EXPECT_EQ(test, got.hash, algs[i]);
	}
}

/* --- evidence ------------------------------------------------------------------------ */

static void read_all(struct kunit *test, enum tdi_object obj, const void *want, size_t len)
{
	u64 size = 0;
	u8 *got = kunit_kzalloc(test, len + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, got);
	KUNIT_ASSERT_EQ(test, ops->object_size(tdi, obj, &size), 0);
	KUNIT_ASSERT_EQ(test, size, len);
	KUNIT_ASSERT_EQ(test, ops->object_read(tdi, obj, 0, got, len + 1), len);
	KUNIT_EXPECT_MEMEQ(test, got, want, len);
}

static void information_is_one_command_and_three_objects(struct kunit *test)
{
	struct tdi_tsm_info got;
	u8 digest[64] = { };

	ready(test);
	KUNIT_ASSERT_EQ(test, ops->measure(tdi, conf_nonce), 0);
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.hash, TDI_HASH_SHA384);
	KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(TDI_NR_OBJECTS) - 1);
	fake_tdx_sha384("vca", 3, digest);
	KUNIT_EXPECT_MEMEQ(test, got.digest[TDI_OBJ_VCA], digest, 48);
	fake_tdx_sha384(conf_data, 200, digest);
	KUNIT_EXPECT_MEMEQ(test, got.digest[TDI_OBJ_CERTS], digest, 48);
	fake_tdx_sha384("meas.", 5, digest);
	KUNIT_EXPECT_MEMEQ(test, got.digest[TDI_OBJ_MEASUREMENTS], digest, 48);
	KUNIT_EXPECT_MEMEQ(test, got.digest[TDI_OBJ_REPORT], fake_tdx.report_hash, 48);
	read_all(test, TDI_OBJ_CERTS, conf_data, 200);
	read_all(test, TDI_OBJ_VCA, "vca", 3);
	read_all(test, TDI_OBJ_MEASUREMENTS, "meas.", 5);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(3), 1);
}

static void digests_are_claimed_for_what_the_module_has_now(struct kunit *test)
{
	struct tdi_tsm_info got;

	ready(test);
	/* Before anything was handed over: the report's alone, which the module has. */
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(TDI_OBJ_REPORT));
	KUNIT_ASSERT_EQ(test, ops->measure(tdi, conf_nonce), 0);
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(TDI_NR_OBJECTS) - 1);
	/* The host has it measured again. The last byte of a hash counts. */
	fake_tdx.info_hash[47] ^= 1;
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(TDI_OBJ_REPORT));
	fake_tdx.info_hash[47] ^= 1;
	KUNIT_ASSERT_EQ(test, ops->unlock(tdi), 0);
	fake_tdx.bound = true;
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(TDI_OBJ_REPORT));
}

static void information_that_the_module_does_not_have_is_refused(struct kunit *test)
{
	struct tdi_tsm_info got;
	u64 size = 77;

	ready(test);
	fake_tdx.attest = false;
	refused(test, ops->measure(tdi, conf_nonce), -EKEYREJECTED,
		"(certificates, VCA, measurements): expected sha384:");
	refused(test, ops->object_size(tdi, TDI_OBJ_VCA, &size), -EKEYREJECTED, "(TDX module)");
	KUNIT_EXPECT_EQ(test, size, 77);
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(TDI_OBJ_REPORT));
}

static const struct bad_split {
	const char *desc;
	u32 vca, certs, meas;
} bad_splits[] = {
	{ "no VCA", 0, 203, 5 },
	{ "no certificates", 203, 0, 5 },
	{ "no measurements", 3, 205, 0 },
	{ "a byte less", 3, 200, 4 },
	{ "a byte more", 3, 200, 6 },
	{ "all of it first", 208, 200, 5 },
	{ "more than there can be", 3, U32_MAX, 5 },
	{ "wraps", U32_MAX - 2, 200, 5 },
	{ "wraps last", 3, 200, U32_MAX - 202 },
};

KUNIT_ARRAY_PARAM_DESC(bad_split, bad_splits, desc);

/* Though the module vouches for it: the lengths are not believed for that. */
static void information_has_to_be_three_objects(struct kunit *test)
{
	const struct bad_split *bad = test->param_value;
	struct tdi_tsm_info got;

	ready(test);
	put_unaligned_le32(bad->vca, info);
	put_unaligned_le32(bad->certs, info + 4);
	put_unaligned_le32(bad->meas, info + 8);
	refused(test, ops->measure(tdi, conf_nonce), -EIO, "device information: ");
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(TDI_OBJ_REPORT));
}

static void short_information_is_refused(struct kunit *test)
{
	u32 len;

	ready(test);
	for (len = 0; len < 15; len++) {
		fake_tdx.info_len = len;
		refused(test, ops->measure(tdi, conf_nonce), -EIO, "length: expected 15 to ");
	}
	/* No room for an object each, and then exactly that. */
	fake_tdx.info_len = 15;
	refused(test, ops->measure(tdi, conf_nonce), -EIO, "device information: ");
	put_unaligned_le32(1, info);
	put_unaligned_le32(1, info + 4);
	put_unaligned_le32(1, info + 8);
	KUNIT_EXPECT_EQ(test, ops->measure(tdi, conf_nonce), 0);
}

/* 2.2: 64 KiB at most. */
static void a_report_has_its_limit(struct kunit *test)
{
	u8 *big = kunit_kzalloc(test, 65537, GFP_KERNEL);
	u64 size;

	ready(test);
	KUNIT_ASSERT_NOT_NULL(test, big);
	fake_tdx.report = big;
	fake_tdx.report_len = 65537;
	refused(test, ops->object_size(tdi, TDI_OBJ_REPORT, &size), -EIO,
		"expected 1 to 65536 bytes, found 65537");
	fake_tdx.report_len = 0;
	refused(test, ops->object_size(tdi, TDI_OBJ_REPORT, &size), -EIO, "found 0");
	fake_tdx.report_len = 65536;
	KUNIT_EXPECT_EQ(test, ops->object_size(tdi, TDI_OBJ_REPORT, &size), 0);
	KUNIT_EXPECT_EQ(test, size, 65536);
	refused(test, ops->object_read(tdi, TDI_OBJ_REPORT, 65536, conf_buf, 1), -EIO, "offset");
}

/* --- accept and start ---------------------------------------------------------------- */

static const struct when {
	const char *desc;
	enum conf_op op;
	unsigned int after;	/* reads of the session that are honest */
	unsigned int leaves;	/* that were issued by then */
} whens[] = {
	{ "accept, first look", CONF_ACCEPT, 0, 0 },
	{ "accept, second look", CONF_ACCEPT, 1, 0 },
	{ "accept, afterwards", CONF_ACCEPT, 2, 1 },
	{ "enable, first look", CONF_ENABLE, 0, 0 },
	{ "enable, second look", CONF_ENABLE, 1, 0 },
	{ "enable, afterwards", CONF_ENABLE, 2, 1 },
	{ "start, first look", CONF_START, 0, 0 },
	{ "start, second look", CONF_START, 1, 0 },
	{ "start, afterwards", CONF_START, 2, 1 },
};

KUNIT_ARRAY_PARAM_DESC(when, whens, desc);

static void another_session_is_found_out_at_every_look(struct kunit *test)
{
	const struct when *when = test->param_value;

	ready(test);
	rebind_at(67, 5, when->after);
	refused(test, conf_do(tdi, when->op), -ESTALE, "nonce");
	KUNIT_EXPECT_EQ(test, fake_tdx_count(work[when->op].leaf), when->leaves);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(5), 0);
}

/* Between the last look and the leaf, which is where a host would do it. */
static void a_session_that_changes_under_a_leaf_is_found_out(struct kunit *test)
{
	const enum conf_op op = conf_op_of(test);

	ready(test);
	/* RDX of these: range 3, target 0, session. */
	rebind_at(work[op].leaf, op == CONF_ACCEPT ? 3 : op == CONF_ENABLE ? 0 : conf_nonces.lock,
		  0);
	refused(test, conf_do(tdi, op), -ESTALE, "bind session nonce");
	KUNIT_EXPECT_EQ(test, fake_tdx_count(work[op].leaf), 1);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(5), 0);
}

static void other_evidence_is_not_what_was_accepted(struct kunit *test)
{
	const enum conf_op op = conf_op_of(test);

	ready(test);
	fake_tdx.report_hash[0] ^= 1;
	refused(test, conf_do(tdi, op), -ESTALE, "nonce");
	fake_tdx.report_hash[0] ^= 1;
	fake_tdx.info_hash[7] ^= 0x80;
	refused(test, conf_do(tdi, op), -ESTALE, "nonce");
	KUNIT_EXPECT_EQ(test, fake_tdx_count(work[op].leaf), 0);
	fake_tdx.info_hash[7] ^= 0x80;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, op), 0);
}

static void what_was_unbound_is_not_accepted(struct kunit *test)
{
	const enum conf_op op = conf_op_of(test);

	ready(test);
	fake_tdx.bound = false;
	refused(test, conf_do(tdi, op), -ESTALE, "expected bound, found not present");
	KUNIT_EXPECT_EQ(test, fake_tdx_count(work[op].leaf), 0);
}

/* 2.1, registers of MMIO.ACCEPT, leaf 71. */
static void mmio_accept_has_the_registers_of_its_leaf(struct kunit *test)
{
	const struct fake_tdx_call *call;

	ready(test);
	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_ACCEPT), 0);
	call = fake_tdx_last(71);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->r[1], 0x4000a000);
	KUNIT_EXPECT_EQ(test, call->r[2], 3);
	KUNIT_EXPECT_EQ(test, call->r[8], pci_dev_id(tdi->pdev));
	KUNIT_EXPECT_EQ(test, call->r[9], 0x0123456700000005ULL);
	KUNIT_EXPECT_EQ(test, call->r[10] | call->r[11] | call->r[12] | call->r[13], 0);
}

/* 2.1, registers of DMAR.ACCEPT, leaf 70: target 0, the TD itself. */
static void dmar_accept_has_the_registers_of_its_leaf(struct kunit *test)
{
	const struct fake_tdx_call *call;

	ready(test);
	KUNIT_ASSERT_EQ(test, ops->dma_enable(tdi, &conf_nonces, TDI_DMA_SPLIT), 0);
	call = fake_tdx_last(70);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->r[1], pci_dev_id(tdi->pdev));
	KUNIT_EXPECT_EQ(test, call->r[2] | call->r[8] | call->r[9], 0);
	refused(test, ops->dma_enable(tdi, &conf_nonces, TDI_DMA_IOMMU), -EOPNOTSUPP,
		"expected direct or split");
	KUNIT_EXPECT_EQ(test, fake_tdx_count(70), 1);
}

/* 2.1, TDI.START, leaf 68: RDX is the session; then 2.3, TDCM START_TDI. */
static void start_asks_the_module_before_the_host(struct kunit *test)
{
	const struct fake_tdx_call *call;

	ready(test);
	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_START), 0);
	call = fake_tdx_last(68);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->r[1], pci_dev_id(tdi->pdev));
	KUNIT_EXPECT_EQ(test, call->r[2], conf_nonces.lock);
	KUNIT_EXPECT_TRUE(test, call < fake_tdx_last_tdcm(5));
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(5), 1);
	conf_break(CONF_START, CONF_REFUSED);
	refused(test, conf_do(tdi, CONF_START), -EREMOTEIO, "TDG.TDI.START: status");
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(5), 1);
}

/* 2.1, TDI.RD, leaf 67; M1: R8 is 0 but for hashes, and those go to a private page. */
static void a_read_has_the_registers_of_its_leaf(struct kunit *test)
{
	struct tdi_tsm_info got;
	unsigned int i;

	ready(test);
	KUNIT_ASSERT_EQ(test, ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 5);
	for (i = 0; i < fake_tdx.nr; i++) {
		const u64 *r = fake_tdx.log[i].r;

		KUNIT_EXPECT_EQ(test, r[0], 67);
		KUNIT_EXPECT_EQ(test, r[1], pci_dev_id(tdi->pdev));
		KUNIT_EXPECT_EQ(test, !r[8], r[2] == 2 || r[2] == 5);
		KUNIT_EXPECT_EQ(test, r[8] & (4095 | FAKE_TDX_SHARED), 0);
	}
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 0);
}

static void pages_that_somebody_accepted_before_are_refused(struct kunit *test)
{
	ready(test);
	fake_tdx.at_leaf = 71;
	fake_tdx.how = FAKE_TDX_STATUS;
	fake_tdx.status = 0x00000b0a00000001ULL;
	refused(test, conf_do(tdi, CONF_ACCEPT), -EREMOTEIO, "found 0xb0a00000001");
}

static void more_pages_than_a_register_holds_are_refused_unasked(struct kunit *test)
{
	struct tdi_mmio mmio = conf_mmio;

	ready(test);
	mmio.nr_pages = BIT_ULL(32);
	refused(test, ops->mmio_accept(tdi, &conf_nonces, &mmio), -EIO, "below 2^32");
	mmio.nr_pages = 1;
	mmio.first = BIT_ULL(32);
	refused(test, ops->mmio_accept(tdi, &conf_nonces, &mmio), -EIO, "below 2^32");
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 0);
}

static void a_busy_module_is_asked_again_a_few_times(struct kunit *test)
{
	struct tdi_tsm_info got;

	ready(test);
	fake_tdx.at_leaf = 67;
	fake_tdx.at_field = 2;
	fake_tdx.how = FAKE_TDX_STATUS;
	fake_tdx.status = 0x8000020000000001ULL;
	fake_tdx.times = 3;
	KUNIT_EXPECT_EQ(test, ops->info(tdi, &got), 0);
	fake_tdx.how = FAKE_TDX_STATUS;
	fake_tdx.times = 0;
	fake_tdx.nr = 0;
	refused(test, ops->info(tdi, &got), -EBUSY, "found 0x8000020000000001");
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 8);
}

static void busy_third(const struct fake_tdx_call *call)
{
	if (fake_tdx_count(71) == 3)
		fake_tdx.status = 0x8000020000000000ULL;
}

/* What is left is in RCX and R9 (M1), and is asked for with the leaf that RAX had. */
static void an_interrupted_leaf_goes_on(struct kunit *test)
{
	const struct fake_tdx_call *call;

	ready(test);
	fake_tdx.at_leaf = 71;
	fake_tdx.how = FAKE_TDX_STATUS;
	fake_tdx.status = 0x8000000300000000ULL;
	fake_tdx.times = 3;
	KUNIT_EXPECT_EQ(test, conf_do(tdi, CONF_ACCEPT), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx_count(71), 4);
	call = fake_tdx_last(71);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->r[1], 0x4000d000);
	KUNIT_EXPECT_EQ(test, call->r[9], 0x0123456a00000002ULL);
	KUNIT_EXPECT_EQ(test, call->r[8], pci_dev_id(tdi->pdev));
}

/* Interrupted twice, then busy: what was done is not asked for again. */
static void a_busy_module_is_asked_for_the_rest(struct kunit *test)
{
	const struct fake_tdx_call *call;
	struct tdxc_regs regs = {
		.r[TDX_RAX] = 71, .r[TDX_RCX] = 0x1000, .r[TDX_R8] = 7, .r[TDX_R9] = 5,
	};

	ready(test);
	fake_tdx.at_leaf = 71;
	fake_tdx.how = FAKE_TDX_STATUS;
	fake_tdx.status = 0x8000000300000000ULL;
	fake_tdx.times = 3;
	fake_tdx.before = busy_third;
	KUNIT_EXPECT_EQ(test, tdxc_tdcall(to_tdxc(tdi->backend), &regs), 0);
	KUNIT_EXPECT_EQ(test, regs.r[TDX_RAX] >> 32, 0x80000200);
	KUNIT_EXPECT_EQ(test, regs.r[TDX_RCX], 0x3000);
	KUNIT_EXPECT_EQ(test, regs.r[TDX_R8], 7);
	KUNIT_EXPECT_EQ(test, regs.r[TDX_R9], 0x0000000200000003ULL);
	call = fake_tdx_last(71);
	KUNIT_ASSERT_NOT_NULL(test, call);
	KUNIT_EXPECT_EQ(test, call->r[9], regs.r[TDX_R9]);
}

static void a_leaf_that_gets_nowhere_ends(struct kunit *test)
{
	static const u64 pages[] = { 0, (u64)-1 };
	int i;

	ready(test);
	fake_tdx.at_leaf = 71;
	fake_tdx.how = FAKE_TDX_STATUS;
	fake_tdx.status = 0x8000000300000000ULL;
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		fake_tdx.pages = pages[i];
		refused(test, conf_do(tdi, CONF_ACCEPT), -EREMOTEIO, "found 0x8000000300000000");
	}
	KUNIT_EXPECT_EQ(test, fake_tdx_count(71), 2);
}

/* --- the way in and the way out ------------------------------------------------------ */

/* 2.3: CHECK, then BIND. */
static void lock_asks_first_whether_it_may(struct kunit *test)
{
	ready(test);
	fake_tdx.bound = false;
	KUNIT_ASSERT_EQ(test, ops->lock(tdi, 1), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx.nr, 2);
	KUNIT_EXPECT_TRUE(test, fake_tdx_last_tdcm(1) < fake_tdx_last_tdcm(2));
	fake_tdx.nr = 0;
	fake_tdx.teeio = 0;
	refused(test, ops->lock(tdi, 1), -EREMOTEIO, "CHECK_TEEIO_SUPP: expected 1");
	fake_tdx.teeio = 2;
	refused(test, ops->lock(tdi, 1), -EREMOTEIO, "found 2");
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(2), 0);
}

/* Neither accept has an inverse; UNBIND has the effect, and the module the last word. */
static void what_was_accepted_is_given_back_by_unbinding(struct kunit *test)
{
	ready(test);
	fake_tdx.state = TDISP_RUN;
	KUNIT_EXPECT_EQ(test, ops->dma_disable(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(7), 1);
	KUNIT_EXPECT_FALSE(test, fake_tdx.bound);
	/* And is done once. */
	KUNIT_EXPECT_EQ(test, ops->mmio_release(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(7), 1);
}

/* Whatever DMAR.ACCEPT and TDI.START allowed: it may get to RUN as long as it is bound. */
static void an_allowed_start_is_taken_back(struct kunit *test)
{
	ready(test);
	fake_tdx.state = TDISP_CONFIG_LOCKED;
	KUNIT_EXPECT_EQ(test, ops->dma_disable(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(7), 1);
	KUNIT_EXPECT_FALSE(test, fake_tdx.bound);
	KUNIT_EXPECT_EQ(test, ops->mmio_release(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(7), 1);
}

/* A driver may have private mappings then, which would lead nowhere. */
static void a_tdi_in_error_is_not_unbound_to_stop_its_dma(struct kunit *test)
{
	ready(test);
	fake_tdx.state = TDISP_ERROR;
	KUNIT_EXPECT_EQ(test, ops->dma_disable(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(7), 0);
	KUNIT_EXPECT_EQ(test, ops->mmio_release(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_tdx_count_tdcm(7), 1);
}

static void stay_bound(const struct fake_tdx_call *call)
{
	fake_tdx.bound = true;
}

static void a_host_that_says_unbound_is_not_believed(struct kunit *test)
{
	ready(test);
	fake_tdx.state = TDISP_RUN;
	fake_tdx.before = stay_bound;
	refused(test, ops->dma_disable(tdi), -EREMOTEIO, "expected not present, found state 2");
	refused(test, ops->mmio_release(tdi), -EREMOTEIO, "expected not present, found state 2");
}

static void an_event_is_passed_on(struct kunit *test)
{
	unsigned int before;

	ready(test);
	before = fake_core_events;
	KUNIT_ASSERT_NOT_NULL(test, fake_platform.event);
	fake_platform.event(fake_platform.event_data);
	KUNIT_EXPECT_EQ(test, fake_core_events, before + 1);
}

static struct kunit_case own_cases[] = {
	KUNIT_CASE(it_says_what_it_is),
	KUNIT_CASE(addresses_may_have_52_bits),
	KUNIT_CASE(a_td_without_tdx_connect_is_left_alone),
	KUNIT_CASE(a_core_that_refuses_leaves_nothing),
	KUNIT_CASE(a_function_that_the_host_does_not_know_is_not_its),
	KUNIT_CASE(a_function_of_another_domain_is_not_its),
	KUNIT_CASE(nothing_stays_shared_when_a_tdi_goes),
	KUNIT_CASE(what_is_not_bound_is_unlocked),
	KUNIT_CASE(a_state_is_64_bits),
	KUNIT_CASE(session_and_hashes_are_the_nonces),
	KUNIT_CASE(a_session_that_changes_while_it_is_read_is_stale),
	KUNIT_CASE(hashes_of_two_lengths_are_malformed),
	KUNIT_CASE(a_length_tells_the_algorithm),
	KUNIT_CASE(information_is_one_command_and_three_objects),
	KUNIT_CASE(digests_are_claimed_for_what_the_module_has_now),
	KUNIT_CASE(information_that_the_module_does_not_have_is_refused),
	KUNIT_CASE_PARAM(information_has_to_be_three_objects, bad_split_gen_params),
	KUNIT_CASE(short_information_is_refused),
	KUNIT_CASE(a_report_has_its_limit),
	KUNIT_CASE_PARAM(another_session_is_found_out_at_every_look, when_gen_params),
	KUNIT_CASE_PARAM(a_session_that_changes_under_a_leaf_is_found_out, conf_grant_gen_params),
	KUNIT_CASE_PARAM(other_evidence_is_not_what_was_accepted, conf_grant_gen_params),
	KUNIT_CASE_PARAM(what_was_unbound_is_not_accepted, conf_grant_gen_params),
	KUNIT_CASE(mmio_accept_has_the_registers_of_its_leaf),
	KUNIT_CASE(dmar_accept_has_the_registers_of_its_leaf),
	KUNIT_CASE(start_asks_the_module_before_the_host),
	KUNIT_CASE(a_read_has_the_registers_of_its_leaf),
	KUNIT_CASE(pages_that_somebody_accepted_before_are_refused),
	KUNIT_CASE(more_pages_than_a_register_holds_are_refused_unasked),
	KUNIT_CASE(a_busy_module_is_asked_again_a_few_times),
	KUNIT_CASE(an_interrupted_leaf_goes_on),
	KUNIT_CASE(a_busy_module_is_asked_for_the_rest),
	KUNIT_CASE(a_leaf_that_gets_nowhere_ends),
	KUNIT_CASE(lock_asks_first_whether_it_may),
	KUNIT_CASE(what_was_accepted_is_given_back_by_unbinding),
	KUNIT_CASE(an_allowed_start_is_taken_back),
	KUNIT_CASE(a_tdi_in_error_is_not_unbound_to_stop_its_dma),
	KUNIT_CASE(a_host_that_says_unbound_is_not_believed),
	KUNIT_CASE(an_event_is_passed_on),
	{}
};

static struct kunit_suite own_suite = { .name = "tdi-tdx-connect-glue", .test_cases = own_cases };
kunit_test_suite(own_suite);
