// SPDX-License-Identifier: GPL-2.0
/* accept.c: which pages and what DMA are granted, and that it is all or nothing. */
#include <linux/delay.h>
#include <linux/unaligned.h>

#include "fake_backend.h"

static struct fake_backend *fb;
static struct tdi *tdi;
static struct fake_tdi *ft;

static void ready(struct kunit *test)
{
	fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	ft = to_fake(tdi);
}

static void tee_ranges_are_accepted_where_the_bar_is(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, ft->mmio_addr[0], pci_resource_start(tdi->pdev, 0));
	KUNIT_EXPECT_EQ(test, ft->mmio_pages[0], 8);
	KUNIT_EXPECT_EQ(test, ft->mmio_addr[1], pci_resource_start(tdi->pdev, 0) + 0x8000);
	KUNIT_EXPECT_EQ(test, ft->mmio_pages[1], 8);
}

static void non_tee_ranges_stay_shared(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, ft->mmio, BIT(0) | BIT(1));
}

static void ranges_are_accepted_before_dma_is_enabled(struct kunit *test)
{
	unsigned int i, last_range = 0, dma = 0;

	ready(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	for (i = 0; i < fb->nr_log; i++) {
		if (fb->log[i] == FAKE_MMIO_ACCEPT)
			last_range = i;
		else if (fb->log[i] == FAKE_DMA_ENABLE)
			dma = i;
	}
	KUNIT_EXPECT_GT(test, dma, last_range);
}

/* Grants as they stand right after tdi_grant(), before any unbind cleans up. */
static int grant(struct kunit *test)
{
	int ret;

	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	scoped_guard(device, &tdi->pdev->dev) {
		guard(mutex)(&tdi->lock);
		tdi->reason[0] = '\0';
		ret = tdi_grant(tdi);
	}
	return ret;
}

static void a_good_grant_is_whole(struct kunit *test)
{
	ready(test);
	KUNIT_EXPECT_EQ(test, grant(test), 0);
	KUNIT_EXPECT_EQ(test, ft->mmio, BIT(0) | BIT(1));
	KUNIT_EXPECT_TRUE(test, ft->dma_enabled);
}

static void one_bad_range_takes_the_good_ones_back(struct kunit *test)
{
	ready(test);
	fake_fail(fb, FAKE_MMIO_ACCEPT, -EREMOTEIO, 1);
	KUNIT_EXPECT_EQ(test, grant(test), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, ft->mmio, 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_DMA_ENABLE], 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_RELEASE], 1);
}

static void the_first_bad_range_is_the_last_that_is_tried(struct kunit *test)
{
	ready(test);
	fake_fail(fb, FAKE_MMIO_ACCEPT, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, grant(test), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_ACCEPT], 1);
}

static void refused_dma_takes_the_ranges_back(struct kunit *test)
{
	ready(test);
	fake_fail(fb, FAKE_DMA_ENABLE, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, grant(test), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, ft->mmio, 0);
	KUNIT_EXPECT_FALSE(test, ft->dma_enabled);
}

static int revoke(void)
{
	guard(mutex)(&tdi->lock);
	return tdi_revoke(tdi);
}

static void dma_is_revoked_before_mmio(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, grant(test), 0);
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, revoke(), 0);
	KUNIT_ASSERT_EQ(test, fb->nr_log, 2);
	KUNIT_EXPECT_EQ(test, fb->log[0], FAKE_DMA_DISABLE);
	KUNIT_EXPECT_EQ(test, fb->log[1], FAKE_MMIO_RELEASE);
}

static void mmio_is_revoked_though_dma_would_not(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, grant(test), 0);
	fake_fail(fb, FAKE_DMA_DISABLE, -ETIMEDOUT, 0);
	fake_fail(fb, FAKE_MMIO_RELEASE, -EREMOTEIO, 0);
	fake_forget(fb);
	KUNIT_EXPECT_EQ(test, revoke(), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_RELEASE], 1);
}

/* --- chunks ---------------------------------------------------------------------- */

static void a_range_is_accepted_in_the_chunks_that_the_platform_takes(struct kunit *test)
{
	ready(test);
	fb->backend.mmio_chunk = 3;
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_ACCEPT], 6);
	KUNIT_EXPECT_EQ(test, ft->mmio_pages[0], 8);
	KUNIT_EXPECT_EQ(test, ft->mmio_pages[1], 8);
	KUNIT_EXPECT_EQ(test, ft->mmio_addr[1], pci_resource_start(tdi->pdev, 0) + 0x8000);
}

static void a_range_that_is_one_chunk_is_one_call(struct kunit *test)
{
	ready(test);
	fb->backend.mmio_chunk = 8;
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_ACCEPT], 2);
}

