// SPDX-License-Identifier: GPL-2.0
/*
 * Arm CCA's host: the RHI calls of device assignment (guest-abis.md 3.3), on top of what
 * any host does, lies included. What takes a device's answer is done in two parts.
 */
#include <stdlib.h>

#include "cca.h"
#include "host.h"
#include "personality.h"

struct cca_host {
	struct cca_vdev vdev[EMU_MAX_FUNCS];
};

/* gprs[0] is the function, and then the status. */
struct call {
	struct emu *emu;
	struct func *func;
	struct cca_vdev *vdev;
	uint64_t *gprs;
};

struct cca_vdev *cca_vdev(struct emu *e, const struct func *f)
{
	struct cca_host *h = e->personality_priv;

	return &h->vdev[host_func_index(e->host, f)];
}

static struct func *neighbour(struct emu *e, const struct func *f)
{
	unsigned int i, at = host_func_index(e->host, f);

	for (i = 1; i < e->nr_funcs; i++) {
		struct func *other = e->func[(at + i) % e->nr_funcs];

		if (other->tdi)
			return other;
	}
	return NULL;
}

struct func *cca_host_vdev(struct emu *e, uint64_t vdev_id)
{
	struct func *f = vdev_id >> 32 ? NULL : emu_func_by_sbdf(e, vdev_id);

	if (!f || host_tells(e->host, "no-vdev", f))
		return NULL;
	return host_tells(e->host, "other-vdev", f) ? neighbour(e, f) : f;
}

void cca_host_before(struct emu *e, uint64_t fid, struct func *f)
{
	bool dma = fid == RSI_VDEV_DMA_ENABLE_FID;
	uint8_t nonce[EMU_NONCE_SIZE];

	if (!dma && !cca_vdev(e, f)->validated &&
	    host_tells(e->host, "rereport-on-accept", f))
		cca_rmm_report(e, f);
	if (dma && host_tells(e->host, "rereport-on-dma", f))
		cca_rmm_report(e, f);
	if (dma && host_tells(e->host, "remeasure-on-dma", f)) {
		emu_random(nonce, sizeof(nonce));
		tsm_host_measure(f->tdi, nonce);
	}
	if (dma && host_tells(e->host, "relock-on-dma", f)) {
		host_relock(e->host, f);
		cca_rmm_forget(e, f);
		cca_rmm_report(e, f);
		emu_random(nonce, sizeof(nonce));
		tsm_host_measure(f->tdi, nonce);
		tsm_allow_start(f->tdi);
		tsm_host_start(f->tdi);
	}
	host_before(e->host, dma ? EMU_TSM_DMA_ENABLE : EMU_TSM_MMIO_ACCEPT, f);
}

static uint64_t status_of(enum emu_status status)
{
	switch (status) {
	case EMU_OK:
		return RHI_DA_OK;
	case EMU_E_PARAM:
		return RHI_DA_BAD_INPUT;
	case EMU_E_BUSY:
		return RHI_DA_BUSY;
	case EMU_E_OBJECT:
		return RHI_DA_NO_DATA;
	default:
		return RHI_DA_DEVICE;
	}
}

/* ---- operations ------------------------------------------------------------- */

static uint64_t lock(struct call *c)
{
	/* The realm asks for no flags: those that any platform's would. */
	const struct emu_lock_req req = { .lock_flags = htole16(TDISP_LOCK_NO_FW_UPDATE) };
	uint64_t status = status_of(host_relay(c->emu->host, EMU_HOST_LOCK, c->func, &req, NULL));

	cca_rmm_forget(c->emu, c->func);
	if (host_tells(c->emu->host, "run-early", c->func)) {
		tsm_allow_start(c->func->tdi);
		tsm_host_start(c->func->tdi);
	}
	return status;
}

static uint64_t run(struct call *c)
{
	uint64_t status;

	/* The RMM asks no realm. */
	tsm_allow_start(c->func->tdi);
	status = status_of(host_relay(c->emu->host, EMU_HOST_START, c->func, NULL, NULL));
	if (host_tells(c->emu->host, "stop-after-start", c->func))
		tsm_host_stop(c->func->tdi);
	return status;
}

static uint64_t unlock(struct call *c)
{
	struct emu_tdi_info info;
	uint64_t status;

	/* The RMM would disable it itself; a guest that leaves that to it is told on. */
	if (!tsm_facts(c->func->tdi, &info) && info.dma_mode != EMU_DMA_NONE)
		func_reason(c->func->stats.refused, "cca-unlock-before-dma-disable");
	status = status_of(host_relay(c->emu->host, EMU_HOST_STOP, c->func, NULL, NULL));
	cca_rmm_forget(c->emu, c->func);
	return status;
}

static uint64_t carry_out(struct call *c, const struct cca_operation *op)
{
	struct host *h = c->emu->host;

	switch (op->fid) {
	case RHI_DA_VDEV_GET_MEASUREMENTS_FID:
		return status_of(host_relay(h, EMU_HOST_MEASURE, c->func, op->nonce, NULL));
	case RHI_DA_VDEV_GET_REPORT_FID:
		if (host_tells(h, "skip-report", c->func))
			return RHI_DA_OK;
		return status_of(cca_rmm_report(c->emu, c->func));
	default:
		break;
	}
	switch (op->arg) {
	case RHI_TDI_LOCKED:
		return lock(c);
	case RHI_TDI_RUN:
		return run(c);
	default:
		return unlock(c);
	}
}

