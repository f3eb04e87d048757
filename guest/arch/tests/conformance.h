/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract of struct tdi_backend_ops as a suite, the same for each platform.
 *
 * A backend's CONF_kunit.c supplies the functions that are declared below and not
 * defined, over a scripted transport: whatever stands in for the instruction that
 * its second file issues. Then it includes this file, which defines the suite.
 * What only one platform has is for a suite of that platform's own. What a platform
 * does not have, its part says by defining as 1, before it includes this:
 *	CONF_NO_LOCK_FLAGS	who locks chooses the flags, and is not asked for any
 *	CONF_WHOLE_OBJECTS	an object comes as a whole, and has no size before that
 *	CONF_MMIO_BY_ADDRESS	pages are named by address, the guest's and the report's
 *	CONF_STATE_OF_HOST	the host says the state: one that does not exist is ERROR
 */
#ifndef CONF_SUITE
#error "CONF_SUITE is the suite's name"
#endif

#ifndef CONF_NO_LOCK_FLAGS
#define CONF_NO_LOCK_FLAGS	0
#endif
#ifndef CONF_WHOLE_OBJECTS
#define CONF_WHOLE_OBJECTS	0
#endif
#ifndef CONF_MMIO_BY_ADDRESS
#define CONF_MMIO_BY_ADDRESS	0
#endif
#ifndef CONF_STATE_OF_HOST
#define CONF_STATE_OF_HOST	0
#endif

#include <kunit/test.h>

#include "../../include/tdisp/backend.h"

/* The callbacks that talk to the platform for a TDI. */
enum conf_op {
	CONF_INFO,
	CONF_LOCK,
	CONF_MEASURE,
	CONF_SIZE,
	CONF_READ,
	CONF_ACCEPT,
	CONF_RELEASE,
	CONF_ENABLE,
	CONF_DISABLE,
	CONF_START,
	CONF_UNLOCK,
	CONF_NR_OPS
};

/* What the platform does instead of its part. */
enum conf_break {
	CONF_SILENT,	/* no answer */
	CONF_MALFORMED,	/* an answer that does not make sense */
	CONF_REFUSED,	/* no, by TSM, host or device */
	CONF_STALE,	/* no: a nonce is not the current one */
	CONF_BUSY,	/* try again */
	CONF_NR_BREAKS
};

/* What a backend's part supplies. */

/* An honest platform and a TDI of it, both gone after the test. */
static struct tdi *conf_tdi(struct kunit *test);
/* Another TDI of the same platform. */
static struct tdi *conf_other_tdi(struct kunit *test);
/* From now on the platform fails that callback that way, and no other. */
static void conf_break(enum conf_op op, enum conf_break how);
/* What the TSM says from now on; false for facts that the platform cannot express. */
static bool conf_facts(const struct tdi_tsm_info *facts);
/* The TSM's word for the state, as it stands on the wire. */
static void conf_raw_state(u32 state);
/* The TSM's word for the digests' algorithm; false if the platform has but one. */
static bool conf_raw_hash(u32 hash);
/* The object that the host hands over, and the size that it claims. */
static void conf_object(const void *data, size_t len, u64 claimed);
/* The host gives at most so many bytes at a time, and counts so many too many. */
static void conf_chunk(size_t chunk, int count_off);
/* How many times the platform was asked, by any callback. */
static unsigned int conf_calls(void);
/* The last request for that callback carried these bytes. */
static bool conf_carried(enum conf_op op, const void *bytes, size_t len);
/* The last request for that callback was for that TDI. */
static bool conf_was_for(enum conf_op op, struct tdi *tdi);

/* --- the suite ----------------------------------------------------------------- */

static const struct tdi_nonces conf_nonces = {
	.lock	= 0x1122334455667788ULL,
	.meas	= 0x99aabbccddeeff01ULL,
	.report	= 0x0203040506070809ULL,
};

static const u8 conf_nonce[TDI_NONCE_SIZE] = {
	0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87, 0x78, 0x69, 0x5a, 0x4b, 0x3c, 0x2d,
	0x1e, 0x0f, 0x10, 0x21, 0x32, 0x43, 0x54, 0x65, 0x76, 0x87, 0x98, 0xa9, 0xba, 0xcb,
	0xdc, 0xed, 0xfe, 0x0d,
};

