// SPDX-License-Identifier: GPL-2.0
/*
 * What only SEV-TIO has: sealed messages and their numbers, the host's buffer, whose word
 * counts for the state, and the order in which things are taken back.
 */
#include <linux/pci.h>

#include <kunit/test.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../../tests/fake_core.h"
#include "../../tests/fake_platform.h"
#include "../internal.h"
#include "fake_psp.h"
#include "sev_setup.h"

static u8 object[5000];
static const u8 nonce[TDI_NONCE_SIZE] = { 0xf0, 0x01, [31] = 0x0f };

static struct tdi *setup(struct kunit *test)
{
	struct tdi *tdi = sev_setup(test);
	size_t i;

	for (i = 0; i < sizeof(object); i++)
		object[i] = i * 11 + i / 250;
	fake_psp.object = object;
	fake_psp.object_len = sizeof(object);
	return tdi;
}

static struct tdi_nonces nonces_now(struct kunit *test, struct tdi *tdi)
{
	struct tdi_tsm_info info;

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	return info.nonces;
}

/* Accepted, its DMA on, and in RUN as far as anybody says. */
static void run(struct kunit *test, struct tdi *tdi)
{
	struct tdi_nonces nonces = nonces_now(test, tdi);

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->start(tdi, &nonces), 0);
	sev_grant(test, tdi, &nonces);
	fake_psp.word = TDISP_RUN;
}

static int info_of(struct tdi *tdi, enum tdisp_state *state)
{
	struct tdi_tsm_info info = { };
	int ret;

	tdi->reason[0] = '\0';
	ret = tdi->backend->ops->info(tdi, &info);
	*state = info.state;
	return ret;
}

static u64 seqno_of(const struct fake_log *log)
{
	return le64_to_cpu(log->hdr.seqno);
}

/* --- messages ------------------------------------------------------------------- */

static void numbers_go_up_by_two(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	u64 first;
	int i;

	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	first = seqno_of(fake_psp_last(FAKE_INFO));
	KUNIT_EXPECT_EQ(test, first, 1);
	for (i = 1; i < 5; i++) {
		KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
		KUNIT_EXPECT_EQ(test, seqno_of(fake_psp_last(FAKE_INFO)), first + 2 * i);
	}
}

static void numbers_go_on_where_the_secrets_page_says(struct kunit *test)
{
	enum tdisp_state state;
	struct tdi *tdi;

	fake_psp_reset();
	fake_psp.used = 0x1000;
	sev_platform(test);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sev_leave_platform, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	tdi = sev_add_tdi(test, 1);
	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, seqno_of(fake_psp_last(FAKE_INFO)), 0x1001);
}

/* Another module, or another kernel: the page is in the guest's memory still. */
static void open_again(struct kunit *test, bool lasts)
{
	fake_psp.lasts = lasts;
	fake_core_backend->ops->leave(fake_core_backend);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
}

static void numbers_go_on_in_a_page_that_lasts(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	u64 last;

	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	last = seqno_of(fake_psp_last(FAKE_INFO));
	KUNIT_EXPECT_EQ(test, last, 3);
	open_again(test, true);
	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, seqno_of(fake_psp_last(FAKE_INFO)), last + 2);
}

static void a_wiped_key_stays_wiped_in_a_page_that_lasts(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	unsigned int before;

	fake_psp.spoil = 0;
	fake_psp.spoil_with = 1;
	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), -EIO);
	fake_psp.spoil = -1;
	open_again(test, true);
	before = fake_platform.nr_host;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "wiped"));
	KUNIT_EXPECT_EQ(test, fake_platform.nr_host, before);
	/* Another launch has another key. */
	open_again(test, false);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, seqno_of(fake_psp_last(FAKE_INFO)), 1);
}

static void numbers_that_are_used_up_end_the_key(struct kunit *test)
{
	enum tdisp_state state;
	unsigned int before;
	struct tdi *tdi;

	fake_psp_reset();
	fake_psp.used = 0xfffffffc;
	sev_platform(test);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sev_leave_platform, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	tdi = sev_add_tdi(test, 1);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, seqno_of(fake_psp_last(FAKE_INFO)), 0xfffffffd);
	before = fake_platform.nr_host;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "below 2^32"));
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "wiped"));
	KUNIT_EXPECT_EQ(test, fake_platform.nr_host, before);
}

static void what_is_sealed_does_not_show(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	const struct fake_log *log;
	enum tdisp_state state;

	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	log = fake_psp_last(FAKE_INFO);
	KUNIT_EXPECT_EQ(test, get_unaligned_le64(log->payload), to_sev_tdi(tdi)->id);
	KUNIT_EXPECT_NE(test, memcmp(log->sealed, log->payload, 16), 0);
	KUNIT_EXPECT_EQ(test, log->hdr.algo, 1);
	KUNIT_EXPECT_EQ(test, log->hdr.hdr_version, 1);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(log->hdr.hdr_size), 96);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(log->hdr.size), 16);
	KUNIT_EXPECT_EQ(test, log->hdr.version, 2);
}

