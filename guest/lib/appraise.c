// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Appraisal of an interface report (PCIe r6.x 11.3.11).
 */
#include "../include/tdisp/appraise.h"

/* Bit 0 set means that updates are NOT permitted: "set" is the careful wish. */
static const struct {
	u16 bit;
	const char *must_be_set;
	const char *must_be_clear;
} infos[] = {
	{ TDISP_INFO_NO_FW_UPDATE, "firmware updates are locked out", "firmware may be updated" },
	{ TDISP_INFO_DMA_NO_PASID, "DMA without PASID may be generated",
	  "no DMA without PASID is generated" },
	{ TDISP_INFO_DMA_PASID, "DMA with PASID may be generated",
	  "no DMA with PASID is generated" },
	{ TDISP_INFO_ATS, "ATS is enabled", "ATS is not enabled" },
	{ TDISP_INFO_PRS, "PRS is enabled", "PRS is not enabled" },
};

static int check_info(u16 info, const struct tdisp_policy *policy, struct tdisp_why *why)
{
	size_t at = offsetof(struct tdisp_report_hdr, interface_info);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(infos); i++) {
		bool set = info & infos[i].bit;

		if ((policy->info_set & infos[i].bit) && !set)
			return tdisp_refuse(why, -EPERM, infos[i].must_be_set, at,
					    TDISP_WHY_NO_INDEX, 1, 0);
		if ((policy->info_clear & infos[i].bit) && set)
			return tdisp_refuse(why, -EPERM, infos[i].must_be_clear, at,
					    TDISP_WHY_NO_INDEX, 0, 1);
	}
	return 0;
}

static int check_ranges(const void *buf, const struct tdisp_report *report,
			const struct tdisp_policy *policy, struct tdisp_why *why)
{
	u32 i;

	for (i = 0; i < report->nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(buf, report, i);

		if ((range.attr & TDISP_RANGE_ATTR_UPDATABLE) && !policy->allow_updatable)
			return tdisp_refuse(why, -EPERM, "range's attributes are not updatable",
					    sizeof(struct tdisp_report_hdr) +
					    i * sizeof(struct tdisp_report_range) +
					    offsetof(struct tdisp_report_range, attr),
					    i, 0, TDISP_RANGE_ATTR_UPDATABLE);
	}
	return 0;
}

/* Ranges neither overlap nor exceed their BAR: enough pages are all pages. */
static int check_covered(const void *buf, const struct tdisp_report *report,
			 const struct tdisp_bars *bars, struct tdisp_why *why)
{
	u64 pages[TDISP_NR_BARS] = { 0 };
	u32 i;

	for (i = 0; i < report->nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(buf, report, i);

		if (range.id < TDISP_NR_BARS)
			pages[range.id] += range.nr_pages;
	}
	for (i = 0; i < TDISP_NR_BARS; i++) {
		u64 want = bars->size[i] >> TDISP_PAGE_SHIFT;

		if (pages[i] != want)
			return tdisp_refuse(why, -EPERM, "pages that the ranges cover of BAR",
					    sizeof(struct tdisp_report_hdr), i, want, pages[i]);
	}
	return 0;
}

int tdisp_report_appraise(const void *buf, const struct tdisp_report *report,
			  const struct tdisp_policy *policy, struct tdisp_why *why)
{
	int ret = check_info(report->info, policy, why);

	if (ret)
		return ret;
	if (report->msix_control && !policy->allow_msix_locked)
		return tdisp_refuse(why, -EPERM, "MSI-X table is not locked",
				    offsetof(struct tdisp_report_hdr, msix_message_control),
				    TDISP_WHY_NO_INDEX, 0, report->msix_control);
	if (report->lnr_control && !policy->allow_lnr)
		return tdisp_refuse(why, -EPERM, "LNR is off",
				    offsetof(struct tdisp_report_hdr, lnr_control),
				    TDISP_WHY_NO_INDEX, 0, report->lnr_control);
	if (report->tph_control && !policy->allow_tph)
		return tdisp_refuse(why, -EPERM, "TPH is off",
				    offsetof(struct tdisp_report_hdr, tph_control),
				    TDISP_WHY_NO_INDEX, 0, report->tph_control);
	ret = check_ranges(buf, report, policy, why);
	if (ret || !policy->covered)
		return ret;
	return check_covered(buf, report, policy->covered, why);
}