static const struct tdi_mmio conf_mmio = {
	.range = 3, .bar = 2, .first = 0x1234567, .nr_pages = 5, .addr = 0x4000a000,
	.reported = 0x123456789000ULL,
};

static u8 conf_buf[256];

/* The callback with good arguments; object_read gives 0 for bytes. */
static int conf_do(struct tdi *tdi, enum conf_op op)
{
	const struct tdi_backend_ops *ops = tdi->backend->ops;
	struct tdi_tsm_info info;
	ssize_t n;
	u64 size;

	tdi->reason[0] = '\0';
	switch (op) {
	case CONF_INFO:
		return ops->info(tdi, &info);
	case CONF_LOCK:
		return ops->lock(tdi, TDISP_LOCK_NO_FW_UPDATE);
	case CONF_MEASURE:
		return ops->measure(tdi, conf_nonce);
	case CONF_SIZE:
		return ops->object_size(tdi, TDI_OBJ_REPORT, &size);
	case CONF_READ:
		n = ops->object_read(tdi, TDI_OBJ_REPORT, 0, conf_buf, sizeof(conf_buf));
		return n > 0 ? 0 : n ?: -ENODATA;
	case CONF_ACCEPT:
		return ops->mmio_accept(tdi, &conf_nonces, &conf_mmio);
	case CONF_RELEASE:
		return ops->mmio_release(tdi);
	case CONF_ENABLE:
		return ops->dma_enable(tdi, &conf_nonces, TDI_DMA_DIRECT);
	case CONF_DISABLE:
		return ops->dma_disable(tdi);
	case CONF_START:
		return ops->start(tdi, &conf_nonces);
	case CONF_UNLOCK:
		return ops->unlock(tdi);
	case CONF_NR_OPS:
		break;
	}
	return -EINVAL;
}

struct conf_row {
	const char *desc;
	enum conf_op op;
};

static const struct conf_row conf_ops[] = {
	{ "info", CONF_INFO },
	{ "lock", CONF_LOCK },
	{ "measure", CONF_MEASURE },
	{ "object_size", CONF_SIZE },
	{ "object_read", CONF_READ },
	{ "mmio_accept", CONF_ACCEPT },
	{ "mmio_release", CONF_RELEASE },
	{ "dma_enable", CONF_ENABLE },
	{ "dma_disable", CONF_DISABLE },
	{ "start", CONF_START },
	{ "unlock", CONF_UNLOCK },
};

KUNIT_ARRAY_PARAM_DESC(conf_op, conf_ops, desc);

static enum conf_op conf_op_of(struct kunit *test)
{
	return ((const struct conf_row *)test->param_value)->op;
}

static void every_callback_is_there(struct kunit *test)
{
	const struct tdi_backend_ops *ops = conf_tdi(test)->backend->ops;

	KUNIT_EXPECT_NOT_NULL(test, ops->add);
	KUNIT_EXPECT_NOT_NULL(test, ops->remove);
	KUNIT_EXPECT_NOT_NULL(test, ops->info);
	KUNIT_EXPECT_NOT_NULL(test, ops->lock);
	KUNIT_EXPECT_NOT_NULL(test, ops->measure);
	KUNIT_EXPECT_NOT_NULL(test, ops->object_size);
	KUNIT_EXPECT_NOT_NULL(test, ops->object_read);
	KUNIT_EXPECT_NOT_NULL(test, ops->mmio_accept);
	KUNIT_EXPECT_NOT_NULL(test, ops->mmio_release);
	KUNIT_EXPECT_NOT_NULL(test, ops->dma_enable);
	KUNIT_EXPECT_NOT_NULL(test, ops->dma_disable);
	KUNIT_EXPECT_NOT_NULL(test, ops->start);
	KUNIT_EXPECT_NOT_NULL(test, ops->unlock);
	/* Shared by us or by the kernel, but not half of it. */
	KUNIT_EXPECT_EQ(test, !ops->share_pages, !ops->unshare_pages);
	KUNIT_EXPECT_EQ(test, !ops->enter, !ops->leave);
}

