// SPDX-License-Identifier: GPL-2.0
/*
 * The VMM of a TDX Connect guest: TDG.VP.VMCALL<TDCM>, in a buffer that the guest shares.
 * The layout is tdx_connect_wire.h's, T1 its source. With a vector in R15 a command is
 * answered a little later, with the event interrupt; without one, before the VMCALL returns.
 *
 * It asks the TSM for what any host does (host_relay(), host_object()), so that the lies
 * of host_lies.c are told here, too; those of its own are in tdx_lies.c.
 */
#include <stdlib.h>

#include "tdx.h"
#include "tdx_lies.h"

/* How long an answer takes that is not given at once, and one that is given too late. */
#define ANSWER_MS	1
#define LATE_MS		3000
/* After an answer: how often, and how often again, a length is changed under the reader. */
#define GROW_MS		1
#define GROW_TIMES	200
#define STORM_MS	1
#define STORM_TIMES	2000

#define NR_PENDING	64
/* More than any honest answer has, with room for a chunk too many. */
#define DATA_MAX	(1u << 20)
/* Of what a guest may give us to look at. */
#define BUFFER_MAX	(16u << 20)

/* A command, and its answer in the making. */
struct tdcm {
	struct emu *e;
	struct func *f;			/* NULL: no such TDI */
	struct tdx_tdcm_hdr hdr;	/* the guest's, then ours */
	uint8_t nonce[TDX_DEV_INFO_NONCE_SIZE];
	uint64_t gpa, size;
	uint8_t *data;			/* DATA_MAX bytes */
	uint64_t len;
};

/* What is still to be done to a buffer, and when. */
struct pending {
	struct emu *e;
	unsigned int timer;		/* 0: free */
	unsigned int times;
	void (*act)(struct pending *p);
	bool event;
	uint64_t gpa, size;
	uint8_t *bytes;			/* header and data */
	size_t len;
};

struct tdx_host {
	struct pending pending[NR_PENDING];
	uint8_t *previous;		/* the last device information that was handed over .. */
	size_t previous_len;
	uint8_t *before;		/* .. and the one before it */
	size_t before_len;
};

static struct tdx_host *tdx_host(struct emu *e)
{
	return e->personality_priv;
}

static uint64_t get(const struct emu_regs *regs, enum tdx_reg reg)
{
	return le64toh(regs->r[reg]);
}

static bool tells(struct tdcm *c, const char *lie)
{
	return host_tells(c->e->host, lie, c->f);
}

/* ---- buffers ------------------------------------------------------------------------ */

/* All of it RAM, and shared: a VMM reaches no other. */
static uint8_t *shared_mem(struct emu *e, uint64_t gpa, uint64_t size)
{
	uint64_t at;

	if (!size || (gpa | size) & (EMU_PAGE_SIZE - 1) || size > BUFFER_MAX)
		return NULL;
	for (at = 0; at < size; at += EMU_PAGE_SIZE) {
		if (tsm_page(e->tsm, gpa + at) != PAGE_SHARED)
			return NULL;
	}
	return ram_mem(gpa, size);
}

static void done(struct pending *p)
{
	free(p->bytes);
	*p = (struct pending){ 0 };
}

static void write_answer(struct pending *p)
{
	uint8_t *mem = shared_mem(p->e, p->gpa, p->size);
	const size_t at = offsetof(struct tdx_tdcm_hdr, status);

	if (!mem)
		return;
	memcpy(mem, p->bytes, at);
	memcpy(mem + at + 1, p->bytes + at + 1, p->len - at - 1);
	/* Last: the guest looks for it. */
	__atomic_store_n(mem + at, p->bytes[at], __ATOMIC_RELEASE);
	if (p->event)
		mbox_event(p->e);
}

/* The check is over, if the guest is as quick as that, and another length stands there. */
static void grow_answer(struct pending *p)
{
	uint8_t *mem = shared_mem(p->e, p->gpa, p->size);
	const __le32 more = htole32(p->times & 1 ? 0x7fffffff : 0);

	if (mem)
		memcpy(mem + offsetof(struct tdx_tdcm_hdr, data_length), &more, sizeof(more));
}

static void raise_event(struct pending *p)
{
	mbox_event(p->e);
}

static void on_time(void *arg);

static void later(struct pending *p, unsigned int ms)
{
	p->timer = loop_timer(ms, on_time, p);
}

static void on_time(void *arg)
{
	struct pending *p = arg;

	p->act(p);
	if (!p->times) {
		done(p);
		return;
	}
	p->times--;
	later(p, p->act == raise_event ? STORM_MS : GROW_MS);
}