struct spoil_row {
	const char *desc;
	int at;
	u8 with;
	const char *reason;
};

static const struct spoil_row spoils[] = {
	{ "sequence number", 0x20, 2, "sequence number" },
	{ "high byte of the sequence number", 0x27, 1, "sequence number" },
	{ "request's own type", 0x34, 20 ^ 19, "type" },
	{ "type of another message", 0x34, 20 ^ 26, "type" },
	{ "version 1", 0x35, 3, "version" },
	{ "algorithm", 0x30, 1, "algorithm" },
	{ "header version", 0x31, 2, "header version" },
	{ "header size", 0x32, 0x20, "header size" },
	{ "size", 0x36, 0x80, "size" },
	{ "size beyond the page", 0x37, 0xff, "size" },
	{ "another key", 0x3c, 1, "key" },
	{ "reserved byte of the header", 0x5f, 1, "seal" },
	{ "tag", 0x00, 0x80, "seal" },
	{ "last byte of the tag", 0x0f, 1, "seal" },
	{ "first byte of the text", 0x60, 1, "seal" },
	{ "last byte of the text", 0x60 + 191, 1, "seal" },
};

KUNIT_ARRAY_PARAM_DESC(spoil, spoils, desc);

static void a_spoilt_response_ends_the_key(struct kunit *test)
{
	const struct spoil_row *row = test->param_value;
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	unsigned int before;

	fake_psp.spoil = row->at;
	fake_psp.spoil_with = row->with;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, row->reason));
	fake_psp.spoil = -1;
	before = fake_platform.nr_host;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "wiped"));
	KUNIT_EXPECT_EQ_MSG(test, fake_platform.nr_host, before, "something was sealed once more");
}

/* The part of the tag's field that is not used, and bytes behind the message. */
static void what_nobody_reads_may_be_anything(struct kunit *test)
{
	static const int places[] = { 0x10, 0x1f, 0x60 + 192, 4095 };
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		fake_psp.spoil = places[i];
		fake_psp.spoil_with = 0xff;
		KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	}
}

struct end_row {
	const char *desc;
	enum fake_how how;
	int err;
};

static const struct end_row ends[] = {
	{ "no answer", FAKE_SILENT, -ETIMEDOUT },
	{ "a failed exit", FAKE_FAILED, -EIO },
	{ "busy for too long", FAKE_BUSY, -EBUSY },
	{ "a firmware error", FAKE_FW_ERROR, -EREMOTEIO },
	{ "a buffer too small where there is none", FAKE_TOO_SMALL, -EREMOTEIO },
};

KUNIT_ARRAY_PARAM_DESC(end, ends, desc);

static void a_request_that_fails_ends_the_key(struct kunit *test)
{
	const struct end_row *row = test->param_value;
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	unsigned int before;

	fake_psp.at = FAKE_INFO;
	fake_psp.how = row->how;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), row->err);
	fake_psp.at = FAKE_NR_EXITS;
	before = fake_platform.nr_host;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_host, before);
}

static void sealing_that_fails_ends_the_key(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	unsigned int before = fake_platform.nr_host;

	fake_psp.seal_err = -ENOMEM;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -ENOMEM);
	fake_psp.seal_err = 0;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_host, before);
}

static void busy_gets_the_same_bytes_again(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	fake_psp.nr = 0;
	fake_psp.at = FAKE_INFO;
	fake_psp.how = FAKE_BUSY;
	fake_psp.times = 2;
	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_ASSERT_EQ(test, fake_psp_count(FAKE_INFO), 3);
	KUNIT_EXPECT_MEMEQ(test, &fake_psp.log[0].hdr, &fake_psp.log[2].hdr, SNP_HDR_SIZE);
	KUNIT_EXPECT_MEMEQ(test, fake_psp.log[0].sealed, fake_psp.log[2].sealed, 16);
	/* And the next one has the next number. */
	KUNIT_ASSERT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, seqno_of(&fake_psp.log[3]), seqno_of(&fake_psp.log[2]) + 2);
}

static void a_cipher_that_is_missing_is_told(struct kunit *test)
{
	fake_psp_reset();
	fake_psp.no_cipher = true;
	sev_platform(test);
	KUNIT_EXPECT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), -ENOENT);
	fake_core_backend->ops->leave(fake_core_backend);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 0);
}

static void nothing_stays_shared(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->measure(tdi, nonce), 0);
	KUNIT_EXPECT_GT(test, fake_platform.nr_shared, 2);
	tdi->backend->ops->leave(tdi->backend);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_shared, 0);
	KUNIT_EXPECT_FALSE(test, fake_platform.entered);
}

/* --- the host's buffer ------------------------------------------------------------ */

static void the_first_buffer_has_32_kib(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->measure(tdi, nonce), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_last(FAKE_MEASURE)->regs[SEV_GHCB_RBX], 8);
	KUNIT_EXPECT_EQ(test, fake_psp_last(FAKE_MEASURE)->regs[SEV_GHCB_RDX], 0);
	KUNIT_EXPECT_MEMEQ(test, fake_psp_last(FAKE_MEASURE)->nonce, nonce, sizeof(nonce));
}

