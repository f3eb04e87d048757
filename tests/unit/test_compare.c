// SPDX-License-Identifier: GPL-2.0
/*
 * guest/lib/compare.c. Two of everything are the same but for what differs from lock
 * to lock; then one thing is changed at a time, and the reason must name that thing.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tdisp/compare.h>

#include "build_report.h"
#include "build_spdm.h"

#define NO_INDEX	TDISP_WHY_NO_INDEX

static void check_reason(const char *desc, const struct tdisp_why *why, const char *check,
			 size_t offset, u32 index, u64 expected, u64 found)
{
	if (!why->check || strcmp(why->check, check) || why->offset != offset ||
	    why->index != index || why->expected != expected || why->found != found)
		fail_msg("%s: reason is \"%s\" at %zu, index %u, expected %llx, found %llx;\n"
			 "should be \"%s\" at %zu, index %u, expected %llx, found %llx", desc,
			 why->check ? why->check : "(none)", why->offset, why->index,
			 (unsigned long long)why->expected, (unsigned long long)why->found,
			 check, offset, index, (unsigned long long)expected,
			 (unsigned long long)found);
}

/* --- reports -------------------------------------------------------------------- */

static struct report_image reports[2];
static struct tdisp_bars bars[2];

static void two_reports(void)
{
	static const struct tdisp_bars valid = { VALID_BAR_SIZES };
	int i;

	for (i = 0; i < 2; i++) {
		report_valid(&reports[i]);
		bars[i] = valid;
	}
}

/* In buffers of exactly that size, so that the sanitizer sees a read past them. */
static int same_reports(struct tdisp_why *why)
{
	struct tdisp_report parsed[2];
	struct tdisp_report_in in[2];
	uint8_t *copy[2];
	int i, ret;

	for (i = 0; i < 2; i++) {
		copy[i] = malloc(reports[i].len);
		assert_non_null(copy[i]);
		memcpy(copy[i], reports[i].bytes, reports[i].len);
		assert_int_equal(tdisp_report_parse(copy[i], reports[i].len, &parsed[i], NULL), 0);
		assert_int_equal(tdisp_report_match(copy[i], &parsed[i], &bars[i], NULL), 0);
		in[i] = (struct tdisp_report_in) { copy[i], &parsed[i], &bars[i] };
	}
	ret = tdisp_report_same(&in[0], &in[1], why);
	free(copy[0]);
	free(copy[1]);
	return ret;
}

static void assert_reports_same(void)
{
	struct tdisp_why why, untouched;

	memset(&why, 0x5a, sizeof(why));
	untouched = why;
	assert_int_equal(same_reports(&why), 0);
	assert_memory_equal(&why, &untouched, sizeof(why));
	assert_int_equal(same_reports(NULL), 0);
}

static void assert_reports_differ(const char *desc, const char *check, size_t offset, u32 index,
				  u64 expected, u64 found)
{
	struct tdisp_why why = { 0 };

	if (same_reports(&why) != -EKEYREJECTED)
		fail_msg("%s: not refused with EKEYREJECTED", desc);
	check_reason(desc, &why, check, offset, index, expected, found);
	check_row(desc, same_reports(NULL) == -EKEYREJECTED);
}

static void a_report_is_the_same_as_itself(void **state)
{
	(void)state;
	two_reports();
	assert_reports_same();
	report_begin(&reports[0], 0, 0);
	report_end(&reports[0], NULL, 0);
	report_begin(&reports[1], 0, 0);
	report_end(&reports[1], NULL, 0);
	assert_reports_same();
}

/* MMIO_REPORTING_OFFSET is added to every address, and is another with each lock. */
static void another_reporting_offset_makes_no_difference(void **state)
{
	/* A multiple of every BAR's size, so that both rules find the offsets. */
	static const u64 pages[] = { 1ull << 26, 7ull << 26, 0x1234ull << 26 };
	size_t p, i;

	(void)state;
	for (p = 0; p < ARRAY_SIZE(pages); p++) {
		two_reports();
		for (i = 0; i < VALID_NR_RANGES; i++)
			poke64(&reports[1], AT_FIRST(i),
			       peek64(&reports[1], AT_FIRST(i)) + pages[p]);
		assert_reports_same();
	}
}

