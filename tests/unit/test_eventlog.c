// SPDX-License-Identifier: GPL-2.0
/* tools/attest/eventlog.c and tpm_event.c: written, read, replayed, broken. */
#include "unit.h"

#include <string.h>

#include "../../tools/attest/eventlog.h"
#include "../../tools/attest/tpm.h"
#include "../../tools/attest/tpm_event.h"

#include <tss2/tss2_common.h>
#include <tss2/tss2_tpm2_types.h>

static const struct eventlog_banks two = { 2, { CRYPTO_SHA256, CRYPTO_SHA384 } };

static struct bytes text(const char *s)
{
	return (struct bytes) { (const uint8_t *)s, strlen(s) };
}

static struct blob sample(void)
{
	struct blob log = { 0 };

	eventlog_start(&two, &log);
	eventlog_add(&two, 14, 1, text("one"), NULL, &log);
	eventlog_add(&two, 16, 2, text(""), NULL, &log);
	eventlog_add(&two, 14, 3, text("three"), NULL, &log);
	return log;
}

static void bytes_are_those_of_the_specification(void **state)
{
	static const uint8_t start[] = {
		0, 0, 0, 0, 3, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		33, 0, 0, 0,
		'S', 'p', 'e', 'c', ' ', 'I', 'D', ' ', 'E', 'v', 'e', 'n', 't', '0', '3', 0,
		0, 0, 0, 0, 0, 2, 0, 2,
		1, 0, 0, 0, 0x0b, 0, 32, 0, 0,
	};
	static const uint8_t record[] = {
		14, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0x0b, 0,
	};
	static const uint8_t event[] = { 10, 0, 0, 0, 4, 3, 2, 1, 2, 0, 0, 0, 'h', 'i' };
	static const struct eventlog_banks one = { 1, { CRYPTO_SHA256 } };
	struct bytes hashed = { event + 4, sizeof(event) - 4 };
	uint8_t digest[1][CRYPTO_HASH_MAX], want[CRYPTO_HASH_MAX];
	struct blob log = { 0 };

	(void)state;
	eventlog_start(&one, &log);
	assert_int_equal(log.len, sizeof(start));
	assert_memory_equal(log.data, start, sizeof(start));
	eventlog_add(&one, 14, 0x01020304, text("hi"), digest, &log);
	assert_int_equal(log.len, sizeof(start) + sizeof(record) + 32 + sizeof(event));
	assert_memory_equal(log.data + sizeof(start), record, sizeof(record));
	assert_memory_equal(log.data + log.len - sizeof(event), event, sizeof(event));
	crypto_digest(CRYPTO_SHA256, &hashed, 1, want);
	assert_memory_equal(digest[0], want, 32);
	blob_free(&log);
}

static void a_log_is_read_as_it_was_written(void **state)
{
	struct blob bytes = sample();
	struct eventlog log;
	char why[160];

	(void)state;
	assert_true(eventlog_parse(blob_bytes(&bytes), &log, why, sizeof(why)));
	assert_int_equal(log.nr, 3);
	assert_int_equal(log.whole, bytes.len);
	assert_int_equal(log.pcrs, 1u << 14 | 1u << 16);
	assert_int_equal(log.record[2].tag, 3);
	assert_int_equal(log.record[2].data.len, 5);
	assert_memory_equal(log.record[2].data.data, "three", 5);
	eventlog_free(&log);
	blob_free(&bytes);
}

static void replay_extends_one_pcr_from_zero(void **state)
{
	uint8_t got[CRYPTO_HASH_MAX], want[CRYPTO_HASH_MAX] = { 0 };
	struct blob bytes = sample();
	struct eventlog log;
	char why[160];

	(void)state;
	assert_true(eventlog_parse(blob_bytes(&bytes), &log, why, sizeof(why)));
	for (size_t i = 0; i < 3; i += 2) {
		struct bytes part[] = { { want, 48 }, { log.record[i].digest[1], 48 } };

		crypto_digest(CRYPTO_SHA384, part, 2, want);
	}
	eventlog_replay(&log, log.nr, 14, 1, got);
	assert_memory_equal(got, want, 48);
	eventlog_replay(&log, 0, 14, 1, got);
	for (int i = 0; i < 48; i++)
		assert_int_equal(got[i], 0);
	eventlog_free(&log);
	blob_free(&bytes);
}

/* Whatever a crash leaves: the whole records before it are there, and no others. */
static void every_torn_end_keeps_what_is_whole(void **state)
{
	struct blob bytes = sample();
	struct eventlog log, whole;
	char why[160];

	(void)state;
	assert_true(eventlog_parse(blob_bytes(&bytes), &whole, why, sizeof(why)));
	for (size_t len = 0; len < bytes.len; len++) {
		bool ok = eventlog_parse((struct bytes) { bytes.data, len }, &log, why, sizeof(why));
		size_t nr = 0;

		while (nr < whole.nr && whole.record[nr].end <= len)
			nr++;
		if (!ok) {
			assert_true(len < whole.record[0].end);
			continue;
		}
		assert_int_equal(log.nr, nr);
		assert_true(log.whole <= len);
		eventlog_free(&log);
	}
	eventlog_free(&whole);
	blob_free(&bytes);
}