static void a_larger_buffer_gets_the_same_bytes(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	fake_psp.nr = 0;
	fake_psp.at = FAKE_MEASURE;
	fake_psp.how = FAKE_TOO_SMALL;
	fake_psp.times = 1;
	fake_psp.want_pages = 11;
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->measure(tdi, nonce), 0);
	KUNIT_ASSERT_EQ(test, fake_psp_count(FAKE_MEASURE), 2);
	KUNIT_EXPECT_EQ(test, fake_psp.log[1].regs[SEV_GHCB_RBX], 11);
	KUNIT_EXPECT_MEMEQ(test, fake_psp.log[1].nonce, nonce, sizeof(nonce));
	KUNIT_EXPECT_MEMEQ(test, &fake_psp.log[0].hdr, &fake_psp.log[1].hdr, SNP_HDR_SIZE);
	KUNIT_EXPECT_MEMEQ(test, fake_psp.log[0].sealed, fake_psp.log[1].sealed, 16);
	/* It is kept. */
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->measure(tdi, nonce), 0);
	KUNIT_EXPECT_EQ(test, fake_psp.log[2].regs[SEV_GHCB_RBX], 11);
}

static const u64 bad_sizes[] = { 0, 1, 8, SEV_DATA_MAX_PAGES + 1, 1ULL << 40, U64_MAX };

static void a_buffer_that_will_not_do_costs_a_number_and_no_key(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;
	u64 number;
	int i;

	for (i = 0; i < ARRAY_SIZE(bad_sizes); i++) {
		fake_psp.nr = 0;
		fake_psp.at = FAKE_MEASURE;
		fake_psp.how = FAKE_TOO_SMALL;
		fake_psp.times = 0;
		fake_psp.want_pages = bad_sizes[i];
		tdi->reason[0] = '\0';
		KUNIT_EXPECT_EQ(test, tdi->backend->ops->measure(tdi, nonce), -EIO);
		KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "buffer"));
		/* Sent once more without one, and answered. */
		KUNIT_EXPECT_EQ(test, fake_psp.nr, 2);
		KUNIT_EXPECT_EQ(test, fake_psp.log[1].what, FAKE_INFO);
		number = seqno_of(&fake_psp.log[0]);
		KUNIT_EXPECT_EQ(test, seqno_of(&fake_psp.log[1]), number);
		KUNIT_EXPECT_MEMEQ(test, fake_psp.log[0].sealed, fake_psp.log[1].sealed, 16);
		KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
		KUNIT_EXPECT_EQ(test, seqno_of(fake_psp_last(FAKE_INFO)), number + 2);
	}
}

static void a_buffer_that_is_never_enough_ends(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	fake_psp.at = FAKE_MEASURE;
	fake_psp.how = FAKE_TOO_SMALL;
	fake_psp.want_pages = 300;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->measure(tdi, nonce), -EIO);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_MEASURE), 2);
}

/* Nobody waits for a host that wants one page more, slowly, five hundred times. */
static void a_host_that_wants_ever_more_gets_four_times_more(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	fake_psp.at = FAKE_MEASURE;
	fake_psp.how = FAKE_TOO_SMALL;
	fake_psp.want_pages = 9;
	fake_psp.want_more = 1;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->measure(tdi, nonce), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "at most 4"));
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_MEASURE), 5);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_INFO), 1);
}

static void measurements_are_parted_from_their_vca(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	const struct tdi_backend_ops *ops = tdi->backend->ops;
	u64 vca = 0, log = 0;
	u8 byte[1];

	KUNIT_ASSERT_EQ(test, ops->measure(tdi, nonce), 0);
	KUNIT_ASSERT_EQ(test, ops->object_size(tdi, TDI_OBJ_VCA, &vca), 0);
	KUNIT_ASSERT_EQ(test, ops->object_size(tdi, TDI_OBJ_MEASUREMENTS, &log), 0);
	KUNIT_EXPECT_EQ(test, vca, 152);
	KUNIT_EXPECT_EQ(test, log, sizeof("GET_MEASUREMENTS, MEASUREMENTS"));
	KUNIT_EXPECT_EQ(test, ops->object_read(tdi, TDI_OBJ_MEASUREMENTS, 0, byte, 1), 1);
	KUNIT_EXPECT_EQ(test, byte[0], 'G');
	KUNIT_EXPECT_EQ(test, ops->object_read(tdi, TDI_OBJ_VCA, 151, byte, 1), 1);
	KUNIT_EXPECT_EQ(test, ops->object_read(tdi, TDI_OBJ_VCA, 152, byte, 1), -EIO);
	KUNIT_EXPECT_EQ(test, ops->object_read(tdi, TDI_OBJ_CERTS, U64_MAX, byte, 1), -EIO);
}

static void measurements_without_a_vca_are_refused(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	fake_psp.no_vca = true;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->measure(tdi, nonce), -EBADMSG);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "VCA"));
}

