// SPDX-License-Identifier: GPL-2.0
/*
 * guest/lib/spdm_meas.c. A negative test starts from a transcript that passes,
 * which it proves, and breaks one thing; the reason must name that thing.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tdisp/spdm_meas.h>

#include "build_spdm.h"

#define LAST	(VALID_NR_PAIRS - 1)

static struct image img;
static struct pair_at at[VALID_NR_PAIRS];

static const uint8_t versions[] = { 0x11, 0x12, 0x13, 0x14 };

/* In a buffer of exactly that size, so that the sanitizer sees a read past it. */
static int parse(struct spdm_meas *ret, struct tdisp_why *why)
{
	uint8_t *copy = malloc(img.len ? img.len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, img.bytes, img.len);
	err = spdm_meas_parse(copy, img.len, SIGNATURE_SIZE, ret, why);
	free(copy);
	return err;
}

static void assert_parses(struct spdm_meas *ret)
{
	struct tdisp_why why, untouched;
	int err;

	memset(&why, 0x5a, sizeof(why));
	untouched = why;
	err = parse(ret, &why);
	if (err)
		fail_msg("refused: \"%s\" at %zu, index %u, expected %llx, found %llx", why.check,
			 why.offset, why.index, (unsigned long long)why.expected,
			 (unsigned long long)why.found);
	assert_memory_equal(&why, &untouched, sizeof(why));
}

/* Builds, proves it good, and leaves it to the test to break it. */
static void good(uint8_t version)
{
	struct spdm_meas m;

	transcript_valid(&img, version, at);
	assert_parses(&m);
	assert_int_equal(m.version, version);
}

static void assert_reason(const char *desc, const struct tdisp_why *why, size_t offset,
			  u32 index, u64 expected, u64 found)
{
	if (!why->check || why->offset != offset || why->index != index ||
	    why->expected != expected || why->found != found)
		fail_msg("%s: reason is \"%s\" at %zu, index %u, expected %llx, found %llx;\n"
			 "should be at %zu, index %u, expected %llx, found %llx", desc,
			 why->check ? why->check : "(none)", why->offset, why->index,
			 (unsigned long long)why->expected, (unsigned long long)why->found, offset,
			 index, (unsigned long long)expected, (unsigned long long)found);
}

static void assert_refuses(const char *desc, int err, size_t offset, u32 index, u64 expected,
			   u64 found)
{
	struct spdm_meas ret, untouched;
	struct tdisp_why why = { 0 };
	int got;

	memset(&ret, 0xa5, sizeof(ret));
	untouched = ret;
	got = parse(&ret, &why);
	if (got != err)
		fail_msg("%s: %d and not %d", desc, got, err);
	check_row(desc, !memcmp(&ret, &untouched, sizeof(ret)));
	assert_reason(desc, &why, offset, index, expected, found);
	assert_int_equal(parse(&ret, NULL), err);
}

/* What a good transcript gives */

static void every_version_is_read(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct spdm_meas m;

		transcript_valid(&img, versions[i], at);
		assert_parses(&m);
		assert_int_equal(m.version, versions[i]);
		assert_int_equal(m.nr_pairs, VALID_NR_PAIRS);
		assert_int_equal(m.nr_blocks, VALID_NR_BLOCKS);
		assert_int_equal(m.signed_len, at[LAST].signature);
		assert_int_equal(m.signature_len, SIGNATURE_SIZE);
		assert_int_equal(m.last.signature, at[LAST].signature);
		assert_int_equal(m.last.end, img.len);
		assert_int_equal(m.last.slot, VALID_SLOT);
		assert_int_equal(m.last.req_nonce, at[LAST].req_nonce);
		assert_int_equal(m.last.rsp_nonce, at[LAST].rsp_nonce);
		assert_int_equal(m.last.changed, versions[i] >= 0x12 ? SPDM_MEAS_UNCHANGED : 0);
	}
}

static void every_pair_is_read(void **state)
{
	size_t i;
	int n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct spdm_meas_iter it = { 0 };
		struct spdm_meas_pair p;
		struct spdm_meas m;

		transcript_valid(&img, versions[i], at);
		assert_parses(&m);
		for (n = 0; spdm_meas_next_pair(img.bytes, &m, &it, &p); n++) {
			assert_in_range(n, 0, LAST);
			assert_int_equal(p.request, at[n].request);
			assert_int_equal(p.response, at[n].response);
			assert_int_equal(p.end, at[n].end);
			assert_int_equal(p.attr, n == 0 ? 0 : n == 1 ? ATTR_RAW : ATTR_SIGN);
			assert_int_equal(p.op, n == 0 ? OP_COUNT : n == 1 ? 2 : OP_ALL);
			assert_int_equal(p.has_signature, n == LAST);
			assert_int_equal(p.slot, n == LAST ? VALID_SLOT : 0);
			assert_int_equal(p.req_nonce, at[n].req_nonce);
			assert_int_equal(p.total, n == 0 ? 5 : 0);
			assert_int_equal(p.nr_blocks, n == 0 ? 0 : n == 1 ? 1 : 5);
			assert_int_equal(p.record, at[n].record);
			assert_int_equal(p.record_len, at[n].rsp_nonce - at[n].record);
			assert_int_equal(p.rsp_nonce, at[n].rsp_nonce);
			assert_int_equal(p.opaque, at[n].opaque);
			assert_int_equal(p.opaque_len, n == 0 ? 0 : n == 1 ? 3 : 6);
			assert_int_equal(p.has_context, versions[i] >= 0x13);
			assert_int_equal(p.context, at[n].context);
			assert_int_equal(p.signature, at[n].signature);
		}
		assert_int_equal(n, VALID_NR_PAIRS);
		assert_false(spdm_meas_next_pair(img.bytes, &m, &it, &p));
	}
}

