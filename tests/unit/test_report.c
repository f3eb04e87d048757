// SPDX-License-Identifier: GPL-2.0
/*
 * guest/lib/report.c. A negative test starts from a report that passes, which it
 * proves, and breaks one thing; the reason must name that thing.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tdisp/report.h>

#include "build_report.h"

#define NO_INDEX	TDISP_WHY_NO_INDEX
#define PAGES_MAX	(1ull << 52)

static struct report_image img;

static const struct tdisp_bars valid_bars = { VALID_BAR_SIZES };

/* In a buffer of exactly that size, so that the sanitizer sees a read past it. */
static int parse_bytes(const uint8_t *bytes, size_t len, struct tdisp_report *ret,
		       struct tdisp_why *why)
{
	uint8_t *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	/* One past the end of nothing: an empty report has no byte to read. */
	err = tdisp_report_parse(len ? copy : copy + 1, len, ret, why);
	free(copy);
	return err;
}

static void assert_parses(struct tdisp_report *ret)
{
	struct tdisp_why why, untouched;

	memset(&why, 0x5a, sizeof(why));
	untouched = why;
	assert_int_equal(parse_bytes(img.bytes, img.len, ret, &why), 0);
	assert_memory_equal(&why, &untouched, sizeof(why));
}

static void check_reason(const char *desc, const struct tdisp_why *why, size_t offset,
			 u32 index, u64 expected, u64 found)
{
	if (!why->check || why->offset != offset || why->index != index ||
	    why->expected != expected || why->found != found)
		fail_msg("%s: reason is \"%s\" at %zu, index %u, expected %llx, found %llx;\n"
			 "should be at %zu, index %u, expected %llx, found %llx", desc,
			 why->check ? why->check : "(none)", why->offset, why->index,
			 (unsigned long long)why->expected, (unsigned long long)why->found,
			 offset, index, (unsigned long long)expected, (unsigned long long)found);
}

static void assert_parse_refuses(const char *desc, size_t offset, u32 index, u64 expected,
				 u64 found)
{
	struct tdisp_report ret, untouched;
	struct tdisp_why why = { 0 };

	memset(&ret, 0xa5, sizeof(ret));
	untouched = ret;
	if (parse_bytes(img.bytes, img.len, &ret, &why) != -EBADMSG)
		fail_msg("%s: not refused with EBADMSG", desc);
	check_row(desc, !memcmp(&ret, &untouched, sizeof(ret)));
	check_reason(desc, &why, offset, index, expected, found);
}

static int match(const struct tdisp_bars *bars, struct tdisp_why *why)
{
	struct tdisp_report report;
	uint8_t *copy;
	int err;

	assert_parses(&report);
	copy = malloc(img.len);
	assert_non_null(copy);
	memcpy(copy, img.bytes, img.len);
	err = tdisp_report_match(copy, &report, bars, why);
	free(copy);
	return err;
}

static void assert_matches(const struct tdisp_bars *bars)
{
	struct tdisp_why why, untouched;

	memset(&why, 0x5a, sizeof(why));
	untouched = why;
	assert_int_equal(match(bars, &why), 0);
	assert_memory_equal(&why, &untouched, sizeof(why));
}

static void assert_match_refuses(const char *desc, const struct tdisp_bars *bars, size_t offset,
				 u32 index, u64 expected, u64 found)
{
	struct tdisp_why why = { 0 };

	if (match(bars, &why) != -EPERM)
		fail_msg("%s: not refused with EPERM", desc);
	check_reason(desc, &why, offset, index, expected, found);
}

/* What a good report gives */

static void every_field_of_a_valid_report_is_read(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	assert_parses(&r);
	assert_int_equal(r.info, 0x0003);
	assert_int_equal(r.msix_control, 0x801f);
	assert_int_equal(r.lnr_control, 0x1234);
	assert_int_equal(r.tph_control, 0x89abcdef);
	assert_int_equal(r.nr_ranges, VALID_NR_RANGES);
	assert_int_equal(r.device_info, 20 + 16 * VALID_NR_RANGES);
	assert_int_equal(r.device_info_len, strlen(VALID_DEVICE_INFO));
	assert_memory_equal(img.bytes + r.device_info, VALID_DEVICE_INFO, r.device_info_len);
}