static void measurements_that_nobody_digested_are_refused(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	fake_psp.meas_flags = SEV_MEAS_DIGEST_FRESH;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->measure(tdi, nonce), -EKEYREJECTED);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "digest"));
}

static void measurements_are_not_had_without_being_taken(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	u64 size;

	KUNIT_EXPECT_EQ(test, tdi->backend->ops->object_size(tdi, TDI_OBJ_VCA, &size), -ENODATA);
	KUNIT_EXPECT_NE(test, tdi->reason[0], '\0');
}

/* --- facts ----------------------------------------------------------------------- */

static void digests_are_the_psps(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	struct tdi_tsm_info info;

	memset(fake_psp.certs, 0xc1, SEV_DIGEST_LEN);
	memset(fake_psp.meas, 0xa2, SEV_DIGEST_LEN);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	KUNIT_EXPECT_EQ(test, info.hash, TDI_HASH_SHA384);
	/* A digest of zeros is none, and that of measurements is of no object yet. */
	KUNIT_EXPECT_EQ(test, info.digest_valid, BIT(TDI_OBJ_CERTS));
	KUNIT_EXPECT_MEMEQ(test, info.digest[TDI_OBJ_CERTS], fake_psp.certs, SEV_DIGEST_LEN);
	memset(fake_psp.report, 0xe3, SEV_DIGEST_LEN);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	KUNIT_EXPECT_EQ(test, info.digest_valid, BIT(TDI_OBJ_CERTS) | BIT(TDI_OBJ_REPORT));
	KUNIT_EXPECT_MEMEQ(test, info.digest[TDI_OBJ_REPORT], fake_psp.report, SEV_DIGEST_LEN);
	KUNIT_EXPECT_FALSE(test, info.has_bars);
	KUNIT_EXPECT_FALSE(test, info.has_dma);
}

static void digests_of_the_parts_last_as_long_as_that_of_the_whole(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	struct tdi_tsm_info info;

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->measure(tdi, nonce), 0);
	memcpy(fake_psp.meas, to_sev_tdi(tdi)->objects.meas, SEV_DIGEST_LEN);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	KUNIT_EXPECT_EQ(test, info.digest_valid, BIT(TDI_OBJ_VCA) | BIT(TDI_OBJ_MEASUREMENTS));
	fake_psp.meas[47] ^= 1;
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->info(tdi, &info), 0);
	KUNIT_EXPECT_EQ(test, info.digest_valid, 0);
}

static void nonces_follow_count_and_digests(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	struct tdi_nonces a, b;

	fake_psp.count = 0;
	a = nonces_now(test, tdi);
	KUNIT_EXPECT_EQ_MSG(test, a.lock, 1, "0 means that there is none");
	fake_psp.count = 1;
	b = nonces_now(test, tdi);
	KUNIT_EXPECT_NE(test, a.lock, b.lock);
	fake_psp.meas[0] ^= 1;
	KUNIT_EXPECT_NE(test, nonces_now(test, tdi).meas, b.meas);
	fake_psp.report[7] ^= 1;
	KUNIT_EXPECT_NE(test, nonces_now(test, tdi).report, b.report);
	fake_psp.count = U64_MAX;
	KUNIT_EXPECT_EQ(test, nonces_now(test, tdi).lock, 0);
}

/* --- whose word it is --------------------------------------------------------------- */

struct word_row {
	const char *desc;
	u16 status;
	u64 word;
	enum tdisp_state state;
};

static const struct word_row words[] = {
	{ "bound, says unlocked", SEV_INFO_BOUND, 0, TDISP_ERROR },
	{ "bound, says locked", SEV_INFO_BOUND, 1, TDISP_CONFIG_LOCKED },
	{ "bound, says error", SEV_INFO_BOUND, 3, TDISP_ERROR },
	{ "bound, says what does not exist", SEV_INFO_BOUND, 7, TDISP_ERROR },
	{ "bound, says run in half of the word", SEV_INFO_BOUND, BIT_ULL(32) | 2, TDISP_ERROR },
	{ "not bound, says locked", SEV_INFO_UNBOUND, 1, TDISP_CONFIG_UNLOCKED },
	{ "not bound, says run", SEV_INFO_UNBOUND, 2, TDISP_CONFIG_UNLOCKED },
	{ "invalid, says run", SEV_INFO_INVALID, 2, TDISP_CONFIG_UNLOCKED },
	{ "not bound, says what does not exist", SEV_INFO_UNBOUND, 99, TDISP_CONFIG_UNLOCKED },
	{ "invalid, says error", SEV_INFO_INVALID, 3, TDISP_CONFIG_UNLOCKED },
};

KUNIT_ARRAY_PARAM_DESC(word, words, desc);

static void the_psp_has_the_last_word(struct kunit *test)
{
	const struct word_row *row = test->param_value;
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	run(test, tdi);
	fake_psp.info_status = row->status;
	fake_psp.word = row->word;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, row->state);
}