static void every_block_is_read(void **state)
{
	static const struct {
		u32 pair;
		u8 index, type;
		bool raw;
		size_t len;
	} rows[VALID_NR_BLOCKS] = {
		{ 1, 2, 7, true, 8 },
		{ 2, 0xfe, 5, true, 16 },
		{ 2, 0xfd, 4, true, 4 },
		{ 2, 3, 6, true, sizeof(VALID_FW) - 1 },
		{ 2, 2, 7, true, 8 },
		{ 2, 1, 1, false, 48 },
	};
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value v;
	struct spdm_meas m;
	size_t n, where;

	(void)state;
	transcript_valid(&img, 0x12, at);
	assert_parses(&m);
	where = at[1].record;
	for (n = 0; spdm_meas_next_value(img.bytes, &m, &it, &v); n++) {
		assert_in_range(n, 0, VALID_NR_BLOCKS - 1);
		if (n == 1)
			where = at[2].record;
		assert_int_equal(v.pair, rows[n].pair);
		assert_int_equal(v.offset, where);
		assert_int_equal(v.index, rows[n].index);
		assert_int_equal(v.spec, 1);
		assert_true(v.is_dmtf);
		assert_int_equal(v.type, rows[n].type);
		assert_int_equal(v.is_raw, rows[n].raw);
		assert_int_equal(v.value, where + 7);
		assert_int_equal(v.len, rows[n].len);
		where += 7 + v.len;
		if (v.index == 3)
			assert_memory_equal(img.bytes + v.value, VALID_FW, v.len);
	}
	assert_int_equal(n, VALID_NR_BLOCKS);
	assert_false(spdm_meas_next_value(img.bytes, &m, &it, &v));
}

static void one_signed_pair_is_a_transcript(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct spdm_meas m;

		transcript_short(&img, versions[i], at);
		assert_parses(&m);
		assert_int_equal(m.nr_pairs, 1);
		assert_int_equal(m.nr_blocks, 5);
		assert_int_equal(m.signed_len, img.len - SIGNATURE_SIZE);
	}
}

static void a_signed_count_and_a_signed_single_block_are_transcripts(void **state)
{
	struct spdm_meas m;

	(void)state;
	img_reset(&img);
	put_request(&img, 0x12, ATTR_SIGN, OP_COUNT, 0, at);
	response_begin(&img, 0x12, 9, 0, at);
	response_end(&img, NULL, 0, at);
	assert_parses(&m);
	assert_int_equal(m.nr_blocks, 0);
	assert_int_equal(m.last.total, 9);

	img_reset(&img);
	put_request(&img, 0x12, ATTR_SIGN, 0xfe, 0, at);
	response_begin(&img, 0x12, 9, 0, at);
	put_block(&img, 0xfe, RAW | 9, "", 0, at);
	response_end(&img, NULL, 0, at);
	assert_parses(&m);
	assert_int_equal(m.nr_blocks, 1);
	assert_int_equal(m.last.total, 0);
}

static void size_of_the_signature_is_the_callers(void **state)
{
	struct spdm_meas m;

	(void)state;
	transcript_short(&img, 0x12, at);
	img_fill(&img, 0, 36);
	assert_int_equal(spdm_meas_parse(img.bytes, img.len, 132, &m, NULL), 0);
	assert_int_equal(m.signature_len, 132);
	assert_int_equal(m.signed_len, at[0].signature);
}

static void an_unknown_size_of_the_signature_is_a_callers_mistake(void **state)
{
	struct tdisp_why why = { 0 };
	struct spdm_meas m;

	(void)state;
	good(0x12);
	assert_int_equal(spdm_meas_parse(img.bytes, img.len, 0, &m, &why), -EINVAL);
	assert_non_null(why.check);
}

static void reserved_fields_are_ignored(void **state)
{
	struct spdm_meas m;

	(void)state;
	good(0x12);
	img.bytes[at[LAST].request + 2] |= 0xf0;
	img.bytes[at[LAST].req_slot] |= 0xf0;
	img.bytes[at[LAST].response + 2] = 0xff;	/* Param1, not asked for a count */
	img.bytes[at[LAST].response + 3] |= 0xc0;
	img.bytes[at[0].response + 3] |= 0x0f;		/* slot of an unsigned response */
	assert_parses(&m);
	assert_int_equal(m.last.slot, VALID_SLOT);
	assert_int_equal(m.last.changed, SPDM_MEAS_UNCHANGED);
	assert_int_equal(m.last.total, 0);

	/* 1.1 has no content-changed field. */
	good(0x11);
	img.bytes[at[LAST].response + 3] |= 0x30;
	assert_parses(&m);
	assert_int_equal(m.last.changed, 0);
}

static void a_transcript_at_an_odd_address_is_read(void **state)
{
	struct spdm_meas m;
	uint8_t *copy;

	(void)state;
	good(0x13);
	copy = malloc(img.len + 1);
	assert_non_null(copy);
	memcpy(copy + 1, img.bytes, img.len);
	assert_int_equal(spdm_meas_parse(copy + 1, img.len, SIGNATURE_SIZE, &m, NULL), 0);
	free(copy);
}

static void a_record_of_16_mib_is_read(void **state)
{
	static uint8_t value[0xffff - 3];
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value v;
	struct spdm_meas m;
	int i, n;

	(void)state;
	img_reset(&img);
	put_request(&img, 0x12, ATTR_SIGN, OP_ALL, 0, at);
	response_begin(&img, 0x12, 0, 0, at);
	for (i = 1; i <= 254; i++)
		put_block(&img, i, 1, value, sizeof(value), at);
	response_end(&img, NULL, 0, at);
	assert_int_equal(spdm_meas_parse(img.bytes, img.len, SIGNATURE_SIZE, &m, NULL), 0);
	assert_int_equal(m.last.record_len, 254 * (4 + 0xffff));
	for (n = 0; spdm_meas_next_value(img.bytes, &m, &it, &v); n++)
		assert_int_equal(v.len, sizeof(value));
	assert_int_equal(n, 254);
	img_free(&img);
}