static void the_backend_says_what_it_is(struct kunit *test)
{
	struct tdi_backend *backend = conf_tdi(test)->backend;

	KUNIT_ASSERT_NOT_NULL(test, backend->platform);
	KUNIT_EXPECT_GT(test, strlen(backend->platform), 0);
	KUNIT_EXPECT_NULL(test, strpbrk(backend->platform, " \t\n/"));
	KUNIT_ASSERT_NOT_NULL(test, backend->parent);
	KUNIT_EXPECT_NULL(test, backend->parent->dma_ops);
	KUNIT_EXPECT_LT(test, backend->order, TDI_NR_ORDERS);
}

static void an_honest_platform_does_what_is_asked(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	KUNIT_EXPECT_EQ(test, conf_do(tdi, conf_op_of(test)), 0);
	KUNIT_EXPECT_STREQ(test, tdi->reason, "");
	KUNIT_EXPECT_GT(test, conf_calls(), 0);
}

static void each_tdi_is_asked_for_by_name(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test), *other = conf_other_tdi(test);
	enum conf_op op = conf_op_of(test);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, op), 0);
	KUNIT_EXPECT_TRUE(test, conf_was_for(op, tdi));
	KUNIT_EXPECT_FALSE(test, conf_was_for(op, other));
	KUNIT_ASSERT_EQ(test, conf_do(other, op), 0);
	KUNIT_EXPECT_TRUE(test, conf_was_for(op, other));
}

static void breaks_with(struct kunit *test, enum conf_break how, int err)
{
	struct tdi *tdi = conf_tdi(test);
	enum conf_op op = conf_op_of(test);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, op), 0);
	conf_break(op, how);
	KUNIT_EXPECT_EQ(test, conf_do(tdi, op), err);
	KUNIT_EXPECT_GT_MSG(test, strlen(tdi->reason), 0, "no reason was given");
	/* A person is told what was wanted and what came. */
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "expected"));
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "found"));
}

static void no_answer_is_a_timeout(struct kunit *test)
{
	breaks_with(test, CONF_SILENT, -ETIMEDOUT);
}

static void a_malformed_answer_is_an_io_error(struct kunit *test)
{
	breaks_with(test, CONF_MALFORMED, -EIO);
}

static void a_refusal_is_a_remote_error(struct kunit *test)
{
	breaks_with(test, CONF_REFUSED, -EREMOTEIO);
}

static void a_platform_that_is_busy_may_be_asked_again(struct kunit *test)
{
	breaks_with(test, CONF_BUSY, -EBUSY);
}

static const struct conf_row conf_grants[] = {
	{ "mmio_accept", CONF_ACCEPT },
	{ "dma_enable", CONF_ENABLE },
	{ "start", CONF_START },
};

KUNIT_ARRAY_PARAM_DESC(conf_grant, conf_grants, desc);

static void a_stale_nonce_is_told_from_other_refusals(struct kunit *test)
{
	breaks_with(test, CONF_STALE, -ESTALE);
}

static void grants_name_the_nonces(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	enum conf_op op = conf_op_of(test);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, op), 0);
	KUNIT_EXPECT_TRUE(test, conf_carried(op, &conf_nonces.lock, 8));
	KUNIT_EXPECT_TRUE(test, conf_carried(op, &conf_nonces.meas, 8));
	KUNIT_EXPECT_TRUE(test, conf_carried(op, &conf_nonces.report, 8));
}

static void a_range_is_accepted_where_the_guest_has_it(struct kunit *test)
{
	const u64 top = conf_mmio.addr + conf_mmio.nr_pages * 4096;
	struct tdi *tdi = conf_tdi(test);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_ACCEPT), 0);
	KUNIT_EXPECT_TRUE(test, conf_carried(CONF_ACCEPT, &conf_mmio.addr, 8));
	if (CONF_MMIO_BY_ADDRESS) {
		KUNIT_EXPECT_TRUE(test, conf_carried(CONF_ACCEPT, &top, 8));
		KUNIT_EXPECT_TRUE(test, conf_carried(CONF_ACCEPT, &conf_mmio.reported, 8));
		return;
	}
	KUNIT_EXPECT_TRUE(test, conf_carried(CONF_ACCEPT, &conf_mmio.first, 8));
	KUNIT_EXPECT_TRUE(test, conf_carried(CONF_ACCEPT, &conf_mmio.nr_pages, 8));
	KUNIT_EXPECT_TRUE(test, conf_carried(CONF_ACCEPT, &conf_mmio.range, 4));
}