static void run_is_confirmed_by_a_page_that_is_accepted(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	const struct sev_mmio_validate *req;
	enum tdisp_state state;

	run(test, tdi);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_RUN);
	KUNIT_ASSERT_EQ(test, fake_psp_count(FAKE_PROBE), 1);
	req = (const void *)fake_psp_last(FAKE_PROBE)->payload;
	KUNIT_EXPECT_EQ(test, le64_to_cpu(req->base), 0x40002);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(req->page_count), 1);
	/* The host is told that page, and what it is already: private. */
	KUNIT_EXPECT_EQ(test, fake_psp_last(FAKE_PROBE)->regs[SEV_GHCB_RDX],
			0x40002000 | SEV_MMIO_NEW_PRIVATE);
	KUNIT_EXPECT_EQ(test, fake_psp_last(FAKE_PROBE)->regs[SEV_GHCB_RCX],
			SEV_MMIO_NEW_RCX(1, to_sev_tdi(tdi)->device_id));

	/* Not in RUN, says the PSP. */
	fake_psp.at = FAKE_PROBE;
	fake_psp.how = FAKE_STATUS;
	fake_psp.status = SEV_VALIDATE_TDI_UNBOUND;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_ERROR);
	/* Or it was taken away meanwhile, and something else is there now. */
	fake_psp.at = FAKE_NR_EXITS;
	fake_psp.changed = true;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_ERROR);
}

static void run_is_confirmed_by_the_sdte_where_no_page_is(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	run(test, tdi);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->mmio_release(tdi), 0);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_RUN);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_SDTE), 2);
	fake_psp.at = FAKE_SDTE;
	fake_psp.how = FAKE_STATUS;
	fake_psp.status = SEV_SDTE_TDI_NOT_BOUND;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_ERROR);
}

/* RUN, says the host, of a TDI that was locked anew: what would confirm it grants it DMA. */
static void what_was_locked_anew_is_granted_nothing_by_a_look(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	run(test, tdi);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->mmio_release(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_psp_count(FAKE_SDTE), 1);
	fake_psp.count++;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_ERROR);
	KUNIT_EXPECT_NOT_NULL(test, strstr(tdi->reason, "nonce"));
	/* Or it is another one, whose count is as high. */
	fake_psp.count--;
	fake_psp.report[0] ^= 1;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_ERROR);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_SDTE), 1);
	/* Measurements may be taken again. */
	fake_psp.report[0] ^= 1;
	fake_psp.meas[0] ^= 1;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_RUN);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_SDTE), 2);
}

static void no_page_of_what_was_locked_anew_is_validated_by_a_look(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	run(test, tdi);
	fake_psp.count++;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_ERROR);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_PROBE), 0);
}

/* Whether an sDTE is cleared may stay in doubt; that it is written again may not. */
static void dma_that_was_to_end_is_not_begun_by_a_look(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	run(test, tdi);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->mmio_release(tdi), 0);
	fake_psp.at = FAKE_SDTE_NONE;
	fake_psp.how = FAKE_STATUS;
	fake_psp.status = SEV_SDTE_RESERVED;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_disable(tdi), -EREMOTEIO);
	fake_psp.nr = 0;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_SDTE), 0);
	/* And the next try is one. */
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_disable(tdi), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_SDTE_NONE), 1);
}

static void an_id_is_nobody_elses(struct kunit *test)
{
	struct tdi *tdi = setup(test), *other = sev_add_unlocked(test, 2);

	fake_psp.same_id = true;
	KUNIT_EXPECT_EQ(test, other->backend->ops->lock(other, 0), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(other->reason, "tdi_id"));
	KUNIT_EXPECT_TRUE(test, to_sev_tdi(tdi)->bound);
	KUNIT_EXPECT_FALSE(test, to_sev_tdi(other)->bound);
}

static void a_bind_that_failed_may_have_bound(struct kunit *test)
{
	struct tdi *tdi;
	enum tdisp_state state;

	setup(test);
	tdi = sev_add_unlocked(test, 2);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_CONFIG_UNLOCKED);
	fake_psp.at = FAKE_BIND;
	fake_psp.how = FAKE_SILENT;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->lock(tdi, 0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_ERROR);
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_CONFIG_UNLOCKED);
}

/* --- order --------------------------------------------------------------------------- */

static void stop_comes_after_the_sdte_is_cleared(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	run(test, tdi);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->unlock(tdi), 0);
	KUNIT_EXPECT_GE(test, fake_psp_when(FAKE_SDTE_NONE), 0);
	KUNIT_EXPECT_LT(test, fake_psp_when(FAKE_SDTE_NONE), fake_psp_when(FAKE_STOP));
	KUNIT_EXPECT_LT(test, fake_psp_when(FAKE_STOP), fake_psp_when(FAKE_UNBIND));
}

static void no_stop_comes_while_the_sdte_is_there(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	run(test, tdi);
	fake_psp.at = FAKE_SDTE_NONE;
	fake_psp.how = FAKE_STATUS;
	fake_psp.status = SEV_SDTE_RESERVED;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->unlock(tdi), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_STOP), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_UNBIND), 0);
	fake_psp.at = FAKE_NR_EXITS;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_STOP), 1);
}