static void more_than_64_mib_is_refused(void **state)
{
	struct tdisp_why why = { 0 };
	struct spdm_meas m;

	(void)state;
	good(0x12);
	/* Refused before the first byte is looked at. */
	assert_int_equal(spdm_meas_parse(img.bytes, (64u << 20) + 1, SIGNATURE_SIZE, &m, &why),
			 -EBADMSG);
	assert_reason("64 MiB", &why, 0, TDISP_WHY_NO_INDEX, 64u << 20, (64u << 20) + 1);
}

/* Lengths */

static void every_truncation_is_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		good(versions[i]);
		while (img.len) {
			struct tdisp_why why;
			struct spdm_meas m;

			img.len--;
			why.offset = SIZE_MAX;
			assert_int_equal(parse(&m, &why), -EBADMSG);
			assert_true(why.offset <= img.len);
		}
	}
}

static void truncation_names_what_is_missing(void **state)
{
	(void)state;
	good(0x13);
	img.len = 3;
	assert_refuses("request's header", -EBADMSG, 0, 0, 4, 3);
	good(0x13);
	img.len = at[0].request + 11;
	assert_refuses("unsigned request", -EBADMSG, 0, 0, 12, 11);
	good(0x13);
	img.len = at[LAST].request + 44;
	assert_refuses("signed request", -EBADMSG, at[LAST].request, LAST, 45, 44);
	good(0x12);
	img.len = at[LAST].request + 36;
	assert_refuses("signed request, 1.2", -EBADMSG, at[LAST].request, LAST, 37, 36);
	good(0x13);
	img.len = at[1].response + 2;
	assert_refuses("response's header", -EBADMSG, at[1].response, 1, 4, 2);
	good(0x13);
	img.len = at[1].response + 7;
	assert_refuses("response's fixed part", -EBADMSG, at[1].response, 1, 42, 7);
	good(0x13);
	img.len = at[1].rsp_nonce - 1;
	assert_refuses("record", -EBADMSG, at[1].response + 5, 1, 14, 15);
	good(0x13);
	img.len = at[1].opaque - 1;
	assert_refuses("nonce and length", -EBADMSG, at[1].rsp_nonce, 1, 34, 33);
	good(0x13);
	img.len = at[1].opaque + 2;
	assert_refuses("opaque data", -EBADMSG, at[1].opaque_len, 1, 2, 3);
	good(0x13);
	img.len = at[1].context + 7;
	assert_refuses("context", -EBADMSG, at[1].context, 1, 8, 7);
	good(0x13);
	img.len = at[LAST].signature + 95;
	assert_refuses("signature", -EBADMSG, at[LAST].signature, LAST, 96, 95);
}

static void an_empty_transcript_is_refused(void **state)
{
	(void)state;
	img_reset(&img);
	img_fill(&img, 0, 1);
	img.len = 0;
	assert_refuses("empty", -EBADMSG, 0, 0, 4, 0);
}

static void bytes_after_the_signature_are_refused_and_counted(void **state)
{
	size_t end;

	(void)state;
	good(0x11);
	end = img.len;
	img_fill(&img, 0, 1);
	assert_refuses("a stray NUL", -E2BIG, end, TDISP_WHY_NO_INDEX, 0, 1);
	/* Even if they are another good transcript. */
	good(0x11);
	put_request(&img, 0x11, ATTR_SIGN, OP_COUNT, 0, &at[0]);
	response_begin(&img, 0x11, 5, 0, &at[0]);
	response_end(&img, NULL, 0, &at[0]);
	assert_refuses("another log", -E2BIG, end, TDISP_WHY_NO_INDEX, 0, img.len - end);
}

static void the_last_response_must_be_signed(void **state)
{
	(void)state;
	good(0x12);
	img.len = at[1].end;
	assert_refuses("unsigned", -EBADMSG, at[1].request + 2, 1, 1, 0);
}

static void a_record_longer_than_the_transcript_is_refused(void **state)
{
	(void)state;
	good(0x12);
	img_set(&img, at[LAST].response + 5, 0xffffff, 3);
	assert_refuses("record", -EBADMSG, at[LAST].response + 5, LAST,
		       img.len - at[LAST].record, 0xffffff);
}

static void opaque_data_may_have_1024_bytes_and_no_more(void **state)
{
	struct spdm_meas m;

	(void)state;
	transcript_short(&img, 0x12, at);
	img_insert(&img, at[0].opaque, 1024 - 6);
	img_set(&img, at[0].opaque_len, 1024, 2);
	assert_parses(&m);
	assert_int_equal(m.last.opaque_len, 1024);
	img_insert(&img, at[0].opaque, 1);
	img_set(&img, at[0].opaque_len, 1025, 2);
	assert_refuses("1025", -EBADMSG, at[0].opaque_len, 0, 1024, 1025);
}

/* Headers */

static void messages_must_take_turns(void **state)
{
	struct vca_at vca;

	(void)state;
	good(0x12);
	img.bytes[at[1].request + 1] = 0xe1;
	assert_refuses("request", -EBADMSG, at[1].request + 1, 1, 0xe0, 0xe1);
	good(0x12);
	img.bytes[at[1].response + 1] = 0x7f;
	assert_refuses("ERROR", -EBADMSG, at[1].response + 1, 1, 0x60, 0x7f);
	vca_valid(&img, 0x12, 0, &vca);
	assert_refuses("a VCA", -EBADMSG, 1, 0, 0xe0, 0x84);
}

static void spdm_1_0_is_refused_by_name(void **state)
{
	struct tdisp_why why = { 0 };
	struct spdm_meas m;

	(void)state;
	good(0x12);
	img.bytes[0] = 0x10;
	assert_refuses("1.0", -EOPNOTSUPP, 0, 0, 0x11, 0x10);
	parse(&m, &why);
	assert_string_equal(why.check, "SPDM 1.0 measurements are not supported");
}