/* The guest comes back for the rest. */
static uint64_t incomplete(struct call *c)
{
	emu_random(&c->vdev->op.cookie, sizeof(c->vdev->op.cookie));
	c->gprs[1] = c->vdev->op.cookie;
	return RHI_DA_INCOMPLETE;
}

static uint64_t begin(struct call *c, const struct cca_operation *op)
{
	if (host_tells(c->emu->host, "at-once", c->func))
		return carry_out(c, op);
	c->vdev->op = *op;
	return incomplete(c);
}

static uint64_t go_on(struct call *c)
{
	struct cca_operation op = c->vdev->op;
	struct host *h = c->emu->host;

	if (!op.fid || c->gprs[2] != op.cookie)
		return RHI_DA_BAD_INPUT;
	if (host_tells(h, "endless", c->func))
		return incomplete(c);
	if (host_tells(h, "same-cookie", c->func)) {
		c->gprs[1] = op.cookie;
		return RHI_DA_INCOMPLETE;
	}
	c->vdev->op = (struct cca_operation){ 0 };
	return carry_out(c, &op);
}

static uint64_t give_up(struct call *c)
{
	struct cca_operation op = c->vdev->op;

	c->vdev->op = (struct cca_operation){ 0 };
	if (!op.fid)
		return RHI_DA_HAD_COMPLETED;
	if (host_tells(c->emu->host, "ignore-abort", c->func))
		carry_out(c, &op);
	return RHI_DA_OK;
}

static uint64_t set_tdi_state(struct call *c)
{
	const struct cca_operation op = { .fid = c->gprs[0], .arg = c->gprs[2] };

	return op.arg > RHI_TDI_RUN ? RHI_DA_BAD_INPUT : begin(c, &op);
}

static uint64_t get_report(struct call *c)
{
	const struct cca_operation op = { .fid = c->gprs[0] };

	return begin(c, &op);
}

/* Memory that the host reaches, or NULL. */
static void *shared(struct emu *e, uint64_t at, size_t len)
{
	uint64_t page;

	if (!len || at + len < at)
		return NULL;
	for (page = at & ~(EMU_PAGE_SIZE - 1ull); page < at + len; page += EMU_PAGE_SIZE) {
		if (tsm_page(e->tsm, page) != PAGE_SHARED)
			return NULL;
	}
	return ram_mem(at, len);
}

static uint64_t get_measurements(struct call *c)
{
	const struct rhi_measure_params *params = shared(c->emu, c->gprs[2], sizeof(*params));
	struct cca_operation op = { .fid = c->gprs[0] };

	if (!params)
		return RHI_DA_NO_ACCESS;
	if (le64toh(params->flags) & ~RHI_MEASURE_RAW)
		return RHI_DA_BAD_INPUT;
	memcpy(op.nonce, params->nonce, sizeof(op.nonce));
	return begin(c, &op);
}

/* ---- objects ---------------------------------------------------------------- */

/* False: there is none of that number. */
static bool object_of(struct call *c, uint64_t number, enum emu_object *object)
{
	bool linux_ids = host_tells(c->emu->host, "linux-ids", c->func);

	switch (number) {
	case RHI_OBJECT_CERTS:
		*object = EMU_OBJ_CERTS;
		break;
	case RHI_OBJECT_MEASUREMENTS:
		*object = EMU_OBJ_MEASUREMENTS;
		break;
	case RHI_OBJECT_REPORT:
		*object = EMU_OBJ_REPORT;
		break;
	case RHI_OBJECT_VCA_ACS:
		*object = EMU_OBJ_VCA;
		return !linux_ids;
	case RHI_OBJECT_VCA_LINUX:
		*object = EMU_OBJ_VCA;
		return linux_ids;
	default:
		return false;
	}
	if (host_tells(c->emu->host, "swap-objects", c->func))
		*object = *object == EMU_OBJ_CERTS ? EMU_OBJ_MEASUREMENTS :
			  *object == EMU_OBJ_MEASUREMENTS ? EMU_OBJ_CERTS : *object;
	return true;
}

/* Whose objects are handed over. */
static struct func *owner(struct call *c)
{
	struct func *other = neighbour(c->emu, c->func);

	return other && host_tells(c->emu->host, "other-device", c->func) ? other : c->func;
}

static uint64_t object_size(struct call *c)
{
	enum emu_object object;
	enum emu_status status;
	uint64_t size = 0;

	if (!object_of(c, c->gprs[2], &object))
		return RHI_DA_BAD_OBJECT;
	status = host_object_size(c->emu->host, owner(c), object, &size);
	if (status)
		return status_of(status);
	if (host_tells(c->emu->host, "other-size", c->func))
		size += c->vdev->sizes++ & 1 ? 1 : -1;
	c->gprs[1] = size;
	return RHI_DA_OK;
}

