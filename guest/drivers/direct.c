// SPDX-License-Identifier: GPL-2.0
/*
 * Direct mode: DMA address = guest physical address, private, and no copy on any path.
 */
#include <linux/dma-mapping.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "internal.h"

static dma_addr_t direct_map(struct device *dev, phys_addr_t phys, size_t size,
			     enum dma_data_direction dir, unsigned long attrs)
{
	/*
	 * Peer MMIO needs the peer's TSM to agree; nobody asked it. Memory that is
	 * meant to be shared is not what this device reaches now.
	 */
	if (tdi_dma_attr_is_mmio(attrs) || tdi_dma_attr_is_shared(attrs) ||
	    !tdi_dma_reaches(dev, phys, size))
		return DMA_MAPPING_ERROR;
	atomic_inc(&tdi_dma_of(dev, TDI_DMA_DIRECT)->live);
	return phys;
}

TDI_DEFINE_DMA_MAP(direct_map)

static void direct_unmap(struct device *dev, dma_addr_t addr, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
	atomic_dec(&tdi_dma_of(dev, TDI_DMA_DIRECT)->live);
}

static int direct_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		if (is_pci_p2pdma_page(sg_page(sg)) ||
		    !tdi_dma_reaches(dev, sg_phys(sg), sg->length))
			return -EIO;
	}
	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = sg_phys(sg);
		sg_dma_len(sg) = sg->length;
	}
	atomic_add(nents, &tdi_dma_of(dev, TDI_DMA_DIRECT)->live);
	return nents;
}

static void direct_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			    enum dma_data_direction dir, unsigned long attrs)
{
	atomic_sub(nents, &tdi_dma_of(dev, TDI_DMA_DIRECT)->live);
}

static void *direct_alloc(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp,
			  unsigned long attrs)
{
	void *vaddr = tdi_dma_alloc_pages(dev, size, ret, gfp);

	if (vaddr)
		atomic_inc(&tdi_dma_of(dev, TDI_DMA_DIRECT)->live);
	return vaddr;
}

static void direct_free(struct device *dev, size_t size, void *vaddr, dma_addr_t addr,
			unsigned long attrs)
{
	free_pages_exact(vaddr, PAGE_ALIGN(size));
	atomic_dec(&tdi_dma_of(dev, TDI_DMA_DIRECT)->live);
}

const struct dma_map_ops tdi_direct_ops = {
	.alloc			= direct_alloc,
	.free			= direct_free,
	.alloc_pages_op		= tdi_dma_op_alloc_pages,
	.free_pages		= tdi_dma_op_free_pages,
	.mmap			= tdi_dma_mmap,
	.get_sgtable		= tdi_dma_get_sgtable,
	TDI_DMA_MAP_OPS(direct_map, direct_unmap),
	.map_sg			= direct_map_sg,
	.unmap_sg		= direct_unmap_sg,
	.dma_supported		= tdi_dma_any_mask,
	.get_required_mask	= tdi_dma_any_memory,
};
