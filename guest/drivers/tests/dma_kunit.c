// SPDX-License-Identifier: GPL-2.0
/*
 * dma.c, bounce.c, direct.c and split.c: what each mode makes of a request, through the
 * DMA API of a device in that mode; what is counted; and when a switch is refused. What
 * iommu.c does takes an IOMMU: tests/e2e/test_dma.py has one.
 */
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>

#include "fake_backend.h"

static struct fake_backend *fb;
static struct tdi *tdi;
static struct device *dev;
static u8 *buf;

#define LEN	3000

static void ready(struct kunit *test, enum tdi_dma_mode mode)
{
	fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	dev = &tdi->pdev->dev;
	KUNIT_ASSERT_EQ(test, fake_set_mode(tdi, mode), 0);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	buf = kunit_kzalloc(test, LEN, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	memset(buf, 0x5a, LEN);
}

static int live(void)
{
	return atomic_read(&tdi->dma.live);
}

static bool is_shared(dma_addr_t addr)
{
	return xa_load(&fb->pages, PHYS_PFN(addr));
}

static unsigned long nr_shared(void)
{
	unsigned long n = 0, i;
	void *entry;

	xa_for_each(&fb->pages, i, entry)
		n++;
	return n;
}

static bool in_pool(dma_addr_t addr)
{
	struct io_tlb_pool *pool = &fb->backend.parent->dma_io_tlb_mem->defpool;

	return addr >= pool->start && addr < pool->end;
}

/* What a careless driver left: nobody counts it any more. */
static void leak(dma_addr_t addr)
{
	dma_unmap_single(dev, addr, LEN, DMA_TO_DEVICE);
	atomic_set(&tdi->dma.live, 0);
}

/* --- direct ------------------------------------------------------------------ */

static void direct_hands_out_the_physical_address(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_DIRECT);
	addr = dma_map_single(dev, buf, LEN, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_EQ(test, addr, virt_to_phys(buf));
	KUNIT_EXPECT_FALSE(test, is_shared(addr));
	dma_unmap_single(dev, addr, LEN, DMA_BIDIRECTIONAL);
}

static void direct_counts_what_is_mapped(struct kunit *test)
{
	dma_addr_t a, b;

	ready(test, TDI_DMA_DIRECT);
	KUNIT_EXPECT_EQ(test, live(), 0);
	a = dma_map_single(dev, buf, 100, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, a), 0);
	b = dma_map_single(dev, buf + 200, 100, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, b), 0);
	KUNIT_EXPECT_EQ(test, live(), 2);
	dma_unmap_single(dev, a, 100, DMA_TO_DEVICE);
	dma_unmap_single(dev, b, 100, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void direct_does_not_map_what_the_device_cannot_address(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_DIRECT);
	*dev->dma_mask = virt_to_phys(buf) + LEN - 2;
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
	*dev->dma_mask = virt_to_phys(buf) + LEN - 1;
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, dma_mapping_error(dev, addr), 0);
	dma_unmap_single(dev, addr, LEN, DMA_TO_DEVICE);
	*dev->dma_mask = DMA_BIT_MASK(64);
}

static void the_limit_of_the_bus_counts(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_DIRECT);
	dev->bus_dma_limit = virt_to_phys(buf) + LEN - 1;
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, dma_mapping_error(dev, addr), 0);
	dma_unmap_single(dev, addr, LEN, DMA_TO_DEVICE);
	dev->bus_dma_limit--;
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, dma_mapping_error(dev, addr), 0);
	dev->bus_dma_limit = 0;
}

static void reach_does_not_wrap(struct kunit *test)
{
	ready(test, TDI_DMA_DIRECT);
	KUNIT_EXPECT_TRUE(test, tdi_dma_reaches(dev, 0, 1));
	KUNIT_EXPECT_TRUE(test, tdi_dma_reaches(dev, ~0ULL, 1));
	KUNIT_EXPECT_FALSE(test, tdi_dma_reaches(dev, ~0ULL, 2));
	KUNIT_EXPECT_FALSE(test, tdi_dma_reaches(dev, 4096, ~0ULL));
	KUNIT_EXPECT_FALSE(test, tdi_dma_reaches(dev, 4096, 0));
}

