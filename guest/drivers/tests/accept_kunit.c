// SPDX-License-Identifier: GPL-2.0
/* accept.c: which pages and what DMA are granted, and that it is all or nothing. */
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
	{}
};

static struct kunit_suite suite = { .name = "tdi-accept", .test_cases = cases };
kunit_test_suite(suite);