static void one_bad_chunk_takes_the_good_ones_back(struct kunit *test)
{
	ready(test);
	fb->backend.mmio_chunk = 3;
	fake_fail(fb, FAKE_MMIO_ACCEPT, -EREMOTEIO, 1);
	KUNIT_EXPECT_EQ(test, grant(test), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_ACCEPT], 2);
	KUNIT_EXPECT_EQ(test, ft->mmio, 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_RELEASE], 1);
}

/* A host that answers each call in time, and takes its time. */
static void slow(struct fake_tdi *ft, enum fake_op op)
{
	if (op == FAKE_MMIO_ACCEPT)
		msleep(1200);
}

static void patient_again(void *unused)
{
	WARN_ON(fake_set_param("accept_seconds", "60"));
}

static void all_chunks_together_have_a_deadline(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, fake_set_param("accept_seconds", "1"), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, patient_again, NULL), 0);
	fb->backend.mmio_chunk = 1;
	fb->before = slow;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -ETIMEDOUT);
	fake_expect_result(test, tdi,
			   "BAR 0: expected all within 1 s, found 7 pages left");
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_MMIO_ACCEPT], 1);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_DMA_ENABLE], 0);
	KUNIT_EXPECT_EQ(test, ft->mmio, 0);
	fake_expect_pristine(test, tdi);
	fb->before = NULL;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
}

/* --- /proc/iomem ------------------------------------------------------------------- */

static struct resource *bar(unsigned int i)
{
	return pci_resource_n(tdi->pdev, i);
}

/* The only entry below a BAR is that one. */
static void expect_entry(struct kunit *test, unsigned int i, const char *name, u64 offset,
			 u64 size)
{
	const struct resource *res = bar(i)->child;

	KUNIT_ASSERT_NOT_NULL(test, res);
	KUNIT_EXPECT_STREQ(test, res->name, name);
	KUNIT_EXPECT_EQ(test, res->start, bar(i)->start + offset);
	KUNIT_EXPECT_EQ(test, resource_size(res), size);
	KUNIT_EXPECT_EQ(test, res->flags & IORESOURCE_BUSY, 0);
	KUNIT_EXPECT_NE(test, res->desc, IORES_DESC_NONE);
	KUNIT_EXPECT_NE(test, res->desc, IORES_DESC_RESERVED);
	KUNIT_EXPECT_NULL(test, res->sibling);
}

static void expect_no_entries(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, tdi->iomem);
	KUNIT_EXPECT_NULL(test, bar(0)->child);
	KUNIT_EXPECT_NULL(test, bar(2)->child);
}

/* The second half of BAR 0 is NON_TEE, too. */
static void half_a_bar(struct fake_tdi *ft, enum fake_op op)
{
	u8 report[FAKE_REPORT_LEN];

	if (op != FAKE_MEASURE)
		return;
	fake_report(report);
	put_unaligned_le32(TDISP_RANGE_NON_TEE, report + 28 + 16);
	fake_set_object(ft, TDI_OBJ_REPORT, report, sizeof(report));
}

static void neighbours_that_make_a_bar_are_one_entry(struct kunit *test)
{
	ready(test);
	expect_no_entries(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	expect_entry(test, 0, "PCI MMIO Encrypted", 0, FAKE_BAR0_SIZE);
	KUNIT_EXPECT_NULL(test, bar(2)->child);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	expect_no_entries(test);
}

static void a_locked_tdi_has_no_entries(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	expect_no_entries(test);
}

static void refused_dma_takes_the_entries_back(struct kunit *test)
{
	ready(test);
	fake_fail(fb, FAKE_DMA_ENABLE, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, grant(test), -EREMOTEIO);
	expect_no_entries(test);
}

static void a_start_that_fails_takes_the_entries_back(struct kunit *test)
{
	ready(test);
	fake_fail(fb, FAKE_START, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EREMOTEIO);
	expect_no_entries(test);
}

static void a_second_accept_enters_nothing(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), 0);
	expect_entry(test, 0, "PCI MMIO Encrypted", 0, FAKE_BAR0_SIZE);
}