static void fill_sg(struct scatterlist *sgl)
{
	sg_init_table(sgl, 3);
	sg_set_buf(&sgl[0], buf, 100);
	sg_set_buf(&sgl[1], buf + 500, 200);
	sg_set_buf(&sgl[2], buf + 1000, 300);
}

static void direct_maps_lists_entry_by_entry(struct kunit *test)
{
	struct scatterlist sgl[3], *sg;
	int i;

	ready(test, TDI_DMA_DIRECT);
	fill_sg(sgl);
	KUNIT_ASSERT_EQ(test, dma_map_sg(dev, sgl, 3, DMA_TO_DEVICE), 3);
	KUNIT_EXPECT_EQ(test, live(), 3);
	for_each_sg(sgl, sg, 3, i) {
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), sg_phys(sg));
		KUNIT_EXPECT_EQ(test, sg_dma_len(sg), sg->length);
	}
	dma_unmap_sg(dev, sgl, 3, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void direct_maps_a_list_whole_or_not_at_all(struct kunit *test)
{
	struct scatterlist sgl[3];

	ready(test, TDI_DMA_DIRECT);
	fill_sg(sgl);
	dev->bus_dma_limit = virt_to_phys(buf) + 1000;
	KUNIT_EXPECT_EQ(test, dma_map_sg(dev, sgl, 3, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
	dev->bus_dma_limit = 0;
}

static void coherent_memory_is_private_and_zeroed_in_direct(struct kunit *test)
{
	dma_addr_t addr;
	u8 *vaddr;
	int i;

	ready(test, TDI_DMA_DIRECT);
	vaddr = dma_alloc_coherent(dev, LEN, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, addr, virt_to_phys(vaddr));
	KUNIT_EXPECT_FALSE(test, is_shared(addr));
	KUNIT_EXPECT_EQ(test, live(), 1);
	for (i = 0; i < LEN; i++)
		KUNIT_ASSERT_EQ(test, vaddr[i], 0);
	dma_free_coherent(dev, LEN, vaddr, addr);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void coherent_memory_is_below_the_mask(struct kunit *test)
{
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_DIRECT);
	KUNIT_ASSERT_EQ(test, dma_set_coherent_mask(dev, DMA_BIT_MASK(32)), 0);
	vaddr = dma_alloc_coherent(dev, LEN, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_LE(test, addr + PAGE_SIZE - 1, DMA_BIT_MASK(32));
	dma_free_coherent(dev, LEN, vaddr, addr);
}

static void pages_are_counted_like_coherent_memory(struct kunit *test)
{
	struct page *page;
	dma_addr_t addr;

	ready(test, TDI_DMA_DIRECT);
	page = dma_alloc_pages(dev, PAGE_SIZE, &addr, DMA_BIDIRECTIONAL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, page);
	KUNIT_EXPECT_EQ(test, live(), 1);
	dma_free_pages(dev, PAGE_SIZE, page, addr, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void a_table_of_coherent_memory_names_its_pages(struct kunit *test)
{
	struct sg_table sgt;
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_DIRECT);
	vaddr = dma_alloc_coherent(dev, LEN, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_ASSERT_EQ(test, dma_get_sgtable(dev, &sgt, vaddr, addr, LEN), 0);
	KUNIT_EXPECT_EQ(test, sg_phys(sgt.sgl), addr);
	KUNIT_EXPECT_EQ(test, sgt.sgl->length, PAGE_SIZE);
	sg_free_table(&sgt);
	dma_free_coherent(dev, LEN, vaddr, addr);
}

static void nobody_maps_the_mmio_of_a_peer(struct kunit *test)
{
	static const enum tdi_dma_mode modes[] = {
		TDI_DMA_DIRECT, TDI_DMA_SPLIT, TDI_DMA_BOUNCE, TDI_DMA_BLOCKED,
	};
	dma_addr_t addr;
	int i;

	ready(test, TDI_DMA_DIRECT);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		KUNIT_ASSERT_EQ(test, fake_set_mode(tdi, modes[i]), 0);
		addr = dma_map_resource(dev, pci_resource_start(tdi->pdev, 0), 4096,
					DMA_BIDIRECTIONAL, 0);
		KUNIT_EXPECT_NE(test, dma_mapping_error(dev, addr), 0);
		KUNIT_EXPECT_EQ(test, live(), 0);
	}
}

/* --- bounce ------------------------------------------------------------------ */

static void bounce_hands_out_shared_memory_only(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_TRUE(test, in_pool(addr));
	KUNIT_EXPECT_TRUE(test, is_shared(addr));
	KUNIT_EXPECT_TRUE(test, is_shared(addr + LEN - 1));
	KUNIT_EXPECT_EQ(test, live(), 1);
	dma_unmap_single(dev, addr, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void the_whole_pool_is_shared(struct kunit *test)
{
	struct io_tlb_pool *pool;

	ready(test, TDI_DMA_BOUNCE);
	pool = &fb->backend.parent->dma_io_tlb_mem->defpool;
	KUNIT_EXPECT_TRUE(test, is_shared(pool->start));
	KUNIT_EXPECT_TRUE(test, is_shared(pool->end - 1));
	KUNIT_EXPECT_EQ(test, nr_shared(), (pool->end - pool->start) >> PAGE_SHIFT);
}

static void what_goes_out_is_copied_to_the_pool(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_MEMEQ(test, (u8 *)phys_to_virt(addr), buf, LEN);
	memset(buf, 0xc3, LEN);
	dma_sync_single_for_device(dev, addr, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_MEMEQ(test, (u8 *)phys_to_virt(addr), buf, LEN);
	dma_unmap_single(dev, addr, LEN, DMA_TO_DEVICE);
}

static void what_comes_in_is_copied_from_the_pool(struct kunit *test)
{
	dma_addr_t addr;
	u8 *pool;

	ready(test, TDI_DMA_BOUNCE);
	addr = dma_map_single(dev, buf, LEN, DMA_FROM_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	pool = phys_to_virt(addr);
	memset(pool, 0x11, LEN);
	dma_sync_single_for_cpu(dev, addr, LEN, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, buf[0], 0x11);
	KUNIT_EXPECT_EQ(test, buf[LEN - 1], 0x11);
	memset(pool, 0x22, LEN);
	dma_unmap_single(dev, addr, LEN, DMA_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, buf[0], 0x22);
	KUNIT_EXPECT_EQ(test, buf[LEN - 1], 0x22);
}

static void the_offset_in_the_page_survives(struct kunit *test)
{
	dma_addr_t addr;
	int i;

	ready(test, TDI_DMA_BOUNCE);
	for (i = 0; i < 5; i++) {
		addr = dma_map_single(dev, buf + 64 * i, 512, DMA_TO_DEVICE);
		KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
		KUNIT_EXPECT_EQ(test, offset_in_page(addr), offset_in_page(buf + 64 * i));
		dma_unmap_single(dev, addr, 512, DMA_TO_DEVICE);
	}
}

static void bounce_maps_lists_entry_by_entry(struct kunit *test)
{
	struct scatterlist sgl[3], *sg;
	int i;

	ready(test, TDI_DMA_BOUNCE);
	fill_sg(sgl);
	KUNIT_ASSERT_EQ(test, dma_map_sg(dev, sgl, 3, DMA_BIDIRECTIONAL), 3);
	KUNIT_EXPECT_EQ(test, live(), 3);
	for_each_sg(sgl, sg, 3, i) {
		KUNIT_EXPECT_TRUE(test, in_pool(sg_dma_address(sg)));
		memset(phys_to_virt(sg_dma_address(sg)), i, sg->length);
	}
	dma_sync_sg_for_cpu(dev, sgl, 3, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, buf[0], 0);
	KUNIT_EXPECT_EQ(test, buf[500], 1);
	KUNIT_EXPECT_EQ(test, buf[1000], 2);
	memset(buf, 7, LEN);
	dma_sync_sg_for_device(dev, sgl, 3, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, *(u8 *)phys_to_virt(sg_dma_address(sgl)), 7);
	dma_unmap_sg(dev, sgl, 3, DMA_BIDIRECTIONAL);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void bounce_maps_a_list_whole_or_not_at_all(struct kunit *test)
{
	struct scatterlist sgl[2];
	size_t big = SZ_1M;
	u8 *large;

	ready(test, TDI_DMA_BOUNCE);
	/* One swiotlb mapping is 256 KiB at most. */
	large = kmalloc(big, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, large);
	sg_init_table(sgl, 2);
	sg_set_buf(&sgl[0], buf, 100);
	sg_set_buf(&sgl[1], large, big);
	KUNIT_EXPECT_EQ(test, dma_map_sg_attrs(dev, sgl, 2, DMA_TO_DEVICE, DMA_ATTR_NO_WARN), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
	KUNIT_EXPECT_EQ(test, buf[0], 0x5a);
	kfree(large);
}

static void coherent_memory_is_shared_while_it_lives(struct kunit *test)
{
	unsigned long before;
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_BOUNCE);
	before = nr_shared();
	vaddr = dma_alloc_coherent(dev, 3 * PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, nr_shared(), before + 3);
	KUNIT_EXPECT_TRUE(test, is_shared(addr));
	KUNIT_EXPECT_TRUE(test, is_shared(addr + 3 * PAGE_SIZE - 1));
	KUNIT_EXPECT_EQ(test, live(), 1);
	dma_free_coherent(dev, 3 * PAGE_SIZE, vaddr, addr);
	KUNIT_EXPECT_EQ(test, nr_shared(), before);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void pages_that_would_not_be_shared_are_leaked(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	fake_fail(fb, FAKE_SHARE, -EREMOTEIO, 0);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(dev, 2 * PAGE_SIZE, &addr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.leaked), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.shared), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void pages_that_nobody_was_asked_to_share_are_not_leaked(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	fake_fail(fb, FAKE_SHARE, -ENXIO, 0);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(dev, 2 * PAGE_SIZE, &addr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.leaked), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void pages_that_would_not_turn_private_are_leaked(struct kunit *test)
{
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_BOUNCE);
	vaddr = dma_alloc_coherent(dev, 2 * PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	fake_fail(fb, FAKE_UNSHARE, -EREMOTEIO, 0);
	dma_free_coherent(dev, 2 * PAGE_SIZE, vaddr, addr);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.leaked), 2);
	KUNIT_EXPECT_EQ(test, live(), 0);
	/* Nobody else has them: they are still this one's. */
	KUNIT_EXPECT_EQ(test, page_count(virt_to_page(vaddr)), 1);
}

static void a_device_below_the_pool_cannot_bounce(struct kunit *test)
{
	ready(test, TDI_DMA_BOUNCE);
	KUNIT_EXPECT_NE(test, dma_set_mask(dev, DMA_BIT_MASK(24)), 0);
	KUNIT_EXPECT_EQ(test, dma_set_mask(dev, DMA_BIT_MASK(32)), 0);
}

static void drivers_learn_how_much_fits_a_bounce(struct kunit *test)
{
	ready(test, TDI_DMA_BOUNCE);
	KUNIT_EXPECT_LE(test, dma_max_mapping_size(dev), (size_t)IO_TLB_SEGSIZE * IO_TLB_SIZE);
	KUNIT_ASSERT_EQ(test, fake_set_mode(tdi, TDI_DMA_DIRECT), 0);
	KUNIT_EXPECT_EQ(test, dma_max_mapping_size(dev), SIZE_MAX);
}

static void expect_bounced(struct kunit *test, u64 bytes, u64 mappings)
{
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&tdi->dma.bounced_bytes), bytes);
	KUNIT_EXPECT_EQ(test, (u64)atomic64_read(&tdi->dma.bounced_mappings), mappings);
}

static void each_copy_is_counted(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	expect_bounced(test, 0, 0);
	addr = dma_map_single(dev, buf, 100, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	expect_bounced(test, 100, 1);
	dma_sync_single_for_cpu(dev, addr, 100, DMA_TO_DEVICE);
	expect_bounced(test, 100, 1);
	dma_sync_single_for_device(dev, addr, 30, DMA_TO_DEVICE);
	expect_bounced(test, 130, 1);
	dma_unmap_single(dev, addr, 100, DMA_TO_DEVICE);
	expect_bounced(test, 130, 1);

	/* swiotlb copies when it maps for this direction, too. */
	addr = dma_map_single(dev, buf, 100, DMA_FROM_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	expect_bounced(test, 230, 2);
	dma_sync_single_for_cpu(dev, addr, 50, DMA_FROM_DEVICE);
	expect_bounced(test, 280, 2);
	dma_unmap_single(dev, addr, 100, DMA_FROM_DEVICE);
	expect_bounced(test, 380, 2);

	/* Nothing is copied in a private mode, and nothing forgotten. */
	KUNIT_ASSERT_EQ(test, fake_set_mode(tdi, TDI_DMA_DIRECT), 0);
	addr = dma_map_single(dev, buf, 100, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	dma_unmap_single(dev, addr, 100, DMA_BIDIRECTIONAL);
	expect_bounced(test, 380, 2);
}

static void shared_pages_are_counted(struct kunit *test)
{
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_BOUNCE);
	vaddr = dma_alloc_coherent(dev, 3 * PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.shared), 3);
	dma_free_coherent(dev, 3 * PAGE_SIZE, vaddr, addr);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.shared), 0);
}

/* --- split ------------------------------------------------------------------- */

static void split_hands_out_the_physical_address_of_private_memory(struct kunit *test)
{
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_SPLIT);
	addr = dma_map_single(dev, buf, LEN, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_EQ(test, addr, virt_to_phys(buf));
	KUNIT_EXPECT_EQ(test, live(), 1);
	dma_unmap_single(dev, addr, LEN, DMA_BIDIRECTIONAL);
	vaddr = dma_alloc_coherent(dev, LEN, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, addr, virt_to_phys(vaddr));
	KUNIT_EXPECT_FALSE(test, is_shared(addr));
	dma_free_coherent(dev, LEN, vaddr, addr);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void split_maps_lists_entry_by_entry(struct kunit *test)
{
	struct scatterlist sgl[3], *sg;
	int i;

	ready(test, TDI_DMA_SPLIT);
	fill_sg(sgl);
	KUNIT_ASSERT_EQ(test, dma_map_sg(dev, sgl, 3, DMA_TO_DEVICE), 3);
	KUNIT_EXPECT_EQ(test, live(), 3);
	for_each_sg(sgl, sg, 3, i)
		KUNIT_EXPECT_EQ(test, sg_dma_address(sg), sg_phys(sg));
	dma_unmap_sg(dev, sgl, 3, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void shared_memory_is_above_vtom(struct kunit *test)
{
	dma_addr_t addr, again;
	unsigned long before;
	u8 *vaddr;

	ready(test, TDI_DMA_SPLIT);
	before = nr_shared();
	vaddr = tdi_alloc_shared(dev, PAGE_SIZE + 1, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, addr, FAKE_VTOM + virt_to_phys(vaddr));
	KUNIT_EXPECT_EQ(test, nr_shared(), before + 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.shared), 2);
	KUNIT_EXPECT_EQ(test, vaddr[PAGE_SIZE], 0);
	again = tdi_map_shared(dev, virt_to_phys(vaddr), 64);
	KUNIT_EXPECT_EQ(test, again, addr);
	KUNIT_EXPECT_EQ(test, live(), 2);
	KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, TDI_DMA_BOUNCE), -EBUSY);
	tdi_unmap_shared(dev, again, 64);
	tdi_free_shared(dev, PAGE_SIZE + 1, vaddr, addr);
	KUNIT_EXPECT_EQ(test, nr_shared(), before);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.shared), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void shared_memory_is_for_split_mode_only(struct kunit *test)
{
	static const enum tdi_dma_mode modes[] = {
		TDI_DMA_DIRECT, TDI_DMA_BOUNCE, TDI_DMA_BLOCKED,
	};
	unsigned long before;
	dma_addr_t addr;
	int i;

	ready(test, TDI_DMA_DIRECT);
	before = nr_shared();
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		KUNIT_ASSERT_EQ(test, fake_set_mode(tdi, modes[i]), 0);
		KUNIT_EXPECT_NULL(test, tdi_alloc_shared(dev, LEN, &addr, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, tdi_map_shared(dev, virt_to_phys(buf), LEN),
				DMA_MAPPING_ERROR);
		KUNIT_EXPECT_EQ(test, live(), 0);
	}
	KUNIT_EXPECT_EQ(test, nr_shared(), before);
	/* Nor is it for those that are no TDI. */
	KUNIT_EXPECT_NULL(test, tdi_alloc_shared(fb->backend.parent, LEN, &addr, GFP_KERNEL));
}

static void what_a_device_does_not_address_is_not_shared(struct kunit *test)
{
	unsigned long before;
	dma_addr_t addr;

	ready(test, TDI_DMA_SPLIT);
	before = nr_shared();
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(46)), 0);
	KUNIT_EXPECT_NULL(test, tdi_alloc_shared(dev, LEN, &addr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, tdi_map_shared(dev, virt_to_phys(buf), LEN), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, nr_shared(), before);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void nothing_lies_across_vtom(struct kunit *test)
{
	ready(test, TDI_DMA_SPLIT);
	KUNIT_EXPECT_EQ(test, tdi_map_shared(dev, FAKE_VTOM - 64, 65), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, tdi_map_shared(dev, FAKE_VTOM, 1), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, tdi_map_shared(dev, 0, ~0UL), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, tdi_map_shared(dev, 4096, 0), DMA_MAPPING_ERROR);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

/* The host makes the map of memory: the device would reach these pages as shared ones. */
static void nothing_private_is_allocated_above_vtom(struct kunit *test)
{
	unsigned long before;
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_SPLIT);
	before = nr_shared();
	/* Page 0 is nobody's: what there is begins at vtom. */
	fb->backend.vtom = PAGE_SIZE;
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(dev, LEN, &addr, GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, dma_alloc_pages(dev, PAGE_SIZE, &addr, DMA_BIDIRECTIONAL,
						GFP_KERNEL));
	KUNIT_EXPECT_NULL(test, tdi_alloc_shared(dev, LEN, &addr, GFP_KERNEL));
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
	KUNIT_EXPECT_EQ(test, nr_shared(), before);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.leaked), 0);

	/* Where memory lies below, there is some. */
	fb->backend.vtom = FAKE_VTOM;
	vaddr = dma_alloc_coherent(dev, 2 * PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	dma_free_coherent(dev, 2 * PAGE_SIZE, vaddr, addr);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void shared_pages_that_would_not_turn_private_are_leaked(struct kunit *test)
{
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_SPLIT);
	vaddr = tdi_alloc_shared(dev, 2 * PAGE_SIZE, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	fake_fail(fb, FAKE_UNSHARE, -EREMOTEIO, 0);
	tdi_free_shared(dev, 2 * PAGE_SIZE, vaddr, addr);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->dma.leaked), 2);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

/* --- which mode --------------------------------------------------------------- */

static int want(enum tdi_dma_mode mode)
{
	guard(mutex)(&tdi->lock);
	return tdi_dma_want(tdi, mode);
}

static void connect_switches_to_the_mode_that_is_wanted(struct kunit *test)
{
	ready(test, TDI_DMA_BOUNCE);
	KUNIT_EXPECT_EQ(test, want(TDI_DMA_SPLIT), 0);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_SPLIT);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->vtom, FAKE_VTOM);
	KUNIT_EXPECT_EQ(test, want(TDI_DMA_DIRECT), -EBUSY);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
	KUNIT_EXPECT_EQ(test, want(TDI_DMA_DIRECT), 0);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_DIRECT);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->vtom, 0);
}

static void a_platform_without_vtom_cannot_split(struct kunit *test)
{
	ready(test, TDI_DMA_BOUNCE);
	fb->backend.vtom = 0;
	KUNIT_EXPECT_EQ(test, want(TDI_DMA_SPLIT), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, want(TDI_DMA_IOMMU), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, want(TDI_DMA_BOUNCE), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, want(TDI_DMA_BLOCKED), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, tdi->dma.wanted, TDI_DMA_DIRECT);
}

static enum tdi_dma_mode tsm_mode;
static u64 tsm_vtom;

/* The TSM enforces something else than it was asked for. */
static void other_mode(struct fake_tdi *f, enum fake_op op)
{
	if (op == FAKE_INFO && f->dma_enabled) {
		f->dma_mode = tsm_mode;
		f->vtom = tsm_vtom;
	}
}

static void a_mode_that_was_not_asked_for_is_refused(struct kunit *test)
{
	static const struct {
		enum tdi_dma_mode wanted, found;
		u64 vtom;
	} rows[] = {
		{ TDI_DMA_DIRECT, TDI_DMA_BOUNCE, 0 },
		{ TDI_DMA_DIRECT, TDI_DMA_IOMMU, 0 },
		{ TDI_DMA_DIRECT, TDI_DMA_SPLIT, FAKE_VTOM },
		{ TDI_DMA_DIRECT, TDI_DMA_DIRECT, FAKE_VTOM },
		{ TDI_DMA_SPLIT, TDI_DMA_DIRECT, 0 },
		{ TDI_DMA_SPLIT, TDI_DMA_SPLIT, FAKE_VTOM / 2 },
		{ TDI_DMA_SPLIT, TDI_DMA_SPLIT, 0 },
	};
	int i;

	ready(test, TDI_DMA_BOUNCE);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_ASSERT_EQ(test, want(rows[i].wanted), 0);
		tsm_mode = rows[i].found;
		tsm_vtom = rows[i].vtom;
		fb->before = other_mode;
		KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EREMOTEIO);
		fake_expect_result(test, tdi, "DMA: expected");
		fb->before = NULL;
		fake_expect_pristine(test, tdi);
	}
}