static void unknown_versions_are_unsupported(void **state)
{
	static const uint8_t unknown[] = { 0x00, 0x0f, 0x15, 0x21 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		good(0x12);
		img.bytes[0] = unknown[i];
		assert_refuses("version", -EOPNOTSUPP, 0, 0, 0x14, unknown[i]);
	}
}

static void every_message_must_be_of_the_same_version(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[0].response] = 0x11;
	assert_refuses("first response", -EBADMSG, at[0].response, 0, 0x12, 0x11);
	good(0x12);
	img.bytes[at[LAST].request] = 0x10;
	assert_refuses("last request", -EBADMSG, at[LAST].request, LAST, 0x12, 0x10);
	good(0x12);
	img.bytes[at[LAST].response] = 0x13;
	assert_refuses("last response", -EBADMSG, at[LAST].response, LAST, 0x12, 0x13);
}

static void the_response_must_be_of_the_requested_slot(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[LAST].response + 3] = 0x20 | 3;
	assert_refuses("response", -EBADMSG, at[LAST].response + 3, LAST, 2, 3);
	good(0x12);
	img.bytes[at[LAST].req_slot] = 1;
	assert_refuses("request", -EBADMSG, at[LAST].response + 3, LAST, 1, 2);
}

static void slots_are_0_to_7_and_15(void **state)
{
	struct spdm_meas m;
	int slot;

	(void)state;
	for (slot = 0; slot < 16; slot++) {
		good(0x12);
		img.bytes[at[LAST].req_slot] = slot;
		img.bytes[at[LAST].response + 3] = slot;
		if (slot < 8 || slot == 15) {
			assert_parses(&m);
			assert_int_equal(m.last.slot, slot);
		} else {
			assert_refuses("slot", -EBADMSG, at[LAST].req_slot, LAST, 7, slot);
		}
	}
}

static void content_changed_must_have_a_known_value(void **state)
{
	static const uint8_t known[] = { 0, SPDM_MEAS_CHANGED, SPDM_MEAS_UNCHANGED };
	struct spdm_meas m;
	size_t i;

	(void)state;
	good(0x12);
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		img.bytes[at[LAST].response + 3] = VALID_SLOT | known[i];
		assert_parses(&m);
		assert_int_equal(m.last.changed, known[i]);
	}
	img.bytes[at[LAST].response + 3] = VALID_SLOT | 0x30;
	assert_refuses("3", -EBADMSG, at[LAST].response + 3, LAST, 0x20, 0x30);
}

static void the_requester_context_must_come_back(void **state)
{
	int i, n;

	(void)state;
	for (n = 0; n < VALID_NR_PAIRS; n++)
		for (i = 0; i < 8; i++) {
			u64 sent;

			good(0x13);
			sent = img_get(&img, at[n].req_context, 8);
			img.bytes[at[n].context + i] ^= 1;
			assert_refuses("context", -EBADMSG, at[n].context, n, sent,
				       sent ^ 1ull << (8 * i));
		}
}

/* Blocks */

static void asked_for_a_count_no_blocks_may_come(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[0].response + 4] = 1;
	assert_refuses("count", -EBADMSG, at[0].response + 4, 0, 0, 1);
	good(0x12);
	img_insert(&img, at[0].record, 2);
	img_set(&img, at[0].response + 5, 2, 3);
	assert_refuses("record without blocks", -EBADMSG, at[0].record, 0, 0, 2);
}

static void asked_for_one_block_one_must_come(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[1].response + 4] = 0;
	assert_refuses("none", -EBADMSG, at[1].response + 4, 1, 1, 0);
	img.bytes[at[1].response + 4] = 2;
	assert_refuses("two", -EBADMSG, at[1].response + 4, 1, 1, 2);
}

static void asked_for_one_block_that_one_must_come(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[1].record] = 3;
	assert_refuses("another", -EBADMSG, at[1].record, 0, 2, 3);
}

static void asked_for_all_blocks_some_must_come(void **state)
{
	(void)state;
	good(0x12);
	img_cut(&img, at[LAST].record, at[LAST].rsp_nonce - at[LAST].record);
	img_set(&img, at[LAST].response + 4, 0, 4);
	assert_refuses("none", -EBADMSG, at[LAST].response + 4, LAST, 1, 0);
}

static void a_block_more_or_less_than_counted_is_refused(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[LAST].response + 4] = 6;
	assert_refuses("less", -EBADMSG, at[LAST].rsp_nonce, 5, 4, 0);
	img.bytes[at[LAST].response + 4] = 4;
	assert_refuses("more", -EBADMSG, at[LAST].rsp_nonce - 55, LAST, 0, 55);
}

static void a_block_header_must_fit_its_record(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[LAST].response + 4] = 6;
	img_insert(&img, at[LAST].rsp_nonce, 3);
	img_set(&img, at[LAST].response + 5, at[LAST].rsp_nonce + 3 - at[LAST].record, 3);
	assert_refuses("3 bytes", -EBADMSG, at[LAST].rsp_nonce, 5, 4, 3);
}

static void indices_0_and_255_are_refused(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[LAST].record] = 0;
	assert_refuses("0", -EBADMSG, at[LAST].record, 0, 1, 0);
	img.bytes[at[LAST].record] = 0xff;
	assert_refuses("255", -EBADMSG, at[LAST].record, 0, 1, 0xff);
}

static void a_block_must_be_of_one_specification(void **state)
{
	(void)state;
	good(0x12);
	img.bytes[at[LAST].record + 1] = 0;
	assert_refuses("none", -EBADMSG, at[LAST].record + 1, 0, 1, 0);
	img.bytes[at[LAST].record + 1] = 0x81;
	assert_refuses("two", -EBADMSG, at[LAST].record + 1, 0, 1, 0x81);
}

