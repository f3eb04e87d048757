// SPDX-License-Identifier: GPL-2.0
/*
 * The host: relays what the guest asks of it, and lies on command. It calls
 * tsm_host_*() and tsm_object() as an honest one would; TELL() marks the places
 * where a lie (host_lies.c) may step in.
 */
#include <stdlib.h>

#include "host.h"
#include "personality.h"

#define GROWN_BYTE	0xa5

unsigned int host_func_index(const struct host *h, const struct func *f)
{
	unsigned int i = 0;

	while (h->emu->func[i] != f)
		i++;
	return i;
}

struct host_tdi *host_tdi(struct host *h, const struct func *f)
{
	return &h->tdi[host_func_index(h, f)];
}

bool host_is_state_call(uint16_t call)
{
	return call == EMU_HOST_LOCK || call == EMU_HOST_START || call == EMU_HOST_STOP;
}

struct host *host_create(struct emu *e)
{
	struct host *h = calloc(1, sizeof(*h));

	if (h)
		h->emu = e;
	if (h && host_nr_lies(h) > HOST_MAX_LIES)
		abort();
	return h;
}

void host_destroy(struct host *h)
{
	unsigned int i;

	if (!h)
		return;
	for (i = 0; i < EMU_MAX_FUNCS; i++) {
		free(h->tdi[i].last);
		free(h->tdi[i].previous);
	}
	free(h);
}

/* Keep what was measured, for a day when it pays. */
static void remember_measurements(struct host *h, struct func *f)
{
	struct host_tdi *ht = host_tdi(h, f);
	const void *data;
	size_t len;

	data = tsm_object(f->tdi, EMU_OBJ_MEASUREMENTS, &len);
	if (!data)
		return;
	free(ht->previous);
	ht->previous = ht->last;
	ht->previous_len = ht->last_len;
	ht->last = malloc(len);
	ht->last_len = ht->last ? len : 0;
	if (ht->last)
		memcpy(ht->last, data, len);
}

enum emu_status host_relock(struct host *h, struct func *f)
{
	enum emu_status status = tsm_host_stop(f->tdi);

	return status ? status : tsm_host_lock(f->tdi, host_tdi(h, f)->lock_flags);
}

void host_state_changed(struct host *h, struct func *f)
{
	bool tell = f != h->asked;

	if (!tell)
		return;
	TELL(h, f, event, &tell);
	if (tell)
		mbox_event(h->emu);
}

static enum emu_status relay_call(struct relay *r)
{
	struct tdi *tdi = r->target->tdi;
	struct host_tdi *ht;
	enum emu_status status;

	switch (r->call) {
	case EMU_HOST_LOCK:
		ht = host_tdi(r->host, r->target);
		ht->lock_flags = r->lock_flags;
		ht->accepts = 0;
		return tsm_host_lock(tdi, ht->lock_flags);
	case EMU_HOST_START:
		return tsm_host_start(tdi);
	case EMU_HOST_STOP:
		return tsm_host_stop(tdi);
	case EMU_HOST_MEASURE:
		status = tsm_host_measure(tdi, r->nonce);
		if (!status)
			remember_measurements(r->host, r->target);
		return status;
	default:
		return EMU_OK;		/* objects, below */
	}
}

uint64_t host_bar_addr(struct host *h, struct func *f, int bar)
{
	TELL(h, f, map, &bar);
	return pci_bar_addr(f, bar);
}

/* The TSM's object as the host would have the guest see it; NULL: none. */
static bool make_copy(struct copy *c)
{
	const void *data = tsm_object(c->func->tdi, c->object, &c->len);

	if (!data)
		return false;
	c->data = malloc(c->len);
	if (!c->data)
		return false;
	memcpy(c->data, data, c->len);
	TELL(c->host, c->func, object, c);
	return true;
}

uint8_t *host_object(struct host *h, struct func *f, enum emu_object object, size_t *len)
{
	struct copy c = { .host = h, .func = f, .object = object };

	if (!make_copy(&c))
		return NULL;
	*len = c.len;
	return c.data;
}