/* --- blocked ----------------------------------------------------------------- */

static void blocked_maps_nothing(struct kunit *test)
{
	struct scatterlist sgl[3];
	dma_addr_t addr;

	ready(test, TDI_DMA_BLOCKED);
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, dma_mapping_error(dev, addr), 0);
	fill_sg(sgl);
	KUNIT_EXPECT_EQ(test, dma_map_sg(dev, sgl, 3, DMA_TO_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, live(), 0);
}

static void blocked_allocates_nothing(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BLOCKED);
	KUNIT_EXPECT_NULL(test, dma_alloc_coherent(dev, LEN, &addr, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, live(), 0);
}

/* --- the switch -------------------------------------------------------------- */

static void no_mode_inherits_a_mapping_of_another(struct kunit *test)
{
	static const enum tdi_dma_mode modes[] = {
		TDI_DMA_DIRECT, TDI_DMA_BOUNCE, TDI_DMA_SPLIT,
	};
	dma_addr_t addr;
	int i;

	ready(test, TDI_DMA_DIRECT);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		KUNIT_ASSERT_EQ(test, fake_set_mode(tdi, modes[i]), 0);
		addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
		KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
		KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, modes[(i + 1) % 3]), -EBUSY);
		KUNIT_EXPECT_EQ(test, tdi->dma.mode, modes[i]);
		dma_unmap_single(dev, addr, LEN, DMA_TO_DEVICE);
		KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, modes[(i + 1) % 3]), 0);
	}
}