static void a_block_must_fit_its_record(void **state)
{
	size_t block;

	(void)state;
	good(0x12);
	block = at[LAST].rsp_nonce - 55;
	img_set(&img, block + 2, 52, 2);
	assert_refuses("one byte more", -EBADMSG, block + 2, 4, 51, 52);
	img_set(&img, block + 2, 0xffff, 2);
	assert_refuses("as much as can be said", -EBADMSG, block + 2, 4, 51, 0xffff);
}

static void a_dmtf_block_must_hold_the_header_of_its_value(void **state)
{
	(void)state;
	good(0x12);
	img_set(&img, at[LAST].record + 2, 2, 2);
	assert_refuses("2 bytes", -EBADMSG, at[LAST].record + 2, 0, 3, 2);
}

static void a_dmtf_value_must_have_the_size_that_its_block_leaves(void **state)
{
	(void)state;
	good(0x12);
	img_set(&img, at[LAST].record + 5, 15, 2);
	assert_refuses("less", -EBADMSG, at[LAST].record + 5, 0, 16, 15);
	img_set(&img, at[LAST].record + 5, 17, 2);
	assert_refuses("more", -EBADMSG, at[LAST].record + 5, 0, 16, 17);
}

static void a_block_of_another_specification_is_opaque(void **state)
{
	struct spdm_meas_manifest manifest;
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_mode mode;
	struct spdm_meas_value v;
	struct spdm_meas m;
	u64 svn;

	(void)state;
	img_reset(&img);
	put_request(&img, 0x12, ATTR_SIGN, OP_ALL, 0, at);
	response_begin(&img, 0x12, 0, 0, at);
	put_block(&img, 7, RAW | 5, "0123456789abcdef", 16, at);
	put_block(&img, 8, RAW | 4, "", 0, at);
	response_end(&img, NULL, 0, at);
	img.bytes[at->record + 1] = 0x40;
	img_set(&img, at->record + 5, 0xffff, 2);	/* not a size there */
	assert_parses(&m);
	assert_true(spdm_meas_next_value(img.bytes, &m, &it, &v));
	assert_int_equal(v.spec, 0x40);
	assert_false(v.is_dmtf);
	assert_int_equal(v.type, 0);
	assert_false(v.is_raw);
	assert_int_equal(v.value, at->record + 4);
	assert_int_equal(v.len, 19);
	/* A type that nobody said it has. */
	v.type = SPDM_MEAS_DEVICE_MODE;
	v.is_raw = true;
	assert_int_equal(spdm_meas_device_mode(img.bytes, &v, &mode, NULL), -ENOENT);
	v.type = SPDM_MEAS_FW_SVN;
	assert_int_equal(spdm_meas_svn(img.bytes, &v, &svn, NULL), -ENOENT);
	v.type = SPDM_MEAS_MANIFEST;
	assert_int_equal(spdm_meas_manifest(img.bytes, &v, &manifest, NULL), -ENOENT);
	assert_true(spdm_meas_next_value(img.bytes, &m, &it, &v));
	assert_int_equal(v.index, 8);
	assert_int_equal(v.len, 0);
	assert_false(spdm_meas_next_value(img.bytes, &m, &it, &v));
}

static void an_empty_block_of_another_specification_is_read(void **state)
{
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value v;
	struct spdm_meas m;

	(void)state;
	img_reset(&img);
	put_request(&img, 0x12, ATTR_SIGN, 1, 0, at);
	response_begin(&img, 0x12, 0, 0, at);
	put_block(&img, 1, 0, "", 0, at);
	img.bytes[at->record + 1] = 0x02;
	img_cut(&img, at->record + 4, 3);
	img_set(&img, at->record + 2, 0, 2);
	img_set(&img, at->response + 5, 4, 3);
	response_end(&img, NULL, 0, at);
	assert_parses(&m);
	assert_true(spdm_meas_next_value(img.bytes, &m, &it, &v));
	assert_int_equal(v.len, 0);
	assert_int_equal(v.value, at->record + 4);
}

static void an_index_that_comes_again_must_come_with_the_same_block(void **state)
{
	size_t again;
	int i;

	(void)state;
	good(0x12);
	/* Fourth in the last response: 23 + 11 + 15 bytes in. */
	again = at[LAST].record + 23 + 11 + 7 + strlen(VALID_FW);
	assert_int_equal(img.bytes[again], 2);
	for (i = 4; i < 15; i++) {
		if (i == 5 || i == 6)
			continue;	/* the value's size */
		good(0x12);
		img.bytes[again + i] ^= 0x80;
		assert_refuses("another block", -EBADMSG, again, 3, at[1].record, again);
	}
}

static void an_index_that_comes_again_must_come_with_the_same_size(void **state)
{
	struct spdm_meas m;

	(void)state;
	img_reset(&img);
	put_request(&img, 0x12, ATTR_SIGN, OP_ALL, 0, at);
	response_begin(&img, 0x12, 0, 0, at);
	put_block(&img, 1, 0, "ab", 2, at);
	put_block(&img, 1, 0, "ab", 2, at);
	response_end(&img, NULL, 0, at);
	assert_parses(&m);
	img_reset(&img);
	put_request(&img, 0x12, ATTR_SIGN, OP_ALL, 0, at);
	response_begin(&img, 0x12, 0, 0, at);
	put_block(&img, 1, 0, "ab", 2, at);
	put_block(&img, 1, 0, "abc", 3, at);
	response_end(&img, NULL, 0, at);
	assert_refuses("longer", -EBADMSG, at->record + 9, 1, at->record, at->record + 9);
}

