// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Parsing and matching of the TDISP device interface report, PCIe r6.x 11.3.11.
 *
 * The report comes from the device by way of the host. Its digest says that the
 * TSM saw the same bytes, not that the bytes make sense: every field is read as
 * if an attacker chose it. One pass, and a fixed amount of work for each range,
 * since the range count is his too.
 */
#include "../include/tdisp/cursor.h"
#include "../include/tdisp/report.h"

#define RANGES_OFFSET	sizeof(struct tdisp_report_hdr)
#define RANGE_SIZE	sizeof(struct tdisp_report_range)

/* Byte addresses are 64 bits wide, so there are this many pages. */
#define NR_PAGES_MAX	(1ULL << (64 - TDISP_PAGE_SHIFT))

/*
 * RANGE_IDs below this are BAR Equivalent Indicators. Each names one window,
 * in which whatever lies in it must be reported under that id, 11.3.11.
 */
#define NR_BEI		8

static_assert(sizeof(struct tdisp_report_hdr) + sizeof(struct tdisp_report_tail) ==
	      TDISP_REPORT_MIN, "the shortest report has no ranges");

/* [first, end) in pages; end is 0 until there is a range. */
struct window {
	u64 first;
	u64 end;
};

/* Where in the report a field of range @i is, for the reason of a refusal. */
#define RANGE_FIELD(i, field) \
	(RANGES_OFFSET + (size_t)(i) * RANGE_SIZE + offsetof(struct tdisp_report_range, field))

static struct tdisp_range read_range(const u8 *ranges, u32 i)
{
	const u8 *p = ranges + (size_t)i * RANGE_SIZE;
	u32 attr = get_unaligned_le32(p + offsetof(struct tdisp_report_range, attr));

	return (struct tdisp_range) {
		.first_page = get_unaligned_le64(p + offsetof(struct tdisp_report_range,
							      first_page)),
		.nr_pages = get_unaligned_le32(p + offsetof(struct tdisp_report_range,
							    num_pages)),
		.id = (u16)(attr >> TDISP_RANGE_ID_SHIFT),
		.attr = (u16)attr,
	};
}

/* One range by itself. What passes has an end that can be computed. */
static int check_range(const struct tdisp_range *r, u32 i, struct tdisp_why *why)
{
	if (r->attr & TDISP_RANGE_RSVD)
		return tdisp_refuse(why, -EBADMSG, "reserved bits of the range attributes are 0",
				    RANGE_FIELD(i, attr), i, 0, r->attr & TDISP_RANGE_RSVD);

	if (!r->nr_pages)
		return tdisp_refuse(why, -EBADMSG, "NUM_PAGES is not 0",
				    RANGE_FIELD(i, num_pages), i, 1, 0);

	if (r->first_page >= NR_PAGES_MAX)
		return tdisp_refuse(why, -EBADMSG, "FIRST_PAGE is below 2^52",
				    RANGE_FIELD(i, first_page), i, NR_PAGES_MAX - 1,
				    r->first_page);

	if (r->nr_pages > NR_PAGES_MAX - r->first_page)
		return tdisp_refuse(why, -EBADMSG, "FIRST_PAGE + NUM_PAGES is at most 2^52",
				    RANGE_FIELD(i, num_pages), i, NR_PAGES_MAX - r->first_page,
				    r->nr_pages);

	return 0;
}

/*
 * No two ranges may describe the same page, or the guest could accept it twice
 * under different attributes. Comparing all pairs would be the attacker's square
 * of work; the order that 11.3.11 asks for (from the lowest BAR up, rising within
 * a BAR) makes neighbours enough for ranges of one id, and the few windows enough
 * for ranges of different BARs.
 */
