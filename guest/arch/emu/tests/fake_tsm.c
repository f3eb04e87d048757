// SPDX-License-Identifier: GPL-2.0
/* See fake_tsm.h. */
#include <linux/bug.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "fake_io.h"
#include "fake_tsm.h"

struct fake_tsm fake_tsm;

void fake_tsm_reset(void)
{
	fake_tsm = (struct fake_tsm) {
		.magic		= 0x4d494454,
		.abi		= 0x00020000,
		.nr_slots	= 16,
		.name		= "emulated",
	};
	fake_tsm.info.hash = EMU_HASH_SHA384;
}

const struct fake_tsm_call *fake_tsm_last(u16 call)
{
	unsigned int i;

	for (i = min(fake_tsm.nr, FAKE_TSM_LOG); i; i--)
		if (fake_tsm.log[i - 1].call == call)
			return &fake_tsm.log[i - 1];
	return NULL;
}

unsigned int fake_tsm_count(u16 call)
{
	unsigned int i, n = 0;

	for (i = 0; i < min(fake_tsm.nr, FAKE_TSM_LOG); i++)
		n += fake_tsm.log[i].call == call;
	return n;
}

/* The payload of an honest answer; returns its length. */
static u32 payload(u16 call, const void *req, void *rsp)
{
	const struct emu_object_read_req *read = req;
	struct emu_object_read_rsp *chunk = rsp;
	struct emu_tsm_info info = { .abi = cpu_to_le32(0x00020000) };
	const struct emu_regs *in = req;
	struct emu_regs *out = rsp;
	u64 offset;
	size_t n;
	int i;

	switch (call) {
	case EMU_TSM_INFO:
		info.flags = cpu_to_le32(fake_tsm.flags);
		memcpy(info.name, fake_tsm.name, strnlen(fake_tsm.name, sizeof(info.name)));
		memcpy(rsp, &info, sizeof(info));
		return sizeof(info);
	case EMU_TSM_TDI_INFO:
		memcpy(rsp, &fake_tsm.info, sizeof(fake_tsm.info));
		return sizeof(fake_tsm.info);
	case EMU_TSM_REGS:
	case EMU_HOST_REGS:
		/* Each register comes back one higher. */
		for (i = 0; i < EMU_NR_REGS; i++)
			out->r[i] = cpu_to_le64(le64_to_cpu(in->r[i]) + 1);
		return sizeof(*out);
	case EMU_HOST_LOCK:
	case EMU_HOST_START:
	case EMU_HOST_STOP:
		memset(rsp, 0xff, sizeof(struct emu_host_state));	/* worth nothing */
		return sizeof(struct emu_host_state);
	case EMU_HOST_OBJECT_SIZE:
		((struct emu_object_size_rsp *)rsp)->size = cpu_to_le64(fake_tsm.claimed);
		return sizeof(struct emu_object_size_rsp);
	case EMU_HOST_OBJECT_READ:
		offset = le64_to_cpu(read->offset);
		n = offset < fake_tsm.object_len ? fake_tsm.object_len - offset : 0;
		n = min_t(size_t, n, le32_to_cpu(read->len));
		if (fake_tsm.chunk)
			n = min(n, fake_tsm.chunk);
		n = min_t(size_t, n, EMU_OBJECT_CHUNK);
		memcpy(chunk->data, fake_tsm.object + offset, n);
		chunk->len = cpu_to_le32(n + fake_tsm.count_off);
		chunk->rsvd = 0;
		return sizeof(*chunk) + n;
	default:
		return 0;
	}
}