static void the_first_block_of_a_transcript_counts_as_seen(void **state)
{
	struct spdm_meas m;

	(void)state;
	/* All of them twice: any of them may be the one that differs. */
	good(0x12);
	transcript_short(&img, 0x11, at);
	assert_parses(&m);
	img_insert(&img, at->rsp_nonce, at->rsp_nonce - at->record);
	memcpy(img.bytes + at->rsp_nonce, img.bytes + at->record, at->rsp_nonce - at->record);
	img_set(&img, at->response + 5, 2 * (at->rsp_nonce - at->record), 3);
	img.bytes[at->response + 4] = 10;
	assert_parses(&m);
	assert_int_equal(m.nr_blocks, 10);
	img.bytes[at->rsp_nonce + 7] ^= 1;
	assert_refuses("first", -EBADMSG, at->rsp_nonce, 5, at->record, at->rsp_nonce);
}

/* Against the VCA */

static void vca_for(uint8_t version, struct spdm_vca *vca)
{
	struct image v = { 0 };
	struct vca_at where;

	vca_valid(&v, version, 0, &where);
	assert_int_equal(spdm_vca_parse(v.bytes, v.len, 0, vca, NULL), 0);
	img_free(&v);
}

static void assert_match_refuses(const char *desc, const struct spdm_vca *vca, size_t offset,
				 u32 index, u64 expected, u64 found)
{
	struct tdisp_why why = { 0 };
	struct spdm_meas m;

	assert_parses(&m);
	check_row(desc, spdm_meas_match(img.bytes, &m, vca, &why) == -EBADMSG);
	assert_reason(desc, &why, offset, index, expected, found);
}

static void a_transcript_matches_its_vca(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct tdisp_why why = { 0 };
		struct spdm_vca vca;
		struct spdm_meas m;

		transcript_valid(&img, versions[i], at);
		assert_parses(&m);
		vca_for(versions[i], &vca);
		assert_int_equal(spdm_meas_match(img.bytes, &m, &vca, &why), 0);
		assert_null(why.check);
	}
}

static void a_vca_of_another_version_does_not_match(void **state)
{
	struct spdm_vca vca;

	(void)state;
	good(0x12);
	vca_for(0x13, &vca);
	assert_match_refuses("version", &vca, 0, TDISP_WHY_NO_INDEX, 0x13, 0x12);
}

static void a_vca_without_the_capability_to_sign_does_not_match(void **state)
{
	struct spdm_vca vca;

	(void)state;
	good(0x12);
	vca_for(0x12, &vca);
	assert_int_equal(vca.rsp_flags & 0x18, 0x10);
	vca.rsp_flags ^= 0x18;
	assert_match_refuses("MEAS_CAP 1", &vca, 0, TDISP_WHY_NO_INDEX, 0x10, 0x08);
	vca.rsp_flags &= ~0x18u;
	assert_match_refuses("MEAS_CAP 0", &vca, 0, TDISP_WHY_NO_INDEX, 0x10, 0x00);
}

static void opaque_data_does_not_match_the_format_none(void **state)
{
	struct spdm_meas m;
	struct spdm_vca vca;

	(void)state;
	good(0x12);
	vca_for(0x12, &vca);
	vca.opaque_fmt = SPDM_OPAQUE_FMT_NONE;
	assert_match_refuses("opaque", &vca, at[1].opaque_len, 1, 0, 3);
	transcript_short(&img, 0x12, at);
	img_cut(&img, at->opaque, 6);
	img_set(&img, at->opaque_len, 0, 2);
	assert_parses(&m);
	assert_int_equal(spdm_meas_match(img.bytes, &m, &vca, NULL), 0);
}

static void blocks_of_a_specification_not_selected_do_not_match(void **state)
{
	struct spdm_vca vca;

	(void)state;
	good(0x12);
	vca_for(0x12, &vca);
	vca.meas_spec = 0;
	assert_match_refuses("none selected", &vca, at[1].record + 1, 2, 0, 1);
	vca_for(0x12, &vca);
	img.bytes[at[LAST].record + 1] = 0x02;
	assert_match_refuses("other block", &vca, at[LAST].record + 1, 0xfe, 1, 2);
}

/* What is signed */

static void before_1_2_the_pairs_are_signed(void **state)
{
	struct spdm_meas_extent e[SPDM_MEAS_EXTENTS];
	struct spdm_vca vca;
	struct spdm_meas m;
	unsigned int nr = 77;

	(void)state;
	transcript_valid(&img, 0x11, at);
	assert_parses(&m);
	vca_for(0x11, &vca);
	assert_int_equal(spdm_meas_signed(&m, &vca, e, &nr, NULL), 0);
	assert_int_equal(nr, 1);
	assert_false(e[0].in_vca);
	assert_int_equal(e[0].offset, 0);
	assert_int_equal(e[0].len, img.len - SIGNATURE_SIZE);
	nr = 77;
	assert_int_equal(spdm_meas_signed(&m, NULL, e, &nr, NULL), 0);
	assert_int_equal(nr, 1);
}

static void from_1_2_on_the_vca_and_the_pairs_are_signed(void **state)
{
	struct spdm_meas_extent e[SPDM_MEAS_EXTENTS];
	size_t i;

	(void)state;
	for (i = 1; i < ARRAY_SIZE(versions); i++) {
		struct spdm_vca vca;
		struct spdm_meas m;
		unsigned int nr = 77;

		transcript_valid(&img, versions[i], at);
		assert_parses(&m);
		vca_for(versions[i], &vca);
		assert_int_equal(spdm_meas_signed(&m, &vca, e, &nr, NULL), 0);
		assert_int_equal(nr, 2);
		assert_true(e[0].in_vca);
		assert_int_equal(e[0].offset, 0);
		assert_int_equal(e[0].len, vca.len);
		assert_false(e[1].in_vca);
		assert_int_equal(e[1].offset, 0);
		assert_int_equal(e[1].len, img.len - SIGNATURE_SIZE);
	}
}