static void every_field_of_a_range_is_read(void **state)
{
	struct tdisp_report r;
	struct tdisp_range range;

	(void)state;
	report_begin(&img, 1, 1);
	report_add_range(&img, 1, 0x10, 1, 0);
	report_add_range(&img, 0x1234, 0x000fedcba9876543ull, 0x89abcdef, 0x000f);
	report_end(&img, NULL, 0);
	assert_parses(&r);

	range = tdisp_report_range(img.bytes, &r, 1);
	assert_int_equal(range.first_page, 0x000fedcba9876543ull);
	assert_int_equal(range.nr_pages, 0x89abcdef);
	assert_int_equal(range.id, 0x1234);
	assert_int_equal(range.attr, 0x000f);

	range = tdisp_report_range(img.bytes, &r, 0);
	assert_int_equal(range.first_page, 0x10);
	assert_int_equal(range.id, 1);
	assert_int_equal(range.attr, 0);
}

static void the_shortest_report_is_20_bytes(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_begin(&img, 1, 0);
	report_end(&img, NULL, 0);
	assert_int_equal(img.len, 20);
	assert_parses(&r);
	assert_int_equal(r.nr_ranges, 0);
	assert_int_equal(r.device_info, 20);
	assert_int_equal(r.device_info_len, 0);
	assert_matches(&(struct tdisp_bars) { { 0 } });
}

static void a_report_at_an_odd_address_is_read(void **state)
{
	struct tdisp_report r;
	uint8_t *copy;

	(void)state;
	report_valid(&img);
	copy = malloc(img.len + 1);
	assert_non_null(copy);
	memcpy(copy + 1, img.bytes, img.len);
	assert_int_equal(tdisp_report_parse(copy + 1, img.len, &r, NULL), 0);
	assert_int_equal(tdisp_report_match(copy + 1, &r, &valid_bars, NULL), 0);
	assert_int_equal(tdisp_report_range(copy + 1, &r, 4).first_page, VALID_BAR4_PAGE);
	free(copy);
}

static void the_reason_is_optional(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	assert_int_equal(parse_bytes(img.bytes, img.len, &r, NULL), 0);
	assert_int_equal(match(&(struct tdisp_bars) { { 0 } }, NULL), -EPERM);
	assert_int_equal(parse_bytes(img.bytes, img.len - 1, &r, NULL), -EBADMSG);
}

/* Lengths */

static void every_truncation_is_refused(void **state)
{
	struct tdisp_report r;
	size_t len;

	(void)state;
	report_valid(&img);
	assert_parses(&r);
	for (len = 0; len < img.len; len++) {
		struct tdisp_why why;

		if (parse_bytes(img.bytes, len, &r, &why) != -EBADMSG)
			fail_msg("the first %zu of %zu bytes were accepted", len, img.len);
	}
}

