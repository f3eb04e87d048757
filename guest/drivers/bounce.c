// SPDX-License-Identifier: GPL-2.0
/*
 * Bounce mode for platforms whose kernel does not know that it is confidential.
 *
 * There the kernel's own code never shares a page, so this does: the swiotlb
 * pool once, coherent memory page by page. Streaming mappings go through the
 * kernel's own swiotlb by way of a proxy, a device that has no dma_ops of ours:
 * swiotlb_map() is not exported, the DMA API of another device is.
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/swiotlb.h>

#include "internal.h"

static struct device *proxy_of(struct device *dev)
{
	return tdi_dma_of(dev, TDI_DMA_BOUNCE)->tdi->backend->parent;
}

/**
 * tdi_bounce_check() - will the kernel bounce everything that is streamed?
 * @backend: a backend with @share_pages
 *
 * Return: 0, or -EINVAL: without swiotlb=force a mapping would name a private
 *	page, and bounce mode would be a word.
 */
int tdi_bounce_check(struct tdi_backend *backend)
{
	struct io_tlb_mem *mem = backend->parent->dma_io_tlb_mem;

	if (mem && mem->nslabs && mem->force_bounce)
		return 0;
	dev_err(backend->parent,
		"swiotlb: expected force, found %s; boot with swiotlb=force\n",
		mem && mem->nslabs ? "on demand" : "none");
	return -EINVAL;
}

/**
 * tdi_bounce_share_pool() - make the swiotlb pool shared memory
 * @backend: a backend with @share_pages, after @enter
 *
 * Return: 0 or the backend's error.
 */
int tdi_bounce_share_pool(struct tdi_backend *backend)
{
	struct io_tlb_pool *pool = &backend->parent->dma_io_tlb_mem->defpool;

	/*
	 * swiotlb looks at the proxy's parameters, not the TDI's. Keeping the
	 * offset in the page is what drivers such as nvme ask for.
	 */
	dma_set_min_align_mask(backend->parent, PAGE_SIZE - 1);
	return backend->ops->share_pages(backend, pool->start,
					(pool->end - pool->start) >> PAGE_SHIFT);
}

/* swiotlb copies when it maps; on the way back, and by syncs, where the direction is so. */
static void count_copy(struct device *dev, size_t size)
{
	atomic64_add(size, &tdi_dma_of(dev, TDI_DMA_BOUNCE)->bounced_bytes);
}

static bool device_writes(enum dma_data_direction dir)
{
	return dir == DMA_FROM_DEVICE || dir == DMA_BIDIRECTIONAL;
}

static bool device_reads(enum dma_data_direction dir)
{
	return dir == DMA_TO_DEVICE || dir == DMA_BIDIRECTIONAL;
}

static dma_addr_t bounce_map(struct device *dev, phys_addr_t phys, size_t size,
			     enum dma_data_direction dir, unsigned long attrs)
{
	struct device *proxy = proxy_of(dev);
	struct tdi_dma *dma;
	dma_addr_t addr;

	/* What is shared already need not bounce; but nobody has asked for that yet. */
	if (tdi_dma_attr_is_mmio(attrs) || tdi_dma_attr_is_shared(attrs) ||
	    dma_get_min_align_mask(dev) >= PAGE_SIZE)
		return DMA_MAPPING_ERROR;
	addr = dma_map_page_attrs(proxy, pfn_to_page(PHYS_PFN(phys)), offset_in_page(phys),
				  size, dir, attrs);
	if (dma_mapping_error(proxy, addr))
		return DMA_MAPPING_ERROR;
	if (!tdi_dma_reaches(dev, addr, size)) {
		dma_unmap_page_attrs(proxy, addr, size, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
		return DMA_MAPPING_ERROR;
	}
	dma = tdi_dma_of(dev, TDI_DMA_BOUNCE);
	atomic_inc(&dma->live);
	atomic64_inc(&dma->bounced_mappings);
	/* Whatever the direction: the device may write less than all of it. */
	count_copy(dev, size);
	return addr;
}

TDI_DEFINE_DMA_MAP(bounce_map)

static void bounce_unmap(struct device *dev, dma_addr_t addr, size_t size,
			 enum dma_data_direction dir, unsigned long attrs)
{
	dma_unmap_page_attrs(proxy_of(dev), addr, size, dir, attrs);
	if (device_writes(dir) && !(attrs & DMA_ATTR_SKIP_CPU_SYNC))
		count_copy(dev, size);
	atomic_dec(&tdi_dma_of(dev, TDI_DMA_BOUNCE)->live);
}

static void bounce_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			    enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		bounce_unmap(dev, sg_dma_address(sg), sg_dma_len(sg), dir, attrs);
}

static int bounce_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			 enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i) {
		sg_dma_address(sg) = bounce_map(dev, sg_phys(sg), sg->length, dir, attrs);
		if (sg_dma_address(sg) == DMA_MAPPING_ERROR) {
			bounce_unmap_sg(dev, sgl, i, dir, attrs | DMA_ATTR_SKIP_CPU_SYNC);
			return -EIO;
		}
		sg_dma_len(sg) = sg->length;
	}
	return nents;
}

static void bounce_sync_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
				enum dma_data_direction dir)
{
	dma_sync_single_for_cpu(proxy_of(dev), addr, size, dir);
	if (device_writes(dir))
		count_copy(dev, size);
}

static void bounce_sync_for_device(struct device *dev, dma_addr_t addr, size_t size,
				   enum dma_data_direction dir)
{
	dma_sync_single_for_device(proxy_of(dev), addr, size, dir);
	if (device_reads(dir))
		count_copy(dev, size);
}

