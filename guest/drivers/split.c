// SPDX-License-Identifier: GPL-2.0
/*
 * Split mode: one device reaches private memory, below backend->vtom, and memory that is
 * shared with the host, at its physical address plus vtom.
 *
 * Which of the two is meant is the caller's word, and the TSM's to enforce: through the
 * wrong one of the two addresses the device reaches nothing.
 */
#include <linux/dma-mapping.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "internal.h"

static u64 vtom_of(struct device *dev)
{
	return tdi_dma_of(dev, TDI_DMA_SPLIT)->tdi->backend->vtom;
}

/*
 * The host makes the map of memory. What it puts at vtom or above, or across, the device
 * would reach as shared memory, at another place: it is none that can be split.
 */
static bool is_below_vtom(struct device *dev, phys_addr_t phys, size_t size)
{
	u64 vtom = vtom_of(dev);

	return phys < vtom && size <= vtom - phys;
}

/* The address by which the device reaches memory of either kind. */
static dma_addr_t address(struct device *dev, phys_addr_t phys, size_t size, bool shared)
{
	if (!is_below_vtom(dev, phys, size))
		return DMA_MAPPING_ERROR;
	if (shared)
		phys += vtom_of(dev);
	return tdi_dma_reaches(dev, phys, size) ? phys : DMA_MAPPING_ERROR;
}

static dma_addr_t split_map(struct device *dev, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr;

	if (tdi_dma_attr_is_mmio(attrs))
		return DMA_MAPPING_ERROR;
	addr = address(dev, phys, size, tdi_dma_attr_is_shared(attrs));
	if (addr != DMA_MAPPING_ERROR)
		atomic_inc(&tdi_dma_of(dev, TDI_DMA_SPLIT)->live);
	return addr;
}

TDI_DEFINE_DMA_MAP(split_map)

static void split_unmap(struct device *dev, dma_addr_t addr, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	atomic_dec(&tdi_dma_of(dev, TDI_DMA_SPLIT)->live);
}

static int split_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	bool shared = tdi_dma_attr_is_shared(attrs);
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		if (is_pci_p2pdma_page(sg_page(sg)))
			return -EIO;
		sg_dma_address(sg) = address(dev, sg_phys(sg), sg->length, shared);
		if (sg_dma_address(sg) == DMA_MAPPING_ERROR)
			return -EIO;
		sg_dma_len(sg) = sg->length;
	}
	atomic_add(nents, &tdi_dma_of(dev, TDI_DMA_SPLIT)->live);
	return nents;
}

static void split_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			   enum dma_data_direction dir, unsigned long attrs)
{
	atomic_sub(nents, &tdi_dma_of(dev, TDI_DMA_SPLIT)->live);
}

static void *split_alloc(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp,
			 unsigned long attrs)
{
	void *vaddr = tdi_dma_alloc_pages(dev, size, ret, gfp);

	if (!vaddr)
		return NULL;
	if (!is_below_vtom(dev, *ret, PAGE_ALIGN(size))) {
		free_pages_exact(vaddr, PAGE_ALIGN(size));
		return NULL;
	}
	atomic_inc(&tdi_dma_of(dev, TDI_DMA_SPLIT)->live);
	return vaddr;
}

static void split_free(struct device *dev, size_t size, void *vaddr, dma_addr_t addr,
		       unsigned long attrs)
{
	free_pages_exact(vaddr, PAGE_ALIGN(size));
	atomic_dec(&tdi_dma_of(dev, TDI_DMA_SPLIT)->live);
}

const struct dma_map_ops tdi_split_ops = {
	.alloc			= split_alloc,
	.free			= split_free,
	.alloc_pages_op		= tdi_dma_op_alloc_pages,
	.free_pages		= tdi_dma_op_free_pages,
	.mmap			= tdi_dma_mmap,
	.get_sgtable		= tdi_dma_get_sgtable,
	TDI_DMA_MAP_OPS(split_map, split_unmap),
	.map_sg			= split_map_sg,
	.unmap_sg		= split_unmap_sg,
	.dma_supported		= tdi_dma_any_mask,
	.get_required_mask	= tdi_dma_any_memory,
};