/* Alignment is all that a BAR's own address has: each may be elsewhere by itself. */
static void a_bar_at_another_address_makes_no_difference(void **state)
{
	(void)state;
	two_reports();
	poke64(&reports[1], AT_FIRST(0), VALID_BAR0_PAGE + 0x40);
	poke64(&reports[1], AT_FIRST(1), VALID_BAR0_PAGE + 0x48);
	assert_reports_same();
}

static void each_field_makes_a_difference(void **state)
{
	static const struct {
		const char *desc;
		size_t at;
		unsigned int size;
		u32 old, new;
		const char *check;
	} rows[] = {
		{ "NO_FW_UPDATE", AT_INFO, 2, 3, 2, "INTERFACE_INFO" },
		{ "ATS", AT_INFO, 2, 3, 0xb, "INTERFACE_INFO" },
		{ "MSI-X mask", AT_MSIX, 2, 0x801f, 0xc01f, "MSI-X Message Control" },
		{ "MSI-X size", AT_MSIX, 2, 0x801f, 0x8000, "MSI-X Message Control" },
		{ "LNR", AT_LNR, 2, 0x1234, 0x1235, "LNR Control" },
		{ "TPH", AT_TPH, 4, 0x89abcdef, 0x09abcdef, "TPH Control" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		two_reports();
		if (rows[i].size == 2)
			poke16(&reports[1], rows[i].at, (uint16_t)rows[i].new);
		else
			poke32(&reports[1], rows[i].at, rows[i].new);
		assert_reports_differ(rows[i].desc, rows[i].check, 0, NO_INDEX, rows[i].old,
				      rows[i].new);
	}
}

static void a_range_more_or_less_makes_a_difference(void **state)
{
	struct report_image all;

	(void)state;
	two_reports();
	all = reports[0];
	report_begin(&reports[1], 0x0003, 0x801f);
	poke16(&reports[1], AT_LNR, 0x1234);
	poke32(&reports[1], AT_TPH, 0x89abcdef);
	report_add_range(&reports[1], 0, VALID_BAR0_PAGE, 4, 0);
	report_end(&reports[1], VALID_DEVICE_INFO, strlen(VALID_DEVICE_INFO));
	assert_reports_differ("less", "number of ranges", 0, NO_INDEX, 5, 1);
	reports[0] = reports[1];
	reports[1] = all;
	assert_reports_differ("more", "number of ranges", 0, NO_INDEX, 1, 5);
}

static void each_part_of_a_range_makes_a_difference(void **state)
{
	(void)state;
	two_reports();
	poke32(&reports[1], AT_PAGES(1), 7);
	assert_reports_differ("pages", "range's pages", 32, 1, 8, 7);

	two_reports();
	poke32(&reports[1], AT_ATTR(1), 0);
	assert_reports_differ("NON_TEE", "range's attributes", 32, 1, 4, 0);

	two_reports();
	poke64(&reports[1], AT_FIRST(1), VALID_BAR0_PAGE + 7);
	assert_reports_differ("offset", "range's offset in its BAR", 32, 1, 0x8000, 0x7000);

	two_reports();
	poke32(&reports[1], AT_ATTR(4), 5u << 16 | 0x8);
	bars[1].size[5] = bars[1].size[4];
	assert_reports_differ("BAR", "range's BAR", 80, 4, 4, 5);

	two_reports();
	poke32(&reports[1], AT_ATTR(4), 4u << 16);
	assert_reports_differ("the last one's", "range's attributes", 80, 4, 8, 0);

	two_reports();
	poke32(&reports[1], AT_PAGES(0), 3);
	assert_reports_differ("the first one's", "range's pages", 16, 0, 4, 3);
}

/* What BARs were then is theirs: only where in them the ranges are counts. */
static void each_report_has_bars_of_its_own(void **state)
{
	(void)state;
	two_reports();
	bars[1].size[4] = 1ull << 39;
	poke64(&reports[1], AT_FIRST(4), 1ull << 30);
	assert_reports_same();
}

static void what_the_vendor_adds_makes_a_difference(void **state)
{
	struct report_image valid;
	size_t at;

	(void)state;
	two_reports();
	valid = reports[1];
	for (at = 0; at < strlen(VALID_DEVICE_INFO); at++) {
		reports[1] = valid;
		reports[1].bytes[valid.len - 6 + at] ^= 0x80;
		assert_reports_differ("a byte", "device-specific information", at, NO_INDEX,
				      VALID_DEVICE_INFO[at], VALID_DEVICE_INFO[at] ^ 0x80);
	}
	reports[1] = valid;
	reports[1].len--;
	poke32(&reports[1], AT_INFO_LEN(VALID_NR_RANGES), 5);
	assert_reports_differ("less", "length of device-specific information", 0, NO_INDEX, 6, 5);
	reports[1] = valid;
	reports[1].len -= 6;
	poke32(&reports[1], AT_INFO_LEN(VALID_NR_RANGES), 0);
	assert_reports_differ("none", "length of device-specific information", 0, NO_INDEX, 6, 0);
}

/* Over all bits of a report: what the parser and the BARs let pass is the same, or not. */
static void no_bit_is_overlooked(void **state)
{
	size_t bit;

	(void)state;
	two_reports();
	for (bit = 0; bit < 8 * reports[0].len; bit++) {
		struct tdisp_report unused;
		struct tdisp_why why = { 0 };
		size_t at = bit / 8;
		int ret;

		two_reports();
		reports[1].bytes[at] ^= (uint8_t)(1u << bit % 8);
		if (tdisp_report_parse(reports[1].bytes, reports[1].len, &unused, NULL) ||
		    tdisp_report_match(reports[1].bytes, &unused, &bars[1], NULL))
			continue;
		ret = same_reports(&why);
		/* The only range of its BAR may be anywhere that its alignment allows. */
		if (at >= AT_FIRST(4) && at < AT_PAGES(4) && !ret)
			continue;
		if (ret != -EKEYREJECTED || !why.check)
			fail_msg("bit %zu of byte %zu is overlooked", bit % 8, at);
	}
}

/* --- measurements ----------------------------------------------------------------- */

static struct image transcripts[2];
static struct pair_at at[2][VALID_NR_PAIRS];

static void two_transcripts(uint8_t version)
{
	transcript_valid(&transcripts[0], version, at[0]);
	transcript_valid(&transcripts[1], version, at[1]);
}

static int same_transcripts(struct tdisp_why *why)
{
	struct spdm_meas parsed[2];
	struct spdm_meas_in in[2];
	uint8_t *copy[2];
	int i, ret;

	for (i = 0; i < 2; i++) {
		copy[i] = malloc(transcripts[i].len);
		assert_non_null(copy[i]);
		memcpy(copy[i], transcripts[i].bytes, transcripts[i].len);
		assert_int_equal(spdm_meas_parse(copy[i], transcripts[i].len, SIGNATURE_SIZE,
						 &parsed[i], NULL), 0);
		in[i] = (struct spdm_meas_in) { copy[i], &parsed[i] };
	}
	ret = spdm_meas_same(&in[0], &in[1], why);
	free(copy[0]);
	free(copy[1]);
	return ret;
}

static void assert_transcripts_same(const char *desc)
{
	struct tdisp_why why = { 0 };

	if (same_transcripts(&why))
		fail_msg("%s: \"%s\"", desc, why.check);
	check_row(desc, !why.check);
}

static void assert_transcripts_differ(const char *desc, const char *check, size_t offset,
				      u32 index, u64 expected, u64 found)
{
	struct tdisp_why why = { 0 };

	if (same_transcripts(&why) != -EKEYREJECTED)
		fail_msg("%s: not refused with EKEYREJECTED", desc);
	check_reason(desc, &why, check, offset, index, expected, found);
	check_row(desc, same_transcripts(NULL) == -EKEYREJECTED);
}

static const uint8_t versions[] = { 0x11, 0x12, 0x13, 0x14 };

static void fill(struct image *img, size_t where, size_t len)
{
	memset(img->bytes + where, 0xab, len);
}

static void nonces_and_signatures_make_no_difference(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		const struct pair_at *last = &at[1][VALID_NR_PAIRS - 1];
		int pair;

		two_transcripts(versions[i]);
		assert_transcripts_same("itself");
		fill(&transcripts[1], last->req_nonce, 32);
		for (pair = 0; pair < VALID_NR_PAIRS; pair++)
			fill(&transcripts[1], at[1][pair].rsp_nonce, 32);
		assert_transcripts_same("nonces");
		fill(&transcripts[1], last->signature, SIGNATURE_SIZE);
		assert_transcripts_same("signature");
	}
}