static void bounce_sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl, int nents,
				   enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		bounce_sync_for_cpu(dev, sg_dma_address(sg), sg_dma_len(sg), dir);
}

static void bounce_sync_sg_for_device(struct device *dev, struct scatterlist *sgl, int nents,
				      enum dma_data_direction dir)
{
	struct scatterlist *sg;
	int i;

	for_each_sg(sgl, sg, nents, i)
		bounce_sync_for_device(dev, sg_dma_address(sg), sg_dma_len(sg), dir);
}

/* All or nothing says the ABI, the host decides: pages of both kinds are never reused. */
static void leak(struct tdi_dma *dma, size_t nr_pages, const char *why)
{
	atomic_add(nr_pages, &dma->leaked);
	dev_warn_ratelimited(&dma->tdi->pdev->dev, "tdi: %s, %zu pages leaked\n", why, nr_pages);
}

static int share(struct tdi_dma *dma, void *vaddr, size_t size)
{
	struct tdi_backend *backend = dma->tdi->backend;
	size_t nr_pages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	int ret = -ENXIO;

	if (backend->ops->share_pages)
		ret = backend->ops->share_pages(backend, virt_to_phys(vaddr), nr_pages);
	if (!ret)
		atomic_add(nr_pages, &dma->shared);
	else if (ret == -ENXIO)
		/* Nobody was asked: they are as private as before. */
		free_pages_exact(vaddr, PAGE_ALIGN(size));
	else
		leak(dma, nr_pages, "not shared");
	return ret;
}

/**
 * tdi_bounce_alloc_shared() - pages that are shared with the host
 * @dma: on whose account
 * @size: bytes
 * @ret: set to their physical address
 * @gfp: how to allocate; no zone is chosen
 *
 * Context: Any that @gfp allows.
 * Return: zeroed pages, or NULL.
 */
void *tdi_bounce_alloc_shared(struct tdi_dma *dma, size_t size, phys_addr_t *ret, gfp_t gfp)
{
	void *vaddr;

	gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_COMP);
	vaddr = alloc_pages_exact(PAGE_ALIGN(size), gfp | __GFP_ZERO);
	if (!vaddr || share(dma, vaddr, size))
		return NULL;
	*ret = virt_to_phys(vaddr);
	return vaddr;
}

/* Private again and free, or leaked: a page that may be shared is no kernel memory. */
void tdi_bounce_free_shared(struct tdi_dma *dma, void *vaddr, size_t size)
{
	struct tdi_backend *backend = dma->tdi->backend;
	size_t nr_pages = PAGE_ALIGN(size) >> PAGE_SHIFT;

	atomic_sub(nr_pages, &dma->shared);
	if (backend->ops->unshare_pages(backend, virt_to_phys(vaddr), nr_pages))
		leak(dma, nr_pages, "not private again");
	else
		free_pages_exact(vaddr, PAGE_ALIGN(size));
}

static void *bounce_alloc(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp,
			  unsigned long attrs)
{
	struct tdi_dma *dma = tdi_dma_of(dev, TDI_DMA_BOUNCE);
	void *vaddr = tdi_dma_alloc_pages(dev, size, ret, gfp);

	if (!vaddr || share(dma, vaddr, size))
		return NULL;
	if (tdi_iommu_map_shared(dma, *ret, PAGE_ALIGN(size), gfp)) {
		tdi_bounce_free_shared(dma, vaddr, size);
		return NULL;
	}
	atomic_inc(&dma->live);
	return vaddr;
}

static void bounce_free(struct device *dev, size_t size, void *vaddr, dma_addr_t addr,
			unsigned long attrs)
{
	struct tdi_dma *dma = tdi_dma_of(dev, TDI_DMA_BOUNCE);

	tdi_iommu_unmap_shared(dma, addr, PAGE_ALIGN(size));
	tdi_bounce_free_shared(dma, vaddr, size);
	atomic_dec(&dma->live);
}

/* The pool's addresses must fit; everything else swiotlb takes care of. */
static int bounce_supported(struct device *dev, u64 mask)
{
	struct io_tlb_mem *mem = proxy_of(dev)->dma_io_tlb_mem;

	return mem->defpool.end - 1 <= mask;
}

static u64 bounce_required_mask(struct device *dev)
{
	return dma_get_required_mask(proxy_of(dev));
}

static size_t bounce_max_mapping_size(struct device *dev)
{
	return dma_max_mapping_size(proxy_of(dev));
}

const struct dma_map_ops tdi_bounce_ops = {
	.alloc			= bounce_alloc,
	.free			= bounce_free,
	.alloc_pages_op		= tdi_dma_op_alloc_pages,
	.free_pages		= tdi_dma_op_free_pages,
	.mmap			= tdi_dma_mmap,
	.get_sgtable		= tdi_dma_get_sgtable,
	TDI_DMA_MAP_OPS(bounce_map, bounce_unmap),
	.map_sg			= bounce_map_sg,
	.unmap_sg		= bounce_unmap_sg,
	.sync_single_for_cpu	= bounce_sync_for_cpu,
	.sync_single_for_device	= bounce_sync_for_device,
	.sync_sg_for_cpu	= bounce_sync_sg_for_cpu,
	.sync_sg_for_device	= bounce_sync_sg_for_device,
	.dma_supported		= bounce_supported,
	.get_required_mask	= bounce_required_mask,
	.max_mapping_size	= bounce_max_mapping_size,
};
