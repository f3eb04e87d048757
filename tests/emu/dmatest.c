// SPDX-License-Identifier: GPL-2.0
/*
 * The DMA test function: a buffer, and registers that move it to and from guest
 * memory (EMU_DT_* in emu_mbox.h). A command runs inside the write of COMMAND.
 */
#include <stdlib.h>
#include <string.h>

#include "emu.h"

#define REG_END			0x20

struct dmatest {
	uint64_t address;
	uint32_t length;
	uint32_t status;
	uint32_t seed;
	uint8_t buffer[EMU_DT_BUFFER_SIZE];
};

static uint32_t sum(const struct dmatest *d)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < d->length && i < EMU_DT_BUFFER_SIZE; i++)
		total += d->buffer[i];
	return total;
}

static uint32_t command(struct func *f, uint32_t cmd)
{
	struct dmatest *d = f->priv;

	if (cmd != EMU_DT_IRQ && d->length > EMU_DT_BUFFER_SIZE)
		return EMU_DT_BAD;
	switch (cmd) {
	case EMU_DT_READ:
		return dma_read(f, d->address, d->buffer, d->length) ?
		       EMU_DT_REFUSED : EMU_DT_OK;
	case EMU_DT_WRITE:
		return dma_write(f, d->address, d->buffer, d->length) ?
		       EMU_DT_REFUSED : EMU_DT_OK;
	case EMU_DT_FILL:
		for (uint32_t i = 0; i < d->length; i++)
			d->buffer[i] = (uint8_t)(d->seed + i);
		return EMU_DT_OK;
	case EMU_DT_IRQ:
		vfu_irq(f, 0);
		return EMU_DT_OK;
	default:
		return EMU_DT_BAD;
	}
}

static void write32(struct func *f, uint64_t off, uint32_t val)
{
	struct dmatest *d = f->priv;

	switch (off) {
	case EMU_DT_COMMAND:
		d->status = command(f, val);
		break;
	case EMU_DT_ADDRESS:
		d->address = (d->address & ~0xffffffffull) | val;
		break;
	case EMU_DT_ADDRESS + 4:
		d->address = (d->address & 0xffffffff) | (uint64_t)val << 32;
		break;
	case EMU_DT_LENGTH:
		d->length = val;
		break;
	case EMU_DT_SEED:
		d->seed = val;
		break;
	}
}

static void put(uint8_t *regs, uint32_t off, uint64_t val, size_t len)
{
	val = htole64(val);
	memcpy(regs + off, &val, len);
}

static void dmatest_bar_read(struct func *f, int bar, uint64_t off, void *buf, size_t len)
{
	struct dmatest *d = f->priv;
	uint8_t regs[REG_END] = { 0 };

	(void)bar;
	put(regs, EMU_DT_MAGIC, EMU_DT_MAGIC_VALUE, 4);
	put(regs, EMU_DT_ADDRESS, d->address, 8);
	put(regs, EMU_DT_LENGTH, d->length, 4);
	put(regs, EMU_DT_STATUS, d->status, 4);
	put(regs, EMU_DT_SEED, d->seed, 4);
	/* A megabyte of additions: only if it is asked for. */
	if (off + len > EMU_DT_SUM && off < EMU_DT_SUM + 4)
		put(regs, EMU_DT_SUM, sum(d), 4);
	for (size_t i = 0; i < len; i++)
		((uint8_t *)buf)[i] = off + i < REG_END ? regs[off + i] : 0;
}

static void dmatest_bar_write(struct func *f, int bar, uint64_t off, const void *buf,
			      size_t len)
{
	(void)bar;
	if (off % 4 || (len != 4 && len != 8))
		return;
	for (size_t i = 0; i < len; i += 4)
		write32(f, off + i, get_unaligned_le32((const uint8_t *)buf + i));
}

static void dmatest_reset(struct func *f)
{
	memset(f->priv, 0, sizeof(struct dmatest));
}

static void dmatest_destroy(struct func *f)
{
	free(f->priv);
}

static const struct func_ops dmatest_ops = {
	.bar_read = dmatest_bar_read,
	.bar_write = dmatest_bar_write,
	.reset = dmatest_reset,
	.destroy = dmatest_destroy,
};

struct func *dmatest_create(struct emu *e, unsigned int index)
{
	struct dmatest *d = calloc(1, sizeof(*d));
	struct func *f;
	char name[sizeof(f->name)];

	if (!d)
		return NULL;
	snprintf(name, sizeof(name), "dma%u", index);
	f = func_new(e, FUNC_DMATEST, name, 101 + index);
	f->ops = &dmatest_ops;
	f->priv = d;
	pci_init(f, EMU_PCI_DEVICE_DMATEST, 0xff000001);
	return f;
}
