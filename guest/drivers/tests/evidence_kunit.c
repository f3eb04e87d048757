// SPDX-License-Identifier: GPL-2.0
/*
 * evidence.c: what a hostile host may hand over, and what may change meanwhile.
 * Each test proves that the evidence is good, then breaks one thing.
 */
#include <linux/unaligned.h>

#include "fake_backend.h"

static const char * const object_names[TDI_NR_OBJECTS] = {
	[TDI_OBJ_CERTS]		= "certificate chain",
	[TDI_OBJ_VCA]		= "VCA",
	[TDI_OBJ_MEASUREMENTS]	= "measurements",
	[TDI_OBJ_REPORT]	= "interface report",
};

static const enum tdi_object objects[] = {
	TDI_OBJ_CERTS, TDI_OBJ_VCA, TDI_OBJ_MEASUREMENTS, TDI_OBJ_REPORT,
};

static void object_desc(const enum tdi_object *obj, char *desc)
{
	strscpy(desc, object_names[*obj], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(object, objects, object_desc);

static struct fake_backend *fb;
static struct tdi *tdi;
static struct fake_tdi *ft;
static enum tdi_object object;

/* One good lock, so that whatever is refused next is refused for what was broken. */
static void good(struct kunit *test)
{
	fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	ft = to_fake(tdi);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
}

static void good_object(struct kunit *test)
{
	object = *(const enum tdi_object *)test->param_value;
	good(test);
}

static void refused(struct kunit *test, int err, const char *reason)
{
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), err);
	fake_expect_result(test, tdi, reason);
	fake_expect_pristine(test, tdi);
	fb->before = NULL;
	ft->chunk = 0;
	ft->overshoot = 0;
	memset(ft->claimed_size, 0, sizeof(ft->claimed_size));
	ft->hash = TDI_HASH_SHA384;
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), 0);
}

/* --- generations and nonces -------------------------------------------------- */

static void a_generation_is_never_used_twice(struct kunit *test)
{
	struct tdi *other;
	u64 last = 0;
	int i;

	good(test);
	other = fake_tdi_at(fb, FAKE_SLOT_TDI2);
	for (i = 0; i < 8; i++) {
		struct tdi *t = i % 2 ? other : tdi;

		KUNIT_ASSERT_EQ(test, fake_lock(t), 0);
		KUNIT_EXPECT_GT(test, t->evidence->generation, last);
		last = t->evidence->generation;
		KUNIT_ASSERT_EQ(test, fake_unlock(t), 0);
	}
}

static void every_measurement_has_a_nonce_of_its_own(struct kunit *test)
{
	u8 seen[8][TDI_NONCE_SIZE];
	int i, j;

	good(test);
	for (i = 0; i < 8; i++) {
		KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
		memcpy(seen[i], tdi->evidence->nonce, TDI_NONCE_SIZE);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_MEMNEQ(test, seen[i], seen[j], TDI_NONCE_SIZE);
		KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	}
}

static void add_a_flag(struct fake_tdi *t, enum fake_op op)
{
	if (op == FAKE_INFO)
		t->lock_flags |= TDISP_LOCK_MSIX;
}

static void lock_flags_that_were_not_asked_for_are_refused(struct kunit *test)
{
	good(test);
	fb->before = add_a_flag;
	refused(test, -EPERM, "lock flags: expected 0x1, found 0x5");
}

static void lock_flags_that_the_platform_does_not_tell_are_not_compared(struct kunit *test)
{
	good(test);
	ft->no_lock_flags = true;
	fb->before = add_a_flag;
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), 0);
}

