// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox function: its registers, its slots, and who may have written the
 * pages of one. Documentation/emu-mailbox.rst, "The function" and "Pages and
 * owners". What a call means is tsm.c's and host.c's.
 */
#include <stdlib.h>

#include "emu.h"

struct mbox {
	struct emu *emu;
	struct mbox_stats stats;
	struct slot {
		struct mbox *mbox;
		uint64_t request, reply;	/* registers */
		uint32_t status, fault;
		/* A call under way: nothing of it is read from the guest again. */
		bool pending;
		unsigned int timer;		/* 0: none */
		enum emu_slot_fault pending_fault;
		uint64_t pending_reply;
		uint8_t page[EMU_PAGE_SIZE];
	} slot[EMU_MBOX_SLOTS];
};

struct func *mbox_func(const struct emu *e)
{
	unsigned int i;

	for (i = 0; i < e->nr_funcs; i++) {
		if (e->func[i]->kind == FUNC_MBOX)
			return e->func[i];
	}
	return NULL;
}

/* ---- answering -------------------------------------------------------------- */

/* Only calls of the host's class use shared pages; all others are the TSM's. */
static bool is_host_call(uint16_t call)
{
	return (call & EMU_CALL_CLASS) == EMU_CALL_CLASS_HOST;
}

static bool owner_fits(struct emu *e, uint64_t gpa, uint16_t call)
{
	enum page_owner owner = tsm_page(e->tsm, gpa);

	return owner == PAGE_OPEN ||
	       owner == (is_host_call(call) ? PAGE_SHARED : PAGE_PRIVATE);
}

static bool is_ram_page(struct emu *e, uint64_t gpa)
{
	return !(gpa & (EMU_PAGE_SIZE - 1)) && tsm_page(e->tsm, gpa) != PAGE_NONE;
}

/* Judge the registers and copy the request: once, at the doorbell. */
static enum emu_slot_fault take_request(struct slot *s)
{
	const struct emu_req_hdr *hdr = (void *)s->page;
	struct emu *e = s->mbox->emu;

	s->pending_reply = s->reply;
	if (!is_ram_page(e, s->request) || !is_ram_page(e, s->reply))
		return EMU_FAULT_ADDRESS;
	if (!pci_bus_master(mbox_func(e)))
		return EMU_FAULT_BUS_MASTER;
	memcpy(s->page, ram_mem(s->request, EMU_PAGE_SIZE), EMU_PAGE_SIZE);
	if (le16toh(hdr->version) != EMU_MSG_VERSION || le32toh(hdr->len) > EMU_MSG_MAX)
		return EMU_FAULT_HEADER;
	if (!owner_fits(e, s->request, le16toh(hdr->call)))
		return EMU_FAULT_REQUEST_PAGE;
	if (!owner_fits(e, s->reply, le16toh(hdr->call)))
		return EMU_FAULT_REPLY_PAGE;
	return EMU_FAULT_NONE;
}

/* Carry out the call and write the reply page, which may have changed hands. */
static enum emu_slot_fault carry_out(struct slot *s)
{
	const struct emu_req_hdr *req = (void *)s->page;
	uint8_t page[EMU_PAGE_SIZE] = { 0 };
	struct emu_rsp_hdr *rsp = (void *)page;
	struct mbox *m = s->mbox;
	struct emu *e = m->emu;
	uint16_t call = le16toh(req->call);
	uint32_t handle = le32toh(req->handle);
	size_t req_len = le32toh(req->len), len = 0;
	enum emu_status status;

	if (is_host_call(call)) {
		m->stats.calls_host++;
		status = host_call(e->host, call, handle, req + 1, req_len, rsp + 1, &len);
	} else {
		m->stats.calls_tsm++;
		host_before_tsm_call(e->host, call, handle);
		status = tsm_call(e->tsm, call, handle, req + 1, req_len, rsp + 1, &len);
	}
	if (status) {
		m->stats.calls_failed++;
		len = 0;
	}
	*rsp = (struct emu_rsp_hdr){
		.call = req->call,
		.version = htole16(EMU_MSG_VERSION),
		.seq = req->seq,
		.len = htole32(len),
		.status = htole32(status),
	};
	if (is_host_call(call))
		host_frame_reply(e->host, handle, rsp);

