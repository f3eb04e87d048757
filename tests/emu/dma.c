// SPDX-License-Identifier: GPL-2.0
/*
 * The gate that every DMA of a function passes. It stands for the device's bus
 * master enable and for the IOMMUs behind it: the guest's own, whose translation is
 * the function's mappings, and then the platform's, which judges the page that the
 * address leads to. An access is judged whole, page by page, before the first byte
 * moves.
 */
#include "emu.h"

static size_t in_page(uint64_t addr, size_t len)
{
	size_t rest = EMU_PAGE_SIZE - (addr & (EMU_PAGE_SIZE - 1));

	return len < rest ? len : rest;
}

/* Where one address leads. NULL, or why the access must not happen. */
static const char *resolve(struct func *f, const struct dma_grant *g, bool write,
			   uint64_t addr, uint64_t *gpa)
{
	bool above = g->vtom && addr >= g->vtom;

	if (g->iommu_only && maps_identity(f))
		return "unmapped-iova";
	/* What vTOM took off is no part of the address any more: no IOMMU sees it. */
	if (!maps_translate(f, above ? addr - g->vtom : addr, write, gpa))
		return maps_identity(f) ? "not-ram" : "unmapped-iova";
	return tsm_dma_refusal(f->emu->tsm, g, above, *gpa);
}

static const char *refusal(struct func *f, const struct dma_grant *g, bool write,
			   uint64_t addr, size_t len)
{
	if (f->gone)
		return "gone";
	if (!pci_bus_master(f))
		return "bus-master-off";
	if (g->stopped)
		return g->stopped;
	if (addr + len < addr)
		return "not-ram";
	while (len) {
		size_t n = in_page(addr, len);
		uint64_t gpa;
		const char *why = resolve(f, g, write, addr, &gpa);

		if (why)
			return why;
		addr += n;
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
static const char *transfer(struct func *f, bool write, uint64_t addr, uint8_t *buf, size_t len)
{
	struct dma_grant g = tsm_dma_grant(f->emu->tsm, f);
	const char *why = refusal(f, &g, write, addr, len);

	if (why) {
		f->stats.dma_refused++;
		f->stats.dma_refused_bytes += len;
		func_reason(f->stats.refused, why);
		return why;
	}
	f->stats.dma_ok++;
	while (len) {
		size_t n = in_page(addr, len);
		uint8_t *mem;
		uint64_t gpa;

		resolve(f, &g, write, addr, &gpa);
		mem = ram_mem(gpa, n);
		if (!buf && write)
			memset(mem, 0xee, n);
		else if (write)
			memcpy(mem, buf, n);
		else if (buf)
			memcpy(buf, mem, n);
		count_bytes(f, write, tsm_page(f->emu->tsm, gpa), n);
		addr += n;
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

int dma_read(struct func *f, uint64_t addr, void *buf, size_t len)
{
	return to_errno(transfer(f, false, addr, buf, len));
}

int dma_write(struct func *f, uint64_t addr, const void *buf, size_t len)
{
	return to_errno(transfer(f, true, addr, (uint8_t *)buf, len));
}

int dma_probe(struct func *f, bool write, uint64_t addr, size_t len, const char **reason)
{
	*reason = transfer(f, write, addr, NULL, len);
	return to_errno(*reason);
}
