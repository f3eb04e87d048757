// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * See compare.h.
 */
#include "../include/tdisp/compare.h"

static int differ(struct tdisp_why *why, const char *what, size_t offset, u32 index, u64 expected,
		  u64 found)
{
	if (expected == found)
		return 0;
	return tdisp_refuse(why, -EKEYREJECTED, what, offset, index, expected, found);
}

/* Names the first byte that is another. */
static int bytes_differ(struct tdisp_why *why, const char *what, u32 index, const u8 *old,
			const u8 *new, size_t len)
{
	size_t i;
	int ret;

	for (i = 0; i < len; i++) {
		ret = differ(why, what, i, index, old[i], new[i]);
		if (ret)
			return ret;
	}
	return 0;
}

static int range_same(const struct tdisp_report_in *old, const struct tdisp_report_in *new,
		      u32 i, struct tdisp_why *why)
{
	struct tdisp_range a = tdisp_report_range(old->buf, old->report, i);
	struct tdisp_range b = tdisp_report_range(new->buf, new->report, i);
	size_t at = sizeof(struct tdisp_report_hdr) + i * sizeof(struct tdisp_report_range);

	return differ(why, "range's BAR", at, i, a.id, b.id) ?:
	       differ(why, "range's attributes", at, i, a.attr, b.attr) ?:
	       differ(why, "range's pages", at, i, a.nr_pages, b.nr_pages) ?:
	       differ(why, "range's offset in its BAR", at, i,
		      tdisp_report_bar_offset(old->buf, old->report, old->bars, i),
		      tdisp_report_bar_offset(new->buf, new->report, new->bars, i));
}

int tdisp_report_same(const struct tdisp_report_in *old, const struct tdisp_report_in *new,
		      struct tdisp_why *why)
{
	const struct tdisp_report *a = old->report, *b = new->report;
	const u32 none = TDISP_WHY_NO_INDEX;
	int ret;
	u32 i;

	ret = differ(why, "INTERFACE_INFO", 0, none, a->info, b->info) ?:
	      differ(why, "MSI-X Message Control", 0, none, a->msix_control, b->msix_control) ?:
	      differ(why, "LNR Control", 0, none, a->lnr_control, b->lnr_control) ?:
	      differ(why, "TPH Control", 0, none, a->tph_control, b->tph_control) ?:
	      differ(why, "number of ranges", 0, none, a->nr_ranges, b->nr_ranges);
	for (i = 0; !ret && i < a->nr_ranges; i++)
		ret = range_same(old, new, i, why);
	if (!ret)
		ret = differ(why, "length of device-specific information", 0, none,
			     a->device_info_len, b->device_info_len);
	if (ret)
		return ret;
	return bytes_differ(why, "device-specific information", none,
			    (const u8 *)old->buf + a->device_info,
			    (const u8 *)new->buf + b->device_info, a->device_info_len);
}

static int value_same(const struct spdm_meas_in *old, const struct spdm_meas_value *a,
		      const struct spdm_meas_in *new, const struct spdm_meas_value *b,
		      struct tdisp_why *why)
{
	int ret;

	ret = differ(why, "measurement block's index", b->offset, a->index, a->index, b->index) ?:
	      differ(why, "measurement block's specification", b->offset, a->index, a->spec,
		     b->spec) ?:
	      differ(why, "measurement block's length", b->offset, a->index, a->len, b->len);
	if (!ret && a->is_dmtf)
		ret = differ(why, "measurement block's type", b->offset, a->index, a->type,
			     b->type) ?:
		      differ(why, "measurement block is a bit stream", b->offset, a->index,
			     a->is_raw, b->is_raw);
	if (ret)
		return ret;
	return bytes_differ(why, "measurement block's value", a->index,
			    (const u8 *)old->buf + a->value, (const u8 *)new->buf + b->value,
			    a->len);
}

int spdm_meas_same(const struct spdm_meas_in *old, const struct spdm_meas_in *new,
		   struct tdisp_why *why)
{
	struct spdm_meas_iter at_old = { 0 }, at_new = { 0 };
	struct spdm_meas_value a, b;
	int ret;

	ret = differ(why, "number of measurement blocks", 0, TDISP_WHY_NO_INDEX,
		     old->meas->nr_blocks, new->meas->nr_blocks);
	while (!ret && spdm_meas_next_value(old->buf, old->meas, &at_old, &a)) {
		/* There are as many. */
		if (!spdm_meas_next_value(new->buf, new->meas, &at_new, &b))
			return tdisp_refuse(why, -EKEYREJECTED, "measurement blocks", 0, a.index,
					    1, 0);
		ret = value_same(old, &a, new, &b, why);
	}
	return ret;
}