	if (!pci_bus_master(mbox_func(e)))
		return EMU_FAULT_BUS_MASTER;
	if (!is_ram_page(e, s->pending_reply))
		return EMU_FAULT_ADDRESS;
	if (!owner_fits(e, s->pending_reply, call))
		return EMU_FAULT_REPLY_PAGE;
	memcpy(ram_mem(s->pending_reply, EMU_PAGE_SIZE), page,
	       sizeof(*rsp) + len);
	return EMU_FAULT_NONE;
}

static void answer(struct slot *s)
{
	enum emu_slot_fault fault = s->pending_fault;

	s->pending = false;
	if (!fault)
		fault = carry_out(s);
	if (fault)
		s->mbox->stats.faults++;
	s->fault = fault;
	/* Last: the guest polls for it. */
	s->status = fault ? EMU_SLOT_FAULTED : EMU_SLOT_DONE;
}

static void answer_late(void *arg)
{
	struct slot *s = arg;

	s->timer = 0;
	/* The host may have fallen silent since. */
	if (!host_silent(s->mbox->emu->host))
		answer(s);
}

/* Let go of a call; its pages are not touched after this. */
static void drop(struct slot *s)
{
	if (s->timer)
		loop_timer_del(s->timer);
	s->timer = 0;
	s->pending = false;
}

static void doorbell(struct slot *s)
{
	const struct host *h = s->mbox->emu->host;

	if (s->status == EMU_SLOT_BUSY)
		return;
	s->status = EMU_SLOT_BUSY;
	s->fault = EMU_FAULT_NONE;
	s->pending = true;
	s->pending_fault = take_request(s);
	if (host_silent(h))
		return;
	if (host_delay(h))
		s->timer = loop_timer(host_delay(h), answer_late, s);
	else
		answer(s);
}

static void abort_call(struct slot *s)
{
	if (s->pending)
		s->mbox->stats.late++;
	drop(s);
	s->status = EMU_SLOT_IDLE;
	s->fault = EMU_FAULT_NONE;
}

void mbox_event(struct emu *e)
{
	struct func *f = mbox_func(e);

	if (f)
		vfu_irq(f, EMU_EVENT_VECTOR);
}

void mbox_release(struct emu *e)
{
	struct func *f = mbox_func(e);
	struct mbox *m = f ? f->priv : NULL;
	int i;

	for (i = 0; m && i < EMU_MBOX_SLOTS; i++) {
		if (m->slot[i].pending && !m->slot[i].timer)
			answer(&m->slot[i]);
	}
}

/* ---- registers -------------------------------------------------------------- */

static struct slot *slot_at(struct mbox *m, uint64_t off)
{
	uint64_t n = (off - EMU_MBOX_SLOT(0)) / (EMU_MBOX_SLOT(1) - EMU_MBOX_SLOT(0));

	return off >= EMU_MBOX_SLOT(0) && n < EMU_MBOX_SLOTS ? &m->slot[n] : NULL;
}

static unsigned int in_slot(uint64_t off)
{
	return (off - EMU_MBOX_SLOT(0)) % (EMU_MBOX_SLOT(1) - EMU_MBOX_SLOT(0));
}

static uint32_t read32(struct mbox *m, uint64_t off)
{
	const struct slot *s = slot_at(m, off);

	switch (off) {
	case EMU_MBOX_MAGIC:		return EMU_MBOX_MAGIC_VALUE;
	case EMU_MBOX_ABI:		return EMU_MBOX_ABI_VALUE;
	case EMU_MBOX_NR_SLOTS:		return EMU_MBOX_SLOTS;
	}
	if (!s)
		return 0;
	switch (in_slot(off)) {
	case EMU_SLOT_REQUEST:		return s->request;
	case EMU_SLOT_REQUEST + 4:	return s->request >> 32;
	case EMU_SLOT_REPLY:		return s->reply;
	case EMU_SLOT_REPLY + 4:	return s->reply >> 32;
	case EMU_SLOT_STATUS:		return s->status;
	case EMU_SLOT_FAULT:		return s->fault;
	default:			return 0;
	}
}