static void a_report_that_ends_early_is_refused_for_that(void **state)
{
	static const struct {
		const char *desc;
		size_t len;
		size_t offset;
		u64 expected;
		u64 found;
	} rows[] = {
		{ "nothing", 0, 0, 20, 0 },
		{ "all but one byte of the fixed part", 15, 0, 20, 15 },
		{ "fixed part alone, ranges counted", 16, AT_COUNT, 0, 5 },
		{ "all but one byte of the ranges", 95, AT_COUNT, 4, 5 },
		{ "ranges, and no length of device info", 96, 96, 100, 96 },
		{ "all but one byte of that length", 99, 96, 100, 99 },
		{ "no device info", 100, 96, 0, 6 },
		{ "all but one byte of device info", 105, 96, 5, 6 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tdisp_report r;

		report_valid(&img);
		assert_parses(&r);
		img.len = rows[i].len;
		assert_parse_refuses(rows[i].desc, rows[i].offset, NO_INDEX, rows[i].expected,
				     rows[i].found);
	}
}

static void bytes_after_the_device_info_are_refused(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	assert_parses(&r);
	img.len++;
	assert_parse_refuses("one byte more", 96, NO_INDEX, 7, 6);
}

static void a_count_that_does_not_fit_is_refused(void **state)
{
	static const struct {
		const char *desc;
		u32 count;
	} rows[] = {
		{ "one more than there are", VALID_NR_RANGES + 1 },
		{ "16 * count is 0 in 32 bits", 0x10000000 },
		{ "16 * count is right in 32 bits", 0x10000000 + VALID_NR_RANGES },
		{ "20 + 16 * count wraps in 32 bits", 0x0fffffff },
		{ "negative as a signed number", 0x80000000 + VALID_NR_RANGES },
		{ "all ones", 0xffffffff },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tdisp_report r;

		report_valid(&img);
		assert_parses(&r);
		poke32(&img, AT_COUNT, rows[i].count);
		/* 90 bytes after the fixed part: five ranges fit, six do not. */
		assert_parse_refuses(rows[i].desc, AT_COUNT, NO_INDEX, 5, rows[i].count);
	}
}

static void a_count_that_is_too_low_is_refused(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	assert_parses(&r);
	/* The last range's FIRST_PAGE is then read as the device info's length. */
	poke32(&img, AT_COUNT, VALID_NR_RANGES - 1);
	assert_parse_refuses("one less", AT_RANGE(4), NO_INDEX, img.len - 84,
			     (u32)VALID_BAR4_PAGE);
}

static void a_device_info_length_that_is_not_exact_is_refused(void **state)
{
	static const struct {
		const char *desc;
		u32 len;
	} rows[] = {
		{ "one less", 5 },
		{ "one more", 7 },
		{ "none", 0 },
		{ "all ones", 0xffffffff },
		{ "right in its low 16 bits", 0x10006 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tdisp_report r;

		report_valid(&img);
		assert_parses(&r);
		poke32(&img, AT_INFO_LEN(VALID_NR_RANGES), rows[i].len);
		assert_parse_refuses(rows[i].desc, AT_INFO_LEN(VALID_NR_RANGES), NO_INDEX, 6,
				     rows[i].len);
	}
}

static void a_report_of_64_kib_parses_and_a_longer_one_does_not(void **state)
{
	static const uint8_t info[65536];
	struct tdisp_report r;
	u32 i;

	(void)state;
	report_begin(&img, 1, 0);
	for (i = 0; i < 4094; i++)
		report_add_range(&img, 0, i, 1, 0);
	report_end(&img, info, TDISP_REPORT_MAX - 20 - 16 * 4094);
	assert_int_equal(img.len, TDISP_REPORT_MAX);
	assert_parses(&r);
	assert_int_equal(r.nr_ranges, 4094);

	report_begin(&img, 1, 0);
	report_end(&img, info, TDISP_REPORT_MAX - 20);
	assert_parses(&r);
	report_begin(&img, 1, 0);
	report_end(&img, info, TDISP_REPORT_MAX - 20 + 1);
	assert_parse_refuses("one byte more", 0, NO_INDEX, TDISP_REPORT_MAX,
			     TDISP_REPORT_MAX + 1);
}

/* Reserved bits */

static void each_reserved_bit_is_refused(void **state)
{
	static const struct {
		const char *desc;
		size_t at;
		u32 index;
		int first, last;	/* bits */
	} rows[] = {
		{ "INTERFACE_INFO", AT_INFO, NO_INDEX, 5, 15 },
		{ "the reserved field", AT_RSVD, NO_INDEX, 0, 15 },
		{ "attributes of the first range", AT_ATTR(0), 0, 4, 15 },
		{ "attributes of the last range", AT_ATTR(4), 4, 4, 15 },
	};
	size_t i;
	int bit;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (bit = rows[i].first; bit <= rows[i].last; bit++) {
			struct tdisp_report r;

			report_valid(&img);
			assert_parses(&r);
			poke32(&img, rows[i].at, peek32(&img, rows[i].at) | 1u << bit);
			assert_parse_refuses(rows[i].desc, rows[i].at, rows[i].index, 0,
					     1u << bit);
		}
	}
}

static void each_defined_bit_is_accepted_and_handed_on(void **state)
{
	struct tdisp_report r;
	u32 i;

	(void)state;
	for (i = 0; i < 0x20; i++) {
		report_valid(&img);
		poke16(&img, AT_INFO, (u16)i);
		assert_parses(&r);
		assert_int_equal(r.info, i);
	}
	for (i = 0; i < 0x10; i++) {
		report_valid(&img);
		poke32(&img, AT_ATTR(1), i);
		assert_parses(&r);
		assert_int_equal(tdisp_report_range(img.bytes, &r, 1).attr, i);
		assert_matches(&valid_bars);
	}
}

/* Ranges by themselves */

static void an_empty_range_is_refused(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < VALID_NR_RANGES; i++) {
		struct tdisp_report r;

		report_valid(&img);
		assert_parses(&r);
		poke32(&img, AT_PAGES(i), 0);
		assert_parse_refuses("NUM_PAGES is 0", AT_PAGES(i), i, 1, 0);
	}
}

