// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of class 01xxh, those that the TSM answers itself: one function each, and
 * a table. Documentation/emu-mailbox.rst, "Calls to the TSM".
 */
#include "tsm.h"

/* A call in the making. */
struct call {
	struct tsm *tsm;
	struct tdi *tdi;		/* NULL where the call names none */
	const void *req;
	void *rsp;
	size_t rsp_len;
};

static enum emu_status tsm_info(struct call *c)
{
	struct emu_tsm_info *info = c->rsp;
	uint32_t flags = 0, nr = 0;
	unsigned int i;

	for (i = 0; i < c->tsm->emu->nr_funcs; i++)
		nr += !!c->tsm->emu->func[i]->tdi;
	if (c->tsm->entered)
		flags |= EMU_TSM_F_ENTERED;
	if (c->tsm->emu->start_first)
		flags |= EMU_TSM_F_START_FIRST;
	if (!c->tsm->emu->no_event)
		flags |= EMU_TSM_F_EVENT;
	*info = (struct emu_tsm_info){
		.abi = htole32(EMU_MBOX_ABI_VALUE),
		.flags = htole32(flags),
		.nr_tdis = htole32(nr),
		.name = "emulated",
	};
	c->rsp_len = sizeof(*info);
	return EMU_OK;
}

static enum emu_status tsm_enter(struct call *c)
{
	if (c->tsm->entered)
		return EMU_E_NOT_ENTERED;
	pages_forget(c->tsm);
	c->tsm->entered = true;
	return EMU_OK;
}

static enum emu_status tsm_leave(struct call *c)
{
	unsigned int i;

	for (i = 0; i < c->tsm->emu->nr_funcs; i++) {
		struct tdi *tdi = c->tsm->emu->func[i]->tdi;

		if (tdi && tsm_state(tdi) != TDISP_CONFIG_UNLOCKED)
			return EMU_E_STATE;
	}
	c->tsm->entered = false;
	pages_forget(c->tsm);
	return EMU_OK;
}

static enum emu_status page_share(struct call *c)
{
	return pages_convert(c->tsm, c->req, true);
}

static enum emu_status page_private(struct call *c)
{
	return pages_convert(c->tsm, c->req, false);
}

static enum emu_status tdi_info(struct call *c)
{
	struct emu_tdi_info *info = c->rsp;
	struct tdi *tdi = c->tdi;
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
	c->rsp_len = sizeof(*info);
	return EMU_OK;
}

/* All three current, and 0 is never current. */
static bool nonces_match(const struct tdi *tdi, const struct emu_nonces *n)
{
	return tdi->lock_nonce && le64toh(n->lock) == tdi->lock_nonce &&
	       tdi->meas_nonce && le64toh(n->meas) == tdi->meas_nonce &&
	       tdi->report_nonce && le64toh(n->report) == tdi->report_nonce;
}

/* May the guest give something to this TDI now: NONCE, then STATE. */
static enum emu_status may_allow(struct tdi *tdi, const struct emu_nonces *nonces,
				 enum tdisp_state wanted)
{
	enum tdisp_state state;
	enum emu_status status = tdi_refresh(tdi, &state);

	if (status)
		return status;
	if (!nonces_match(tdi, nonces))
		return EMU_E_NONCE;
	return state == wanted ? EMU_OK : EMU_E_STATE;
}

/* The state in which this platform takes MMIO and DMA. */
static enum tdisp_state accept_state(const struct tsm *t)
{
	return t->emu->start_first ? TDISP_RUN : TDISP_CONFIG_LOCKED;
}

static enum emu_status mmio_accept(struct call *c)
{
	const struct emu_mmio_accept *req = c->req;
	uint64_t first = le64toh(req->page_offset), n = le64toh(req->npages), i;
	uint32_t index = le32toh(req->range);
	enum emu_status status;
	struct tdi_range *r;