static void the_published_nonce_is_the_one_that_was_measured(struct kunit *test)
{
	good(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_MEMEQ(test, tdi->evidence->nonce, ft->nonce, TDI_NONCE_SIZE);
}

static void the_published_tokens_are_the_platforms(struct kunit *test)
{
	good(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_TRUE(test, tdi_nonces_equal(&tdi->evidence->nonces, &ft->nonces));
}

static void tokens_are_equal_only_if_all_three_are(struct kunit *test)
{
	const struct tdi_nonces a = { 1, 2, 3 };

	KUNIT_EXPECT_TRUE(test, tdi_nonces_equal(&a, &(struct tdi_nonces){ 1, 2, 3 }));
	KUNIT_EXPECT_FALSE(test, tdi_nonces_equal(&a, &(struct tdi_nonces){ 9, 2, 3 }));
	KUNIT_EXPECT_FALSE(test, tdi_nonces_equal(&a, &(struct tdi_nonces){ 1, 9, 3 }));
	KUNIT_EXPECT_FALSE(test, tdi_nonces_equal(&a, &(struct tdi_nonces){ 1, 2, 9 }));
}

static void what_is_published_is_what_was_attested(struct kunit *test)
{
	good_object(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, tdi->evidence->blob[object].len, ft->object_len[object]);
	KUNIT_EXPECT_MEMEQ(test, tdi->evidence->blob[object].data, ft->attested[object],
			   ft->object_len[object]);
}

static void evidence_is_gone_after_unlock(struct kunit *test)
{
	good(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_NOT_NULL(test, tdi->evidence);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_NULL(test, tdi->evidence);
}

/* --- what the host hands over ------------------------------------------------ */

/* Other bytes than the TSM saw, from the first read on. */
static void tamper(struct fake_tdi *f, enum fake_op op)
{
	if (op == FAKE_OBJECT_SIZE && !memcmp(f->object[object], f->attested[object],
					      f->object_len[object]))
		f->object[object][f->object_len[object] / 2] ^= 1;
}

static void one_flipped_bit_is_refused(struct kunit *test)
{
	char reason[64];

	good_object(test);
	fb->before = tamper;
	snprintf(reason, sizeof(reason), "%s digest: expected sha384:", object_names[object]);
	refused(test, -EKEYREJECTED, reason);
}

static void hide_digest(struct fake_tdi *f, enum fake_op op)
{
	if (op == FAKE_INFO)
		f->digest_valid &= ~BIT(object);
}

static void an_object_without_a_digest_is_refused(struct kunit *test)
{
	char reason[64];

	good_object(test);
	fb->before = hide_digest;
	snprintf(reason, sizeof(reason), "%s digest: expected one from the TSM",
		 object_names[object]);
	refused(test, -EKEYREJECTED, reason);
}

static void an_empty_object_is_refused(struct kunit *test)
{
	char reason[64];

	good_object(test);
	ft->empty = BIT(object);
	snprintf(reason, sizeof(reason), "%s size: expected 1 to ", object_names[object]);
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), -EBADMSG);
	fake_expect_result(test, tdi, reason);
	fake_expect_pristine(test, tdi);
}

static const u64 largest[TDI_NR_OBJECTS] = {
	[TDI_OBJ_CERTS]		= SZ_64K,
	[TDI_OBJ_VCA]		= SZ_4K,
	[TDI_OBJ_MEASUREMENTS]	= SZ_1M,
	[TDI_OBJ_REPORT]	= SZ_64K,
};

static void an_object_that_is_too_large_is_refused_unread(struct kunit *test)
{
	good_object(test);
	ft->claimed_size[object] = largest[object] + 1;
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), -EBADMSG);
	/* Those before it were. */
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_OBJECT_READ], object);
	fake_expect_pristine(test, tdi);
	ft->claimed_size[object] = 1ULL << 40;
	refused(test, -EBADMSG, "size: expected 1 to ");
}

static void a_shorter_object_than_attested_is_refused(struct kunit *test)
{
	good_object(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	ft->claimed_size[object] = ft->object_len[object] - 1;
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	refused(test, -EKEYREJECTED, "digest");
}

static void a_read_that_ends_early_is_refused(struct kunit *test)
{
	good_object(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	ft->claimed_size[object] = ft->object_len[object] + 1;
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	refused(test, -EBADMSG, "chunk: expected 1 to 1 bytes, found 0");
}

static void a_read_that_gives_more_than_was_asked_is_refused(struct kunit *test)
{
	good(test);
	ft->overshoot = 1;
	refused(test, -EBADMSG, "chunk: expected 1 to ");
}

static void short_reads_are_put_together(struct kunit *test)
{
	good(test);
	ft->chunk = 7;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_MEMEQ(test, tdi->evidence->blob[TDI_OBJ_CERTS].data,
			   ft->attested[TDI_OBJ_CERTS], ft->object_len[TDI_OBJ_CERTS]);
}

static void grow(struct fake_tdi *f, enum fake_op op)
{
	static u8 buf[300];

	/* The size was told: 52 bytes more than that are there when it is read. */
	if (op == FAKE_OBJECT_READ && fb->log[fb->nr_log - 1] == FAKE_OBJECT_SIZE &&
	    fb->calls[FAKE_OBJECT_SIZE] == TDI_OBJ_REPORT + 1)
		fake_set_object(f, TDI_OBJ_REPORT, buf, sizeof(buf));
}

static void a_size_is_read_once(struct kunit *test)
{
	good(test);
	fake_forget(fb);
	fb->before = grow;
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), -EKEYREJECTED);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_OBJECT_SIZE], TDI_NR_OBJECTS);
	fake_expect_pristine(test, tdi);
}

/* --- the report -------------------------------------------------------------- */

static u8 report[FAKE_REPORT_LEN];

static void put_report(struct fake_tdi *f, enum fake_op op)
{
	if (op == FAKE_MEASURE)
		fake_set_object(f, TDI_OBJ_REPORT, report, sizeof(report));
}