static struct pending *new_pending(struct emu *e, void (*act)(struct pending *p))
{
	struct tdx_host *h = tdx_host(e);
	int i;

	for (i = 0; i < NR_PENDING; i++) {
		struct pending *p = &h->pending[i];

		if (p->timer)
			continue;
		*p = (struct pending){ .e = e, .act = act };
		return p;
	}
	emu_log("too many commands at a time");
	return NULL;
}

/* ---- what is asked ------------------------------------------------------------------ */

static void completed(struct tdcm *c)
{
	c->hdr.status = TDX_TDCM_COMPLETED;
	c->hdr.error = 0;
}

static void failed(struct tdcm *c, uint8_t error)
{
	c->hdr.status = TDX_TDCM_ERROR;
	c->hdr.error = error;
	c->len = 0;
}

/* What a TSM's refusal is to a guest of this platform. */
static void result(struct tdcm *c, enum emu_status status)
{
	switch (status) {
	case EMU_OK:
		completed(c);
		break;
	case EMU_E_STATE:
		failed(c, TDX_TDCM_E_STATE);
		break;
	case EMU_E_DEVICE:
		failed(c, TDX_TDCM_E_TDISP);
		break;
	default:
		failed(c, TDX_TDCM_E_MODULE);
		break;
	}
}

static void check_teeio(struct tdcm *c)
{
	c->data[0] = tells(c, "tdcm-no-teeio") ? 0 : !!c->f;
	c->len = 1;
	completed(c);
}

/* The module has collected device information by the time that a TDI is bound. */
static void bind(struct tdcm *c)
{
	const struct emu_lock_req req = { .lock_flags = htole16(TDISP_LOCK_NO_FW_UPDATE) };
	enum emu_status status = host_relay(c->e->host, EMU_HOST_LOCK, c->f, &req, NULL);
	uint8_t nonce[EMU_NONCE_SIZE];

	if (!status && tsm_state(c->f->tdi) == TDISP_CONFIG_LOCKED) {
		emu_random(nonce, sizeof(nonce));
		tsm_host_measure(c->f->tdi, nonce);
	}
	result(c, status);
}

/* One object, by whatever portions the host likes; appended. */
static enum emu_status append(struct tdcm *c, struct func *f, enum emu_object object,
			      uint64_t *ret_len)
{
	struct host *h = c->e->host;
	enum emu_status status;
	uint64_t size, done = 0;

	status = host_object_size(h, f, object, &size);
	if (status)
		return status;
	*ret_len = size;
	if (size > DATA_MAX - EMU_OBJECT_CHUNK - c->len) {
		/* It says so, and there is nothing behind it. */
		c->len = size;
		return EMU_OK;
	}
	while (done < size) {
		uint32_t n = size - done < EMU_OBJECT_CHUNK ? size - done : EMU_OBJECT_CHUNK;

		status = host_object_read(h, f, object, done, c->data + c->len, &n);
		if (status)
			return status;
		done += n;
		c->len += n;
	}
	return EMU_OK;
}

/* Somebody else who is locked, as well. */
static struct func *neighbour(struct tdcm *c)
{
	unsigned int i;

	for (i = 0; i < c->e->nr_funcs; i++) {
		struct func *f = c->e->func[i];
		size_t len;

		if (f != c->f && f->tdi && tsm_object(f->tdi, EMU_OBJ_MEASUREMENTS, &len))
			return f;
	}
	return NULL;
}

static void remember(struct tdcm *c)
{
	struct tdx_host *h = tdx_host(c->e);

	free(h->before);
	h->before = h->previous;
	h->before_len = h->previous_len;
	h->previous = malloc(c->len);
	h->previous_len = h->previous ? c->len : 0;
	if (h->previous)
		memcpy(h->previous, c->data, c->len);
}

static void get_dev_info(struct tdcm *c)
{
	static const enum emu_object order[] = { EMU_OBJ_VCA, EMU_OBJ_CERTS, EMU_OBJ_MEASUREMENTS };
	uint32_t cmd_len = le32toh(c->hdr.data_length);
	__le32 *lens = (void *)c->data;		/* struct tdx_dev_info */
	enum emu_status status = EMU_OK;
	struct func *f = c->f, *other;
	size_t i;

	if (cmd_len && cmd_len != TDX_DEV_INFO_NONCE_SIZE) {
		failed(c, TDX_TDCM_E_SPDM);
		return;
	}
	if (cmd_len)
		status = host_relay(c->e->host, EMU_HOST_MEASURE, f, c->nonce, NULL);
	other = neighbour(c);
	if (other && tells(c, "tdcm-info-of-other"))
		f = other;
	c->len = sizeof(struct tdx_dev_info);
	for (i = 0; !status && i < ARRAY_SIZE(order); i++) {
		uint64_t before = c->len, len;

		status = append(c, f, order[i], &len);
		/* Behind a length that cannot be, there is no room for more. */
		if (c->len > DATA_MAX - EMU_OBJECT_CHUNK)
			break;
		lens[i] = htole32(c->len - before);
	}
	if (!status && c->len < DATA_MAX) {
		remember(c);
		if (tdx_host(c->e)->before && tells(c, "tdcm-replay")) {
			c->len = tdx_host(c->e)->before_len;
			memcpy(c->data, tdx_host(c->e)->before, c->len);
		}
		if (tells(c, "tdcm-swap-parts")) {
			__le32 len = lens[0];

			lens[0] = lens[1];
			lens[1] = len;
		}
	}
	result(c, status);
}

