// SPDX-License-Identifier: GPL-2.0
/*
 * What a guest allows a TDI, as the TSM does it on any platform. In which state, by
 * whose word and against which nonces it is allowed is each platform's own:
 * tsm_call.c for the mailbox's calls, a personality for another's.
 */
#include <stdlib.h>

#include "tsm.h"

/* All three current, and 0 is never current. */
bool tsm_nonces_match(const struct tdi *tdi, const struct emu_nonces *n)
{
	return tdi->lock_nonce && le64toh(n->lock) == tdi->lock_nonce &&
	       tdi->meas_nonce && le64toh(n->meas) == tdi->meas_nonce &&
	       tdi->report_nonce && le64toh(n->report) == tdi->report_nonce;
}

enum emu_status tsm_facts(struct tdi *tdi, struct emu_tdi_info *info)
{
	enum tdisp_state state;
	enum emu_status status = tdi_refresh(tdi, &state);
	uint32_t valid = 0;
	unsigned int i;

	if (status)
		return status;
	*info = (struct emu_tdi_info){
		.state = state,
		.hash = EMU_HASH_SHA384,
		.dma_mode = tdi->dma_mode,
		.lock_flags = htole16(tdi->lock_flags),
		.lock_nonce = htole64(tdi->lock_nonce),
		.meas_nonce = htole64(tdi->meas_nonce),
		.report_nonce = htole64(tdi->report_nonce),
		.vtom = htole64(tdi->vtom),
	};
	for (i = 0; i < EMU_NR_BARS; i++)
		info->bar[i] = htole64(tdi->bar[i]);
	info->mmio_accepted = htole32(tsm_mmio_accepted(tdi));
	for (i = 0; i < EMU_NR_DIGESTS; i++) {
		const struct blob *b = tdi_object(tdi, i);

		if (!b->data)
			continue;
		sha384(b->data, b->len, info->digest[i]);
		valid |= 1u << i;
	}
	info->digest_valid = htole32(valid);
	return EMU_OK;
}

static uint64_t range_gpa(const struct tdi *tdi, const struct tdi_range *r)
{
	return tdi->bar[r->bar] ? tdi->bar[r->bar] + (r->bar_page << TDISP_PAGE_SHIFT) : 0;
}

/* Pages of a range that is a TEE's, or NULL. */
static struct tdi_range *tee_pages(struct tdi *tdi, uint32_t index, uint64_t first, uint64_t n)
{
	struct tdi_range *r;

	if (index >= tdi->nr_ranges)
		return NULL;
	r = &tdi->range[index];
	return r->tee && first <= r->npages && n <= r->npages - first ? r : NULL;
}

bool tsm_find_range(const struct tdi *tdi, uint64_t gpa, uint32_t *index, uint64_t *first)
{
	unsigned int i;

	for (i = 0; i < tdi->nr_ranges; i++) {
		uint64_t at = range_gpa(tdi, &tdi->range[i]);

		if (!at || gpa < at || (gpa - at) >> TDISP_PAGE_SHIFT >= tdi->range[i].npages)
			continue;
		*index = i;
		*first = (gpa - at) >> TDISP_PAGE_SHIFT;
		return true;
	}
	return false;
}

bool tsm_is_accepted(const struct tdi *tdi, uint32_t index, uint64_t page)
{
	return index < tdi->nr_ranges && page < tdi->range[index].npages &&
	       tdi->range[index].accepted[page];
}

enum emu_status tsm_accept(struct tdi *tdi, uint32_t index, uint64_t first, uint64_t n,
			   uint64_t gpa)
{
	struct tdi_range *r;
	uint64_t i;

	if (!n)
		return EMU_E_PARAM;
	r = tee_pages(tdi, index, first, n);
	if (!r)
		return EMU_E_RANGE;
	if (n > EMU_MMIO_ACCEPT_MAX)
		return EMU_E_PARAM;
	if (!range_gpa(tdi, r) || gpa != range_gpa(tdi, r) + (first << TDISP_PAGE_SHIFT))
		return EMU_E_RANGE;
	for (i = first; i < first + n; i++) {
		if (r->accepted[i])
			return EMU_E_RANGE;
	}
	for (i = first; i < first + n; i++)
		r->accepted[i] = true;
	tdi->func->stats.mmio_accepts++;
	return EMU_OK;
}

enum emu_status tsm_unaccept(struct tdi *tdi, uint32_t index, uint64_t first, uint64_t n)
{
	struct tdi_range *r = tee_pages(tdi, index, first, n);

	if (!r)
		return EMU_E_RANGE;
	memset(r->accepted + first, 0, n * sizeof(*r->accepted));
	return EMU_OK;
}

/* A vTOM leaves all RAM below it, and as much room above: one bit of the address. */
static bool vtom_fits(uint64_t vtom)
{
	return vtom >= EMU_VTOM_ALIGN && !(vtom & (vtom - 1)) && vtom >= ram_end();
}

static bool mode_fits(uint32_t mode, uint64_t vtom)
{
	switch (mode) {
	case EMU_DMA_DIRECT:
	case EMU_DMA_IOMMU:
		return !vtom;
	case EMU_DMA_SPLIT:
		return vtom_fits(vtom);
	default:
		return false;
	}
}

enum emu_status tsm_enable_dma(struct tdi *tdi, uint32_t mode, uint64_t vtom)
{
	if (!mode_fits(mode, vtom))
		return EMU_E_PARAM;
	if (tdi->dma_mode != EMU_DMA_NONE && (tdi->dma_mode != mode || tdi->vtom != vtom))
		return EMU_E_STATE;
	tdi->dma_mode = mode;
	tdi->vtom = vtom;
	return EMU_OK;
}

void tsm_disable_dma(struct tdi *tdi)
{
	tdi->dma_mode = EMU_DMA_NONE;
	tdi->vtom = 0;
}

void tsm_release_mmio(struct tdi *tdi)
{
	unsigned int i;

	for (i = 0; i < tdi->nr_ranges; i++)
		memset(tdi->range[i].accepted, 0,
		       tdi->range[i].npages * sizeof(*tdi->range[i].accepted));
}

void tsm_allow_start(struct tdi *tdi)
{
	tdi->start_allowed = true;
}