static void a_range_that_ends_at_the_last_page_is_accepted(void **state)
{
	static const struct {
		const char *desc;
		u64 first;
		u32 pages;
	} rows[] = {
		{ "one page", PAGES_MAX - 1, 1 },
		{ "sixteen pages", PAGES_MAX - 16, 16 },
		{ "as many as can be", PAGES_MAX - 0xffffffff, 0xffffffff },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tdisp_report r;

		report_begin(&img, 1, 0);
		report_add_range(&img, 0, rows[i].first, rows[i].pages, 0);
		report_end(&img, NULL, 0);
		assert_parses(&r);
	}
}

static void a_range_beyond_the_last_page_is_refused(void **state)
{
	static const struct {
		const char *desc;
		u64 first;
		u32 pages;
		size_t offset;
		u64 expected, found;
	} rows[] = {
		{ "starts one past it", PAGES_MAX, 1, AT_FIRST(0), PAGES_MAX - 1, PAGES_MAX },
		{ "bit 63 set", 1ull << 63, 1, AT_FIRST(0), PAGES_MAX - 1, 1ull << 63 },
		{ "all ones, the sum wraps in 64 bits", ~0ull, 1, AT_FIRST(0), PAGES_MAX - 1,
		  ~0ull },
		{ "ends one past it", PAGES_MAX - 1, 2, AT_PAGES(0), 1, 2 },
		{ "ends far past it", PAGES_MAX - 1, 0xffffffff, AT_PAGES(0), 1, 0xffffffff },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tdisp_report r;

		report_begin(&img, 1, 0);
		report_add_range(&img, 0, PAGES_MAX - 1, 1, 0);
		report_end(&img, NULL, 0);
		assert_parses(&r);
		poke64(&img, AT_FIRST(0), rows[i].first);
		poke32(&img, AT_PAGES(0), rows[i].pages);
		assert_parse_refuses(rows[i].desc, rows[i].offset, 0, rows[i].expected,
				     rows[i].found);
	}
}

/* Ranges and each other */

static void ranges_of_one_bar_may_touch(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	poke64(&img, AT_FIRST(1), VALID_BAR0_PAGE + 4);
	assert_parses(&r);
}

