// SPDX-License-Identifier: GPL-2.0
/*
 * A TDI behind a guest-visible IOMMU: a paging domain of its own, for as long as it
 * is a TDI, and the mode in which only what its driver mapped is reachable.
 *
 *   blocked   nothing is mapped
 *   bounce    the swiotlb pool and coherent pages, each at its physical address
 *   iommu     what the driver maps, at addresses of the kernel's IOVA allocator
 *
 * The kernel's own dma-iommu is put aside meanwhile (dev->dma_iommu), or it would
 * pass our ops by. An IOMMU protects by pages: a buffer that shares a page with
 * others shows the device that page. The kernel copies such buffers for devices that
 * it does not trust; here the device is attested, and "no copy" is the promise.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/iommu.h>
#include <linux/iova.h>
#include <linux/log2.h>
#include <linux/memremap.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/swiotlb.h>
#include <linux/workqueue.h>

#include "internal.h"

/* How much an unmap may leave to later, and for how long: what a leaver can misuse. */
#define LAZY_RANGES	256
#define LAZY_MS		10

/*
 * Addresses are given out below this, and below what a domain's geometry says: 6.12's
 * Intel driver says 57 bits, whatever the IOMMU has. None has less than 39.
 */
#define IOVA_MAX	DMA_BIT_MASK(39)

static bool lazy;
module_param_named(iommu_lazy, lazy, bool, 0600);
MODULE_PARM_DESC(iommu_lazy,
		 "Revoke unmapped streaming memory up to 10 ms late, many at a time (default: off)");

/**
 * struct tdi_iommu - a TDI's domain
 * @domain: attached to @group from tdi_iommu_init() on, but for @detached
 * @group: the device's, which has no other device
 * @iovad: allocator of I/O virtual addresses
 * @last: the last address that @iovad gives out
 * @has_pool: the swiotlb pool is mapped
 * @detached: the device has the kernel's domain, which maps nothing, since something
 *	leaked, or it goes
 * @lock: guards everything below
 * @gather: what the hardware still has to forget
 * @queue: address ranges that it translates until then
 * @nr_queued: how many
 * @flush: does it
 */
struct tdi_iommu {
	struct iommu_domain *domain;
	struct iommu_group *group;
	struct iova_domain iovad;
	dma_addr_t last;
	bool has_pool;
	bool detached;
	spinlock_t lock;	/* the queue */
	struct iommu_iotlb_gather gather;
	struct {
		unsigned long pfn;
		unsigned long nr;
	} queue[LAZY_RANGES];
	unsigned int nr_queued;
	struct delayed_work flush;
};

static struct tdi_iommu *iommu_of(struct device *dev)
{
	return tdi_dma_of(dev, TDI_DMA_IOMMU)->iommu;
}

/* ---- mapping ---- */

static void flush_locked(struct tdi_iommu *iommu)
{
	unsigned int i;

	lockdep_assert_held(&iommu->lock);
	iommu_iotlb_sync(iommu->domain, &iommu->gather);
	/* Only now may the addresses mean something else. */
	for (i = 0; i < iommu->nr_queued; i++)
		free_iova_fast(&iommu->iovad, iommu->queue[i].pfn, iommu->queue[i].nr);
	iommu->nr_queued = 0;
}

static void flush_queue(struct tdi_iommu *iommu)
{
	unsigned long flags;

	/* By hand: sparse does not see a guard's end after a loop. */
	spin_lock_irqsave(&iommu->lock, flags);
	flush_locked(iommu);
	spin_unlock_irqrestore(&iommu->lock, flags);
}

static void flush_later(struct work_struct *work)
{
	flush_queue(container_of(to_delayed_work(work), struct tdi_iommu, flush));
}

/* What a device can address, of what the domain translates. */
static dma_addr_t limit_of(struct device *dev, u64 mask)
{
	return min_t(u64, min_not_zero(mask, dev->bus_dma_limit), iommu_of(dev)->last);
}

