// SPDX-License-Identifier: GPL-2.0
/*
 * How a TDI's DMA works: what the modes share, and the switch between them.
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
	[TDI_DMA_IOMMU]		= "iommu",
	[TDI_DMA_SPLIT]		= "split",
};

const char *tdi_dma_mode_name(enum tdi_dma_mode mode)
{
	return mode_names[mode];
}

/* .alloc_pages_op and .free_pages of modes that make no difference by direction. */
struct page *tdi_dma_op_alloc_pages(struct device *dev, size_t size, dma_addr_t *ret,
				    enum dma_data_direction dir, gfp_t gfp)
{
	void *vaddr = dev->dma_ops->alloc(dev, size, ret, gfp, 0);

	return vaddr ? virt_to_page(vaddr) : NULL;
}

void tdi_dma_op_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t addr,
			   enum dma_data_direction dir)
{
	dev->dma_ops->free(dev, size, page_address(page), addr, 0);
}

/* .get_required_mask: memory is handed out from anywhere. */
u64 tdi_dma_any_memory(struct device *dev)
{
	return DMA_BIT_MASK(64);
}

/* No private mode needs memory to be low; buses that reach less than ISA's are none. */
int tdi_dma_any_mask(struct device *dev, u64 mask)
{
	return mask >= DMA_BIT_MASK(24);
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
	.dma_supported		= tdi_dma_any_mask,
};

/* ---- cut off: what is mapped can be unmapped, and nothing new is mapped ---- */

static const struct dma_map_ops * const mode_ops[TDI_NR_DMA_MODES] = {
	[TDI_DMA_BLOCKED]	= &blocked_ops,
	[TDI_DMA_BOUNCE]	= &tdi_bounce_ops,
	[TDI_DMA_DIRECT]	= &tdi_direct_ops,
	[TDI_DMA_IOMMU]		= &tdi_iommu_ops,
	[TDI_DMA_SPLIT]		= &tdi_split_ops,
};

/* How a TDI's private modes make mappings: as @from does, or each as is its own. */
static void take_maps(struct tdi_dma *dma, const struct dma_map_ops *from)
{
	enum tdi_dma_mode mode;

	for (mode = TDI_DMA_DIRECT; mode < TDI_NR_DMA_MODES; mode++) {
		const struct dma_map_ops *source = from ?: mode_ops[mode];
		struct dma_map_ops *ops = &dma->ops[mode];

		tdi_dma_take_map(ops, source);
		WRITE_ONCE(ops->map_sg, source->map_sg);
		WRITE_ONCE(ops->alloc, source->alloc);
	}
}

/**
 * tdi_dma_cut() - nothing more is mapped private, whoever is bound
 * @tdi: a TDI that was lost
 *
 * The ops of a bound driver cannot be switched, for it has mappings to undo; but each
 * TDI has tables of its own, in which the ways to make new ones are replaced.
 *
 * Context: Process context; the TDI's lock is held.
 */
void tdi_dma_cut(struct tdi *tdi)
{
	lockdep_assert_held(&tdi->lock);
	WRITE_ONCE(tdi->dma.cut, true);
	take_maps(&tdi->dma, &blocked_ops);
}

/* The opposite: the TDI was accepted, again. */
void tdi_dma_mend(struct tdi *tdi)
{
	lockdep_assert_held(&tdi->lock);
	take_maps(&tdi->dma, NULL);
	WRITE_ONCE(tdi->dma.cut, false);
}

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
 * tdi_dma_can() - can this function ever be in that private mode?
 * @tdi: the TDI
 * @mode: any
 *
 * Where an IOMMU translates for it, addresses of memory mean nothing to the device.
 *
 * Return: true or false, the same for as long as it is a TDI.
 */
bool tdi_dma_can(const struct tdi *tdi, enum tdi_dma_mode mode)
{
	switch (mode) {
	case TDI_DMA_DIRECT:
		return !tdi->dma.iommu;
	case TDI_DMA_IOMMU:
		return tdi->dma.iommu;
	case TDI_DMA_SPLIT:
		return !tdi->dma.iommu && tdi->backend->vtom;
	default:
		return false;
	}
}

/**
 * tdi_dma_want() - choose the private mode that the next accept switches to
 * @tdi: the TDI, its lock held
 * @mode: a private mode
 *
 * Return: 0; -EBUSY the TDI is accepted; -EOPNOTSUPP not possible for this function.
 */
int tdi_dma_want(struct tdi *tdi, enum tdi_dma_mode mode)
{
	lockdep_assert_held(&tdi->lock);
	if (!tdi_dma_can(tdi, mode))
		return -EOPNOTSUPP;
	if (tdi_is_accepted(tdi))
		return -EBUSY;
	tdi->dma.wanted = mode;
	return 0;
}

/**
 * tdi_dma_grant() - have the TSM open private memory to a TDI, in the mode that is wanted
 * @tdi: the TDI
 *
 * The TSM is asked what it enforces afterwards: another mode, or a split at another
 * address, would give the device what nobody granted.
 *
 * Context: Process context; the device's lock and the TDI's lock are held.
 * Return: 0; -EOPNOTSUPP the IOMMU is not as it must be; -EREMOTEIO the TSM enforces
 *	something else; or the backend's error.
 */