static void opaque_data_and_contexts_make_no_difference(void **state)
{
	struct pair_at *last = &at[1][VALID_NR_PAIRS - 1];

	(void)state;
	two_transcripts(0x13);
	fill(&transcripts[1], last->opaque, 6);
	assert_transcripts_same("opaque data");
	fill(&transcripts[1], last->req_context, 8);
	fill(&transcripts[1], last->context, 8);
	assert_transcripts_same("context");
	img_insert(&transcripts[1], last->opaque, 4);
	img_set(&transcripts[1], last->opaque_len, 10, 2);
	assert_transcripts_same("more opaque data");
}

/* A block with all of its fields; the rest of the transcript stays. */
static void one_block(struct image *img, struct pair_at *p, uint8_t index, uint8_t type,
		      const void *value, size_t len)
{
	img_reset(img);
	put_request(img, 0x12, ATTR_SIGN, OP_ALL, 0, p);
	response_begin(img, 0x12, 0, 0x20, p);
	put_block(img, index, type, value, len, p);
	response_end(img, NULL, 0, p);
}

static void each_field_of_a_block_makes_a_difference(void **state)
{
	static const uint8_t value[48] = "a value of any kind";
	struct pair_at *a = at[0], *b = at[1];

	(void)state;
	one_block(&transcripts[0], a, 3, 1, value, 48);
	one_block(&transcripts[1], b, 3, 1, value, 48);
	assert_transcripts_same("itself");

	one_block(&transcripts[1], b, 4, 1, value, 48);
	assert_transcripts_differ("index", "measurement block's index", b->record, 3, 3, 4);
	one_block(&transcripts[1], b, 3, 2, value, 48);
	assert_transcripts_differ("type", "measurement block's type", b->record, 3, 1, 2);
	one_block(&transcripts[1], b, 3, RAW | 1, value, 48);
	assert_transcripts_differ("raw", "measurement block is a bit stream", b->record, 3, 0, 1);
	one_block(&transcripts[1], b, 3, 1, value, 47);
	assert_transcripts_differ("length", "measurement block's length", b->record, 3, 48, 47);

	/* Another specification's: the whole measurement is the value. */
	one_block(&transcripts[1], b, 3, 1, value, 48);
	img_set(&transcripts[1], b->record + 1, 2, 1);
	assert_transcripts_differ("specification", "measurement block's specification",
				  b->record, 3, 1, 2);
	one_block(&transcripts[0], a, 3, 1, value, 48);
	img_set(&transcripts[0], a->record + 1, 2, 1);
	assert_transcripts_same("another specification");
	img_set(&transcripts[1], b->record + 4, 0x55, 1);
	assert_transcripts_differ("its first byte", "measurement block's value", 0, 3, 1, 0x55);
}