static void answer(unsigned int n)
{
	const struct emu_req_hdr *req = phys_to_virt(fake_tsm.slot[n].request);
	struct emu_rsp_hdr *rsp = phys_to_virt(fake_tsm.slot[n].reply);
	u16 call = le16_to_cpu(req->call);
	enum fake_answer how = fake_tsm.at == call || fake_tsm.at == 0xffff ?
			       fake_tsm.how : FAKE_HONEST;
	u32 len = 0;

	if (fake_tsm.nr < FAKE_TSM_LOG) {
		struct fake_tsm_call *entry = &fake_tsm.log[fake_tsm.nr];

		*entry = (struct fake_tsm_call) {
			.call		= call,
			.seq		= le32_to_cpu(req->seq),
			.len		= le32_to_cpu(req->len),
			.handle		= le32_to_cpu(req->handle),
			.slot		= n,
			.request	= fake_tsm.slot[n].request,
			.reply		= fake_tsm.slot[n].reply,
		};
		memcpy(entry->payload, req + 1, FAKE_TSM_PAYLOAD);
	}
	fake_tsm.nr++;

	fake_tsm.slot[n].status = EMU_SLOT_BUSY;
	if (how == FAKE_SILENT || how == FAKE_DEAF)
		return;
	if (how == FAKE_FAULT) {
		fake_tsm.slot[n].fault = fake_tsm.fault;
		fake_tsm.slot[n].status = EMU_SLOT_FAULTED;
		return;
	}
	memset(rsp, 0x5a, EMU_PAGE_SIZE);
	if (how != FAKE_REFUSE)
		len = payload(call, req + 1, rsp + 1);
	*rsp = (struct emu_rsp_hdr) {
		.call		= cpu_to_le16(how == FAKE_OTHER_CALL ? call ^ 1 : call),
		.version	= cpu_to_le16(how == FAKE_OTHER_VERSION ? 2 : 1),
		.seq		= cpu_to_le32(le32_to_cpu(req->seq) - (how == FAKE_OTHER_SEQ)),
		.status		= cpu_to_le32(how == FAKE_REFUSE ? fake_tsm.status : 0),
	};
	if (how == FAKE_SHORT)
		len--;
	else if (how == FAKE_LONG)
		len = max_t(u32, len + 1, len ? 0 : 1);
	else if (how == FAKE_HUGE)
		len = ~0u;
	rsp->len = cpu_to_le32(len);
	fake_tsm.slot[n].status = EMU_SLOT_DONE;
}

/* Which register, whatever page it was mapped to. */
static unsigned int reg_of(const void __iomem *addr, unsigned int *slot)
{
	unsigned int reg = (__force unsigned long)addr & (EMU_MBOX_BAR_SIZE - 1);

	if (reg < 0x100)
		return reg;
	*slot = (reg - 0x100) / 0x40;
	return 0x100 + (reg - 0x100) % 0x40;
}

u32 fake_readl(const void __iomem *addr)
{
	unsigned int n = 0;

	switch (reg_of(addr, &n)) {
	case 0x000:
		return fake_tsm.magic;
	case 0x004:
		return fake_tsm.abi;
	case 0x008:
		return fake_tsm.nr_slots;
	case 0x114:
		return fake_tsm.slot[n].status;
	case 0x11c:
		return fake_tsm.slot[n].fault;
	default:
		WARN_ONCE(1, "read of register %#x\n", reg_of(addr, &n));
		return ~0u;
	}
}

void fake_writel(u32 val, void __iomem *addr)
{
	unsigned int n = 0;

	switch (reg_of(addr, &n)) {
	case 0x110:
		/* Ignored while BUSY, says the page. */
		if (fake_tsm.slot[n].status != EMU_SLOT_BUSY)
			answer(n);
		break;
	case 0x118:
		if (fake_tsm.how != FAKE_DEAF)
			fake_tsm.slot[n].status = EMU_SLOT_IDLE;
		break;
	default:
		WARN_ONCE(1, "write of register %#x\n", reg_of(addr, &n));
	}
}

void fake_writeq(u64 val, void __iomem *addr)
{
	unsigned int n = 0;

	switch (reg_of(addr, &n)) {
	case 0x100:
		fake_tsm.slot[n].request = val;
		break;
	case 0x108:
		fake_tsm.slot[n].reply = val;
		break;
	default:
		WARN_ONCE(1, "64-bit write of register %#x\n", reg_of(addr, &n));
	}
}