static void ranges_of_one_bar_that_overlap_or_fall_are_refused(void **state)
{
	static const struct {
		const char *desc;
		u64 first;
	} rows[] = {
		{ "the last page is shared", VALID_BAR0_PAGE + 3 },
		{ "the same start", VALID_BAR0_PAGE },
		{ "below, no page shared", VALID_BAR0_PAGE - 8 },
		{ "at 0", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tdisp_report r;

		report_valid(&img);
		assert_parses(&r);
		poke64(&img, AT_FIRST(1), rows[i].first);
		assert_parse_refuses(rows[i].desc, AT_FIRST(1), 1, VALID_BAR0_PAGE + 4,
				     rows[i].first);
	}
}

static void a_range_twice_is_refused(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_begin(&img, 1, 0);
	report_add_range(&img, 0x1234, 0x100, 4, 0);
	report_add_range(&img, 0x1234, 0x104, 4, 0);
	report_end(&img, NULL, 0);
	assert_parses(&r);
	poke64(&img, AT_FIRST(1), 0x100);
	assert_parse_refuses("twice", AT_FIRST(1), 1, 0x104, 0x100);
}

static void a_falling_range_id_is_refused(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	assert_parses(&r);
	poke32(&img, AT_ATTR(4), 1u << 16);
	assert_parse_refuses("BAR 1 after BAR 2", AT_ATTR(4), 4, 2, 1);
}

static void a_higher_bar_may_lie_at_a_lower_address(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	poke64(&img, AT_FIRST(2), 0x20);
	poke64(&img, AT_FIRST(3), 0x30);
	assert_parses(&r);
	assert_matches(&valid_bars);
}

static void bars_may_touch(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_valid(&img);
	poke64(&img, AT_FIRST(4), VALID_BAR0_PAGE + 16);
	poke32(&img, AT_PAGES(4), 0x10);
	assert_parses(&r);
	poke64(&img, AT_FIRST(4), VALID_BAR0_PAGE - 0x10);
	assert_parses(&r);
}

static void bars_that_overlap_are_refused(void **state)
{
	static const struct {
		const char *desc;
		u64 first;
		u32 pages;
		u64 expected;
	} rows[] = {
		{ "with the last page of BAR 0", VALID_BAR0_PAGE + 15, 1, VALID_BAR0_PAGE + 16 },
		{ "with the first page of BAR 0", VALID_BAR0_PAGE - 1, 2, VALID_BAR0_PAGE + 16 },
		{ "in the gap of BAR 0", VALID_BAR0_PAGE + 5, 1, VALID_BAR0_PAGE + 16 },
		{ "around BAR 0", VALID_BAR0_PAGE - 1, 20, VALID_BAR0_PAGE + 16 },
		{ "with the last page of BAR 2", VALID_BAR2_PAGE + 16, 1, VALID_BAR2_PAGE + 17 },
		{ "in the gap of BAR 2", VALID_BAR2_PAGE + 9, 1, VALID_BAR2_PAGE + 17 },
	};
	static const u16 ids[] = { 3, 4, 5, 7, 8, 0xffff };
	size_t i, id;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (id = 0; id < ARRAY_SIZE(ids); id++) {
			struct tdisp_report r;

			report_valid(&img);
			poke32(&img, AT_ATTR(4), (u32)ids[id] << 16);
			assert_parses(&r);
			poke64(&img, AT_FIRST(4), rows[i].first);
			poke32(&img, AT_PAGES(4), rows[i].pages);
			assert_parse_refuses(rows[i].desc, AT_FIRST(4), 4, rows[i].expected,
					     rows[i].first);
		}
	}
}

static void a_bar_in_the_gap_of_a_later_bar_is_refused(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_begin(&img, 1, 0);
	report_add_range(&img, 0, 0x10, 1, 0);
	report_add_range(&img, 1, 0x0, 1, 0);
	report_add_range(&img, 1, 0x8, 1, 0);
	report_end(&img, NULL, 0);
	assert_parses(&r);
	poke64(&img, AT_FIRST(2), 0x18);
	assert_parse_refuses("gap", AT_FIRST(2), 2, 0x11, 0x18);
}

static void ids_above_the_bars_promise_no_window(void **state)
{
	struct tdisp_report r;

	(void)state;
	report_begin(&img, 1, 0);
	report_add_range(&img, 1, 0x100, 1, 0);
	report_add_range(&img, 8, 0x0, 1, 0);
	report_add_range(&img, 8, 0x200, 1, 0);
	report_add_range(&img, 9, 0x80, 1, 0);
	report_end(&img, NULL, 0);
	assert_parses(&r);
}

/*
 * The same rules, written the slow way: all pairs of ranges, each with the
 * window it stands for.
 */
struct plain_range {
	u16 id;
	u64 first, end;
};

static struct plain_range window_of(const struct plain_range *r, size_t n, size_t i)
{
	struct plain_range w = r[i];
	size_t k;

	for (k = 0; w.id < 8 && k < n; k++) {
		if (r[k].id != w.id)
			continue;
		w.first = r[k].first < w.first ? r[k].first : w.first;
		w.end = r[k].end > w.end ? r[k].end : w.end;
	}
	return w;
}

static bool plainly_well_formed(const struct plain_range *r, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = i + 1; j < n; j++) {
			struct plain_range a = window_of(r, n, i), b = window_of(r, n, j);

			if (b.id < a.id)
				return false;
			if (b.id == a.id && r[j].first < r[i].end)
				return false;
			/* Two ids above the BARs do not exclude each other. */
			if (b.id != a.id && a.id < 8 && a.first < b.end && b.first < a.end)
				return false;
		}
	}
	return true;
}