	status = may_allow(c->tdi, &req->nonces, accept_state(c->tsm));
	if (status)
		return status;
	if (!n)
		return EMU_E_PARAM;
	if (index >= c->tdi->nr_ranges)
		return EMU_E_RANGE;
	r = &c->tdi->range[index];
	if (!r->tee || first > r->npages || n > r->npages - first)
		return EMU_E_RANGE;
	if (n > EMU_MMIO_ACCEPT_MAX)
		return EMU_E_PARAM;
	if (!c->tdi->bar[r->bar] ||
	    le64toh(req->gpa) != c->tdi->bar[r->bar] +
				 ((r->bar_page + first) << TDISP_PAGE_SHIFT))
		return EMU_E_RANGE;
	for (i = first; i < first + n; i++) {
		if (r->accepted[i])
			return EMU_E_RANGE;
	}
	for (i = first; i < first + n; i++)
		r->accepted[i] = true;
	c->tdi->func->stats.mmio_accepts++;
	return EMU_OK;
}

static enum emu_status mmio_release(struct call *c)
{
	tdi_release_mmio(c->tdi);
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

static enum emu_status dma_enable(struct call *c)
{
	const struct emu_dma_enable *req = c->req;
	uint64_t vtom = le64toh(req->vtom);
	uint32_t mode = le32toh(req->mode);
	struct tdi *tdi = c->tdi;
	enum emu_status status;

	status = may_allow(tdi, &req->nonces, accept_state(c->tsm));
	if (status)
		return status;
	if (!mode_fits(mode, vtom))
		return EMU_E_PARAM;
	if (tdi->dma_mode != EMU_DMA_NONE && (tdi->dma_mode != mode || tdi->vtom != vtom))
		return EMU_E_STATE;
	tdi->dma_mode = mode;
	tdi->vtom = vtom;
	return EMU_OK;
}

static enum emu_status dma_disable(struct call *c)
{
	tdi_disable_dma(c->tdi);
	return EMU_OK;
}

static enum emu_status start_allow(struct call *c)
{
	const struct emu_start_allow *req = c->req;
	enum emu_status status = may_allow(c->tdi, &req->nonces, TDISP_CONFIG_LOCKED);

	if (!status)
		c->tdi->start_allowed = true;
	return status;
}

static const struct {
	uint16_t call;
	bool open;			/* answered while memory is open */
	bool tdi;
	size_t len;
	enum emu_status (*answer)(struct call *c);
} calls[] = {
	{ EMU_TSM_INFO, true, false, 0, tsm_info },
	{ EMU_TSM_ENTER, true, false, 0, tsm_enter },
	{ EMU_TSM_LEAVE, false, false, 0, tsm_leave },
	{ EMU_TSM_PAGE_SHARE, false, false, sizeof(struct emu_page_req), page_share },
	{ EMU_TSM_PAGE_PRIVATE, false, false, sizeof(struct emu_page_req), page_private },
	{ EMU_TSM_TDI_INFO, false, true, 0, tdi_info },
	{ EMU_TSM_MMIO_ACCEPT, false, true, sizeof(struct emu_mmio_accept), mmio_accept },
	{ EMU_TSM_MMIO_RELEASE, false, true, 0, mmio_release },
	{ EMU_TSM_DMA_ENABLE, false, true, sizeof(struct emu_dma_enable), dma_enable },
	{ EMU_TSM_DMA_DISABLE, false, true, 0, dma_disable },
	{ EMU_TSM_START_ALLOW, false, true, sizeof(struct emu_start_allow), start_allow },
};

enum emu_status tsm_call(struct tsm *t, uint16_t call, uint32_t handle,
			 const void *req, size_t len, void *rsp, size_t *ret_len)
{
	struct call c = { .tsm = t, .req = req, .rsp = rsp };
	enum emu_status status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].call == call)
			break;
	}
	if (!t->entered && (i == ARRAY_SIZE(calls) || !calls[i].open))
		return EMU_E_NOT_ENTERED;
	if (i == ARRAY_SIZE(calls))
		return EMU_E_CALL;
	if (len != calls[i].len)
		return EMU_E_PARAM;
	if (calls[i].tdi) {
		struct func *f = emu_func_by_handle(t->emu, handle);

		if (!f || !f->tdi)
			return EMU_E_TDI;
		c.tdi = f->tdi;
	}
	status = calls[i].answer(&c);
	*ret_len = c.rsp_len;
	return status;
}