static int check_ranges(const u8 *ranges, u32 nr_ranges, struct tdisp_why *why)
{
	struct window window[NR_BEI] = { 0 };
	struct window prev = { 0 };
	u16 prev_id = 0;
	u32 i;

	for (i = 0; i < nr_ranges; i++) {
		struct tdisp_range r = read_range(ranges, i);
		struct window w;
		unsigned int id;
		int err;

		err = check_range(&r, i, why);
		if (err)
			return err;

		if (r.id < prev_id)
			return tdisp_refuse(why, -EBADMSG,
					    "ranges are listed in rising order of RANGE_ID",
					    RANGE_FIELD(i, attr), i, prev_id, r.id);
		if (r.id != prev_id)
			prev = (struct window) { 0 };

		if (r.first_page < prev.end)
			return tdisp_refuse(why, -EBADMSG,
					    "ranges of one RANGE_ID rise and do not overlap",
					    RANGE_FIELD(i, first_page), i, prev.end,
					    r.first_page);

		prev = (struct window) { r.first_page, r.first_page + r.nr_pages };
		prev_id = r.id;

		/*
		 * A BAR is one window, gaps included, and nothing of another id
		 * may reach into it. Ids above the BARs promise no window: there
		 * it is each range for itself.
		 */
		w = prev;
		if (r.id < NR_BEI) {
			if (window[r.id].end)
				w.first = window[r.id].first;
			window[r.id] = w;
		}
		for (id = 0; id < NR_BEI && id < r.id; id++)
			if (w.first < window[id].end && window[id].first < w.end)
				return tdisp_refuse(why, -EBADMSG,
						    "ranges of different RANGE_IDs do not overlap",
						    RANGE_FIELD(i, first_page), i,
						    window[id].end, r.first_page);
	}

	return 0;
}

int tdisp_report_parse(const void *buf, size_t len, struct tdisp_report *ret,
		       struct tdisp_why *why)
{
	struct tdisp_report report = { 0 };
	struct tdisp_cursor c;
	const u8 *ranges;
	u16 rsvd;
	int err;

	if (len > TDISP_REPORT_MAX)
		return tdisp_refuse(why, -EBADMSG, "a report is at most 64 KiB", 0,
				    TDISP_WHY_NO_INDEX, TDISP_REPORT_MAX, len);

	tdisp_cursor_init(&c, buf, len);
	report.info = tdisp_cursor_le16(&c);
	rsvd = tdisp_cursor_le16(&c);
	report.msix_control = tdisp_cursor_le16(&c);
	report.lnr_control = tdisp_cursor_le16(&c);
	report.tph_control = tdisp_cursor_le32(&c);
	report.nr_ranges = tdisp_cursor_le32(&c);
	if (!tdisp_cursor_ok(&c))
		return tdisp_refuse(why, -EBADMSG, "a report holds its fixed part", 0,
				    TDISP_WHY_NO_INDEX, TDISP_REPORT_MIN, len);

	/*
	 * Bits that nobody has defined yet are bits whose meaning for the guest's
	 * safety nobody knows: refused, not ignored.
	 */
	if (report.info & TDISP_INFO_RSVD)
		return tdisp_refuse(why, -EBADMSG, "reserved bits of INTERFACE_INFO are 0",
				    offsetof(struct tdisp_report_hdr, interface_info),
				    TDISP_WHY_NO_INDEX, 0, report.info & TDISP_INFO_RSVD);
	if (rsvd)
		return tdisp_refuse(why, -EBADMSG, "the reserved field of the report is 0",
				    offsetof(struct tdisp_report_hdr, rsvd),
				    TDISP_WHY_NO_INDEX, 0, rsvd);

	/* Division, not multiplication: the count is a raw 32-bit number. */
	if (report.nr_ranges > tdisp_cursor_left(&c) / RANGE_SIZE)
		return tdisp_refuse(why, -EBADMSG, "MMIO_RANGE_COUNT ranges fit the report",
				    offsetof(struct tdisp_report_hdr, mmio_range_count),
				    TDISP_WHY_NO_INDEX, tdisp_cursor_left(&c) / RANGE_SIZE,
				    report.nr_ranges);
	ranges = tdisp_cursor_take(&c, (size_t)report.nr_ranges * RANGE_SIZE);

	report.device_info_len = tdisp_cursor_le32(&c);
	if (!tdisp_cursor_ok(&c))
		return tdisp_refuse(why, -EBADMSG, "DEVICE_SPECIFIC_INFO_LEN is present", c.pos,
				    TDISP_WHY_NO_INDEX, c.pos + sizeof(struct tdisp_report_tail),
				    len);