/*
 * A device's DMA if it is in split mode. Its driver asks, and the mode stays while
 * a driver is bound.
 */
static struct tdi_dma *split_of(struct device *dev)
{
	struct tdi *tdi = dev_is_pci(dev) ? tdi_from_pdev(to_pci_dev(dev)) : NULL;

	return tdi && tdi->dma.mode == TDI_DMA_SPLIT ? &tdi->dma : NULL;
}

/**
 * tdi_map_shared() - map memory that is shared with the host, for a device in split mode
 * @dev: the device
 * @phys: physical address of memory that is shared already, and stays so while it is mapped
 * @size: bytes
 *
 * What DMA_ATTR_CC_SHARED says to dma_map_phys(), on kernels that do not have it, or do not
 * pass it to dma_map_ops. Memory that is private in truth is not reached by the
 * address that this returns.
 *
 * Context: Any; called by the device's driver while it is bound.
 * Return: the device's address, or DMA_MAPPING_ERROR: the device is not in split mode, or
 *	does not address that much.
 */
dma_addr_t tdi_map_shared(struct device *dev, phys_addr_t phys, size_t size)
{
	struct tdi_dma *dma = split_of(dev);
	dma_addr_t addr;

	if (!dma || READ_ONCE(dma->cut))
		return DMA_MAPPING_ERROR;
	addr = address(dev, phys, size, true);
	if (addr != DMA_MAPPING_ERROR)
		atomic_inc(&dma->live);
	return addr;
}
EXPORT_SYMBOL_GPL(tdi_map_shared);

/**
 * tdi_unmap_shared() - undo tdi_map_shared()
 * @dev: the device
 * @addr: what tdi_map_shared() returned
 * @size: bytes, as there
 *
 * Context: Any; called by the device's driver while it is bound.
 */
void tdi_unmap_shared(struct device *dev, dma_addr_t addr, size_t size)
{
	struct tdi_dma *dma = split_of(dev);

	if (!WARN_ON_ONCE(!dma || addr < dma->tdi->backend->vtom))
		atomic_dec(&dma->live);
}
EXPORT_SYMBOL_GPL(tdi_unmap_shared);

/**
 * tdi_alloc_shared() - memory that the host and a device in split mode both reach
 * @dev: the device
 * @size: bytes
 * @ret: set to the device's address
 * @gfp: as for dma_alloc_coherent()
 *
 * Zeroed, whole pages. The host reads and writes it at any time.
 *
 * Context: Any that @gfp allows; called by the device's driver while it is bound.
 * Return: the memory, or NULL: the device is not in split mode, does not address that
 *	much, there is no memory, or the platform would not share it.
 */
void *tdi_alloc_shared(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp)
{
	struct tdi_dma *dma = split_of(dev);
	phys_addr_t phys;
	void *vaddr;

	if (!dma || !size || READ_ONCE(dma->cut))
		return NULL;
	vaddr = tdi_bounce_alloc_shared(dma, size, &phys, gfp);
	if (!vaddr)
		return NULL;
	*ret = address(dev, phys, PAGE_ALIGN(size), true);
	if (*ret == DMA_MAPPING_ERROR) {
		tdi_bounce_free_shared(dma, vaddr, size);
		return NULL;
	}
	atomic_inc(&dma->live);
	return vaddr;
}
EXPORT_SYMBOL_GPL(tdi_alloc_shared);

/**
 * tdi_free_shared() - free what tdi_alloc_shared() returned
 * @dev: the device
 * @size: bytes, as there
 * @vaddr: the memory
 * @addr: the device's address of it
 *
 * It becomes private again first; if the platform refuses, it is leaked, and counted.
 *
 * Context: Any; called by the device's driver while it is bound.
 */
void tdi_free_shared(struct device *dev, size_t size, void *vaddr, dma_addr_t addr)
{
	struct tdi_dma *dma = split_of(dev);

	if (WARN_ON_ONCE(!dma || addr < dma->tdi->backend->vtom))
		return;
	atomic_dec(&dma->live);
	tdi_bounce_free_shared(dma, vaddr, size);
}
EXPORT_SYMBOL_GPL(tdi_free_shared);
