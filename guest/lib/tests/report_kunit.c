// SPDX-License-Identifier: GPL-2.0
/*
 * report.c in the kernel: a report in a buffer of exactly its size, so that KASAN
 * sees a read past it. tests/unit has every check; here are those that a kernel
 * may do differently, and one break of each kind.
 */
#include <kunit/test.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../include/tdisp/report.h"

#define AT_INFO		0
#define AT_RSVD		2
#define AT_MSIX		4
#define AT_COUNT	12
#define AT_FIRST(i)	(16 + 16 * (i))
#define AT_PAGES(i)	(AT_FIRST(i) + 8)
#define AT_ATTR(i)	(AT_FIRST(i) + 12)
#define NR		4
#define AT_LEN		AT_FIRST(NR)
#define INFO_LEN	6
#define LEN		(AT_LEN + 4 + INFO_LEN)

static const struct tdisp_bars bars = { .size = { 0x10000, 0, 0x20000, 0, 1ULL << 38, 0 } };

/* BAR 0 in two ranges, BAR 2 with the MSI-X table, all of a BAR 4 of 256 GiB. */
static void build(u8 *buf)
{
	static const struct {
		u64 page;
		u32 nr, attr;
	} ranges[NR] = {
		{ 0xd0000, 4, 0 },
		{ 0xd0008, 8, 4 },
		{ 0xd0100, 1, 2 << 16 | 1 },
		{ 0x380000000ULL, 1 << 26, 4 << 16 | 8 },
	};
	int i;

	memset(buf, 0, LEN);
	put_unaligned_le16(0x0003, buf + AT_INFO);
	put_unaligned_le16(0x801f, buf + AT_MSIX);
	put_unaligned_le32(NR, buf + AT_COUNT);
	for (i = 0; i < NR; i++) {
		put_unaligned_le64(ranges[i].page, buf + AT_FIRST(i));
		put_unaligned_le32(ranges[i].nr, buf + AT_PAGES(i));
		put_unaligned_le32(ranges[i].attr, buf + AT_ATTR(i));
	}
	put_unaligned_le32(INFO_LEN, buf + AT_LEN);
	memcpy(buf + AT_LEN + 4, "vendor", INFO_LEN);
}

static int parse(struct kunit *test, const u8 *buf, size_t len, struct tdisp_report *ret,
		 struct tdisp_why *why)
{
	u8 *copy = kmemdup(buf, len, GFP_KERNEL);
	int err;

	KUNIT_ASSERT_NOT_NULL(test, copy);
	err = tdisp_report_parse(copy, len, ret, why);
	if (!err)
		err = tdisp_report_match(copy, ret, &bars, why);
	kfree(copy);
	return err;
}

static u8 buf[LEN];
static struct tdisp_report report;

static void good(struct kunit *test)
{
	struct tdisp_why why = { .check = "untouched" };

	build(buf);
	KUNIT_ASSERT_EQ(test, parse(test, buf, LEN, &report, &why), 0);
	KUNIT_ASSERT_STREQ(test, why.check, "untouched");
}

static void a_good_report_is_read_as_it_is(struct kunit *test)
{
	struct tdisp_range r;

	good(test);
	KUNIT_EXPECT_EQ(test, report.info, 3);
	KUNIT_EXPECT_EQ(test, report.msix_control, 0x801f);
	KUNIT_EXPECT_EQ(test, report.nr_ranges, NR);
	KUNIT_EXPECT_EQ(test, report.device_info_len, INFO_LEN);
	KUNIT_EXPECT_MEMEQ(test, buf + report.device_info, "vendor", INFO_LEN);
	r = tdisp_report_range(buf, &report, 3);
	KUNIT_EXPECT_EQ(test, r.first_page, 0x380000000ULL);
	KUNIT_EXPECT_EQ(test, r.nr_pages, 1 << 26);
	KUNIT_EXPECT_EQ(test, r.id, 4);
	KUNIT_EXPECT_EQ(test, r.attr, 8);
}

static void a_range_starts_where_its_bar_says(struct kunit *test)
{
	good(test);
	KUNIT_EXPECT_EQ(test, tdisp_report_bar_offset(buf, &report, &bars, 0), 0);
	KUNIT_EXPECT_EQ(test, tdisp_report_bar_offset(buf, &report, &bars, 1), 0x8000);
	KUNIT_EXPECT_EQ(test, tdisp_report_bar_offset(buf, &report, &bars, 2), 0);
}

static void every_shorter_report_is_refused(struct kunit *test)
{
	size_t len;

	good(test);
	for (len = 1; len < LEN; len++)
		KUNIT_EXPECT_EQ_MSG(test, parse(test, buf, len, &report, NULL), -EBADMSG,
				    "%zu bytes", len);
}

static void a_longer_report_is_refused(struct kunit *test)
{
	u8 longer[LEN + 1] = { };

	good(test);
	memcpy(longer, buf, LEN);
	KUNIT_EXPECT_EQ(test, parse(test, longer, LEN + 1, &report, NULL), -EBADMSG);
}