static void from_1_2_on_nothing_is_signed_without_a_vca(void **state)
{
	struct spdm_meas_extent e[SPDM_MEAS_EXTENTS];
	struct tdisp_why why = { 0 };
	unsigned int nr = 77;
	struct spdm_meas m;

	(void)state;
	transcript_valid(&img, 0x12, at);
	assert_parses(&m);
	assert_int_equal(spdm_meas_signed(&m, NULL, e, &nr, &why), -ENODATA);
	assert_int_equal(nr, 77);
	assert_non_null(why.check);
}

static void the_prefix_is_the_standards(void **state)
{
	static const char *const text[] = {
		"dmtf-spdm-v1.2.*", "dmtf-spdm-v1.3.*", "dmtf-spdm-v1.4.*",
	};
	int i, n;

	(void)state;
	for (i = 0; i < 3; i++) {
		u8 prefix[SPDM_SIGN_PREFIX_SIZE];

		memset(prefix, 0xee, sizeof(prefix));
		assert_int_equal(spdm_meas_sign_prefix(0x12 + i, prefix), 100);
		for (n = 0; n < 4; n++)
			assert_memory_equal(prefix + 16 * n, text[i], 16);
		assert_memory_equal(prefix + 64, "\0\0\0\0\0\0", 6);
		assert_memory_equal(prefix + 70, "responder-measurements signing", 30);
	}
}

