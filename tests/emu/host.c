// SPDX-License-Identifier: GPL-2.0
/*
 * The host: relays what the guest asks of it, and lies on command. It calls
 * tsm_host_*() and tsm_object() as an honest one would; TELL() marks the places
 * where a lie (host_lies.c) may step in.
 */
#include <stdlib.h>

#include "host.h"

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

static enum emu_status object_size(struct relay *r, const struct emu_object_size_req *req,
				   struct emu_object_size_rsp *rsp)
{
	struct copy c = { .host = r->host, .func = r->func, .object = le32toh(req->object) };
	uint64_t size;

	if (!make_copy(&c))
		return EMU_E_OBJECT;
	size = c.len;
	free(c.data);
	TELL(r->host, r->func, size, &size);
	rsp->size = htole64(size);
	return EMU_OK;
}

static enum emu_status object_read(struct relay *r, const struct emu_object_read_req *req,
				   struct emu_object_read_rsp *rsp)
{
	struct copy c = { .host = r->host, .func = r->func, .object = le32toh(req->object) };
	uint64_t at = le64toh(req->offset);
	uint32_t len = le32toh(req->len), real;

	if (!len || len > EMU_OBJECT_CHUNK)
		return EMU_E_PARAM;
	if (!make_copy(&c))
		return EMU_E_OBJECT;
	real = at < c.len ? c.len - at : 0;
	if (len > real)
		len = real;
	TELL(r->host, r->func, read, &len);
	if (!len) {
		free(c.data);
		return EMU_E_PARAM;
	}
	if (real > len)
		real = len;
	rsp->len = htole32(len);
	rsp->rsvd = 0;
	memset(rsp->data, GROWN_BYTE, len);
	memcpy(rsp->data, c.data + (real ? at : 0), real);
	free(c.data);
	return EMU_OK;
}

static const struct {
	uint16_t call;
	size_t len;
} calls[] = {
	{ EMU_HOST_LOCK, sizeof(struct emu_lock_req) },
	{ EMU_HOST_START, 0 },
	{ EMU_HOST_STOP, 0 },
	{ EMU_HOST_MEASURE, sizeof(struct emu_measure_req) },
	{ EMU_HOST_OBJECT_SIZE, sizeof(struct emu_object_size_req) },
	{ EMU_HOST_OBJECT_READ, sizeof(struct emu_object_read_req) },
};

/* What the guest gets back, of a call that was relayed or lied about. */
static enum emu_status reply(struct relay *r, const void *req, void *rsp, size_t *ret_len)
{
	struct emu_object_read_rsp *read = rsp;
	struct emu_host_state *state = rsp;

	*ret_len = 0;
	if (r->status)
		return r->status;
	switch (r->call) {
	case EMU_HOST_OBJECT_SIZE:
		*ret_len = sizeof(struct emu_object_size_rsp);
		return object_size(r, req, rsp);
	case EMU_HOST_OBJECT_READ:
		r->status = object_read(r, req, read);
		if (!r->status)
			*ret_len = sizeof(*read) + le32toh(read->len);
		return r->status;
	case EMU_HOST_MEASURE:
		return EMU_OK;
	default:
		*state = (struct emu_host_state){ .state = r->state };
		*ret_len = sizeof(*state);
		return EMU_OK;
	}
}

enum emu_status host_call(struct host *h, uint16_t call, uint32_t handle,
			  const void *req, size_t len, void *rsp, size_t *ret_len)
{
	struct relay r = { .host = h, .call = call };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].call == call)
			break;
	}
	if (!tsm_entered(h->emu->tsm))
		return EMU_E_NOT_ENTERED;
	if (i == ARRAY_SIZE(calls))
		return EMU_E_CALL;
	if (len != calls[i].len)
		return EMU_E_PARAM;
	r.func = emu_func_by_handle(h->emu, handle);
	if (!r.func || !r.func->tdi)
		return EMU_E_TDI;
	r.target = r.func;
	if (call == EMU_HOST_MEASURE)
		memcpy(r.nonce, req, sizeof(r.nonce));
	if (call == EMU_HOST_LOCK)
		r.lock_flags = le16toh(((const struct emu_lock_req *)req)->lock_flags);
	TELL(h, r.func, before, &r);
	if (!r.done) {
		h->asked = r.func;
		r.status = relay_call(&r);
		h->asked = NULL;
		if (host_is_state_call(call))
			r.state = tsm_state(r.target->tdi);
	}
	TELL(h, r.func, after, &r);
	return reply(&r, req, rsp, ret_len);
}

void host_before_tsm_call(struct host *h, uint16_t call, uint32_t handle)
{
	struct func *f = emu_func_by_handle(h->emu, handle);

	if (!f || !f->tdi)
		return;
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