static void blocking_waits_for_nobody(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, TDI_DMA_BLOCKED), 0);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, TDI_DMA_DIRECT), -EBUSY);
	leak(addr);
}

static void a_switch_waits_for_no_coherent_memory(struct kunit *test)
{
	dma_addr_t addr;
	void *vaddr;

	ready(test, TDI_DMA_BOUNCE);
	vaddr = dma_alloc_coherent(dev, LEN, &addr, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, TDI_DMA_DIRECT), -EBUSY);
	dma_free_coherent(dev, LEN, vaddr, addr);
	KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, TDI_DMA_DIRECT), 0);
}

static void a_switch_with_a_driver_bound_is_refused(struct kunit *test)
{
	ready(test, TDI_DMA_BOUNCE);
	fake_driver_bind(test);
	KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, TDI_DMA_DIRECT), -EBUSY);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
	fake_driver_release(test);
	KUNIT_EXPECT_EQ(test, fake_set_mode(tdi, TDI_DMA_DIRECT), 0);
}

static void a_mapping_that_leaked_does_not_keep_a_device_locked(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), -EBUSY);
	fake_expect_result(test, tdi, "expected 0 live mappings, found 1");
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_UNLOCKED);
	KUNIT_EXPECT_EQ(test, to_fake(tdi)->state, TDISP_CONFIG_UNLOCKED);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	leak(addr);
}