	/* Not less either: bytes that nobody accounts for are nobody's to ignore. */
	report.device_info = c.pos;
	if (report.device_info_len != tdisp_cursor_left(&c))
		return tdisp_refuse(why, -EBADMSG,
				    "DEVICE_SPECIFIC_INFO_LEN is the number of bytes that follow",
				    c.pos - sizeof(struct tdisp_report_tail), TDISP_WHY_NO_INDEX,
				    tdisp_cursor_left(&c), report.device_info_len);

	err = check_ranges(ranges, report.nr_ranges, why);
	if (err)
		return err;

	*ret = report;
	return 0;
}

struct tdisp_range tdisp_report_range(const void *buf, const struct tdisp_report *report, u32 i)
{
	(void)report;	/* in the signature so that nobody reads a range without a parse */
	return read_range((const u8 *)buf + RANGES_OFFSET, i);
}

/* The in-BAR offset if the TSM's MMIO_REPORTING_OFFSET kept the BAR's alignment. */
static u64 aligned_offset(const struct tdisp_range *r, u64 bar_size)
{
	return (r->first_page << TDISP_PAGE_SHIFT) & (bar_size - 1);
}

int tdisp_report_match(const void *buf, const struct tdisp_report *report,
		       const struct tdisp_bars *bars, struct tdisp_why *why)
{
	const u8 *ranges = (const u8 *)buf + RANGES_OFFSET;
	u64 bar_first_page = 0;
	u16 prev_id = 0;
	u32 i;

	for (i = 0; i < report->nr_ranges; i++) {
		struct tdisp_range r = read_range(ranges, i);
		u64 size, relative, aligned;

		/* Only what the guest can find through a BAR can be mapped. */
		if (r.id >= TDISP_NR_BARS)
			return tdisp_refuse(why, -EPERM, "RANGE_ID names a BAR, 0 to 5",
					    RANGE_FIELD(i, attr), i, TDISP_NR_BARS - 1, r.id);

		size = bars->size[r.id];
		if (!size)
			return tdisp_refuse(why, -EPERM, "the range's BAR is a memory BAR in use",
					    RANGE_FIELD(i, attr), i, 1, 0);

		/* A BAR's size is a power of two; the caller's word is checked all the same. */
		if (size & (size - 1))
			return tdisp_refuse(why, -EPERM, "the BAR's size is a power of two",
					    RANGE_FIELD(i, attr), i, 0, size);

		if ((r.attr & (TDISP_RANGE_MSIX_TABLE | TDISP_RANGE_MSIX_PBA)) &&
		    !report->msix_control)
			return tdisp_refuse(why, -EPERM,
					    "MSI-X pages are marked only where MSI-X is locked",
					    RANGE_FIELD(i, attr), i, 0,
					    r.attr & (TDISP_RANGE_MSIX_TABLE |
						      TDISP_RANGE_MSIX_PBA));

		/* The parser saw to the order: a BAR's ranges follow each other, rising. */
		if (!i || r.id != prev_id)
			bar_first_page = r.first_page;
		prev_id = r.id;

		/*
		 * 11.3.11 leaves the in-BAR offset open, and platforms use two rules.
		 * Relative to the BAR's first range is wrong if the BAR's first pages
		 * are left out; modulo the BAR's size is wrong if the reporting offset
		 * is not aligned. Where they agree, both hold.
		 */
		relative = (r.first_page - bar_first_page) << TDISP_PAGE_SHIFT;
		aligned = aligned_offset(&r, size);
		if (relative != aligned)
			return tdisp_refuse(why, -EPERM,
					    "relative and BAR-aligned in-BAR offset agree",
					    RANGE_FIELD(i, first_page), i, relative, aligned);

		if (r.nr_pages > (size - aligned) >> TDISP_PAGE_SHIFT)
			return tdisp_refuse(why, -EPERM, "the range lies within its BAR",
					    RANGE_FIELD(i, num_pages), i,
					    (size - aligned) >> TDISP_PAGE_SHIFT, r.nr_pages);
	}

	return 0;
}

u64 tdisp_report_bar_offset(const void *buf, const struct tdisp_report *report,
			    const struct tdisp_bars *bars, u32 i)
{
	struct tdisp_range r = tdisp_report_range(buf, report, i);

	return aligned_offset(&r, bars->size[r.id]);
}