static void get_report(struct tdcm *c)
{
	struct func *other = neighbour(c);
	uint64_t len;

	if (tells(c, "tdcm-swap-objects")) {
		result(c, append(c, c->f, EMU_OBJ_CERTS, &len));
		return;
	}
	if (other && tells(c, "tdcm-report-of-other"))
		result(c, append(c, other, EMU_OBJ_REPORT, &len));
	else
		result(c, append(c, c->f, EMU_OBJ_REPORT, &len));
}

static void start_tdi(struct tdcm *c)
{
	result(c, host_relay(c->e->host, EMU_HOST_START, c->f, NULL, NULL));
}

static void get_state(struct tdcm *c)
{
	c->data[0] = tsm_state(c->f->tdi);
	c->len = 1;
	completed(c);
}

static void unbind(struct tdcm *c)
{
	result(c, host_relay(c->e->host, EMU_HOST_STOP, c->f, NULL, NULL));
}

static const struct {
	enum tdx_tdcm_operation op;
	uint32_t cmd_max;
	void (*answer)(struct tdcm *c);
} operations[] = {
	{ TDX_TDCM_CHECK_TEEIO, 0, check_teeio },
	{ TDX_TDCM_BIND, 0, bind },
	{ TDX_TDCM_GET_DEV_INFO, TDX_DEV_INFO_NONCE_SIZE, get_dev_info },
	{ TDX_TDCM_GET_TDI_REPORT, 0, get_report },
	{ TDX_TDCM_START_TDI, 0, start_tdi },
	{ TDX_TDCM_GET_TDI_STATE, 0, get_state },
	{ TDX_TDCM_UNBIND, 0, unbind },
};

static void carry_out(struct tdcm *c)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(operations); i++) {
		if (operations[i].op == le16toh(c->hdr.operation))
			break;
	}
	if (i == ARRAY_SIZE(operations) || c->hdr.version != TDX_TDCM_VERSION ||
	    le32toh(c->hdr.data_length) > operations[i].cmd_max)
		failed(c, TDX_TDCM_E_MODULE);
	else if (!c->f && operations[i].op != TDX_TDCM_CHECK_TEEIO)
		failed(c, TDX_TDCM_E_DEVICE);
	else
		operations[i].answer(c);
}

/* ---- what is said -------------------------------------------------------------------- */

/* Lies about the answer itself, whatever was asked. */
static void spoil(struct tdcm *c)
{
	if (tells(c, "tdcm-other-op"))
		c->hdr.operation = htole16(le16toh(c->hdr.operation) ^ 1);
	if (tells(c, "tdcm-other-version"))
		c->hdr.version = 1;
	if (tells(c, "tdcm-bad-status"))
		c->hdr.status = 0x81;
	if (tells(c, "tdcm-false-error")) {
		c->hdr.status = TDX_TDCM_ERROR;
		c->hdr.error = TDX_TDCM_E_IDE_KM;
	}
	if (tells(c, "tdcm-done-and-error"))
		c->hdr.error = TDX_TDCM_E_MODULE;
	if (tells(c, "tdcm-long"))
		c->len = UINT32_MAX;
	if (c->len && tells(c, "tdcm-short"))
		c->len--;
	if (tells(c, "tdcm-empty"))
		c->len = 0;
	if (tells(c, "tdcm-one-more"))
		c->len++;
}

