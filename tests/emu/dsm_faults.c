// SPDX-License-Identifier: GPL-2.0
/*
 * Faults: a device that is not what it should be. TSM and host relay it
 * faithfully, the digests agree, and still the guest has to refuse.
 */
#include "dsm.h"

static const struct {
	const char *name, *sentence;
} faults[DSM_NR_FAULTS] = {
	[DSM_BAD_SIGNATURE]	= { "bad-signature",
				    "one bit of the measurements' signature is wrong" },
	[DSM_SWAPPED_RANGES]	= { "swapped-ranges", "reports BAR 2 before BAR 0" },
	[DSM_LONG_RANGE]	= { "long-range", "reports more pages than BAR 0 has" },
	[DSM_SHIFTED_RANGE]	= { "shifted-range",
				    "reports BAR 0 from an address that is not aligned to its size" },
	[DSM_FW_UPDATES]	= { "fw-updates", "reports that firmware may be updated" },
	[DSM_ATS_ON]		= { "ats-on", "reports that ATS is enabled" },
	[DSM_DEBUG_ON]		= { "debug-on", "measures that invasive debug is active" },
	[DSM_OTHER_FIRMWARE]	= { "other-firmware", "measures another firmware" },
};

int dsm_set_fault(struct dsm *d, const char *name)
{
	int i;

	if (!name) {
		d->dev->faults = 0;
		return 0;
	}
	for (i = 0; i < DSM_NR_FAULTS; i++) {
		if (!strcmp(faults[i].name, name)) {
			d->dev->faults |= 1u << i;
			return 0;
		}
	}
	return -ENOENT;
}

void dsm_faults_json(FILE *out)
{
	int i;

	fputc('[', out);
	for (i = 0; i < DSM_NR_FAULTS; i++)
		fprintf(out, "%s{\"name\":\"%s\",\"sentence\":\"%s\"}", i ? "," : "",
			faults[i].name, faults[i].sentence);
	fputc(']', out);
}

/* The emulator's reports begin with BAR 0's range and BAR 2's. */
void dsm_spoil_report(const struct dsm *d, uint8_t *report)
{
	struct tdisp_report_hdr *hdr = (void *)report;
	struct tdisp_report_range *range = (void *)(hdr + 1), first = range[0];

	if (dsm_has(d, DSM_FW_UPDATES))
		hdr->interface_info &= ~htole16(TDISP_INFO_NO_FW_UPDATE);
	if (dsm_has(d, DSM_ATS_ON))
		hdr->interface_info |= htole16(TDISP_INFO_ATS);
	if (dsm_has(d, DSM_LONG_RANGE))
		range[0].num_pages = htole32(le32toh(range[0].num_pages) * 2);
	if (dsm_has(d, DSM_SHIFTED_RANGE))
		range[0].first_page = htole64(le64toh(range[0].first_page) + 1);
	if (dsm_has(d, DSM_SWAPPED_RANGES)) {
		range[0] = range[1];
		range[1] = first;
	}
}
