// SPDX-License-Identifier: GPL-2.0
/*
 * Calls of class 01xxh, those that the TSM answers itself: one function each, and
 * a table. Documentation/emu-mailbox.rst, "Calls to the TSM".
 */
#include "personality.h"
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
	};
	snprintf((char *)info->name, sizeof(info->name), "%s", c->tsm->emu->personality->name);
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
	c->rsp_len = sizeof(struct emu_tdi_info);
	return tsm_facts(c->tdi, c->rsp);
}

/* May the guest give something to this TDI now: NONCE, then STATE. */
static enum emu_status may_allow(struct tdi *tdi, const struct emu_nonces *nonces,
				 enum tdisp_state wanted)
{
	enum tdisp_state state;
	enum emu_status status = tdi_refresh(tdi, &state);

	if (status)
		return status;
	if (!tsm_nonces_match(tdi, nonces))
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
	enum emu_status status = may_allow(c->tdi, &req->nonces, accept_state(c->tsm));

	if (status)
		return status;
	return tsm_accept(c->tdi, le32toh(req->range), le64toh(req->page_offset),
			  le64toh(req->npages), le64toh(req->gpa));
}

static enum emu_status mmio_release(struct call *c)
{
	tsm_release_mmio(c->tdi);
	return EMU_OK;
}

static enum emu_status dma_enable(struct call *c)
{
	const struct emu_dma_enable *req = c->req;
	enum emu_status status = may_allow(c->tdi, &req->nonces, accept_state(c->tsm));

	return status ? status : tsm_enable_dma(c->tdi, le32toh(req->mode), le64toh(req->vtom));
}

static enum emu_status dma_disable(struct call *c)
{
	tsm_disable_dma(c->tdi);
	return EMU_OK;
}

static enum emu_status start_allow(struct call *c)
{
	const struct emu_start_allow *req = c->req;
	enum emu_status status = may_allow(c->tdi, &req->nonces, TDISP_CONFIG_LOCKED);

	if (!status)
		tsm_allow_start(c->tdi);
	return status;
}

/* The instruction of another platform. */
static enum emu_status tsm_regs(struct call *c)
{
	struct emu *e = c->tsm->emu;

	memcpy(c->rsp, c->req, sizeof(struct emu_regs));
	c->rsp_len = sizeof(struct emu_regs);
	return e->personality->tsm_regs(e, c->rsp);
}

static const struct {
	uint16_t call;
	bool open;			/* answered while memory is open */
	bool tdi;			/* of a TDI: other platforms have their own */
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
	{ EMU_TSM_REGS, false, false, sizeof(struct emu_regs), tsm_regs },
};

/* Is there such a call, on this platform? */
static bool has_call(const struct tsm *t, size_t i)
{
	if (i == ARRAY_SIZE(calls))
		return false;
	if (calls[i].call == EMU_TSM_REGS)
		return t->emu->personality->tsm_regs;
	return !calls[i].tdi || personality_is_native(t->emu);
}

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
	if (!has_call(t, i))
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