/* To the guest's buffer, now or later, or never. */
static void answer(struct tdcm *c, bool event)
{
	struct pending *p = new_pending(c->e, write_answer);
	uint64_t room = c->size - sizeof(c->hdr);

	if (!p)
		return;
	spoil(c);
	c->hdr.data_length = htole32(c->len > UINT32_MAX ? UINT32_MAX : c->len);
	p->gpa = c->gpa;
	p->size = c->size;
	p->len = sizeof(c->hdr) + (c->len < room ? c->len : room);
	if (p->len > sizeof(c->hdr) + DATA_MAX)
		p->len = sizeof(c->hdr) + DATA_MAX;
	p->bytes = malloc(p->len);
	if (!p->bytes)
		abort();
	memcpy(p->bytes, &c->hdr, sizeof(c->hdr));
	memcpy(p->bytes + sizeof(c->hdr), c->data, p->len - sizeof(c->hdr));
	p->event = event && !tells(c, "tdcm-no-event");
	if (tells(c, "tdcm-silent")) {
		done(p);
	} else if (tells(c, "tdcm-late")) {
		later(p, LATE_MS);
	} else if (event) {
		later(p, ANSWER_MS);
	} else {
		write_answer(p);
		done(p);
	}
	if (tells(c, "tdcm-grows")) {
		p = new_pending(c->e, grow_answer);
		if (p) {
			p->gpa = c->gpa;
			p->size = c->size;
			p->times = GROW_TIMES;
			later(p, ANSWER_MS);
		}
	}
	if (tells(c, "tdcm-storm")) {
		p = new_pending(c->e, raise_event);
		if (p) {
			p->times = STORM_TIMES;
			later(p, STORM_MS);
		}
	}
}

static uint64_t tdcm(struct emu *e, const struct emu_regs *regs)
{
	struct tdcm c = {
		.e = e,
		.f = tdx_func(e, get(regs, TDX_R12)),
		.gpa = get(regs, TDX_R13) & ~TDX_SHARED,
		.size = get(regs, TDX_R14),
	};
	const uint8_t *mem = get(regs, TDX_R13) & TDX_SHARED ? shared_mem(e, c.gpa, c.size) : NULL;

	if (!mem || get(regs, TDX_R12) & ~(uint64_t)TDX_FUNC_ID_RID)
		return TDX_VMCALL_INVALID;
	if (tells(&c, "vmcall-retry"))
		return TDX_VMCALL_RETRY;
	if (tells(&c, "vmcall-invalid"))
		return TDX_VMCALL_INVALID;
	if (tells(&c, "vmcall-odd"))
		return 0x1234;
	c.data = calloc(1, DATA_MAX);
	if (!c.data)
		abort();
	memcpy(&c.hdr, mem, sizeof(c.hdr));
	memcpy(c.nonce, mem + sizeof(c.hdr), sizeof(c.nonce));
	carry_out(&c);
	answer(&c, get(regs, TDX_R15));
	free(c.data);
	return TDX_VMCALL_SUCCESS;
}

/* The module lets through the registers in RCX, and the VMM takes TDCM alone. */
int tdx_host_regs(struct emu *e, struct emu_regs *regs)
{
	uint64_t status;

	if (get(regs, TDX_RAX) != TDX_TDG_VP_VMCALL ||
	    (get(regs, TDX_RCX) & TDX_VMCALL_MASK) != TDX_VMCALL_MASK) {
		regs->r[TDX_RAX] = htole64(TDX_OPERAND_INVALID | TDX_RCX);
		return EMU_OK;
	}
	if (get(regs, TDX_R10) || get(regs, TDX_R11) != TDX_VMCALL_TDCM)
		status = TDX_VMCALL_INVALID;
	else
		status = tdcm(e, regs);
	regs->r[TDX_RAX] = htole64(TDX_SUCCESS);
	regs->r[TDX_R10] = htole64(status);
	return EMU_OK;
}

bool tdx_host_init(struct emu *e)
{
	e->personality_priv = calloc(1, sizeof(struct tdx_host));
	return e->personality_priv;
}

void tdx_host_reset(struct emu *e)
{
	struct tdx_host *h = tdx_host(e);
	int i;

	for (i = 0; i < NR_PENDING; i++) {
		if (!h->pending[i].timer)
			continue;
		loop_timer_del(h->pending[i].timer);
		done(&h->pending[i]);
	}
	free(h->previous);
	free(h->before);
	h->previous = NULL;
	h->before = NULL;
	h->previous_len = 0;
	h->before_len = 0;
}

void tdx_host_destroy(struct emu *e)
{
	if (!tdx_host(e))
		return;
	tdx_host_reset(e);
	free(e->personality_priv);
	e->personality_priv = NULL;
}

const struct personality tdx_connect_personality = {
	.name = TDX_PLATFORM_NAME,
	.lies = tdx_lies,
	.nr_lies = TDX_NR_LIES,
	.init = tdx_host_init,
	.reset = tdx_host_reset,
	.destroy = tdx_host_destroy,
	.tsm_regs = tdx_tsm_regs,
	.host_regs = tdx_host_regs,
};