static int prot_of(enum dma_data_direction dir)
{
	switch (dir) {
	case DMA_TO_DEVICE:
		return IOMMU_CACHE | IOMMU_READ;
	case DMA_FROM_DEVICE:
		return IOMMU_CACHE | IOMMU_WRITE;
	default:
		return IOMMU_CACHE | IOMMU_READ | IOMMU_WRITE;
	}
}

/* Bytes of whole pages around a buffer. 0: there is no such buffer. */
static size_t span(u64 addr, size_t size)
{
	size_t len = PAGE_ALIGN(size + offset_in_page(addr));

	return size && len >= size ? len : 0;
}

/* Any context. The addresses are aligned to their size, rounded up to a power of two. */
static dma_addr_t alloc_range(struct tdi_iommu *iommu, size_t len, dma_addr_t limit)
{
	unsigned long pfn = alloc_iova_fast(&iommu->iovad, PHYS_PFN(len), PHYS_PFN(limit), true);

	return pfn ? (dma_addr_t)pfn << PAGE_SHIFT : DMA_MAPPING_ERROR;
}

static void free_range(struct tdi_iommu *iommu, dma_addr_t iova, size_t len)
{
	free_iova_fast(&iommu->iovad, PHYS_PFN(iova), PHYS_PFN(len));
}

static dma_addr_t map_one(struct tdi_iommu *iommu, phys_addr_t phys, size_t size, int prot,
			  dma_addr_t limit, gfp_t gfp)
{
	size_t len = span(phys, size);
	dma_addr_t iova = len ? alloc_range(iommu, len, limit) : DMA_MAPPING_ERROR;

	if (iova == DMA_MAPPING_ERROR)
		return DMA_MAPPING_ERROR;
	if (iommu_map(iommu->domain, iova, phys & PAGE_MASK, len, prot, gfp)) {
		free_range(iommu, iova, len);
		return DMA_MAPPING_ERROR;
	}
	return iova + offset_in_page(phys);
}

/* A driver that unmaps what it never mapped is told; its addresses are used no more. */
static bool all_unmapped(struct device *dev, dma_addr_t iova, size_t len, size_t unmapped)
{
	if (likely(len && unmapped >= len))
		return true;
	dev_warn_ratelimited(dev, "tdi: unmap %pad: expected %zu mapped bytes, found %zu\n",
			     &iova, len, unmapped);
	return false;
}

/* When this returns true, the device cannot reach it any more. */
static bool unmap_strictly(struct device *dev, struct tdi_iommu *iommu, dma_addr_t iova,
			   size_t len)
{
	if (!all_unmapped(dev, iova, len, iommu_unmap(iommu->domain, iova, len)))
		return false;
	free_range(iommu, iova, len);
	return true;
}

static void unmap_lazily(struct device *dev, struct tdi_iommu *iommu, dma_addr_t iova, size_t len)
{
	size_t unmapped;

	scoped_guard(spinlock_irqsave, &iommu->lock) {
		unmapped = iommu_unmap_fast(iommu->domain, iova, len, &iommu->gather);
		if (!all_unmapped(dev, iova, len, unmapped))
			return;
		iommu->queue[iommu->nr_queued].pfn = PHYS_PFN(iova);
		iommu->queue[iommu->nr_queued].nr = PHYS_PFN(len);
		if (++iommu->nr_queued == LAZY_RANGES)
			flush_locked(iommu);
	}
	schedule_delayed_work(&iommu->flush, msecs_to_jiffies(LAZY_MS));
}

static void unmap_one(struct device *dev, dma_addr_t addr, size_t size)
{
	struct tdi_iommu *iommu = iommu_of(dev);
	size_t len = span(addr, size);

	if (READ_ONCE(lazy))
		unmap_lazily(dev, iommu, addr & PAGE_MASK, len);
	else
		unmap_strictly(dev, iommu, addr & PAGE_MASK, len);
}

