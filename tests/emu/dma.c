// SPDX-License-Identifier: GPL-2.0
/*
 * The gate that every DMA of a function passes. It stands for the device's bus
 * master enable and for the IOMMU behind it: an access is judged whole, page by
 * page, before the first byte moves.
 */
#include "emu.h"

static size_t in_page(uint64_t gpa, size_t len)
{
	size_t rest = EMU_PAGE_SIZE - (gpa & (EMU_PAGE_SIZE - 1));

	return len < rest ? len : rest;
}

/* NULL, or why the access must not happen. */
static const char *refusal(struct func *f, bool write, uint64_t gpa, size_t len)
{
	if (!pci_bus_master(f))
		return "bus-master-off";
	if (gpa + len < gpa)
		return "not-ram";
	while (len) {
		size_t n = in_page(gpa, len);
		const char *why = tsm_dma_refusal(f->emu->tsm, f, gpa);

		if (why)
			return why;
		if (!vfu_mem(f, gpa, n, write))
			return "not-ram";
		gpa += n;
		len -= n;
	}
	return NULL;
}

static void count_bytes(struct func *f, bool write, enum page_owner owner, size_t n)
{
	struct func_stats *s = &f->stats;

	if (owner == PAGE_SHARED)
		*(write ? &s->dma_write_bytes_shared : &s->dma_read_bytes_shared) += n;
	else if (owner == PAGE_PRIVATE)
		*(write ? &s->dma_write_bytes_private : &s->dma_read_bytes_private) += n;
	else
		s->dma_bytes_open += n;
}

/* buf NULL: what a probe reads is forgotten, what it writes is 0xee. */
static const char *transfer(struct func *f, bool write, uint64_t gpa, uint8_t *buf, size_t len)
{
	const char *why = refusal(f, write, gpa, len);

	if (why) {
		f->stats.dma_refused++;
		f->stats.dma_refused_bytes += len;
		func_reason(f->stats.refused, why);
		return why;
	}
	f->stats.dma_ok++;
	while (len) {
		size_t n = in_page(gpa, len);
		uint8_t *mem = vfu_mem(f, gpa, n, write);

		if (!buf && write)
			memset(mem, 0xee, n);
		else if (write)
			memcpy(mem, buf, n);
		else if (buf)
			memcpy(buf, mem, n);
		count_bytes(f, write, tsm_page(f->emu->tsm, gpa), n);
		gpa += n;
		len -= n;
		buf += buf ? n : 0;
	}
	return NULL;
}

static int to_errno(const char *why)
{
	if (!why)
		return 0;
	return strcmp(why, "not-ram") ? -EACCES : -EFAULT;
}

int dma_read(struct func *f, uint64_t gpa, void *buf, size_t len)
{
	return to_errno(transfer(f, false, gpa, buf, len));
}

int dma_write(struct func *f, uint64_t gpa, const void *buf, size_t len)
{
	return to_errno(transfer(f, true, gpa, (uint8_t *)buf, len));
}

int dma_probe(struct func *f, bool write, uint64_t gpa, size_t len, const char **reason)
{
	*reason = transfer(f, write, gpa, NULL, len);
	return to_errno(*reason);
}