static void each_byte_of_each_value_makes_a_difference(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(versions); i++) {
		struct spdm_meas_iter iter = { 0 };
		struct spdm_meas_value v;
		struct spdm_meas meas;
		u32 nr = 0;

		two_transcripts(versions[i]);
		assert_int_equal(spdm_meas_parse(transcripts[0].bytes, transcripts[0].len,
						 SIGNATURE_SIZE, &meas, NULL), 0);
		while (spdm_meas_next_value(transcripts[0].bytes, &meas, &iter, &v)) {
			size_t byte;

			nr++;
			/* One that came twice has to come the same twice. */
			if (v.index == 2)
				continue;
			for (byte = 0; byte < v.len; byte++) {
				u8 old = transcripts[0].bytes[v.value + byte];

				transcripts[1].bytes[v.value + byte] ^= 1;
				assert_transcripts_differ("a byte", "measurement block's value",
							  byte, v.index, old, old ^ 1);
				transcripts[1].bytes[v.value + byte] ^= 1;
			}
		}
		assert_int_equal(nr, VALID_NR_BLOCKS);
	}
}

static void a_block_that_comes_twice_is_compared_at_its_first(void **state)
{
	struct spdm_meas_iter iter = { 0 };
	struct spdm_meas_value v;
	struct spdm_meas meas;

	(void)state;
	two_transcripts(0x12);
	assert_int_equal(spdm_meas_parse(transcripts[0].bytes, transcripts[0].len,
					 SIGNATURE_SIZE, &meas, NULL), 0);
	while (spdm_meas_next_value(transcripts[0].bytes, &meas, &iter, &v))
		if (v.index == 2)
			transcripts[1].bytes[v.value + 7]++;
	assert_transcripts_differ("SVN", "measurement block's value", 7, 2, 0x11, 0x12);
}