static dma_addr_t paged_map(struct device *dev, phys_addr_t phys, size_t size,
			    enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr;

	/* As in direct mode: neither a peer's MMIO nor what is shared on purpose. */
	if (tdi_dma_attr_is_mmio(attrs) || tdi_dma_attr_is_shared(attrs) ||
	    dma_get_min_align_mask(dev) >= PAGE_SIZE)
		return DMA_MAPPING_ERROR;
	addr = map_one(iommu_of(dev), phys, size, prot_of(dir), limit_of(dev, dma_get_mask(dev)),
		       GFP_ATOMIC);
	if (addr != DMA_MAPPING_ERROR)
		atomic_inc(&tdi_dma_of(dev, TDI_DMA_IOMMU)->live);
	return addr;
}

TDI_DEFINE_DMA_MAP(paged_map)

static void paged_unmap(struct device *dev, dma_addr_t addr, size_t size,
			enum dma_data_direction dir, unsigned long attrs)
{
	unmap_one(dev, addr, size);
	atomic_dec(&tdi_dma_of(dev, TDI_DMA_IOMMU)->live);
}

/* Strictly, but the hardware is told once for all of the list. */
static void unmap_list(struct device *dev, struct scatterlist *sgl, int nents)
{
	struct tdi_iommu *iommu = iommu_of(dev);
	struct iommu_iotlb_gather gather;
	struct scatterlist *sg;
	int i;

	iommu_iotlb_gather_init(&gather);
	for_each_sg(sgl, sg, nents, i) {
		dma_addr_t iova = sg_dma_address(sg) & PAGE_MASK;
		size_t len = span(sg_dma_address(sg), sg_dma_len(sg));
		size_t unmapped = iommu_unmap_fast(iommu->domain, iova, len, &gather);

		/* Length 0 keeps the addresses from being given out again, below. */
		if (!all_unmapped(dev, iova, len, unmapped))
			sg_dma_len(sg) = 0;
	}
	iommu_iotlb_sync(iommu->domain, &gather);
	for_each_sg(sgl, sg, nents, i) {
		size_t len = span(sg_dma_address(sg), sg_dma_len(sg));

		if (len)
			free_range(iommu, sg_dma_address(sg) & PAGE_MASK, len);
	}
}

static void paged_unmap_sg(struct device *dev, struct scatterlist *sgl, int nents,
			   enum dma_data_direction dir, unsigned long attrs)
{
	struct scatterlist *sg;
	int i;

	if (READ_ONCE(lazy)) {
		for_each_sg(sgl, sg, nents, i)
			unmap_one(dev, sg_dma_address(sg), sg_dma_len(sg));
	} else {
		unmap_list(dev, sgl, nents);
	}
	atomic_sub(nents, &tdi_dma_of(dev, TDI_DMA_IOMMU)->live);
}

/*
 * Each entry has addresses of its own, aligned to its size: no entry that fits between
 * two of the device's segment boundaries lies across one. None is merged.
 */
static int paged_map_sg(struct device *dev, struct scatterlist *sgl, int nents,
			enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t limit = limit_of(dev, dma_get_mask(dev));
	struct scatterlist *sg;
	int i;

	if (tdi_dma_attr_is_shared(attrs) || dma_get_min_align_mask(dev) >= PAGE_SIZE)
		return -EINVAL;
	for_each_sg(sgl, sg, nents, i) {
		dma_addr_t addr = DMA_MAPPING_ERROR;

		if (!is_pci_p2pdma_page(sg_page(sg)))
			addr = map_one(iommu_of(dev), sg_phys(sg), sg->length, prot_of(dir),
				       limit, GFP_ATOMIC);
		if (addr == DMA_MAPPING_ERROR) {
			unmap_list(dev, sgl, i);
			return -EIO;
		}
		sg_dma_address(sg) = addr;
		sg_dma_len(sg) = sg->length;
	}
	atomic_add(nents, &tdi_dma_of(dev, TDI_DMA_IOMMU)->live);
	return nents;
}