int tdi_dma_grant(struct tdi *tdi)
{
	enum tdi_dma_mode mode = tdi->dma.wanted;
	u64 vtom = mode == TDI_DMA_SPLIT ? tdi->backend->vtom : 0;
	const char *wrong = tdi_iommu_check(tdi);
	struct tdi_tsm_info info;
	int ret;

	if (wrong) {
		tdi_reason(tdi, "DMA mode: %s", wrong);
		return -EOPNOTSUPP;
	}
	ret = tdi->backend->ops->dma_enable(tdi, &tdi->evidence->nonces, mode);
	if (!ret)
		ret = tdi->backend->ops->info(tdi, &info);
	if (ret || !info.has_dma)
		return ret;
	if (info.dma_mode == mode && info.vtom == vtom)
		return 0;
	tdi_reason(tdi, "DMA: expected %s, vTOM %#llx, found %s, vTOM %#llx (TSM)",
		   tdi_dma_mode_name(mode), vtom, tdi_dma_mode_name(info.dma_mode), info.vtom);
	return -EREMOTEIO;
}

/* On real platforms the kernel's default is bounce: no ops of ours. */
static void set_ops(struct tdi_dma *dma, enum tdi_dma_mode mode)
{
	struct device *dev = &dma->tdi->pdev->dev;

	if (mode == TDI_DMA_BOUNCE && !dma->tdi->backend->ops->share_pages)
		set_dma_ops(dev, dma->saved);
	else
		set_dma_ops(dev, &dma->ops[mode]);
	dma->mode = mode;
	/* Whether syncs may be skipped is worked out when a mask is set: anew. */
	if (dev->dma_mask)
		dma_set_mask(dev, *dev->dma_mask);
}

/**
 * tdi_dma_set_mode() - switch a TDI's DMA
 * @tdi: the TDI
 * @mode: the mode from now on
 *
 * Context: The device's lock and the TDI's lock are held.
 * Return: 0; -EBUSY with the old mode in force: a driver is bound, or mappings made
 *	under the old mode still exist (counted, not assumed); or an error of the IOMMU,
 *	with TDI_DMA_BLOCKED in force. With no driver bound, TDI_DMA_BLOCKED is never
 *	refused.
 */
int tdi_dma_set_mode(struct tdi *tdi, enum tdi_dma_mode mode)
{
	struct device *dev = &tdi->pdev->dev;
	struct tdi_dma *dma = &tdi->dma;
	int live = atomic_read(&dma->live);
	int ret;

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

	ret = tdi_iommu_switch(tdi, mode);
	if (ret) {
		tdi_reason(tdi, "DMA mode %s: IOMMU: expected 0, found %d",
			   tdi_dma_mode_name(mode), ret);
		tdi_iommu_switch(tdi, TDI_DMA_BLOCKED);
		mode = TDI_DMA_BLOCKED;
	}
	set_ops(dma, mode);
	return ret;
}

/* Mappings and allocations that exist; a driver that leaks leaves some behind. */
int tdi_dma_live(const struct tdi *tdi)
{
	return atomic_read(&tdi->dma.live);
}

/**
 * tdi_dma_bind() - a driver is about to be bound: is DMA still what it was switched to?
 * @tdi: the TDI
 *
 * Between drivers the administrator may have given the IOMMU group another type, or the
 * host may have put another function into it. If that cannot be put right, or the TDI
 * went to ERROR while another driver was bound, the driver gets no mapping.
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 */
void tdi_dma_bind(struct tdi *tdi)
{
	const char *wrong;

	device_lock_assert(&tdi->pdev->dev);
	guard(mutex)(&tdi->lock);
	wrong = tdi_iommu_check(tdi);
	if (!wrong && tdi->state == TDI_ERROR)
		wrong = "expected a TDI in any state but ERROR";
	if (!wrong || tdi->dma.mode == TDI_DMA_BLOCKED)
		return;
	pci_err(tdi->pdev, "tdi: DMA blocked: %s\n", wrong);
	/* The domain, too, or the next mode finds what this one has mapped. */
	tdi_iommu_switch(tdi, TDI_DMA_BLOCKED);
	set_ops(&tdi->dma, TDI_DMA_BLOCKED);
}

static enum tdi_dma_mode default_private_mode(const struct tdi *tdi)
{
	return tdi->dma.iommu ? TDI_DMA_IOMMU : TDI_DMA_DIRECT;
}

/**
 * tdi_dma_init() - take a new TDI's DMA over, blocked
 * @tdi: the TDI
 *
 * Context: Process context; the device's lock is held, no driver is bound.
 * Return: 0 or the error of tdi_iommu_init(), with nothing changed.
 */
int tdi_dma_init(struct tdi *tdi)
{
	struct tdi_dma *dma = &tdi->dma;
	enum tdi_dma_mode mode;
	int ret;

	dma->tdi = tdi;
	for (mode = 0; mode < TDI_NR_DMA_MODES; mode++)
		dma->ops[mode] = *mode_ops[mode];
	dma->saved = tdi->pdev->dev.dma_ops;
	ret = tdi_iommu_init(tdi);
	if (ret)
		return ret;
	dma->wanted = default_private_mode(tdi);
	dma->mode = TDI_DMA_BLOCKED;
	set_dma_ops(&tdi->pdev->dev, &dma->ops[TDI_DMA_BLOCKED]);
	return 0;
}

/* The device's DMA is the kernel's again. No driver may be bound. */
void tdi_dma_exit(struct tdi *tdi)
{
	set_dma_ops(&tdi->pdev->dev, tdi->dma.saved);
	tdi_iommu_exit(tdi);
}