static const struct bad_report {
	const char *desc;
	size_t at;
	u32 val;
	int err;
	const char *reason;
} bad_reports[] = {
	{ "reserved bit", 0, 0x8003, -EBADMSG, "reserved bits of INTERFACE_INFO" },
	{ "one range too many", 12, 4, -EBADMSG, "MMIO_RANGE_COUNT" },
	{ "ranges that overlap", 24, 9, -EBADMSG, "rise and do not overlap" },
	{ "pages that nobody describes", 24, 7, -EPERM, "interface report" },
	{ "a range past its BAR", 16 + 16 + 8, 9, -EPERM, "within its BAR" },
	{ "a BAR that is not there", 16 + 32 + 12, 4 << 16 | 4, -EPERM, "memory BAR in use" },
	{ "a range of no BAR", 16 + 32 + 12, 7 << 16 | 4, -EPERM, "names a BAR" },
	{ "firmware may be updated", 0, 2, -EPERM, "interface report" },
	{ "DMA with PASID", 0, 7, -EPERM, "interface report" },
	{ "ATS", 0, 0xb, -EPERM, "interface report" },
};

KUNIT_ARRAY_PARAM_DESC(bad_report, bad_reports, desc);

static void a_report_that_is_not_the_functions_is_refused(struct kunit *test)
{
	const struct bad_report *b = test->param_value;

	good(test);
	fake_report(report);
	fb->before = put_report;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	put_unaligned_le32(b->val, report + b->at);
	refused(test, b->err, b->reason);
}

/* --- the TSM's facts --------------------------------------------------------- */

static void a_lock_without_a_nonce_is_refused(struct kunit *test)
{
	good(test);
	ft->hide_lock_nonce = true;
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), -EKEYREJECTED);
	fake_expect_result(test, tdi, "lock nonce: expected one from the TSM, found none");
	fake_expect_pristine(test, tdi);
}

static void move_bar(struct fake_tdi *f, enum fake_op op)
{
	if (op == FAKE_MEASURE)
		f->bar[2] += SZ_16K;
}

static void a_bar_that_was_elsewhere_at_lock_is_refused(struct kunit *test)
{
	good(test);
	fb->before = move_bar;
	refused(test, -EPERM, "BAR 2: expected at ");
}

static void invent_bar(struct fake_tdi *f, enum fake_op op)
{
	if (op == FAKE_MEASURE)
		f->bar[4] = 0x12340000;
}

static void a_bar_that_the_guest_does_not_have_is_refused(struct kunit *test)
{
	good(test);
	fb->before = invent_bar;
	refused(test, -EPERM, "BAR 4: expected at 0x12340000");
}

static void each_digest_algorithm_is_understood(struct kunit *test)
{
	enum tdi_hash hash;

	good(test);
	for (hash = 0; hash < TDI_NR_HASHES; hash++) {
		ft->hash = hash;
		KUNIT_EXPECT_EQ(test, fake_lock(tdi), 0);
		KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	}
}

static void a_digest_algorithm_that_does_not_exist_is_refused(struct kunit *test)
{
	good(test);
	ft->hash = TDI_NR_HASHES;
	refused(test, -EBADMSG, "digest algorithm: expected SHA-256, 384 or 512, found 3");
}

/* --- races ------------------------------------------------------------------- */

/* What the host does, and before which call of a connect. */
static enum fake_op race_at;
static unsigned int race_after;
static void (*race)(struct fake_tdi *f);

static void race_once(struct fake_tdi *f, enum fake_op op)
{
	if (race && op == race_at && !race_after--) {
		race(f);
		race = NULL;
	}
}

static const struct race_row {
	const char *desc;
	enum fake_op at;
	unsigned int after;
	int err;
} races[] = {
	{ "before the certificates are read", FAKE_OBJECT_READ, 0, 0 },
	{ "before the report is read", FAKE_OBJECT_READ, 3, 0 },
	{ "after all is collected", FAKE_INFO, 2, -ESTALE },
	{ "before accepting", FAKE_INFO, 3, -ESTALE },
	{ "before the first range", FAKE_MMIO_ACCEPT, 0, -ESTALE },
	{ "before the second range", FAKE_MMIO_ACCEPT, 1, -ESTALE },
	{ "before DMA", FAKE_DMA_ENABLE, 0, -ESTALE },
	{ "before START", FAKE_START, 0, -ESTALE },
};

KUNIT_ARRAY_PARAM_DESC(race_row, races, desc);

static void race_is_lost(struct kunit *test, void (*what)(struct fake_tdi *f),
			 enum tdi_order order)
{
	const struct race_row *r = test->param_value;
	int err;