static void *alloc_mapped(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp, int prot)
{
	void *vaddr;

	/* Wherever it is: the IOMMU makes the address fit. */
	gfp &= ~(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM | __GFP_COMP);
	size = PAGE_ALIGN(size);
	vaddr = alloc_pages_exact(size, gfp | __GFP_ZERO);
	if (!vaddr)
		return NULL;
	*ret = map_one(iommu_of(dev), virt_to_phys(vaddr), size, prot,
		       limit_of(dev, dev->coherent_dma_mask), gfp);
	if (*ret == DMA_MAPPING_ERROR) {
		free_pages_exact(vaddr, size);
		return NULL;
	}
	atomic_inc(&tdi_dma_of(dev, TDI_DMA_IOMMU)->live);
	return vaddr;
}

static void *paged_alloc(struct device *dev, size_t size, dma_addr_t *ret, gfp_t gfp,
			 unsigned long attrs)
{
	return alloc_mapped(dev, size, ret, gfp, prot_of(DMA_BIDIRECTIONAL));
}

/* Never lazily: the pages are somebody else's next, unless the device still reaches them. */
static void paged_free(struct device *dev, size_t size, void *vaddr, dma_addr_t addr,
		       unsigned long attrs)
{
	struct tdi_dma *dma = tdi_dma_of(dev, TDI_DMA_IOMMU);

	if (unmap_strictly(dev, dma->iommu, addr, PAGE_ALIGN(size)))
		free_pages_exact(vaddr, PAGE_ALIGN(size));
	else
		atomic_add(PAGE_ALIGN(size) >> PAGE_SHIFT, &dma->leaked);
	atomic_dec(&dma->live);
}

static struct page *paged_alloc_pages(struct device *dev, size_t size, dma_addr_t *ret,
				      enum dma_data_direction dir, gfp_t gfp)
{
	void *vaddr = alloc_mapped(dev, size, ret, gfp, prot_of(dir));

	return vaddr ? virt_to_page(vaddr) : NULL;
}

/* All memory is behind any 32 bits of addresses. */
static u64 paged_required_mask(struct device *dev)
{
	return DMA_BIT_MASK(32);
}

const struct dma_map_ops tdi_iommu_ops = {
	.alloc			= paged_alloc,
	.free			= paged_free,
	.alloc_pages_op		= paged_alloc_pages,
	.free_pages		= tdi_dma_op_free_pages,
	.mmap			= tdi_dma_mmap,
	.get_sgtable		= tdi_dma_get_sgtable,
	TDI_DMA_MAP_OPS(paged_map, paged_unmap),
	.map_sg			= paged_map_sg,
	.unmap_sg		= paged_unmap_sg,
	.dma_supported		= tdi_dma_any_mask,
	.get_required_mask	= paged_required_mask,
};

/* ---- bounce: shared memory at its physical address ---- */

/**
 * tdi_iommu_map_shared() - let a TDI's domain, if it has one, reach shared memory
 * @dma: the TDI's
 * @phys: physical address, and the device's
 * @size: bytes, whole pages
 * @gfp: for page tables
 *
 * Context: Any that @gfp allows.
 * Return: 0, or the IOMMU's error.
 */
int tdi_iommu_map_shared(struct tdi_dma *dma, phys_addr_t phys, size_t size, gfp_t gfp)
{
	struct tdi_iommu *iommu = dma->iommu;

	if (!iommu)
		return 0;
	return iommu_map(iommu->domain, phys, phys, size, prot_of(DMA_BIDIRECTIONAL), gfp);
}

void tdi_iommu_unmap_shared(struct tdi_dma *dma, phys_addr_t phys, size_t size)
{
	if (dma->iommu)
		iommu_unmap(dma->iommu->domain, phys, size);
}

/* ---- the domain ---- */

static int count_device(struct device *dev, void *data)
{
	++*(unsigned int *)data;
	return 0;
}

static unsigned int group_size(struct iommu_group *group)
{
	unsigned int n = 0;

	iommu_group_for_each_dev(group, &n, count_device);
	return n;
}

static bool has_our_domain(struct device *dev, struct tdi_iommu *iommu)
{
	return iommu_get_domain_for_dev(dev) == iommu->domain;
}

static int reserve(struct tdi_iommu *iommu, u64 start, u64 end)
{
	return reserve_iova(&iommu->iovad, PHYS_PFN(start), PHYS_PFN(end)) ? 0 : -ENOMEM;
}