static void other_versions_have_no_prefix(void **state)
{
	static const u8 others[] = { 0x10, 0x11, 0x15, 0x00 };
	u8 prefix[SPDM_SIGN_PREFIX_SIZE] = { 0x77 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(spdm_meas_sign_prefix(others[i], prefix), 0);
	assert_int_equal(prefix[0], 0x77);
}

/* What blocks say */

static void find(const struct spdm_meas *m, u8 index, struct spdm_meas_value *v)
{
	struct spdm_meas_iter it = { 0 };

	while (spdm_meas_next_value(img.bytes, m, &it, v))
		if (v->index == index)
			return;
	fail_msg("no block %u", index);
}

static void device_mode_is_decoded(void **state)
{
	struct spdm_meas_mode mode, untouched;
	struct tdisp_why why = { 0 };
	struct spdm_meas_value v;
	struct spdm_meas m;

	(void)state;
	transcript_valid(&img, 0x12, at);
	assert_parses(&m);
	find(&m, 0xfe, &v);
	assert_int_equal(spdm_meas_device_mode(img.bytes, &v, &mode, &why), 0);
	assert_int_equal(mode.op_caps, 0x3f);
	assert_int_equal(mode.op_state, SPDM_OP_MODE_NORMAL);
	assert_int_equal(mode.dev_caps, 0x1f);
	assert_int_equal(mode.dev_state, SPDM_DEV_MODE_DEBUG | SPDM_DEV_MODE_EVER_INVASIVE);
	assert_null(why.check);

	untouched = mode;
	v.len = 15;
	assert_int_equal(spdm_meas_device_mode(img.bytes, &v, &mode, &why), -EBADMSG);
	assert_reason("15 bytes", &why, v.offset + 5, 0xfe, 16, 15);
	v.len = 17;
	assert_int_equal(spdm_meas_device_mode(img.bytes, &v, &mode, &why), -EBADMSG);
	v.len = 16;
	v.is_raw = false;
	assert_int_equal(spdm_meas_device_mode(img.bytes, &v, &mode, NULL), -ENOENT);
	find(&m, 2, &v);
	assert_int_equal(spdm_meas_device_mode(img.bytes, &v, &mode, NULL), -ENOENT);
	assert_memory_equal(&mode, &untouched, sizeof(mode));
}

static void svn_is_decoded(void **state)
{
	struct tdisp_why why = { 0 };
	struct spdm_meas_value v;
	struct spdm_meas m;
	u64 svn = 0;

	(void)state;
	transcript_valid(&img, 0x12, at);
	assert_parses(&m);
	find(&m, 2, &v);
	assert_int_equal(spdm_meas_svn(img.bytes, &v, &svn, &why), 0);
	assert_int_equal(svn, VALID_SVN);
	assert_null(why.check);

	v.len = 7;
	assert_int_equal(spdm_meas_svn(img.bytes, &v, &svn, &why), -EBADMSG);
	assert_reason("7 bytes", &why, v.offset + 5, 2, 8, 7);
	find(&m, 1, &v);
	assert_int_equal(spdm_meas_svn(img.bytes, &v, &svn, NULL), -ENOENT);
	assert_int_equal(svn, VALID_SVN);
}

static void a_freeform_manifest_is_all_body(void **state)
{
	struct spdm_meas_manifest mf;
	struct spdm_meas_value v;
	struct spdm_meas m;

	(void)state;
	transcript_valid(&img, 0x12, at);
	assert_parses(&m);
	find(&m, 0xfd, &v);
	assert_int_equal(spdm_meas_manifest(img.bytes, &v, &mf, NULL), 0);
	assert_false(mf.structured);
	assert_int_equal(mf.body, v.value);
	assert_int_equal(mf.body_len, 4);
	find(&m, 1, &v);
	assert_int_equal(spdm_meas_manifest(img.bytes, &v, &mf, NULL), -ENOENT);
}

static void a_structured_manifest_has_a_header(void **state)
{
	struct spdm_meas_manifest mf, untouched;
	struct tdisp_why why = { 0 };
	struct spdm_meas_value v;
	struct spdm_meas m;

	(void)state;
	transcript_valid(&img, 0x13, at);
	assert_parses(&m);
	find(&m, 0xfd, &v);
	assert_int_equal(spdm_meas_manifest(img.bytes, &v, &mf, &why), 0);
	assert_null(why.check);
	assert_true(mf.structured);
	assert_int_equal(mf.registry, SPDM_REGISTRY_IANA_CBOR);
	assert_int_equal(mf.vendor_id, v.value + 2);
	assert_int_equal(mf.vendor_id_len, 1);
	assert_int_equal(mf.body, v.value + 3);
	assert_int_equal(mf.body_len, 4);

	/* A vendor id to the very end leaves an empty body; one byte more is none. */
	img.bytes[v.value + 1] = 5;
	assert_int_equal(spdm_meas_manifest(img.bytes, &v, &mf, NULL), 0);
	assert_int_equal(mf.body_len, 0);
	untouched = mf;
	img.bytes[v.value + 1] = 6;
	assert_int_equal(spdm_meas_manifest(img.bytes, &v, &mf, &why), -EBADMSG);
	assert_reason("vendor id", &why, v.value, 0xfd, 8, 7);
	v.len = 1;
	assert_int_equal(spdm_meas_manifest(img.bytes, &v, &mf, NULL), -EBADMSG);
	assert_memory_equal(&mf, &untouched, sizeof(mf));
}

static void types_have_names(void **state)
{
	(void)state;
	assert_string_equal(spdm_meas_type_name(0), "immutable ROM");
	assert_string_equal(spdm_meas_type_name(5), "device mode");
	assert_string_equal(spdm_meas_type_name(10), "structured measurement manifest");
	assert_string_equal(spdm_meas_type_name(11), "unknown");
	assert_string_equal(spdm_meas_type_name(0x7f), "unknown");
}

static void iterating_over_changed_bytes_ends(void **state)
{
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_pair p;
	struct spdm_meas m;

	(void)state;
	transcript_valid(&img, 0x12, at);
	assert_parses(&m);
	assert_true(spdm_meas_next_pair(img.bytes, &m, &it, &p));
	img.bytes[at[1].response + 1] = 0;
	assert_false(spdm_meas_next_pair(img.bytes, &m, &it, &p));
}

static int free_image(void **state)
{
	(void)state;
	img_free(&img);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_is_read),
		cmocka_unit_test(every_pair_is_read),
		cmocka_unit_test(every_block_is_read),
		cmocka_unit_test(one_signed_pair_is_a_transcript),
		cmocka_unit_test(a_signed_count_and_a_signed_single_block_are_transcripts),
		cmocka_unit_test(size_of_the_signature_is_the_callers),
		cmocka_unit_test(an_unknown_size_of_the_signature_is_a_callers_mistake),
		cmocka_unit_test(reserved_fields_are_ignored),
		cmocka_unit_test(a_transcript_at_an_odd_address_is_read),
		cmocka_unit_test(a_record_of_16_mib_is_read),
		cmocka_unit_test(more_than_64_mib_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(truncation_names_what_is_missing),
		cmocka_unit_test(an_empty_transcript_is_refused),
		cmocka_unit_test(bytes_after_the_signature_are_refused_and_counted),
		cmocka_unit_test(the_last_response_must_be_signed),
		cmocka_unit_test(a_record_longer_than_the_transcript_is_refused),
		cmocka_unit_test(opaque_data_may_have_1024_bytes_and_no_more),
		cmocka_unit_test(messages_must_take_turns),
		cmocka_unit_test(spdm_1_0_is_refused_by_name),
		cmocka_unit_test(unknown_versions_are_unsupported),
		cmocka_unit_test(every_message_must_be_of_the_same_version),
		cmocka_unit_test(the_response_must_be_of_the_requested_slot),
		cmocka_unit_test(slots_are_0_to_7_and_15),
		cmocka_unit_test(content_changed_must_have_a_known_value),
		cmocka_unit_test(the_requester_context_must_come_back),
		cmocka_unit_test(asked_for_a_count_no_blocks_may_come),
		cmocka_unit_test(asked_for_one_block_one_must_come),
		cmocka_unit_test(asked_for_one_block_that_one_must_come),
		cmocka_unit_test(asked_for_all_blocks_some_must_come),
		cmocka_unit_test(a_block_more_or_less_than_counted_is_refused),
		cmocka_unit_test(a_block_header_must_fit_its_record),
		cmocka_unit_test(indices_0_and_255_are_refused),
		cmocka_unit_test(a_block_must_be_of_one_specification),
		cmocka_unit_test(a_block_must_fit_its_record),
		cmocka_unit_test(a_dmtf_block_must_hold_the_header_of_its_value),
		cmocka_unit_test(a_dmtf_value_must_have_the_size_that_its_block_leaves),
		cmocka_unit_test(a_block_of_another_specification_is_opaque),
		cmocka_unit_test(an_empty_block_of_another_specification_is_read),
		cmocka_unit_test(an_index_that_comes_again_must_come_with_the_same_block),
		cmocka_unit_test(an_index_that_comes_again_must_come_with_the_same_size),
		cmocka_unit_test(the_first_block_of_a_transcript_counts_as_seen),
		cmocka_unit_test(a_transcript_matches_its_vca),
		cmocka_unit_test(a_vca_of_another_version_does_not_match),
		cmocka_unit_test(a_vca_without_the_capability_to_sign_does_not_match),
		cmocka_unit_test(opaque_data_does_not_match_the_format_none),
		cmocka_unit_test(blocks_of_a_specification_not_selected_do_not_match),
		cmocka_unit_test(before_1_2_the_pairs_are_signed),
		cmocka_unit_test(from_1_2_on_the_vca_and_the_pairs_are_signed),
		cmocka_unit_test(from_1_2_on_nothing_is_signed_without_a_vca),
		cmocka_unit_test(the_prefix_is_the_standards),
		cmocka_unit_test(other_versions_have_no_prefix),
		cmocka_unit_test(device_mode_is_decoded),
		cmocka_unit_test(svn_is_decoded),
		cmocka_unit_test(a_freeform_manifest_is_all_body),
		cmocka_unit_test(a_structured_manifest_has_a_header),
		cmocka_unit_test(types_have_names),
		cmocka_unit_test(iterating_over_changed_bytes_ends),
	};

	return cmocka_run_group_tests(tests, NULL, free_image);
}