/* No bit of a record may change unseen. */
static void every_flipped_bit_is_refused_or_shows(void **state)
{
	struct blob bytes = sample();
	struct eventlog log;
	char why[160];

	(void)state;
	assert_true(eventlog_parse(blob_bytes(&bytes), &log, why, sizeof(why)));
	for (size_t at = 0; at < bytes.len * 8; at++) {
		struct eventlog other;
		uint8_t before[CRYPTO_HASH_MAX], after[CRYPTO_HASH_MAX];
		bool same;

		eventlog_replay(&log, log.nr, 14, 0, before);
		bytes.data[at / 8] ^= (uint8_t)(1u << at % 8);
		if (eventlog_parse(blob_bytes(&bytes), &other, why, sizeof(why))) {
			eventlog_replay(&other, other.nr, 14, 0, after);
			same = other.nr == log.nr && other.pcrs == log.pcrs &&
			       other.whole == log.whole && !memcmp(before, after, 32);
			assert_false(same);
			eventlog_free(&other);
		}
		bytes.data[at / 8] ^= (uint8_t)(1u << at % 8);
	}
	eventlog_free(&log);
	blob_free(&bytes);
}

static struct tpm_event event(void)
{
	struct tpm_event e = {
		.kind = TPM_EVENT_ACCEPT, .device = "0000:01:00.0", .platform = "SEV-SNP",
		.generation = "7", .nonce = { true, { 1 } }, .has_bars = true,
		.bars = { .size = { 16384, 0, 4096 } }, .evidence = { true, { 2 } },
		.report = { true, { 3 } }, .policy = { true, { 4 } }, .word = "verified",
		.verdict = { true, { 5 } }, .resets = 4294967295u,
	};

	return e;
}

static void an_event_is_read_as_it_was_written(void **state)
{
	struct tpm_event in = event(), out;
	char buf[TPM_EVENT_SIZE];
	size_t len;

	(void)state;
	len = tpm_event_text(&in, buf);
	assert_true(len > 0);
	assert_true(tpm_event_parse((struct bytes) { (uint8_t *)buf, len }, &out));
	assert_int_equal(out.kind, in.kind);
	assert_string_equal(out.device, in.device);
	assert_string_equal(out.word, "verified");
	assert_true(tpm_digest_equal(&in.evidence, &out.evidence));
	assert_true(tpm_digest_equal(&in.anchor, &out.anchor));
	assert_false(tpm_digest_equal(&in.policy, &out.verdict));
	assert_int_equal(out.bars.size[2], 4096);
	assert_int_equal(out.resets, in.resets);
}

/* There is one way to write it: what differs in any byte is no event, or another. */
static void an_event_has_one_form(void **state)
{
	struct tpm_event in = event(), out;
	char buf[TPM_EVENT_SIZE], again[TPM_EVENT_SIZE];
	size_t len = tpm_event_text(&in, buf);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (unsigned int c = 0; c < 256; c++) {
			char was = buf[i];

			buf[i] = (char)c;
			if (tpm_event_parse((struct bytes) { (uint8_t *)buf, len }, &out)) {
				assert_int_equal(tpm_event_text(&out, again), len);
				assert_memory_equal(buf, again, len);
			}
			buf[i] = was;
		}
		assert_false(tpm_event_parse((struct bytes) { (uint8_t *)buf, i }, &out));
	}
}

static void a_name_with_a_newline_is_no_event(void **state)
{
	struct tpm_event in = event();
	char buf[TPM_EVENT_SIZE];

	(void)state;
	strcpy(in.platform, "x\npolicy -");
	assert_int_equal(tpm_event_text(&in, buf), 0);
	in = event();
	in.word[0] = '\0';
	assert_int_equal(tpm_event_text(&in, buf), 0);
}

static void response_codes_are_sorted(void **state)
{
	static const struct {
		const char *what;
		uint32_t rc;
		enum tpm_problem problem;
	} rows[] = {
		{ "lockout", 0x921, TPM_LOCKED },
		{ "bad auth of session 1", 0x9a2, TPM_LOCKED },
		{ "auth fail of session 1", 0x98e, TPM_LOCKED },
		{ "hierarchy of handle 1", 0x185, TPM_LOCKED },
		{ "object memory", 0x902, TPM_FULL },
		{ "session handles", 0x905, TPM_FULL },
		{ "object memory, by the kernel", TSS2_RESMGR_TPM_RC_LAYER | 0x902, TPM_FULL },
		{ "not started", 0x100, TPM_ABSENT },
		{ "no connection", TSS2_TCTI_RC_NO_CONNECTION, TPM_ABSENT },
		{ "I/O error", TSS2_TCTI_RC_IO_ERROR, TPM_ABSENT },
		{ "failure mode", 0x101, TPM_FAILED },
		{ "malformed response", TSS2_SYS_RC_MALFORMED_RESPONSE, TPM_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(rows[i].what, tpm_problem_of(rows[i].rc) == rows[i].problem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_those_of_the_specification),
		cmocka_unit_test(a_log_is_read_as_it_was_written),
		cmocka_unit_test(replay_extends_one_pcr_from_zero),
		cmocka_unit_test(every_torn_end_keeps_what_is_whole),
		cmocka_unit_test(every_flipped_bit_is_refused_or_shows),
		cmocka_unit_test(an_event_is_read_as_it_was_written),
		cmocka_unit_test(an_event_has_one_form),
		cmocka_unit_test(a_name_with_a_newline_is_no_event),
		cmocka_unit_test(response_codes_are_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