/* Firmware is the host's. Memory that it wants mapped at all times is not given to it. */
static int reserve_region(struct tdi *tdi, struct tdi_iommu *iommu,
			  const struct iommu_resv_region *region)
{
	u64 end = region->start + region->length - 1;
	int ret;

	/* Which of the two it is follows from the class in config space: the host's word. */
	if (region->type == IOMMU_RESV_DIRECT ||
	    region->type == IOMMU_RESV_DIRECT_RELAXABLE) {
		pci_err(tdi->pdev,
			"tdi: IOMMU: expected no memory of the firmware's, found %#llx-%#llx\n",
			(u64)region->start, end);
		return -EPERM;
	}
	if (region->type == IOMMU_RESV_SW_MSI) {
		ret = iommu_get_msi_cookie(iommu->domain, region->start);
		if (ret)
			return ret;
	}
	return reserve(iommu, region->start, end);
}

/* What no buffer's address may be: MSI windows, and what bridges take for a peer's MMIO. */
static int reserve_all(struct tdi *tdi, struct tdi_iommu *iommu)
{
	struct pci_host_bridge *bridge = pci_find_host_bridge(tdi->pdev->bus);
	struct iommu_resv_region *region;
	struct resource_entry *window;
	LIST_HEAD(regions);
	int ret = 0;

	iommu_get_resv_regions(&tdi->pdev->dev, &regions);
	list_for_each_entry(region, &regions, list) {
		ret = reserve_region(tdi, iommu, region);
		if (ret)
			break;
	}
	iommu_put_resv_regions(&tdi->pdev->dev, &regions);

	resource_list_for_each_entry(window, &bridge->windows) {
		if (!ret && resource_type(window->res) == IORESOURCE_MEM)
			ret = reserve(iommu, window->res->start - window->offset,
				      window->res->end - window->offset);
	}
	return ret;
}

static void destroy(struct tdi_iommu *iommu)
{
	cancel_delayed_work_sync(&iommu->flush);
	if (iommu->iovad.granule)
		put_iova_domain(&iommu->iovad);
	if (iommu->domain)
		iommu_domain_free(iommu->domain);
	iommu_group_put(iommu->group);
	iova_cache_put();
	kfree(iommu);
}

DEFINE_FREE(tdi_iommu, struct tdi_iommu *, if (!IS_ERR_OR_NULL(_T)) destroy(_T))

static struct tdi_iommu *create(struct tdi *tdi)
{
	struct device *dev = &tdi->pdev->dev;
	struct iommu_domain_geometry *geometry;
	struct iommu_domain *domain;
	int ret;

	ret = iova_cache_get();
	if (ret)
		return ERR_PTR(ret);
	struct tdi_iommu *iommu __free(tdi_iommu) = kzalloc(sizeof(*iommu), GFP_KERNEL);
	if (!iommu) {
		iova_cache_put();
		return ERR_PTR(-ENOMEM);
	}
	spin_lock_init(&iommu->lock);
	INIT_DELAYED_WORK(&iommu->flush, flush_later);
	iommu_iotlb_gather_init(&iommu->gather);
	iommu->group = iommu_group_get(dev);

	domain = iommu_paging_domain_alloc(dev);
	if (IS_ERR(domain))
		return ERR_CAST(domain);
	iommu->domain = domain;
	if (BIT(__ffs(domain->pgsize_bitmap)) > PAGE_SIZE) {
		pci_err(tdi->pdev, "tdi: IOMMU pages: expected %lu bytes or less, found %lu\n",
			PAGE_SIZE, BIT(__ffs(domain->pgsize_bitmap)));
		return ERR_PTR(-EOPNOTSUPP);
	}

	geometry = &domain->geometry;
	iommu->last = IOVA_MAX;
	if (geometry->force_aperture)
		iommu->last = min_t(u64, IOVA_MAX, geometry->aperture_end);
	/* Never address 0, which is what a driver's bug looks like. */
	init_iova_domain(&iommu->iovad, PAGE_SIZE,
			 max_t(u64, 1, PHYS_PFN(geometry->force_aperture ?
						geometry->aperture_start : 0)));
	ret = iova_domain_init_rcaches(&iommu->iovad) ?: reserve_all(tdi, iommu);
	if (ret)
		return ERR_PTR(ret);
	return no_free_ptr(iommu);
}