static void the_nonce_of_a_measurement_is_the_guests(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	KUNIT_ASSERT_EQ(test, conf_do(tdi, CONF_MEASURE), 0);
	KUNIT_EXPECT_TRUE(test, conf_carried(CONF_MEASURE, conf_nonce, sizeof(conf_nonce)));
}

static void lock_flags_are_passed_on(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	const u16 flags = TDISP_LOCK_NO_FW_UPDATE | TDISP_LOCK_MSIX;

	if (CONF_NO_LOCK_FLAGS)
		kunit_skip(test, "not expressible");
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->lock(tdi, flags), 0);
	KUNIT_EXPECT_TRUE(test, conf_carried(CONF_LOCK, &flags, sizeof(flags)));
}

static void another_dma_mode_is_refused_unasked(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	unsigned int before = conf_calls();

	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_enable(tdi, &conf_nonces, TDI_DMA_BOUNCE),
			-EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, conf_calls(), before);
}

/* --- facts --------------------------------------------------------------------- */

static struct tdi_tsm_info conf_some_facts(void)
{
	struct tdi_tsm_info facts = {
		.state		= TDISP_CONFIG_LOCKED,
		.hash		= TDI_HASH_SHA384,
		.digest_valid	= BIT(TDI_NR_OBJECTS) - 1,
		.lock_flags	= TDISP_LOCK_NO_FW_UPDATE,
		.nonces		= conf_nonces,
		.has_bars	= true,
		.bar		= { 0x40000000, 0, 0x40010000, 0, 0x3800000000ULL, 0 },
	};
	int i, j;

	for (i = 0; i < TDI_NR_OBJECTS; i++)
		for (j = 0; j < TDI_DIGEST_MAX; j++)
			facts.digest[i][j] = 64 * i + j;
	return facts;
}

static void facts_come_as_the_tsm_tells_them(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info want = conf_some_facts(), got;
	int i;

	if (!conf_facts(&want))
		kunit_skip(test, "not expressible");
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &got), 0);
	KUNIT_EXPECT_EQ(test, got.state, want.state);
	KUNIT_EXPECT_EQ(test, got.hash, want.hash);
	KUNIT_EXPECT_EQ(test, got.digest_valid, want.digest_valid);
	if (!got.no_lock_flags)
		KUNIT_EXPECT_EQ(test, got.lock_flags, want.lock_flags);
	KUNIT_EXPECT_EQ(test, got.nonces.lock, want.nonces.lock);
	KUNIT_EXPECT_EQ(test, got.nonces.meas, want.nonces.meas);
	KUNIT_EXPECT_EQ(test, got.nonces.report, want.nonces.report);
	for (i = 0; got.has_bars && i < TDISP_NR_BARS; i++)
		KUNIT_EXPECT_EQ(test, got.bar[i], want.bar[i]);
	/* SHA-384: the first 48 bytes count. */
	for (i = 0; i < TDI_NR_OBJECTS; i++)
		KUNIT_EXPECT_MEMEQ(test, got.digest[i], want.digest[i], 48);
}

static void facts_are_asked_for_anew(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info info;
	unsigned int before;

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	before = conf_calls();
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	KUNIT_EXPECT_GT(test, conf_calls(), before);
}

static void each_state_of_the_standard_is_told(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info info;
	u32 state;

	for (state = TDISP_CONFIG_UNLOCKED; state <= TDISP_ERROR; state++) {
		conf_raw_state(state);
		KUNIT_EXPECT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
		KUNIT_EXPECT_EQ(test, info.state, state);
	}
}

static void a_state_that_does_not_exist_is_malformed(struct kunit *test)
{
	static const u32 states[] = { 4, 5, 0x7f, 0xff };
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info info;
	int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		conf_raw_state(states[i]);
		tdi->reason[0] = '\0';
		KUNIT_EXPECT_EQ(test, tdi->backend->ops->info(tdi, &info),
				CONF_STATE_OF_HOST ? 0 : -EIO);
		if (CONF_STATE_OF_HOST)
			KUNIT_EXPECT_EQ(test, info.state, TDISP_ERROR);
		KUNIT_EXPECT_NE(test, tdi->reason[0], '\0');
	}
}