/* A fixed sequence: the same reports each time. */
static u32 next_random(u32 *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void the_parser_agrees_with_all_pairs(void **state)
{
	size_t accepted = 0, refused = 0;
	u32 seed = 1, round;

	(void)state;
	for (round = 0; round < 200000; round++) {
		struct plain_range r[5];
		struct tdisp_report ret;
		size_t i, n = 1 + next_random(&seed) % 5;
		bool want, got;
		u16 id = (u16)(next_random(&seed) % 8);

		report_begin(&img, 1, 0);
		for (i = 0; i < n; i++) {
			u32 pages = 1 + next_random(&seed) % 3;

			id = (u16)(id + next_random(&seed) % 3 - (next_random(&seed) % 8 == 0));
			r[i].id = id;
			r[i].first = next_random(&seed) % 24;
			r[i].end = r[i].first + pages;
			report_add_range(&img, r[i].id, r[i].first, pages, 0);
		}
		report_end(&img, NULL, 0);

		want = plainly_well_formed(r, n);
		got = !tdisp_report_parse(img.bytes, img.len, &ret, NULL);
		if (want != got)
			fail_msg("round %u: %zu ranges, should be %s", round, n,
				 want ? "accepted" : "refused");
		accepted += got;
		refused += !got;
	}
	/* The sequence is worth something only if it has plenty of both. */
	assert_true(accepted > 10000);
	assert_true(refused > 10000);
}

static void no_single_byte_can_make_the_parser_read_astray(void **state)
{
	static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	size_t at, v;

	(void)state;
	report_valid(&img);
	for (at = 0; at < img.len; at++) {
		uint8_t was = img.bytes[at];

		for (v = 0; v < ARRAY_SIZE(values); v++) {
			struct tdisp_report r;

			img.bytes[at] = values[v];
			if (parse_bytes(img.bytes, img.len, &r, NULL))
				continue;
			if (20 + 16 * (u64)r.nr_ranges + r.device_info_len != img.len)
				fail_msg("byte %zu = %02x: lengths do not add up", at, values[v]);
			tdisp_report_match(img.bytes, &r, &valid_bars, NULL);
		}
		img.bytes[at] = was;
	}
}

/* Matching */

static void a_valid_report_matches_its_bars(void **state)
{
	(void)state;
	report_valid(&img);
	assert_matches(&valid_bars);
}

static void the_offset_in_the_bar_is_kept_across_gaps(void **state)
{
	static const u64 offsets[VALID_NR_RANGES] = { 0, 0x8000, 0, 0x10000, 0 };
	struct tdisp_report r;
	u32 i;

	(void)state;
	report_valid(&img);
	assert_parses(&r);
	assert_matches(&valid_bars);
	for (i = 0; i < VALID_NR_RANGES; i++)
		assert_int_equal(tdisp_report_bar_offset(img.bytes, &r, &valid_bars, i),
				 offsets[i]);
}

static void a_range_outside_the_bars_is_refused(void **state)
{
	static const u16 ids[] = { 6, 7, 8, 9, 0x8000, 0xffff };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		report_valid(&img);
		assert_matches(&valid_bars);
		poke32(&img, AT_ATTR(4), (u32)ids[i] << 16);
		assert_match_refuses("not a BAR", &valid_bars, AT_ATTR(4), 4, 5, ids[i]);
	}
}

static void a_range_in_bar_5_is_matched(void **state)
{
	struct tdisp_bars bars = { { 0, 0, 0, 0, 0, 0x1000 } };

	(void)state;
	report_begin(&img, 1, 0);
	report_add_range(&img, 5, 0x1235, 1, 0);
	report_end(&img, NULL, 0);
	assert_matches(&bars);
}

static void a_range_in_a_bar_that_does_not_exist_is_refused(void **state)
{
	static const u32 first_range_of[6] = { [0] = 0, [2] = 2, [4] = 4 };
	int bar;

	(void)state;
	for (bar = 0; bar < 6; bar += 2) {
		struct tdisp_bars bars = valid_bars;
		u32 i = first_range_of[bar];

		report_valid(&img);
		assert_matches(&bars);
		bars.size[bar] = 0;
		assert_match_refuses("no BAR", &bars, AT_ATTR(i), i, 1, 0);
	}
}