static void a_live_mapping_keeps_a_device_from_private_dma(struct kunit *test)
{
	dma_addr_t addr;

	ready(test, TDI_DMA_BOUNCE);
	addr = dma_map_single(dev, buf, LEN, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, addr), 0);
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EBUSY);
	KUNIT_EXPECT_EQ(test, fb->nr_log, 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_UNLOCKED);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
	dma_unmap_single(dev, addr, LEN, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
}

static void every_mode_has_a_name(struct kunit *test)
{
	KUNIT_EXPECT_STREQ(test, tdi_dma_mode_name(TDI_DMA_BLOCKED), "blocked");
	KUNIT_EXPECT_STREQ(test, tdi_dma_mode_name(TDI_DMA_BOUNCE), "bounce");
	KUNIT_EXPECT_STREQ(test, tdi_dma_mode_name(TDI_DMA_DIRECT), "direct");
	KUNIT_EXPECT_STREQ(test, tdi_dma_mode_name(TDI_DMA_IOMMU), "iommu");
	KUNIT_EXPECT_STREQ(test, tdi_dma_mode_name(TDI_DMA_SPLIT), "split");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(direct_hands_out_the_physical_address),
	KUNIT_CASE(direct_counts_what_is_mapped),
	KUNIT_CASE(direct_does_not_map_what_the_device_cannot_address),
	KUNIT_CASE(the_limit_of_the_bus_counts),
	KUNIT_CASE(reach_does_not_wrap),
	KUNIT_CASE(direct_maps_lists_entry_by_entry),
	KUNIT_CASE(direct_maps_a_list_whole_or_not_at_all),
	KUNIT_CASE(coherent_memory_is_private_and_zeroed_in_direct),
	KUNIT_CASE(coherent_memory_is_below_the_mask),
	KUNIT_CASE(pages_are_counted_like_coherent_memory),
	KUNIT_CASE(a_table_of_coherent_memory_names_its_pages),
	KUNIT_CASE(nobody_maps_the_mmio_of_a_peer),
	KUNIT_CASE(bounce_hands_out_shared_memory_only),
	KUNIT_CASE(the_whole_pool_is_shared),
	KUNIT_CASE(what_goes_out_is_copied_to_the_pool),
	KUNIT_CASE(what_comes_in_is_copied_from_the_pool),
	KUNIT_CASE(the_offset_in_the_page_survives),
	KUNIT_CASE(bounce_maps_lists_entry_by_entry),
	KUNIT_CASE(bounce_maps_a_list_whole_or_not_at_all),
	KUNIT_CASE(coherent_memory_is_shared_while_it_lives),
	KUNIT_CASE(pages_that_would_not_be_shared_are_leaked),
	KUNIT_CASE(pages_that_would_not_turn_private_are_leaked),
	KUNIT_CASE(a_device_below_the_pool_cannot_bounce),
	KUNIT_CASE(pages_that_nobody_was_asked_to_share_are_not_leaked),
	KUNIT_CASE(each_copy_is_counted),
	KUNIT_CASE(shared_pages_are_counted),
	KUNIT_CASE(split_hands_out_the_physical_address_of_private_memory),
	KUNIT_CASE(split_maps_lists_entry_by_entry),
	KUNIT_CASE(shared_memory_is_above_vtom),
	KUNIT_CASE(shared_memory_is_for_split_mode_only),
	KUNIT_CASE(what_a_device_does_not_address_is_not_shared),
	KUNIT_CASE(nothing_lies_across_vtom),
	KUNIT_CASE(nothing_private_is_allocated_above_vtom),
	KUNIT_CASE(shared_pages_that_would_not_turn_private_are_leaked),
	KUNIT_CASE(connect_switches_to_the_mode_that_is_wanted),
	KUNIT_CASE(a_platform_without_vtom_cannot_split),
	KUNIT_CASE(a_mode_that_was_not_asked_for_is_refused),
	KUNIT_CASE(drivers_learn_how_much_fits_a_bounce),
	KUNIT_CASE(blocked_maps_nothing),
	KUNIT_CASE(blocked_allocates_nothing),
	KUNIT_CASE(no_mode_inherits_a_mapping_of_another),
	KUNIT_CASE(blocking_waits_for_nobody),
	KUNIT_CASE(a_switch_waits_for_no_coherent_memory),
	KUNIT_CASE(a_switch_with_a_driver_bound_is_refused),
	KUNIT_CASE(a_mapping_that_leaked_does_not_keep_a_device_locked),
	KUNIT_CASE(a_live_mapping_keeps_a_device_from_private_dma),
	KUNIT_CASE(every_mode_has_a_name),
	{}
};

static struct kunit_suite suite = { .name = "tdi-dma", .test_cases = cases };
kunit_test_suite(suite);