static void set_half(uint64_t *reg, bool high, uint32_t val)
{
	if (high)
		*reg = (*reg & 0xffffffff) | (uint64_t)val << 32;
	else
		*reg = (*reg & ~0xffffffffull) | val;
}

static void write32(struct mbox *m, uint64_t off, uint32_t val)
{
	struct slot *s = slot_at(m, off);

	if (!s)
		return;
	switch (in_slot(off)) {
	case EMU_SLOT_REQUEST:
	case EMU_SLOT_REQUEST + 4:
		set_half(&s->request, in_slot(off) & 4, val);
		break;
	case EMU_SLOT_REPLY:
	case EMU_SLOT_REPLY + 4:
		set_half(&s->reply, in_slot(off) & 4, val);
		break;
	case EMU_SLOT_DOORBELL:
		doorbell(s);
		break;
	case EMU_SLOT_ABORT:
		abort_call(s);
		break;
	}
}

/* Reads of another width are answered from the dwords that they touch. */
static void bar_read(struct func *f, int bar, uint64_t off, void *buf, size_t len)
{
	uint8_t *out = buf;
	size_t i;

	(void)bar;
	for (i = 0; i < len; i++) {
		uint64_t at = off + i;

		out[i] = read32(f->priv, at & ~3ull) >> (at & 3) * 8;
	}
}

/* Writes of another width than the register's are not for it: dropped. */
static void bar_write(struct func *f, int bar, uint64_t off, const void *buf, size_t len)
{
	struct mbox *m = f->priv;

	(void)bar;
	if (len == 4 && !(off & 3)) {
		write32(m, off, get_unaligned_le32(buf));
	} else if (len == 8 && !(off & 7) && slot_at(m, off) &&
		   (in_slot(off) == EMU_SLOT_REQUEST || in_slot(off) == EMU_SLOT_REPLY)) {
		write32(m, off, get_unaligned_le32(buf));
		write32(m, off + 4, get_unaligned_le32((const uint8_t *)buf + 4));
	}
}

static void reset(struct func *f)
{
	struct mbox *m = f->priv;
	int i;

	for (i = 0; i < EMU_MBOX_SLOTS; i++) {
		drop(&m->slot[i]);
		m->slot[i] = (struct slot){ .mbox = m };
	}
}

static void destroy(struct func *f)
{
	reset(f);
	free(f->priv);
	f->priv = NULL;
}

static const struct func_ops mbox_ops = {
	.bar_read	= bar_read,
	.bar_write	= bar_write,
	.reset		= reset,
	.destroy	= destroy,
};

struct func *mbox_create(struct emu *e)
{
	struct func *f = func_new(e, FUNC_MBOX, "tsm", 0);
	struct mbox *m = calloc(1, sizeof(*m));

	if (!f || !m) {
		free(m);
		if (f)
			func_free(f);
		return NULL;
	}
	m->emu = e;
	f->priv = m;
	f->ops = &mbox_ops;
	reset(f);
	pci_init(f, EMU_PCI_DEVICE_MBOX, 0x08800000);
	return f;
}

/* ---- counters ---------------------------------------------------------------- */

const struct mbox_stats *mbox_stats(struct emu *e)
{
	static const struct mbox_stats none;
	struct func *f = mbox_func(e);

	return f ? &((struct mbox *)f->priv)->stats : &none;
}

void mbox_stats_reset(struct emu *e)
{
	struct func *f = mbox_func(e);

	if (f)
		((struct mbox *)f->priv)->stats = (struct mbox_stats){ 0 };
}
