// SPDX-License-Identifier: GPL-2.0
/*
 * How a TDI's DMA works: the switch between modes, and the direct mode.
 *
 * set_dma_ops() on a device without a driver and without live mappings is the
 * one official seam of a stock kernel. Every TDI has ops tables of its own, so
 * that a callback finds its TDI by container_of() and no look-up.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>

#include "internal.h"

static const char * const mode_names[TDI_NR_DMA_MODES] = {
	[TDI_DMA_BLOCKED]	= "blocked",
	[TDI_DMA_BOUNCE]	= "bounce",
	[TDI_DMA_DIRECT]	= "direct",
};

const char *tdi_dma_mode_name(enum tdi_dma_mode mode)
{
	return mode_names[mode];
}

/* The TDI of a device whose current ops are those of @mode. */
struct tdi_dma *tdi_dma_of(struct device *dev, enum tdi_dma_mode mode)
{
	return container_of(get_dma_ops(dev), struct tdi_dma, ops[mode]);
}

/* Can the device address all of it? */
bool tdi_dma_reaches(struct device *dev, phys_addr_t phys, size_t size)
{
	u64 limit = dev->dma_mask ? *dev->dma_mask : DMA_BIT_MASK(32);

	if (dev->bus_dma_limit)
		limit = min(limit, dev->bus_dma_limit);
	return size && phys <= limit && size - 1 <= limit - phys;
}

static void *alloc_below(struct device *dev, size_t size, gfp_t gfp)
{
	void *vaddr = alloc_pages_exact(size, gfp | __GFP_ZERO);

	if (!vaddr)
		return NULL;
	if (virt_to_phys(vaddr) + size - 1 <= dev->coherent_dma_mask)
		return vaddr;
	free_pages_exact(vaddr, size);
	return NULL;
}

/* Zeroed pages that the device's coherent mask reaches, and their address. */
void *tdi_dma_alloc_pages(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp)
{
	void *vaddr;

	size = PAGE_ALIGN(size);
	gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_COMP);

	vaddr = alloc_below(dev, size, gfp);
	if (!vaddr && dev->coherent_dma_mask < DMA_BIT_MASK(64))
		vaddr = alloc_below(dev, size, gfp | GFP_DMA32);
	if (!vaddr && dev->coherent_dma_mask < DMA_BIT_MASK(32))
		vaddr = alloc_below(dev, size, gfp | GFP_DMA);
	if (vaddr)
		*ret = virt_to_phys(vaddr);
	return vaddr;
}

int tdi_dma_mmap(struct device *dev, struct vm_area_struct *vma, void *vaddr,
		 dma_addr_t addr, size_t size, unsigned long attrs)
{
	unsigned long nr = PAGE_ALIGN(size) >> PAGE_SHIFT;

	if (vma->vm_pgoff >= nr || vma_pages(vma) > nr - vma->vm_pgoff)
		return -ENXIO;
	return remap_pfn_range(vma, vma->vm_start, PHYS_PFN(virt_to_phys(vaddr)) + vma->vm_pgoff,
			       vma_pages(vma) << PAGE_SHIFT, vma->vm_page_prot);
}

int tdi_dma_get_sgtable(struct device *dev, struct sg_table *sgt, void *vaddr,
			dma_addr_t addr, size_t size, unsigned long attrs)
{
	int ret = sg_alloc_table(sgt, 1, GFP_KERNEL);

	if (!ret)
		sg_set_page(sgt->sgl, virt_to_page(vaddr), PAGE_ALIGN(size), 0);
	return ret;
}

/* ---- direct: DMA address = guest physical address, private ---- */

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
		if (!tdi_dma_reaches(dev, sg_phys(sg), sg->length))
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

static struct page *direct_alloc_pages(struct device *dev, size_t size, dma_addr_t *ret,
				       enum dma_data_direction dir, gfp_t gfp)
{
	void *vaddr = direct_alloc(dev, size, ret, gfp, 0);

	return vaddr ? virt_to_page(vaddr) : NULL;
}

static void direct_free_pages(struct device *dev, size_t size, struct page *page,
			      dma_addr_t addr, enum dma_data_direction dir)
{
	direct_free(dev, size, page_address(page), addr, 0);
}

static u64 direct_required_mask(struct device *dev)
{
	return DMA_BIT_MASK(64);
}

static int any_mask_supported(struct device *dev, u64 mask)
{
	return mask >= DMA_BIT_MASK(24);
}