static void a_bar_size_that_is_no_power_of_two_is_refused(void **state)
{
	struct tdisp_bars bars = valid_bars;

	(void)state;
	report_valid(&img);
	assert_matches(&bars);
	bars.size[0] = 0x18000;
	assert_match_refuses("96 KiB", &bars, AT_ATTR(0), 0, 0, 0x18000);
}

static void msix_pages_without_locked_msix_are_refused(void **state)
{
	static const struct {
		const char *desc;
		u32 attr;
	} rows[] = {
		{ "table", 1 },
		{ "PBA", 2 },
		{ "both", 3 },
		{ "table, shared", 5 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		report_valid(&img);
		poke32(&img, AT_ATTR(2), 2u << 16 | rows[i].attr);
		assert_matches(&valid_bars);
		poke16(&img, AT_MSIX, 0);
		assert_match_refuses(rows[i].desc, &valid_bars, AT_ATTR(2), 2, 0,
				     rows[i].attr & 3);
	}
}

static void without_msix_pages_no_msix_is_needed(void **state)
{
	(void)state;
	report_valid(&img);
	poke32(&img, AT_ATTR(2), 2u << 16);
	poke32(&img, AT_ATTR(3), 2u << 16 | 0xc);
	poke16(&img, AT_MSIX, 0);
	assert_matches(&valid_bars);
}

static void a_bar_whose_first_pages_are_left_out_is_refused(void **state)
{
	(void)state;
	report_valid(&img);
	assert_matches(&valid_bars);
	/* The relative rule would put the range at 0, where other registers are. */
	poke64(&img, AT_FIRST(0), VALID_BAR0_PAGE + 1);
	poke32(&img, AT_PAGES(0), 3);
	assert_match_refuses("from its second page", &valid_bars, AT_FIRST(0), 0, 0, 0x1000);
}

static void a_reporting_offset_that_breaks_alignment_is_refused(void **state)
{
	(void)state;
	report_valid(&img);
	assert_matches(&valid_bars);
	/* The same BAR 4, shifted: the aligned rule would rotate it. */
	poke64(&img, AT_FIRST(4), VALID_BAR4_PAGE + 0x100);
	assert_match_refuses("shifted", &valid_bars, AT_FIRST(4), 4, 0, 0x100000);
}

static void a_range_a_bar_size_away_is_refused(void **state)
{
	struct tdisp_bars bars = valid_bars;

	(void)state;
	report_valid(&img);
	poke32(&img, AT_PAGES(4), 1);
	assert_matches(&bars);
	/* Modulo the size, BAR 2's second range falls on its first. */
	bars.size[2] = 0x10000;
	assert_match_refuses("64 KiB BAR", &bars, AT_FIRST(3), 3, 0x10000, 0);
}

static void each_bar_has_its_own_first_page(void **state)
{
	struct tdisp_bars bars = { { 0x4000, 0x4000, 0x4000, 0x4000, 0x4000, 0x4000 } };
	int order;
	u16 id;

	(void)state;
	for (order = 0; order < 2; order++) {
		report_begin(&img, 1, 0);
		for (id = 0; id < 6; id++) {
			u64 page = order ? 0x1000 - 4u * id : 0x1000 + 4u * id;

			report_add_range(&img, id, page, 1, 0);
			report_add_range(&img, id, page + 2, 2, 0);
		}
		report_end(&img, NULL, 0);
		assert_matches(&bars);
	}
}

static void a_range_that_exceeds_its_bar_is_refused(void **state)
{
	static const struct {
		const char *desc;
		u32 range;
		u32 pages;
		u64 expected;
	} rows[] = {
		{ "the only range of a BAR, by one page", 4, (1u << 26) + 1, 1u << 26 },
		{ "the only range of a BAR, by far", 4, 0xffffffff, 1u << 26 },
		{ "a later range, by one page", 1, 9, 8 },
		{ "the last range of a BAR, by its offset", 3, 17, 16 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		report_valid(&img);
		assert_matches(&valid_bars);
		poke32(&img, AT_PAGES(rows[i].range), rows[i].pages);
		assert_match_refuses(rows[i].desc, &valid_bars, AT_PAGES(rows[i].range),
				     rows[i].range, rows[i].expected, rows[i].pages);
	}
}

static void a_bar_smaller_than_a_page_holds_no_range(void **state)
{
	struct tdisp_bars bars = { { 0x1000 } };

	(void)state;
	report_begin(&img, 1, 0);
	report_add_range(&img, 0, 0xd0000, 1, 0);
	report_end(&img, NULL, 0);
	assert_matches(&bars);
	bars.size[0] = 0x800;
	assert_match_refuses("2 KiB", &bars, AT_PAGES(0), 0, 0, 1);
}

static void the_largest_bar_is_matched(void **state)
{
	struct tdisp_bars bars = { { 1ull << 63 } };

	(void)state;
	report_begin(&img, 1, 0);
	report_add_range(&img, 0, 1ull << 51, 1, 0);
	report_add_range(&img, 0, PAGES_MAX - 1, 1, 0);
	report_end(&img, NULL, 0);
	assert_matches(&bars);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_valid_report_is_read),
		cmocka_unit_test(every_field_of_a_range_is_read),
		cmocka_unit_test(the_shortest_report_is_20_bytes),
		cmocka_unit_test(a_report_at_an_odd_address_is_read),
		cmocka_unit_test(the_reason_is_optional),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_report_that_ends_early_is_refused_for_that),
		cmocka_unit_test(bytes_after_the_device_info_are_refused),
		cmocka_unit_test(a_count_that_does_not_fit_is_refused),
		cmocka_unit_test(a_count_that_is_too_low_is_refused),
		cmocka_unit_test(a_device_info_length_that_is_not_exact_is_refused),
		cmocka_unit_test(a_report_of_64_kib_parses_and_a_longer_one_does_not),
		cmocka_unit_test(each_reserved_bit_is_refused),
		cmocka_unit_test(each_defined_bit_is_accepted_and_handed_on),
		cmocka_unit_test(an_empty_range_is_refused),
		cmocka_unit_test(a_range_that_ends_at_the_last_page_is_accepted),
		cmocka_unit_test(a_range_beyond_the_last_page_is_refused),
		cmocka_unit_test(ranges_of_one_bar_may_touch),
		cmocka_unit_test(ranges_of_one_bar_that_overlap_or_fall_are_refused),
		cmocka_unit_test(a_range_twice_is_refused),
		cmocka_unit_test(a_falling_range_id_is_refused),
		cmocka_unit_test(a_higher_bar_may_lie_at_a_lower_address),
		cmocka_unit_test(bars_may_touch),
		cmocka_unit_test(bars_that_overlap_are_refused),
		cmocka_unit_test(a_bar_in_the_gap_of_a_later_bar_is_refused),
		cmocka_unit_test(ids_above_the_bars_promise_no_window),
		cmocka_unit_test(the_parser_agrees_with_all_pairs),
		cmocka_unit_test(no_single_byte_can_make_the_parser_read_astray),
		cmocka_unit_test(a_valid_report_matches_its_bars),
		cmocka_unit_test(the_offset_in_the_bar_is_kept_across_gaps),
		cmocka_unit_test(a_range_outside_the_bars_is_refused),
		cmocka_unit_test(a_range_in_bar_5_is_matched),
		cmocka_unit_test(a_range_in_a_bar_that_does_not_exist_is_refused),
		cmocka_unit_test(a_bar_size_that_is_no_power_of_two_is_refused),
		cmocka_unit_test(msix_pages_without_locked_msix_are_refused),
		cmocka_unit_test(without_msix_pages_no_msix_is_needed),
		cmocka_unit_test(a_bar_whose_first_pages_are_left_out_is_refused),
		cmocka_unit_test(a_reporting_offset_that_breaks_alignment_is_refused),
		cmocka_unit_test(a_range_a_bar_size_away_is_refused),
		cmocka_unit_test(each_bar_has_its_own_first_page),
		cmocka_unit_test(a_range_that_exceeds_its_bar_is_refused),
		cmocka_unit_test(a_bar_smaller_than_a_page_holds_no_range),
		cmocka_unit_test(the_largest_bar_is_matched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