/* The function goes, and another comes to its place: what was left is its to give back. */
static void what_a_function_left_is_not_forgotten(struct kunit *test)
{
	struct tdi *tdi = setup(test), *other;
	enum tdisp_state state;
	u64 id;

	run(test, tdi);
	id = to_sev_tdi(tdi)->id;
	fake_psp.at = FAKE_SDTE_NONE;
	fake_psp.how = FAKE_STATUS;
	fake_psp.status = SEV_SDTE_RESERVED;
	KUNIT_EXPECT_NE(test, tdi->backend->ops->dma_disable(tdi), 0);
	KUNIT_EXPECT_NE(test, tdi->backend->ops->unlock(tdi), 0);
	kunit_release_action(test, sev_remove_tdi, tdi);

	/* Nobody else gets that id. */
	other = sev_add_unlocked(test, 2);
	fake_psp.same_id = true;
	KUNIT_EXPECT_EQ(test, other->backend->ops->lock(other, 0), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(other->reason, "tdi_id"));

	tdi = sev_add_unlocked(test, 1);
	KUNIT_EXPECT_EQ(test, to_sev_tdi(tdi)->id, id);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_NE(test, state, TDISP_CONFIG_UNLOCKED);
	/* The way out is an unlock, which begins with the sDTE. */
	fake_psp.at = FAKE_NR_EXITS;
	fake_psp.nr = 0;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_when(FAKE_SDTE_NONE), 0);
	fake_psp.info_status = SEV_INFO_UNBOUND;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_CONFIG_UNLOCKED);
	/* Once, and for all. */
	kunit_release_action(test, sev_remove_tdi, tdi);
	tdi = sev_add_unlocked(test, 1);
	fake_psp.nr = 0;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_CONFIG_UNLOCKED);
	KUNIT_EXPECT_EQ(test, fake_psp.nr, 0);
}

static void a_key_that_is_gone_does_not_forget_either(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	run(test, tdi);
	fake_psp.at = FAKE_SDTE_NONE;
	fake_psp.how = FAKE_SILENT;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_disable(tdi), -ETIMEDOUT);
	tdi->backend->ops->unlock(tdi);
	kunit_release_action(test, sev_remove_tdi, tdi);
	tdi = sev_add_unlocked(test, 1);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
	KUNIT_EXPECT_TRUE(test, to_sev_tdi(tdi)->may_have_sdte);
}

static void an_sdte_that_was_not_written_is_not_cleared(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->dma_disable(tdi), 0);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_SDTE_NONE), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_STOP), 1);
}

static void without_a_key_what_was_granted_stays_in_doubt(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	run(test, tdi);
	fake_psp.at = FAKE_SDTE_NONE;
	fake_psp.how = FAKE_SILENT;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_disable(tdi), -ETIMEDOUT);
	/* Nothing is left to lose by it. */
	KUNIT_EXPECT_NE(test, tdi->backend->ops->unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_STOP), 1);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -EIO);
}

static void without_a_key_what_was_not_granted_is_shared(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	enum tdisp_state state;

	fake_psp.at = FAKE_INFO;
	fake_psp.how = FAKE_SILENT;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_CONFIG_UNLOCKED);
}

static void pages_are_given_back_as_they_were_taken(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	const struct sev_mmio_validate *took, *gave;

	run(test, tdi);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->mmio_release(tdi), 0);
	took = (const void *)fake_psp_last(FAKE_VALIDATE)->payload;
	gave = (const void *)fake_psp_last(FAKE_RELEASE)->payload;
	KUNIT_EXPECT_MEMEQ(test, took, gave, offsetof(struct sev_mmio_validate, flags));
	KUNIT_EXPECT_EQ(test, le16_to_cpu(gave->flags), 0);
	/* RDX: not private any more. */
	KUNIT_EXPECT_EQ(test, fake_psp_last(FAKE_RELEASE)->regs[SEV_GHCB_RDX], 0x40002000);
	/* And once. */
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->mmio_release(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_RELEASE), 1);
}

static void pages_that_may_have_been_taken_are_given_back(struct kunit *test)
{
	static const struct tdi_mmio mmio = { .bar = 4, .nr_pages = 1, .addr = 0x50000000 };
	struct tdi *tdi = setup(test);
	struct tdi_nonces nonces = nonces_now(test, tdi);

	/* Refused by the PSP: they were not. */
	fake_psp.at = FAKE_VALIDATE;
	fake_psp.how = FAKE_STATUS;
	fake_psp.status = SEV_VALIDATE_NOT_MAPPED;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->mmio_accept(tdi, &nonces, &mmio), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, to_sev_tdi(tdi)->nr_pages, 0);
	/* By the host: who knows? */
	fake_psp.how = FAKE_FW_ERROR;
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->mmio_accept(tdi, &nonces, &mmio), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, to_sev_tdi(tdi)->nr_pages, 1);
}