enum emu_status host_object_size(struct host *h, struct func *f, enum emu_object object,
				 uint64_t *size)
{
	size_t len;
	uint8_t *data = host_object(h, f, object, &len);

	if (!data)
		return EMU_E_OBJECT;
	free(data);
	*size = len;
	TELL(h, f, size, size);
	return EMU_OK;
}

enum emu_status host_object_read(struct host *h, struct func *f, enum emu_object object,
				 uint64_t at, void *buf, uint32_t *ret_len)
{
	uint32_t len = *ret_len, real;
	uint8_t *data;
	size_t size;

	if (!len || len > EMU_OBJECT_CHUNK)
		return EMU_E_PARAM;
	data = host_object(h, f, object, &size);
	if (!data)
		return EMU_E_OBJECT;
	real = at < size ? size - at : 0;
	if (len > real)
		len = real;
	TELL(h, f, read, &len);
	if (!len) {
		free(data);
		return EMU_E_PARAM;
	}
	if (real > len)
		real = len;
	memset(buf, GROWN_BYTE, len);
	memcpy(buf, data + (real ? at : 0), real);
	free(data);
	*ret_len = len;
	return EMU_OK;
}

enum emu_status host_relay(struct host *h, uint16_t call, struct func *f, const void *req,
			   enum tdisp_state *claimed)
{
	struct relay r = { .host = h, .call = call, .func = f, .target = f };

	if (call == EMU_HOST_MEASURE)
		memcpy(r.nonce, req, sizeof(r.nonce));
	if (call == EMU_HOST_LOCK)
		r.lock_flags = le16toh(((const struct emu_lock_req *)req)->lock_flags);
	TELL(h, f, before, &r);
	if (!r.done) {
		h->asked = f;
		r.status = relay_call(&r);
		h->asked = NULL;
		if (host_is_state_call(call))
			r.state = tsm_state(r.target->tdi);
	}
	TELL(h, f, after, &r);
	if (claimed)
		*claimed = r.state;
	return r.status;
}

/* ---- the mailbox's calls -------------------------------------------------------- */

/* A call being answered. */
struct call {
	struct host *host;
	uint16_t nr;
	struct func *func;
	const void *req;
	void *rsp;
	size_t rsp_len;
};

static enum emu_status change_state(struct call *c)
{
	struct emu_host_state *rsp = c->rsp;
	enum tdisp_state state = TDISP_ERROR;
	enum emu_status status = host_relay(c->host, c->nr, c->func, c->req, &state);

	*rsp = (struct emu_host_state){ .state = state };
	c->rsp_len = sizeof(*rsp);
	return status;
}

static enum emu_status measure(struct call *c)
{
	return host_relay(c->host, c->nr, c->func, c->req, NULL);
}

static enum emu_status object_size(struct call *c)
{
	const struct emu_object_size_req *req = c->req;
	struct emu_object_size_rsp *rsp = c->rsp;
	enum emu_status status = host_relay(c->host, c->nr, c->func, NULL, NULL);
	uint64_t size;

	if (!status)
		status = host_object_size(c->host, c->func, le32toh(req->object), &size);
	if (status)
		return status;
	rsp->size = htole64(size);
	c->rsp_len = sizeof(*rsp);
	return EMU_OK;
}

static enum emu_status object_read(struct call *c)
{
	const struct emu_object_read_req *req = c->req;
	struct emu_object_read_rsp *rsp = c->rsp;
	enum emu_status status = host_relay(c->host, c->nr, c->func, NULL, NULL);
	uint32_t len = le32toh(req->len);

	if (!status)
		status = host_object_read(c->host, c->func, le32toh(req->object),
					  le64toh(req->offset), rsp->data, &len);
	if (status)
		return status;
	rsp->len = htole32(len);
	rsp->rsvd = 0;
	c->rsp_len = sizeof(*rsp) + len;
	return EMU_OK;
}

/* The instruction of another platform. */
static enum emu_status host_regs(struct call *c)
{
	struct emu *e = c->host->emu;