static const struct bad {
	const char *desc;
	size_t at;
	size_t size;
	u64 val;
	int err;
} bads[] = {
	{ "reserved bit of INTERFACE_INFO", AT_INFO, 2, 0x0023, -EBADMSG },
	{ "reserved field", AT_RSVD, 2, 1, -EBADMSG },
	{ "one range more than there are", AT_COUNT, 4, NR + 1, -EBADMSG },
	{ "one range less than there are", AT_COUNT, 4, NR - 1, -EBADMSG },
	{ "2^32 - 1 ranges", AT_COUNT, 4, U32_MAX, -EBADMSG },
	{ "a count whose product wraps", AT_COUNT, 4, 0x10000000, -EBADMSG },
	{ "an empty range", AT_PAGES(0), 4, 0, -EBADMSG },
	{ "a first page past the last", AT_FIRST(3), 8, 1ULL << 52, -EBADMSG },
	{ "a range that wraps", AT_FIRST(3), 8, (1ULL << 52) - 1, -EBADMSG },
	{ "ranges that overlap", AT_PAGES(0), 4, 9, -EBADMSG },
	{ "ranges out of order", AT_FIRST(1), 8, 0xcfff0, -EBADMSG },
	{ "ids out of order", AT_ATTR(1), 4, 3 << 16, -EBADMSG },
	{ "reserved attribute", AT_ATTR(0), 4, 0x10, -EBADMSG },
	{ "two BARs in one place", AT_FIRST(2), 8, 0xd0009, -EBADMSG },
	{ "device information too short", AT_LEN, 4, INFO_LEN - 1, -EBADMSG },
	{ "device information too long", AT_LEN, 4, INFO_LEN + 1, -EBADMSG },
	{ "device information of 2^32 - 1", AT_LEN, 4, U32_MAX, -EBADMSG },
	{ "an id that is no BAR", AT_ATTR(3), 4, 6 << 16, -EPERM },
	{ "a BAR that is not there", AT_ATTR(3), 4, 5 << 16, -EPERM },
	{ "MSI-X marked and not locked", AT_MSIX, 2, 0, -EPERM },
	{ "an offset of two meanings", AT_FIRST(0), 8, 0xd0001, -EPERM },
	{ "a range past its BAR", AT_PAGES(1), 4, 9, -EPERM },
};

KUNIT_ARRAY_PARAM_DESC(bad, bads, desc);

static void one_break_is_refused_with_a_reason(struct kunit *test)
{
	const struct bad *b = test->param_value;
	struct tdisp_why why = { };
	struct tdisp_report before;

	good(test);
	memset(&report, 0xa5, sizeof(report));
	before = report;
	if (b->size == 2)
		put_unaligned_le16(b->val, buf + b->at);
	else if (b->size == 4)
		put_unaligned_le32(b->val, buf + b->at);
	else
		put_unaligned_le64(b->val, buf + b->at);
	KUNIT_EXPECT_EQ(test, parse(test, buf, LEN, &report, &why), b->err);
	KUNIT_EXPECT_NOT_NULL(test, why.check);
	KUNIT_EXPECT_LT(test, why.offset, LEN);
	if (b->err == -EBADMSG)
		KUNIT_EXPECT_MEMEQ(test, &report, &before, sizeof(report));
	KUNIT_EXPECT_EQ(test, parse(test, buf, LEN, &report, NULL), b->err);
}

static void the_largest_report_is_read_one_byte_more_is_not(struct kunit *test)
{
	u8 *big = kunit_kzalloc(test, TDISP_REPORT_MAX + 1, GFP_KERNEL);
	u32 nr = (TDISP_REPORT_MAX - TDISP_REPORT_MIN) / 16, i;
	size_t end = 16 + 16 * nr;
	struct tdisp_why why;

	KUNIT_ASSERT_NOT_NULL(test, big);
	put_unaligned_le32(nr, big + AT_COUNT);
	for (i = 0; i < nr; i++) {
		put_unaligned_le64(2 * i, big + AT_FIRST(i));
		put_unaligned_le32(1, big + AT_PAGES(i));
	}
	put_unaligned_le32(TDISP_REPORT_MAX - end - 4, big + end);
	KUNIT_EXPECT_EQ(test, tdisp_report_parse(big, TDISP_REPORT_MAX, &report, &why), 0);
	KUNIT_EXPECT_EQ(test, report.nr_ranges, nr);
	put_unaligned_le32(TDISP_REPORT_MAX + 1 - end - 4, big + end);
	KUNIT_EXPECT_EQ(test, tdisp_report_parse(big, TDISP_REPORT_MAX + 1, &report, &why),
			-EBADMSG);
}

static void random_bytes_do_no_harm(struct kunit *test)
{
	struct tdisp_why why;
	int i;

	for (i = 0; i < 2000; i++) {
		size_t at;

		/* A good one with some bytes changed gets further than noise does. */
		build(buf);
		for (at = 0; at < 1 + i % 4; at++)
			buf[get_random_u32_below(LEN)] = get_random_u8();
		parse(test, buf, i % 8 ? LEN : 1 + get_random_u32_below(LEN - 1), &report, &why);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_good_report_is_read_as_it_is),
	KUNIT_CASE(a_range_starts_where_its_bar_says),
	KUNIT_CASE(every_shorter_report_is_refused),
	KUNIT_CASE(a_longer_report_is_refused),
	KUNIT_CASE_PARAM(one_break_is_refused_with_a_reason, bad_gen_params),
	KUNIT_CASE(the_largest_report_is_read_one_byte_more_is_not),
	KUNIT_CASE(random_bytes_do_no_harm),
	{}
};

static struct kunit_suite suite = { .name = "tdi-report", .test_cases = cases };
kunit_test_suite(suite);