/**
 * tdi_iommu_init() - give a new TDI an empty domain, where an IOMMU translates for it
 * @tdi: the TDI
 *
 * An IOMMU that passes addresses through (iommu=pt, or the group's type "identity")
 * is as good as none. Failures are explained to the log.
 *
 * Context: Process context; the device's lock is held, no driver is bound.
 * Return: 0; -EOPNOTSUPP the function shares its group, or the platform cannot bounce
 *	through a domain of ours; -EBUSY somebody else has the group; -EPERM firmware wants
 *	memory mapped; or the IOMMU's error.
 */
int tdi_iommu_init(struct tdi *tdi)
{
	struct device *dev = &tdi->pdev->dev;
	struct iommu_domain *now = iommu_get_domain_for_dev(dev);
	unsigned int size;
	int ret;

	if (!now || now->type == IOMMU_DOMAIN_IDENTITY)
		return 0;
	if (!iommu_is_dma_domain(now)) {
		pci_err(tdi->pdev, "tdi: IOMMU: expected the kernel's domain, found another's\n");
		return -EBUSY;
	}
	if (!tdi->backend->ops->share_pages) {
		pci_err(tdi->pdev, "tdi: IOMMU: expected none that translates, found one\n");
		return -EOPNOTSUPP;
	}

	struct tdi_iommu *iommu __free(tdi_iommu) = create(tdi);
	if (IS_ERR(iommu))
		return PTR_ERR(iommu);
	size = group_size(iommu->group);
	if (size != 1) {
		pci_err(tdi->pdev, "tdi: IOMMU group: expected this function alone, found %u\n",
			size);
		return -EOPNOTSUPP;
	}
	/* It fails, too, for a group that has got another device meanwhile. */
	ret = iommu_attach_device(iommu->domain, dev);
	if (ret) {
		pci_err(tdi->pdev, "tdi: IOMMU domain not attached: %pe\n", ERR_PTR(ret));
		return ret;
	}
	tdi_dev_set_dma_iommu(dev, false);
	tdi->dma.iommu = no_free_ptr(iommu);
	return 0;
}

/**
 * tdi_iommu_exit() - the kernel's own domain, and its DMA code, are the device's again
 * @tdi: a TDI whose ops are no longer ours
 *
 * Context: Process context; the device's lock is held, no driver is bound. The device
 *	may have left its group, when it is unplugged.
 */
void tdi_iommu_exit(struct tdi *tdi)
{
	struct tdi_iommu *iommu = tdi->dma.iommu;
	struct device *dev = &tdi->pdev->dev;
	struct iommu_domain *now;

	if (iommu) {
		flush_queue(iommu);
		if (has_our_domain(dev, iommu))
			iommu_detach_group(iommu->domain, iommu->group);
		tdi->dma.iommu = NULL;
		destroy(iommu);
	}
	now = iommu_get_domain_for_dev(dev);
	tdi_dev_set_dma_iommu(dev, now && iommu_is_dma_domain(now));
}

/**
 * tdi_iommu_check() - does the IOMMU still do for a TDI what its mode needs?
 * @tdi: the TDI
 *
 * The administrator may give a group without drivers another type, by sysfs, and
 * our domain is gone then, or the kernel's own code back in our way: both are put right.
 * Where the IOMMU passed addresses through and no longer does, nothing could be.
 *
 * Context: Process context; the device's lock is held.
 * Return: NULL, or "expected X, found Y".
 */
