/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The TDISP device interface report (PCIe r6.x 11.3.11), parsed and matched
 * against the BARs that the guest sees.
 *
 * Nothing here allocates: the ranges stay in the report's own bytes, which the
 * caller owns, keeps unchanged (private memory) and passes again.
 */
#ifndef TDISP_REPORT_H
#define TDISP_REPORT_H

#include "port.h"
#include "why.h"
#include "wire.h"

/* A report is at most 64 KiB: its portions carry 16-bit offsets, 11.3.10. */
#define TDISP_REPORT_MAX	65536u
#define TDISP_REPORT_MIN	20u

#define TDISP_NR_BARS		6

/**
 * struct tdisp_report - what the fixed part of a report says
 * @info: INTERFACE_INFO, TDISP_INFO_*
 * @msix_control: copy of MSI-X Message Control, 0 unless the table is locked
 * @lnr_control: LNR Control, deprecated
 * @tph_control: copy of TPH Requester Control
 * @nr_ranges: number of MMIO ranges
 * @device_info: offset of the device-specific information in the report
 * @device_info_len: its length in bytes
 */
struct tdisp_report {
	u16 info;
	u16 msix_control;
	u16 lnr_control;
	u32 tph_control;
	u32 nr_ranges;
	size_t device_info;
	u32 device_info_len;
};

/**
 * struct tdisp_range - one MMIO range
 * @first_page: (MMIO address + MMIO_REPORTING_OFFSET) >> 12
 * @nr_pages: number of 4 KiB pages
 * @id: RANGE_ID, the BAR Equivalent Indicator for what lies in a BAR
 * @attr: TDISP_RANGE_*
 */
struct tdisp_range {
	u64 first_page;
	u32 nr_pages;
	u16 id;
	u16 attr;
};

/**
 * struct tdisp_bars - sizes of the function's memory BARs as the guest sees them
 * @size: bytes by BAR index, 0 for none, I/O, or the upper half of a 64-bit BAR
 */
struct tdisp_bars {
	u64 size[TDISP_NR_BARS];
};

/**
 * tdisp_report_parse() - check a report's form and read its fixed part
 * @buf: the report, in private memory
 * @len: its length in bytes
 * @ret: set on success, untouched on failure
 * @why: set on failure, may be NULL
 *
 * Form only, what no report of any device may look like: lengths that do not add
 * up, reserved bits, ranges that are empty, wrap, are out of order (RANGE_ID never
 * falls, pages rise within one RANGE_ID) or overlap. What the report means for a
 * device is tdisp_report_match()'s business.
 *
 * Return: 0, or -EBADMSG with the reason in @why.
 */
int tdisp_report_parse(const void *buf, size_t len, struct tdisp_report *ret,
		       struct tdisp_why *why);

/**
 * tdisp_report_range() - read one range
 * @buf: the bytes that tdisp_report_parse() accepted, unchanged
 * @report: what it returned
 * @i: index, below @report->nr_ranges
 *
 * Return: the range.
 */
struct tdisp_range tdisp_report_range(const void *buf, const struct tdisp_report *report, u32 i);

/**
 * tdisp_report_match() - match every range against the function's BARs
 * @buf: the bytes that tdisp_report_parse() accepted, unchanged
 * @report: what it returned
 * @bars: BAR sizes
 * @why: set on failure, may be NULL
 *
 * Refuses: a range outside BARs 0 to 5 or in a BAR that does not exist; an in-BAR
 * offset on which the two rules in use (relative to the BAR's first range, and
 * modulo the BAR's size) disagree; a range that exceeds its BAR; MSI-X attributes
 * without an MSI-X Message Control. Order and overlap are the parser's.
 *
 * Return: 0, or -EPERM with the reason in @why.
 */
int tdisp_report_match(const void *buf, const struct tdisp_report *report,
		       const struct tdisp_bars *bars, struct tdisp_why *why);

/**
 * tdisp_report_bar_offset() - where in its BAR a range starts
 * @buf: a report that tdisp_report_match() accepted for @bars
 * @report: its fixed part
 * @bars: the same BARs
 * @i: index of the range
 *
 * Return: the offset in bytes.
 */
u64 tdisp_report_bar_offset(const void *buf, const struct tdisp_report *report,
			    const struct tdisp_bars *bars, u32 i);

#endif /* TDISP_REPORT_H */