static void a_block_more_or_less_makes_a_difference(void **state)
{
	(void)state;
	two_transcripts(0x12);
	transcript_short(&transcripts[1], 0x12, at[1]);
	assert_transcripts_differ("less", "number of measurement blocks", 0, NO_INDEX,
				  VALID_NR_BLOCKS, VALID_NR_BLOCKS - 1);
	transcript_short(&transcripts[0], 0x12, at[0]);
	transcript_valid(&transcripts[1], 0x12, at[1]);
	assert_transcripts_differ("more", "number of measurement blocks", 0, NO_INDEX,
				  VALID_NR_BLOCKS - 1, VALID_NR_BLOCKS);
}

static void the_order_of_blocks_makes_a_difference(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		img_reset(&transcripts[i]);
		put_request(&transcripts[i], 0x12, ATTR_SIGN, OP_ALL, 0, at[i]);
		response_begin(&transcripts[i], 0x12, 0, 0x20, at[i]);
		put_block(&transcripts[i], i ? 2 : 1, 1, "same", 4, at[i]);
		put_block(&transcripts[i], i ? 1 : 2, 1, "same", 4, at[i]);
		response_end(&transcripts[i], NULL, 0, at[i]);
	}
	assert_transcripts_differ("order", "measurement block's index", at[1]->record, 1, 1, 2);
}

static int free_images(void **state)
{
	(void)state;
	img_free(&transcripts[0]);
	img_free(&transcripts[1]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_is_the_same_as_itself),
		cmocka_unit_test(another_reporting_offset_makes_no_difference),
		cmocka_unit_test(a_bar_at_another_address_makes_no_difference),
		cmocka_unit_test(each_field_makes_a_difference),
		cmocka_unit_test(a_range_more_or_less_makes_a_difference),
		cmocka_unit_test(each_part_of_a_range_makes_a_difference),
		cmocka_unit_test(each_report_has_bars_of_its_own),
		cmocka_unit_test(what_the_vendor_adds_makes_a_difference),
		cmocka_unit_test(no_bit_is_overlooked),
		cmocka_unit_test(nonces_and_signatures_make_no_difference),
		cmocka_unit_test(opaque_data_and_contexts_make_no_difference),
		cmocka_unit_test(each_field_of_a_block_makes_a_difference),
		cmocka_unit_test(each_byte_of_each_value_makes_a_difference),
		cmocka_unit_test(a_block_that_comes_twice_is_compared_at_its_first),
		cmocka_unit_test(a_block_more_or_less_makes_a_difference),
		cmocka_unit_test(the_order_of_blocks_makes_a_difference),
	};

	return cmocka_run_group_tests(tests, NULL, free_images);
}