	fb = fake_backend_ready(test, order);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	ft = to_fake(tdi);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);

	race_at = r->at;
	race_after = r->after;
	race = what;
	fb->before = race_once;
	err = fake_connect(tdi);
	KUNIT_EXPECT_NULL(test, race);
	if (r->err)
		KUNIT_EXPECT_EQ(test, err, r->err);
	else
		KUNIT_EXPECT_LT(test, err, 0);
	fake_expect_pristine(test, tdi);
	fb->before = NULL;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
}

static void relock_and_measure(struct fake_tdi *f)
{
	fake_relock(f);
	fake_remeasure(f);
}

static void a_relock_at_any_step_is_noticed(struct kunit *test)
{
	race_is_lost(test, relock_and_measure, TDI_ACCEPT_FIRST);
}

static void a_remeasurement_at_any_step_is_noticed(struct kunit *test)
{
	race_is_lost(test, fake_remeasure, TDI_ACCEPT_FIRST);
}

static void refetch_report(struct fake_tdi *f)
{
	f->nonces.report++;
}

static void a_new_report_at_any_step_is_noticed(struct kunit *test)
{
	race_is_lost(test, refetch_report, TDI_ACCEPT_FIRST);
}

static void a_relock_between_lock_and_accept_is_stale(struct kunit *test)
{
	good(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	relock_and_measure(ft);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -ESTALE);
	fake_expect_result(test, tdi, "nonce");
	fake_expect_pristine(test, tdi);
}

static void a_remeasurement_between_lock_and_accept_is_stale(struct kunit *test)
{
	good(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	fake_remeasure(ft);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -ESTALE);
	fake_expect_pristine(test, tdi);
}

static void a_device_in_error_between_lock_and_accept_is_refused(struct kunit *test)
{
	good(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	ft->state = TDISP_ERROR;
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -EREMOTEIO);
	fake_expect_result(test, tdi, "expected CONFIG_LOCKED, found ERROR");
	fake_expect_pristine(test, tdi);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_generation_is_never_used_twice),
	KUNIT_CASE(every_measurement_has_a_nonce_of_its_own),
	KUNIT_CASE(lock_flags_that_were_not_asked_for_are_refused),
	KUNIT_CASE(lock_flags_that_the_platform_does_not_tell_are_not_compared),
	KUNIT_CASE(the_published_nonce_is_the_one_that_was_measured),
	KUNIT_CASE(the_published_tokens_are_the_platforms),
	KUNIT_CASE(tokens_are_equal_only_if_all_three_are),
	KUNIT_CASE_PARAM(what_is_published_is_what_was_attested, object_gen_params),
	KUNIT_CASE(evidence_is_gone_after_unlock),
	KUNIT_CASE_PARAM(one_flipped_bit_is_refused, object_gen_params),
	KUNIT_CASE_PARAM(an_object_without_a_digest_is_refused, object_gen_params),
	KUNIT_CASE_PARAM(an_empty_object_is_refused, object_gen_params),
	KUNIT_CASE_PARAM(an_object_that_is_too_large_is_refused_unread, object_gen_params),
	KUNIT_CASE_PARAM(a_shorter_object_than_attested_is_refused, object_gen_params),
	KUNIT_CASE_PARAM(a_read_that_ends_early_is_refused, object_gen_params),
	KUNIT_CASE(a_read_that_gives_more_than_was_asked_is_refused),
	KUNIT_CASE(short_reads_are_put_together),
	KUNIT_CASE(a_size_is_read_once),
	KUNIT_CASE_PARAM(a_report_that_is_not_the_functions_is_refused, bad_report_gen_params),
	KUNIT_CASE(a_lock_without_a_nonce_is_refused),
	KUNIT_CASE(a_bar_that_was_elsewhere_at_lock_is_refused),
	KUNIT_CASE(a_bar_that_the_guest_does_not_have_is_refused),
	KUNIT_CASE(each_digest_algorithm_is_understood),
	KUNIT_CASE(a_digest_algorithm_that_does_not_exist_is_refused),
	KUNIT_CASE_PARAM(a_relock_at_any_step_is_noticed, race_row_gen_params),
	KUNIT_CASE_PARAM(a_remeasurement_at_any_step_is_noticed, race_row_gen_params),
	KUNIT_CASE_PARAM(a_new_report_at_any_step_is_noticed, race_row_gen_params),
	KUNIT_CASE(a_relock_between_lock_and_accept_is_stale),
	KUNIT_CASE(a_remeasurement_between_lock_and_accept_is_stale),
	KUNIT_CASE(a_device_in_error_between_lock_and_accept_is_refused),
	{}
};

static struct kunit_suite suite = { .name = "tdi-evidence", .test_cases = cases };
kunit_test_suite(suite);