static const struct dma_map_ops direct_ops = {
	.alloc			= direct_alloc,
	.free			= direct_free,
	.alloc_pages_op		= direct_alloc_pages,
	.free_pages		= direct_free_pages,
	.mmap			= tdi_dma_mmap,
	.get_sgtable		= tdi_dma_get_sgtable,
	TDI_DMA_MAP_OPS(direct_map, direct_unmap),
	.map_sg			= direct_map_sg,
	.unmap_sg		= direct_unmap_sg,
	.dma_supported		= any_mask_supported,
	.get_required_mask	= direct_required_mask,
};

/* ---- blocked: every request fails, so that nothing is handed to the device ---- */

static dma_addr_t blocked_map(struct device *dev, phys_addr_t phys, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	return DMA_MAPPING_ERROR;
}

TDI_DEFINE_DMA_MAP(blocked_map)

static void blocked_unmap(struct device *dev, dma_addr_t addr, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
}

static int blocked_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			  enum dma_data_direction dir, unsigned long attrs)
{
	return -EIO;
}

static void *blocked_alloc(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp,
			   unsigned long attrs)
{
	return NULL;
}

static const struct dma_map_ops blocked_ops = {
	.alloc			= blocked_alloc,
	TDI_DMA_MAP_OPS(blocked_map, blocked_unmap),
	.map_sg			= blocked_map_sg,
	.dma_supported		= any_mask_supported,
};

/* ---- the switch ---- */

/*
 * The mode of a device that is not accepted: our bounce where the platform
 * cannot rely on the kernel's, else the kernel's own.
 */
enum tdi_dma_mode tdi_dma_shared_mode(const struct tdi *tdi)
{
	return TDI_DMA_BOUNCE;
}

/**
 * tdi_dma_set_mode() - switch a TDI's DMA
 * @tdi: the TDI
 * @mode: the mode from now on
 *
 * Context: The device's lock and the TDI's lock are held.
 * Return: 0, or -EBUSY with the old mode in force: a driver is bound, or
 *	mappings made under the old mode still exist (counted, not assumed). With
 *	no driver bound, TDI_DMA_BLOCKED is never refused.
 */
int tdi_dma_set_mode(struct tdi *tdi, enum tdi_dma_mode mode)
{
	struct device *dev = &tdi->pdev->dev;
	struct tdi_dma *dma = &tdi->dma;
	int live = atomic_read(&dma->live);

	device_lock_assert(dev);
	lockdep_assert_held(&tdi->lock);

	if (dma->mode == mode)
		return 0;
	if (dev->driver) {
		tdi_reason(tdi, "DMA mode: expected no driver, found %s", dev->driver->name);
		return -EBUSY;
	}
	/* Blocking needs nobody's leave: what leaked will never be unmapped. */
	if (live && mode != TDI_DMA_BLOCKED) {
		tdi_reason(tdi, "DMA mode: expected 0 live mappings, found %d", live);
		return -EBUSY;
	}

	/* On real platforms the kernel's default is bounce: no ops of ours. */
	if (mode == TDI_DMA_BOUNCE && !tdi->backend->ops->share_pages)
		set_dma_ops(dev, dma->saved);
	else
		set_dma_ops(dev, &dma->ops[mode]);
	dma->mode = mode;
	/* Whether syncs may be skipped is worked out when a mask is set: anew. */
	if (dev->dma_mask)
		dma_set_mask(dev, *dev->dma_mask);
	return 0;
}

/* Mappings and allocations that exist; a driver that leaks leaves some behind. */
int tdi_dma_live(const struct tdi *tdi)
{
	return atomic_read(&tdi->dma.live);
}

void tdi_dma_init(struct tdi *tdi)
{
	struct tdi_dma *dma = &tdi->dma;

	dma->tdi = tdi;
	dma->ops[TDI_DMA_BLOCKED] = blocked_ops;
	dma->ops[TDI_DMA_BOUNCE] = tdi_bounce_ops;
	dma->ops[TDI_DMA_DIRECT] = direct_ops;
	dma->saved = tdi->pdev->dev.dma_ops;
	dma->mode = TDI_DMA_BLOCKED;
	set_dma_ops(&tdi->pdev->dev, &dma->ops[TDI_DMA_BLOCKED]);
}

/* The device's DMA is the kernel's again. No driver may be bound. */
void tdi_dma_exit(struct tdi *tdi)
{
	set_dma_ops(&tdi->pdev->dev, tdi->dma.saved);
}