static uint64_t object_read(struct call *c)
{
	bool old = host_tells(c->emu->host, "old-read", c->func);
	uint64_t buffer = c->gprs[old ? 5 : 3], len = c->gprs[4], at = c->gprs[old ? 3 : 5];
	uint8_t chunk[EMU_OBJECT_CHUNK];
	uint32_t n = len < sizeof(chunk) ? len : sizeof(chunk);
	enum emu_object object;
	enum emu_status status;
	uint64_t size;
	void *mem;

	if (!object_of(c, c->gprs[2], &object))
		return RHI_DA_BAD_OBJECT;
	if (!len || len > RHI_OBJECT_MAX)
		return RHI_DA_BAD_INPUT;
	if (host_tells(c->emu->host, "read-incomplete", c->func))
		return incomplete(c);
	status = host_object_size(c->emu->host, owner(c), object, &size);
	if (status)
		return status_of(status);
	if (at >= size)
		return RHI_DA_BAD_OFFSET;
	status = host_object_read(c->emu->host, owner(c), object, at, chunk, &n);
	if (status)
		return status_of(status);
	mem = shared(c->emu, buffer, n < len ? n : len);
	if (!mem)
		return RHI_DA_NO_ACCESS;
	memcpy(mem, chunk, n < len ? n : len);
	if (host_tells(c->emu->host, "read-nothing", c->func))
		n = 0;
	c->gprs[1] = n;
	if (host_tells(c->emu->host, "read-too-much", c->func))
		c->gprs[1] = len + 1;
	if (host_tells(c->emu->host, "read-huge", c->func))
		c->gprs[1] = 1ull << 63;
	return RHI_DA_OK;
}

/* ---- the call --------------------------------------------------------------- */

static const struct {
	uint64_t fid;
	uint64_t (*answer)(struct call *c);
} calls[] = {
	{ RHI_DA_OBJECT_SIZE_FID, object_size },
	{ RHI_DA_OBJECT_READ_FID, object_read },
	{ RHI_DA_VDEV_CONTINUE_FID, go_on },
	{ RHI_DA_VDEV_GET_MEASUREMENTS_FID, get_measurements },
	{ RHI_DA_VDEV_GET_REPORT_FID, get_report },
	{ RHI_DA_VDEV_SET_TDI_STATE_FID, set_tdi_state },
	{ RHI_DA_VDEV_ABORT_FID, give_up },
};

/* What comes back instead of what is true; the call was carried out, or not. */
static uint64_t told(struct call *c, uint64_t status)
{
	struct host *h = c->emu->host;

	if (host_tells(h, "odd-status", c->func))
		return 0x55;
	if (host_tells(h, "always-busy", c->func))
		return RHI_DA_BUSY;
	if (host_tells(h, "no-such-call", c->func))
		return RSI_NOT_SUPPORTED;
	return status;
}

static uint64_t answer(struct emu *e, uint64_t *gprs)
{
	struct call c = { .emu = e, .gprs = gprs };
	uint64_t fid = gprs[0];
	size_t i;

	if (fid == RHI_DA_FEATURES_FID)
		return RHI_DA_F_BASE | RHI_DA_F_CONTINUE | RHI_DA_F_ABORT;
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].fid == fid)
			break;
	}
	if (i == ARRAY_SIZE(calls))
		return RSI_NOT_SUPPORTED;
	c.func = gprs[1] >> 32 ? NULL : emu_func_by_sbdf(e, gprs[1]);
	if (!c.func || !c.func->tdi)
		return RHI_DA_BAD_VDEV;
	c.vdev = cca_vdev(e, c.func);
	return told(&c, calls[i].answer(&c));
}

int cca_rhi(struct emu *e, struct emu_regs *regs)
{
	uint64_t gprs[RSI_HOST_CALL_GPRS];
	int i;

	for (i = 0; i < RSI_HOST_CALL_GPRS; i++)
		gprs[i] = le64toh(regs->r[CCA_EMU_GPR(i)]);
	gprs[0] = le64toh(regs->r[CCA_EMU_IMM]) ? RSI_NOT_SUPPORTED : answer(e, gprs);
	for (i = 0; i < RSI_HOST_CALL_GPRS; i++)
		regs->r[CCA_EMU_GPR(i)] = htole64(gprs[i]);
	return EMU_OK;
}

static bool init(struct emu *e)
{
	e->personality_priv = calloc(1, sizeof(struct cca_host));
	return e->personality_priv;
}

static void reset(struct emu *e)
{
	memset(e->personality_priv, 0, sizeof(struct cca_host));
}

static void destroy(struct emu *e)
{
	free(e->personality_priv);
	e->personality_priv = NULL;
}

const struct personality cca_personality = {
	.name = "cca",
	.start_first = true,
	.lies = cca_lies,
	.nr_lies = CCA_NR_LIES,
	.init = init,
	.reset = reset,
	.destroy = destroy,
	.tsm_regs = cca_rmm,
	.host_regs = cca_rhi,
};