static void a_digest_algorithm_that_does_not_exist_is_malformed(struct kunit *test)
{
	static const u32 hashes[] = { 0, 0x7f, 0xff };
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info info;
	int i;

	for (i = 0; i < ARRAY_SIZE(hashes); i++) {
		if (!conf_raw_hash(hashes[i]))
			kunit_skip(test, "one algorithm only");
		tdi->reason[0] = '\0';
		KUNIT_EXPECT_EQ(test, tdi->backend->ops->info(tdi, &info), -EIO);
		KUNIT_EXPECT_NE(test, tdi->reason[0], '\0');
	}
}

static void a_digest_that_is_not_there_is_not_claimed(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	struct tdi_tsm_info facts = conf_some_facts(), got;
	int i;

	for (i = 0; i < TDI_NR_OBJECTS; i++) {
		facts.digest_valid = BIT(i);
		if (!conf_facts(&facts))
			kunit_skip(test, "not expressible");
		KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &got), 0);
		KUNIT_EXPECT_EQ(test, got.digest_valid, BIT(i));
	}
}

/* --- objects ------------------------------------------------------------------- */

static u8 conf_data[3 * PAGE_SIZE];

static void conf_fill(void)
{
	size_t i;

	for (i = 0; i < sizeof(conf_data); i++)
		conf_data[i] = i * 7 + i / 251;
	conf_object(conf_data, sizeof(conf_data), sizeof(conf_data));
}

static void a_size_is_passed_on_as_the_claim_it_is(struct kunit *test)
{
	static const u64 claims[] = { 0, 1, 65536, 1ULL << 40 };
	struct tdi *tdi = conf_tdi(test);
	u64 size;
	int i;

	if (CONF_WHOLE_OBJECTS)
		kunit_skip(test, "not expressible");
	for (i = 0; i < ARRAY_SIZE(claims); i++) {
		conf_object(conf_data, sizeof(conf_data), claims[i]);
		KUNIT_ASSERT_EQ(test, tdi->backend->ops->object_size(tdi, TDI_OBJ_CERTS, &size), 0);
		KUNIT_EXPECT_EQ(test, size, claims[i]);
	}
}

static void a_size_that_failed_is_not_told(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	u64 size = 77;

	conf_break(CONF_SIZE, CONF_REFUSED);
	KUNIT_ASSERT_NE(test, tdi->backend->ops->object_size(tdi, TDI_OBJ_CERTS, &size), 0);
	KUNIT_EXPECT_EQ(test, size, 77);
}

static void an_object_is_read_from_any_offset(struct kunit *test)
{
	static const u64 offsets[] = { 0, 1, 4095, 4096, sizeof(conf_data) - 100 };
	struct tdi *tdi = conf_tdi(test);
	int i;

	conf_fill();
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		ssize_t n = tdi->backend->ops->object_read(tdi, TDI_OBJ_CERTS, offsets[i],
							   conf_buf, 100);

		KUNIT_ASSERT_GT(test, n, 0);
		KUNIT_ASSERT_LE(test, n, 100);
		KUNIT_EXPECT_MEMEQ(test, conf_buf, conf_data + offsets[i], n);
	}
}

static void a_large_read_may_be_short_and_goes_on(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	u8 *all = kunit_kzalloc(test, sizeof(conf_data), GFP_KERNEL);
	size_t done = 0;
	ssize_t n;

	KUNIT_ASSERT_NOT_NULL(test, all);
	conf_fill();
	while (done < sizeof(conf_data)) {
		n = tdi->backend->ops->object_read(tdi, TDI_OBJ_CERTS, done, all + done,
						   sizeof(conf_data) - done);
		KUNIT_ASSERT_GT(test, n, 0);
		KUNIT_ASSERT_LE(test, n, sizeof(conf_data) - done);
		done += n;
	}
	KUNIT_EXPECT_MEMEQ(test, all, conf_data, sizeof(conf_data));
}