	memcpy(c->rsp, c->req, sizeof(struct emu_regs));
	c->rsp_len = sizeof(struct emu_regs);
	return e->personality->host_regs(e, c->rsp);
}

/* A real host put the function there. The last word counts. */
static enum emu_status announce(struct call *c)
{
	uint32_t sbdf = le32toh(((const struct emu_sbdf_req *)c->req)->sbdf);
	struct func *had = emu_func_by_sbdf(c->host->emu, sbdf);

	if (had)
		had->announced = false;
	c->func->sbdf = sbdf;
	c->func->announced = true;
	return EMU_OK;
}

static const struct {
	uint16_t call;
	bool open;			/* answered while memory is open */
	bool tdi;
	bool native;			/* other platforms have their own */
	size_t len;
	enum emu_status (*answer)(struct call *c);
} calls[] = {
	{ EMU_HOST_LOCK, false, true, true, sizeof(struct emu_lock_req), change_state },
	{ EMU_HOST_START, false, true, true, 0, change_state },
	{ EMU_HOST_STOP, false, true, true, 0, change_state },
	{ EMU_HOST_MEASURE, false, true, true, sizeof(struct emu_measure_req), measure },
	{ EMU_HOST_OBJECT_SIZE, false, true, true, sizeof(struct emu_object_size_req),
	  object_size },
	{ EMU_HOST_OBJECT_READ, false, true, true, sizeof(struct emu_object_read_req),
	  object_read },
	{ EMU_HOST_REGS, false, false, false, sizeof(struct emu_regs), host_regs },
	{ EMU_HOST_SBDF, true, true, false, sizeof(struct emu_sbdf_req), announce },
};

/* Is there such a call, on this platform? */
static bool has_call(const struct host *h, size_t i)
{
	if (i == ARRAY_SIZE(calls))
		return false;
	if (calls[i].call == EMU_HOST_REGS)
		return h->emu->personality->host_regs;
	return !calls[i].native || personality_is_native(h->emu);
}

enum emu_status host_call(struct host *h, uint16_t call, uint32_t handle,
			  const void *req, size_t len, void *rsp, size_t *ret_len)
{
	struct call c = { .host = h, .nr = call, .req = req, .rsp = rsp };
	enum emu_status status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].call == call)
			break;
	}
	if (!tsm_entered(h->emu->tsm) && (i == ARRAY_SIZE(calls) || !calls[i].open))
		return EMU_E_NOT_ENTERED;
	if (!has_call(h, i))
		return EMU_E_CALL;
	if (len != calls[i].len)
		return EMU_E_PARAM;
	if (calls[i].tdi) {
		c.func = emu_func_by_handle(h->emu, handle);
		if (!c.func || !c.func->tdi)
			return EMU_E_TDI;
	}
	status = calls[i].answer(&c);
	*ret_len = status ? 0 : c.rsp_len;
	return status;
}

void host_before_tsm_call(struct host *h, uint16_t call, uint32_t handle)
{
	struct func *f = emu_func_by_handle(h->emu, handle);

	if (f && f->tdi)
		host_before(h, call, f);
}

void host_before(struct host *h, uint16_t call, struct func *f)
{
	TELL(h, f, tsm_call, h, f, call);
	if (call == EMU_TSM_MMIO_ACCEPT)
		host_tdi(h, f)->accepts++;
}

void host_frame_reply(struct host *h, uint32_t handle, struct emu_rsp_hdr *hdr)
{
	struct func *f = emu_func_by_handle(h->emu, handle);

	TELL(h, f, frame, hdr);
}

/* ---- how calls are answered -------------------------------------------------- */

unsigned int host_delay(const struct host *h)
{
	return h->delay;
}

void host_set_delay(struct host *h, unsigned int ms)
{
	h->delay = ms;
}

bool host_silent(const struct host *h)
{
	return h->silent;
}

void host_set_silent(struct host *h, bool on)
{
	h->silent = on;
	if (!on)
		mbox_release(h->emu);
}