const char *tdi_iommu_check(struct tdi *tdi)
{
	struct tdi_iommu *iommu = tdi->dma.iommu;
	struct device *dev = &tdi->pdev->dev;
	struct iommu_domain *now;

	tdi_dev_set_dma_iommu(dev, false);
	if (!iommu) {
		now = iommu_get_domain_for_dev(dev);
		if (!now || now->type == IOMMU_DOMAIN_IDENTITY)
			return NULL;
		return "expected an IOMMU that passes addresses through, found one that translates";
	}
	if (group_size(iommu->group) != 1)
		return "expected this function alone in its IOMMU group, found others";
	if (iommu->detached || has_our_domain(dev, iommu))
		return NULL;
	if (iommu_attach_device(iommu->domain, dev))
		return "expected a domain of ours at the IOMMU, found another's";
	pci_notice(tdi->pdev, "tdi: IOMMU domain attached again\n");
	return NULL;
}

/**
 * tdi_iommu_detach() - the device is being unplugged, and a driver is still bound
 * @tdi: the TDI
 *
 * Its group must not be left with a domain of ours in it.
 *
 * Context: Process context; the device's lock is held.
 */
void tdi_iommu_detach(struct tdi *tdi)
{
	struct tdi_iommu *iommu = tdi->dma.iommu;

	if (!iommu)
		return;
	iommu->detached = true;
	if (has_our_domain(&tdi->pdev->dev, iommu))
		iommu_detach_group(iommu->domain, iommu->group);
}

/* The pool is contiguous, and mapped with large pages where it is aligned. */
static int map_pool(struct tdi *tdi, struct tdi_iommu *iommu)
{
	struct io_tlb_pool *pool = &tdi->backend->parent->dma_io_tlb_mem->defpool;
	int ret = tdi_iommu_map_shared(&tdi->dma, pool->start, pool->end - pool->start,
				       GFP_KERNEL);

	iommu->has_pool = !ret;
	return ret;
}

static void unmap_pool(struct tdi *tdi, struct tdi_iommu *iommu)
{
	struct io_tlb_pool *pool = &tdi->backend->parent->dma_io_tlb_mem->defpool;

	tdi_iommu_unmap_shared(&tdi->dma, pool->start, pool->end - pool->start);
	iommu->has_pool = false;
}

/**
 * tdi_iommu_switch() - make a TDI's domain, if it has one, what a mode needs
 * @tdi: the TDI
 * @mode: about to be in force
 *
 * With mappings that leaked the domain cannot be emptied: for TDI_DMA_BLOCKED, the only
 * mode that is possible then, the device gets the kernel's, in which nothing is mapped.
 *
 * Context: Process context; the device's lock and the TDI's are held.
 * Return: 0 or an error; never one for TDI_DMA_BLOCKED.
 */
int tdi_iommu_switch(struct tdi *tdi, enum tdi_dma_mode mode)
{
	struct tdi_iommu *iommu = tdi->dma.iommu;
	const char *wrong;

	/* The kernel's own code may be back in our way, and complains about our ops. */
	tdi_dev_set_dma_iommu(&tdi->pdev->dev, false);
	if (iommu) {
		cancel_delayed_work_sync(&iommu->flush);
		flush_queue(iommu);
		if (iommu->has_pool && mode != TDI_DMA_BOUNCE)
			unmap_pool(tdi, iommu);
		if (tdi_dma_live(tdi)) {
			tdi_iommu_detach(tdi);
			return 0;
		}
		iommu->detached = false;
	}
	if (mode == TDI_DMA_BLOCKED)
		return 0;
	wrong = tdi_iommu_check(tdi);
	if (wrong) {
		tdi_reason(tdi, "DMA mode: %s", wrong);
		return -EOPNOTSUPP;
	}
	return iommu && mode == TDI_DMA_BOUNCE ? map_pool(tdi, iommu) : 0;
}

/**
 * tdi_iommu_bypass() - have a device's DMA go past the kernel's IOMMU code, or no longer
 * @dev: a device without mappings of its own
 * @bypass: or no longer
 *
 * The proxy is only ever asked for addresses in the swiotlb pool; nobody uses them with it.
 *
 * Return: whether the kernel's IOMMU code was in use before.
 */
bool tdi_iommu_bypass(struct device *dev, bool bypass)
{
	bool was = tdi_dev_dma_iommu(dev);

	tdi_dev_set_dma_iommu(dev, !bypass);
	return was;
}