static void error_takes_the_entries_but_not_the_drivers_regions(struct kunit *test)
{
	enum tdisp_state unused;
	struct resource *region;

	ready(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	region = __request_region(bar(0), bar(0)->start, FAKE_BAR0_SIZE, "driver", 0);
	KUNIT_ASSERT_NOT_NULL(test, region);
	KUNIT_EXPECT_PTR_EQ(test, region->parent, bar(0)->child);
	KUNIT_EXPECT_EQ(test, region->desc, bar(0)->child->desc);
	ft->state = TDISP_ERROR;
	KUNIT_EXPECT_EQ(test, tdi_read_state(tdi, &unused), 0);
	KUNIT_EXPECT_NULL(test, tdi->iomem);
	KUNIT_EXPECT_PTR_EQ(test, bar(0)->child, region);
	KUNIT_EXPECT_PTR_EQ(test, region->parent, bar(0));
	__release_region(bar(0), bar(0)->start, FAKE_BAR0_SIZE);
	expect_no_entries(test);
}

static void removal_takes_the_entries(struct kunit *test)
{
	struct pci_dev *pdev;

	ready(test);
	pdev = tdi->pdev;
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_unregister(fb);
	KUNIT_EXPECT_NULL(test, pci_resource_n(pdev, 0)->child);
}

static void what_stays_shared_has_no_entry(struct kunit *test)
{
	ready(test);
	fb->before = half_a_bar;
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	expect_entry(test, 0, "PCI MMIO Encrypted", 0, FAKE_BAR0_SIZE / 2);
}

static void a_driver_has_room_for_the_whole_bar(struct kunit *test)
{
	struct resource *region;

	ready(test);
	fb->before = half_a_bar;
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	region = __request_region(bar(0), bar(0)->start, FAKE_BAR0_SIZE, "driver", 0);
	KUNIT_ASSERT_NULL(test, region);

	fake_driver_bind(test);
	expect_entry(test, 0, "PCI MMIO Partly Encrypted", 0, FAKE_BAR0_SIZE);
	region = __request_region(bar(0), bar(0)->start, FAKE_BAR0_SIZE, "driver", 0);
	KUNIT_ASSERT_NOT_NULL(test, region);
	KUNIT_EXPECT_EQ(test, region->desc, bar(0)->child->desc);
	__release_region(bar(0), bar(0)->start, FAKE_BAR0_SIZE);

	fake_driver_release(test);
	expect_entry(test, 0, "PCI MMIO Partly Encrypted", 0, FAKE_BAR0_SIZE);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	expect_no_entries(test);
}

static void a_driver_changes_nothing_about_a_whole_bar(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_driver_bind(test);
	expect_entry(test, 0, "PCI MMIO Encrypted", 0, FAKE_BAR0_SIZE);
	fake_driver_release(test);
}

/* An entry below it would be left without a parent when it is released. */
static void a_bar_that_somebody_holds_is_not_accepted_in_part(struct kunit *test)
{
	struct resource *region;

	ready(test);
	fb->before = half_a_bar;
	region = __request_region(bar(0), bar(0)->start, FAKE_BAR0_SIZE, "somebody", 0);
	KUNIT_ASSERT_NOT_NULL(test, region);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EADDRINUSE);
	fake_expect_result(test, tdi, "BAR 0: expected nobody to hold a part of it");
	KUNIT_EXPECT_NULL(test, region->child);
	__release_region(bar(0), bar(0)->start, FAKE_BAR0_SIZE);
	expect_no_entries(test);
	fake_expect_pristine(test, tdi);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(tee_ranges_are_accepted_where_the_bar_is),
	KUNIT_CASE(non_tee_ranges_stay_shared),
	KUNIT_CASE(ranges_are_accepted_before_dma_is_enabled),
	KUNIT_CASE(a_good_grant_is_whole),
	KUNIT_CASE(one_bad_range_takes_the_good_ones_back),
	KUNIT_CASE(the_first_bad_range_is_the_last_that_is_tried),
	KUNIT_CASE(refused_dma_takes_the_ranges_back),
	KUNIT_CASE(dma_is_revoked_before_mmio),
	KUNIT_CASE(mmio_is_revoked_though_dma_would_not),
	KUNIT_CASE(a_range_is_accepted_in_the_chunks_that_the_platform_takes),
	KUNIT_CASE(a_range_that_is_one_chunk_is_one_call),
	KUNIT_CASE(one_bad_chunk_takes_the_good_ones_back),
	KUNIT_CASE_SLOW(all_chunks_together_have_a_deadline),
	KUNIT_CASE(neighbours_that_make_a_bar_are_one_entry),
	KUNIT_CASE(a_locked_tdi_has_no_entries),
	KUNIT_CASE(refused_dma_takes_the_entries_back),
	KUNIT_CASE(a_start_that_fails_takes_the_entries_back),
	KUNIT_CASE(a_second_accept_enters_nothing),
	KUNIT_CASE(error_takes_the_entries_but_not_the_drivers_regions),
	KUNIT_CASE(removal_takes_the_entries),
	KUNIT_CASE(what_stays_shared_has_no_entry),
	KUNIT_CASE(a_driver_has_room_for_the_whole_bar),
	KUNIT_CASE(a_driver_changes_nothing_about_a_whole_bar),
	KUNIT_CASE(a_bar_that_somebody_holds_is_not_accepted_in_part),
	{}
};

static struct kunit_suite suite = { .name = "tdi-accept", .test_cases = cases };
kunit_test_suite(suite);
