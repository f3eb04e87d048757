// SPDX-License-Identifier: GPL-2.0
/*
 * The interface report against BARs; the first six bytes are the BARs' sizes as
 * powers of two, 0 for none. What matches lies in its BAR.
 */
#include "fuzz.h"

#include <tdisp/report.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tdisp_bars bars = { { 0 } };
	struct tdisp_report r;
	struct tdisp_why why = { 0 };
	uint32_t i;

	if (len < TDISP_NR_BARS)
		return -1;
	for (i = 0; i < TDISP_NR_BARS; i++)
		bars.size[i] = data[i] % 64 ? 1ull << data[i] % 64 : 0;
	data += TDISP_NR_BARS;
	len -= TDISP_NR_BARS;
	if (tdisp_report_parse(data, len, &r, NULL))
		return 0;
	if (tdisp_report_match(data, &r, &bars, &why)) {
		must_be_reason(&why, len);
		return 0;
	}
	for (i = 0; i < r.nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(data, &r, i);
		uint64_t offset = tdisp_report_bar_offset(data, &r, &bars, i);

		must(range.id < TDISP_NR_BARS);
		must(offset < bars.size[range.id]);
		must(range.nr_pages <= (bars.size[range.id] - offset) >> 12);
	}
	return 0;
}