static void a_range_beyond_32_bits_is_refused_unasked(struct kunit *test)
{
	static const struct tdi_mmio far[] = {
		{ .first = 1ULL << 32, .nr_pages = 1 },
		{ .first = 0xffffffff, .nr_pages = 1 },
		{ .first = 1, .nr_pages = U64_MAX },
	};
	struct tdi *tdi = setup(test);
	struct tdi_nonces nonces = nonces_now(test, tdi);
	unsigned int before = fake_platform.nr_host;
	int i;

	for (i = 0; i < ARRAY_SIZE(far); i++)
		KUNIT_EXPECT_EQ(test, tdi->backend->ops->mmio_accept(tdi, &nonces, &far[i]),
				-EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fake_platform.nr_host, before);
}

/* --- DMA modes, dialects ---------------------------------------------------------------- */

static void modes_are_sdtes(struct kunit *test)
{
	struct tdi *tdi = setup(test);
	struct tdi_nonces nonces = nonces_now(test, tdi);
	const u8 *sdte;

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->dma_enable(tdi, &nonces, TDI_DMA_DIRECT), 0);
	sdte = fake_psp_last(FAKE_SDTE)->payload + 16;
	KUNIT_EXPECT_EQ(test, get_unaligned_le64(sdte), 0x6000000000000001ULL);
	KUNIT_EXPECT_EQ(test, get_unaligned_le64(sdte + 40), 0xffffffffULL);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->dma_enable(tdi, &nonces, TDI_DMA_SPLIT), 0);
	sdte = fake_psp_last(FAKE_SDTE)->payload + 16;
	KUNIT_EXPECT_EQ(test, get_unaligned_le64(sdte + 40), (tdi->backend->vtom >> 20) | 1);
	KUNIT_EXPECT_EQ(test, fake_psp_last(FAKE_SDTE)->regs[SEV_GHCB_RDX],
			tdi->backend->vtom | 1);
	KUNIT_EXPECT_EQ(test, tdi->backend->ops->dma_enable(tdi, &nonces, TDI_DMA_IOMMU),
			-EOPNOTSUPP);
}

static void the_older_dialects_are_spoken(struct kunit *test)
{
	static const struct sev_dialect dialects[] = {
		{ .version = 1 }, { .version = 1, .types_2024 = true },
	};
	struct tdi *tdi;
	struct sev_tsm *tsm;
	const struct fake_log *log;
	enum tdisp_state state;
	int i;

	fake_psp_reset();
	sev_platform(test);
	tsm = to_sev_tsm(fake_core_backend);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sev_leave_platform, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	for (i = 0; i < ARRAY_SIZE(dialects); i++) {
		tsm->dialect = dialects[i];
		tdi = sev_add_tdi(test, 1 + i);
		KUNIT_EXPECT_EQ(test, to_sev_tdi(tdi)->id, pci_dev_id(tdi->pdev));
		KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
		log = fake_psp_last(FAKE_INFO);
		KUNIT_EXPECT_EQ(test, log->hdr.version, 1);
		KUNIT_EXPECT_EQ(test, log->hdr.type, i ? 0x81 : 19);
		KUNIT_EXPECT_EQ(test, get_unaligned_le16(log->payload), pci_dev_id(tdi->pdev));
		KUNIT_EXPECT_EQ(test, log->regs[SEV_GHCB_RCX], pci_dev_id(tdi->pdev));
		fake_psp.nr = 0;
		sev_grant(test, tdi, &(struct tdi_nonces) { .lock = 1 });
		/* Three pages are two, and one. */
		KUNIT_EXPECT_EQ(test, fake_psp_count(FAKE_VALIDATE), 2);
		log = fake_psp_last(FAKE_VALIDATE);
		KUNIT_EXPECT_EQ(test, get_unaligned_le64(log->payload + 0x10), 0x40004000);
		KUNIT_EXPECT_EQ(test, log->regs[SEV_GHCB_RDX], 0x40004000 | 8);
		/* And of these the first is asked for again. */
		fake_psp.word = TDISP_RUN;
		KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
		KUNIT_EXPECT_EQ(test, state, TDISP_RUN);
		KUNIT_ASSERT_EQ(test, fake_psp_count(FAKE_PROBE), 1);
		log = fake_psp_last(FAKE_PROBE);
		KUNIT_EXPECT_EQ(test, log->regs[SEV_GHCB_RDX], 0x40002000 | 8);
		KUNIT_EXPECT_EQ(test, log->regs[SEV_GHCB_RCX], pci_dev_id(tdi->pdev));
		fake_psp.word = TDISP_CONFIG_LOCKED;
	}
}

static void an_unlocked_tdi_of_version_1_is_asked_for(struct kunit *test)
{
	struct tdi *tdi;
	enum tdisp_state state;

	fake_psp_reset();
	sev_platform(test);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sev_leave_platform, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	to_sev_tsm(fake_core_backend)->dialect.version = 1;
	tdi = sev_add_unlocked(test, 1);
	/* An earlier kernel left it so. */
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_CONFIG_LOCKED);
	/* Perhaps with an sDTE, that STOP must not find. */
	tdi->backend->ops->unlock(tdi);
	KUNIT_EXPECT_GE(test, fake_psp_when(FAKE_SDTE_NONE), 0);
	KUNIT_EXPECT_LT(test, fake_psp_when(FAKE_SDTE_NONE), fake_psp_when(FAKE_STOP));
	fake_psp.info_status = SEV_INFO_UNBOUND;
	KUNIT_EXPECT_EQ(test, info_of(tdi, &state), 0);
	KUNIT_EXPECT_EQ(test, state, TDISP_CONFIG_UNLOCKED);
}

