// SPDX-License-Identifier: GPL-2.0
/* The interface report: form. What is accepted adds up, is in order, and disjoint. */
#include "fuzz.h"

#include <tdisp/appraise.h>
#include <tdisp/report.h>

/* What the strict policy lets pass is what it says. */
static void check_policy(const uint8_t *data, const struct tdisp_report *r)
{
	struct tdisp_policy strict = TDISP_POLICY_STRICT;
	struct tdisp_why why = { 0 };

	if (tdisp_report_appraise(data, r, &strict, &why)) {
		must(why.check);
		return;
	}
	must((r->info & 0x001f) == 0x0003);
	must(!r->msix_control && !r->tph_control && !r->lnr_control);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tdisp_range prev = { 0 };
	struct tdisp_report r;
	struct tdisp_why why;
	uint32_t i;

	fuzz_mark(&r, sizeof(r));
	memset(&why, 0, sizeof(why));
	if (tdisp_report_parse(data, len, &r, &why)) {
		must_be_marked(&r, sizeof(r));
		must_be_reason(&why, len);
		return 0;
	}
	must(!why.check);
	must(20 + 16 * (uint64_t)r.nr_ranges + r.device_info_len == len);
	must(r.device_info == 20 + 16 * (size_t)r.nr_ranges);
	for (i = 0; i < r.nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(data, &r, i);

		must(range.nr_pages);
		must(range.first_page < 1ull << 52);
		must(range.nr_pages <= (1ull << 52) - range.first_page);
		must(!i || range.id >= prev.id);
		must(!i || range.id != prev.id ||
		     range.first_page >= prev.first_page + prev.nr_pages);
		prev = range;
	}
	check_policy(data, &r);
	must(tdisp_report_parse(data, len - 1, &r, NULL));
	return 0;
}