static void a_host_that_gives_little_is_believed_for_that_little(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);

	if (CONF_WHOLE_OBJECTS)
		kunit_skip(test, "not expressible");
	conf_fill();
	conf_chunk(3, 0);
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->object_read(tdi, TDI_OBJ_CERTS, 10, conf_buf,
							     100), 3);
	KUNIT_EXPECT_MEMEQ(test, conf_buf, conf_data + 10, 3);
}

static void a_host_that_miscounts_is_malformed(struct kunit *test)
{
	static const int offs[] = { -1, 1, 100, INT_MAX };
	struct tdi *tdi = conf_tdi(test);
	int i;

	if (CONF_WHOLE_OBJECTS)
		kunit_skip(test, "not expressible");
	conf_fill();
	for (i = 0; i < ARRAY_SIZE(offs); i++) {
		conf_chunk(50, offs[i]);
		tdi->reason[0] = '\0';
		memset(conf_buf, 0x5a, sizeof(conf_buf));
		KUNIT_EXPECT_EQ(test, tdi->backend->ops->object_read(tdi, TDI_OBJ_CERTS, 0,
								     conf_buf, 100), -EIO);
		KUNIT_EXPECT_NE(test, tdi->reason[0], '\0');
		KUNIT_EXPECT_EQ(test, conf_buf[0], 0x5a);
	}
}

static void not_a_byte_is_written_past_what_was_asked(struct kunit *test)
{
	struct tdi *tdi = conf_tdi(test);
	size_t len;

	conf_fill();
	for (len = 1; len < 64; len += 9) {
		memset(conf_buf, 0x5a, sizeof(conf_buf));
		KUNIT_EXPECT_EQ(test, tdi->backend->ops->object_read(tdi, TDI_OBJ_CERTS, 0,
								     conf_buf, len), len);
		KUNIT_EXPECT_EQ(test, conf_buf[len], 0x5a);
	}
}

static struct kunit_case conf_cases[] = {
	KUNIT_CASE(every_callback_is_there),
	KUNIT_CASE(the_backend_says_what_it_is),
	KUNIT_CASE_PARAM(an_honest_platform_does_what_is_asked, conf_op_gen_params),
	KUNIT_CASE_PARAM(each_tdi_is_asked_for_by_name, conf_op_gen_params),
	KUNIT_CASE_PARAM(no_answer_is_a_timeout, conf_op_gen_params),
	KUNIT_CASE_PARAM(a_malformed_answer_is_an_io_error, conf_op_gen_params),
	KUNIT_CASE_PARAM(a_refusal_is_a_remote_error, conf_op_gen_params),
	KUNIT_CASE_PARAM(a_platform_that_is_busy_may_be_asked_again, conf_op_gen_params),
	KUNIT_CASE_PARAM(a_stale_nonce_is_told_from_other_refusals, conf_grant_gen_params),
	KUNIT_CASE_PARAM(grants_name_the_nonces, conf_grant_gen_params),
	KUNIT_CASE(a_range_is_accepted_where_the_guest_has_it),
	KUNIT_CASE(the_nonce_of_a_measurement_is_the_guests),
	KUNIT_CASE(lock_flags_are_passed_on),
	KUNIT_CASE(another_dma_mode_is_refused_unasked),
	KUNIT_CASE(facts_come_as_the_tsm_tells_them),
	KUNIT_CASE(facts_are_asked_for_anew),
	KUNIT_CASE(each_state_of_the_standard_is_told),
	KUNIT_CASE(a_state_that_does_not_exist_is_malformed),
	KUNIT_CASE(a_digest_algorithm_that_does_not_exist_is_malformed),
	KUNIT_CASE(a_digest_that_is_not_there_is_not_claimed),
	KUNIT_CASE(a_size_is_passed_on_as_the_claim_it_is),
	KUNIT_CASE(a_size_that_failed_is_not_told),
	KUNIT_CASE(an_object_is_read_from_any_offset),
	KUNIT_CASE(a_large_read_may_be_short_and_goes_on),
	KUNIT_CASE(a_host_that_gives_little_is_believed_for_that_little),
	KUNIT_CASE(a_host_that_miscounts_is_malformed),
	KUNIT_CASE(not_a_byte_is_written_past_what_was_asked),
	{}
};

static struct kunit_suite conf_suite = { .name = CONF_SUITE, .test_cases = conf_cases };
kunit_test_suite(conf_suite);