static void events_kick(struct kunit *test)
{
	setup(test);
	KUNIT_ASSERT_NOT_NULL(test, fake_platform.event);
	fake_core_events = 0;
	fake_platform.event(fake_platform.event_data);
	KUNIT_EXPECT_EQ(test, fake_core_events, 1);
}

static void it_never_hides_that_it_protects_nothing(struct kunit *test)
{
	struct tdi *tdi = setup(test);

	KUNIT_EXPECT_TRUE(test, tdi->backend->flags & TDI_BACKEND_EMULATED);
	KUNIT_EXPECT_STREQ(test, tdi->backend->platform, "sev-tio");
	KUNIT_EXPECT_EQ(test, tdi->backend->order, TDI_START_FIRST);
}

static struct kunit_case message_cases[] = {
	KUNIT_CASE(numbers_go_up_by_two),
	KUNIT_CASE(numbers_go_on_where_the_secrets_page_says),
	KUNIT_CASE(numbers_go_on_in_a_page_that_lasts),
	KUNIT_CASE(a_wiped_key_stays_wiped_in_a_page_that_lasts),
	KUNIT_CASE(numbers_that_are_used_up_end_the_key),
	KUNIT_CASE(what_is_sealed_does_not_show),
	KUNIT_CASE_PARAM(a_spoilt_response_ends_the_key, spoil_gen_params),
	KUNIT_CASE(what_nobody_reads_may_be_anything),
	KUNIT_CASE_PARAM(a_request_that_fails_ends_the_key, end_gen_params),
	KUNIT_CASE(sealing_that_fails_ends_the_key),
	KUNIT_CASE(busy_gets_the_same_bytes_again),
	KUNIT_CASE(a_cipher_that_is_missing_is_told),
	KUNIT_CASE(nothing_stays_shared),
	KUNIT_CASE(the_first_buffer_has_32_kib),
	KUNIT_CASE(a_larger_buffer_gets_the_same_bytes),
	KUNIT_CASE(a_buffer_that_will_not_do_costs_a_number_and_no_key),
	KUNIT_CASE(a_buffer_that_is_never_enough_ends),
	KUNIT_CASE(a_host_that_wants_ever_more_gets_four_times_more),
	KUNIT_CASE(measurements_are_parted_from_their_vca),
	KUNIT_CASE(measurements_without_a_vca_are_refused),
	KUNIT_CASE(measurements_that_nobody_digested_are_refused),
	KUNIT_CASE(measurements_are_not_had_without_being_taken),
	KUNIT_CASE(digests_are_the_psps),
	KUNIT_CASE(digests_of_the_parts_last_as_long_as_that_of_the_whole),
	KUNIT_CASE(nonces_follow_count_and_digests),
	KUNIT_CASE_PARAM(the_psp_has_the_last_word, word_gen_params),
	KUNIT_CASE(run_is_confirmed_by_a_page_that_is_accepted),
	KUNIT_CASE(run_is_confirmed_by_the_sdte_where_no_page_is),
	KUNIT_CASE(what_was_locked_anew_is_granted_nothing_by_a_look),
	KUNIT_CASE(no_page_of_what_was_locked_anew_is_validated_by_a_look),
	KUNIT_CASE(dma_that_was_to_end_is_not_begun_by_a_look),
	KUNIT_CASE(an_id_is_nobody_elses),
	KUNIT_CASE(a_bind_that_failed_may_have_bound),
	KUNIT_CASE(stop_comes_after_the_sdte_is_cleared),
	KUNIT_CASE(no_stop_comes_while_the_sdte_is_there),
	KUNIT_CASE(what_a_function_left_is_not_forgotten),
	KUNIT_CASE(a_key_that_is_gone_does_not_forget_either),
	KUNIT_CASE(an_sdte_that_was_not_written_is_not_cleared),
	KUNIT_CASE(without_a_key_what_was_granted_stays_in_doubt),
	KUNIT_CASE(without_a_key_what_was_not_granted_is_shared),
	KUNIT_CASE(pages_are_given_back_as_they_were_taken),
	KUNIT_CASE(pages_that_may_have_been_taken_are_given_back),
	KUNIT_CASE(a_range_beyond_32_bits_is_refused_unasked),
	KUNIT_CASE(modes_are_sdtes),
	KUNIT_CASE(the_older_dialects_are_spoken),
	KUNIT_CASE(an_unlocked_tdi_of_version_1_is_asked_for),
	KUNIT_CASE(events_kick),
	KUNIT_CASE(it_never_hides_that_it_protects_nothing),
	{}
};

static struct kunit_suite message_suite = {
	.name = "tdi-sev-tio-messages", .test_cases = message_cases,
};

kunit_test_suite(message_suite);
