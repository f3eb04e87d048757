// SPDX-License-Identifier: GPL-2.0
/*
 * Loss and recovery, with a host that would like another device to be resumed, or this
 * one to go on reaching memory. Each test tries one way; none may lead there.
 */
#include <linux/delay.h>
#include <linux/unaligned.h>

#include "fake_backend.h"

static struct fake_backend *fb;
static struct fake_tdi *ft;
static struct fake_fn *fn;
static struct pci_dev *pdev;
static struct tdi *tdi;

static void ready(struct kunit *test)
{
	fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	ft = to_fake(tdi);
	fn = fake_fn(fb, FAKE_SLOT_TDI);
	pdev = fn->pdev;
	tdi->recover = false;
}

static void look(struct kunit *test)
{
	enum tdisp_state unused;

	KUNIT_ASSERT_EQ(test, tdi_read_state(tdi, &unused), 0);
}

static int recover(void)
{
	guard(device)(&pdev->dev);
	return tdi_recover(tdi);
}

/* --- what is resumed ---------------------------------------------------------------- */

/* Fake functions have no reset, which is as far as a recovery that is begun gets here. */
static void what_was_never_accepted_is_not_recovered(struct kunit *test)
{
	unsigned int locks;

	ready(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, tdi->state, TDI_ATTESTED);
	ft->state = TDISP_ERROR;
	look(test);
	KUNIT_ASSERT_EQ(test, tdi->state, TDI_ERROR);
	locks = fb->calls[FAKE_UNLOCK];
	/* As the work of an earlier loss would that comes late. */
	KUNIT_EXPECT_EQ(test, recover(), -EINVAL);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], locks);
	KUNIT_EXPECT_EQ(test, tdi->losses.failed, 0);
}

static void what_was_accepted_is(struct kunit *test)
{
	ready(test);
	fake_bring_to(test, tdi, TDI_ERROR);
	KUNIT_EXPECT_NE(test, recover(), -EINVAL);
	/* And what came of that, if anything, was not. */
	KUNIT_EXPECT_EQ(test, recover(), -EINVAL);
}

/* Accepted as generation one; what does the next one get? */
static int compared(struct kunit *test, enum tdi_identity *ret)
{
	struct tdi_evidence *old;
	int err;

	guard(device)(&pdev->dev);
	guard(mutex)(&tdi->lock);
	old = tdi->evidence;
	tdi->evidence = tdi_evidence_collect(tdi);
	KUNIT_ASSERT_FALSE(test, IS_ERR(tdi->evidence));
	tdi->reason[0] = '\0';
	err = tdi_evidence_same(tdi, old, tdi->evidence);
	*ret = tdi->evidence->identity;
	tdi_evidence_free(old);
	return err;
}

static void approved(struct kunit *test)
{
	ready(test);
	fake_identity = TDI_IDENTITY_UNVERIFIED;
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_approve(tdi, tdi->evidence->generation), 0);
}

static void approval_outlives_a_loss_if_the_same_signed(struct kunit *test)
{
	enum tdi_identity identity;

	approved(test);
	KUNIT_EXPECT_EQ(test, compared(test, &identity), 0);
	KUNIT_EXPECT_EQ(test, identity, TDI_IDENTITY_APPROVED);
}

/*
 * An algorithm that the kernel does not have: user space verified the signature, of the
 * generation that it approved. Certificates and values of another are repeated easily.
 */
static void approval_is_not_for_a_signature_that_nobody_verified(struct kunit *test)
{
	enum tdi_identity identity;

	fake_signed = false;
	approved(test);
	fake_signed = false;
	KUNIT_EXPECT_EQ(test, compared(test, &identity), -ENOKEY);
	KUNIT_EXPECT_EQ(test, identity, TDI_IDENTITY_UNVERIFIED);
	KUNIT_EXPECT_TRUE_MSG(test, !!strstr(tdi->reason, "signature"), "%s", tdi->reason);
}

/* --- what is reached afterwards ------------------------------------------------------ */

static bool driver_saw_dma;
static unsigned int nr_removed;

static int driver_probe(struct pci_dev *dev, const struct pci_device_id *id)
{
	return dev == pdev ? 0 : -ENODEV;
}

/* What it mapped is about to be freed. */
static void driver_remove(struct pci_dev *dev)
{
	driver_saw_dma = ft->dma_enabled && ft->state == TDISP_RUN;
	nr_removed++;
}

static const struct pci_device_id driver_ids[] = {
	{ PCI_DEVICE(FAKE_VENDOR, FAKE_DEVICE_TDI) },
	{ }
};

static struct pci_driver driver = {
	.name		= "tdi-hostile-driver",
	.id_table	= driver_ids,
	.probe		= driver_probe,
	.remove		= driver_remove,
};

static void release_ours(void *unused)
{
	pci_unregister_driver(&driver);
}

static u8 *seen;

static void reappear(void *unused)
{
	memcpy(fn->config, seen, sizeof(fn->config));
}

/* The host answers with ones; the function, of which the TSM knows, is where it was. */
static void vanish(struct kunit *test)
{
	seen = kunit_kzalloc(test, sizeof(fn->config), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, seen);
	memcpy(seen, fn->config, sizeof(fn->config));
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, reappear, NULL), 0);
	memset(fn->config, 0xff, sizeof(fn->config));
}

static void running_with_a_driver(struct kunit *test)
{
	ready(test);
	fake_bring_to(test, tdi, TDI_RUN);
	driver_saw_dma = false;
	nr_removed = 0;
	KUNIT_ASSERT_EQ(test, pci_register_driver(&driver), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, release_ours, NULL), 0);
	KUNIT_ASSERT_PTR_EQ(test, pdev->driver, &driver);
	KUNIT_ASSERT_TRUE(test, ft->dma_enabled);
}

static void settled(void)
{
	int i;

	for (i = 0; i < 100 && pdev->dev.driver; i++)
		msleep(20);
}

static void a_driver_that_goes_with_its_device_leaves_no_dma_behind(struct kunit *test)
{
	running_with_a_driver(test);
	vanish(test);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, nr_removed, 1);
	KUNIT_EXPECT_FALSE(test, driver_saw_dma);
	KUNIT_EXPECT_FALSE(test, ft->dma_enabled);
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, 1);
}

static void a_driver_that_goes_from_a_device_that_is_there_is_no_loss(struct kunit *test)
{
	running_with_a_driver(test);
	device_release_driver(&pdev->dev);
	KUNIT_EXPECT_EQ(test, nr_removed, 1);
	KUNIT_EXPECT_TRUE(test, ft->dma_enabled);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, 0);
}

/* It was lost, and its DMA cannot be ended for a while. */
static void expect_to_stay(struct kunit *test)
{
	tdi_watch_kick(tdi);
	msleep(300);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, nr_removed, 0);
	KUNIT_EXPECT_TRUE(test, ft->dma_enabled);
	fake_fail(fb, FAKE_DMA_DISABLE, 0, 0);
	tdi_watch_kick(tdi);
	settled();
	KUNIT_EXPECT_EQ(test, nr_removed, 1);
	KUNIT_EXPECT_FALSE(test, driver_saw_dma);
	KUNIT_EXPECT_FALSE(test, ft->dma_enabled);
}

/* And the TSM is not let answer for a while. */
static void a_driver_stays_until_its_device_reaches_nothing(struct kunit *test)
{
	running_with_a_driver(test);
	fake_fail(fb, FAKE_DMA_DISABLE, -ETIMEDOUT, 0);
	vanish(test);
	expect_to_stay(test);
}

/* An RMM has a device in ERROR when the host has aborted what it did, with DMA on. */
static void error_is_no_end_of_dma(struct kunit *test)
{
	running_with_a_driver(test);
	fake_fail(fb, FAKE_DMA_DISABLE, -EREMOTEIO, 0);
	ft->state = TDISP_ERROR;
	expect_to_stay(test);
}

static void release_driver(struct work_struct *unused)
{
	device_release_driver(&pdev->dev);
}

/* However often its device cannot be kept from what it frees. */
static void a_driver_that_goes_waits_as_long_as_it_takes(struct kunit *test)
{
	struct work_struct work;

	running_with_a_driver(test);
	fake_fail(fb, FAKE_DMA_DISABLE, -ETIMEDOUT, 0);
	vanish(test);
	INIT_WORK_ONSTACK(&work, release_driver);
	schedule_work(&work);
	msleep(1000);
	KUNIT_EXPECT_EQ(test, nr_removed, 0);
	fake_fail(fb, FAKE_DMA_DISABLE, 0, 0);
	flush_work(&work);
	destroy_work_on_stack(&work);
	KUNIT_EXPECT_EQ(test, nr_removed, 1);
	KUNIT_EXPECT_FALSE(test, ft->dma_enabled);
}

static bool has_no_dma(void)
{
	int i;

	for (i = 0; i < 100 && ft->dma_enabled; i++)
		msleep(20);
	return !ft->dma_enabled;
}

/* Nor does a verb that failed leave behind what it was given, once the host lets it go. */
static void what_cannot_be_taken_back_is_asked_for_again(struct kunit *test)
{
	ready(test);
	fake_fail(fb, FAKE_START, -EREMOTEIO, 0);
	fake_fail(fb, FAKE_DMA_DISABLE, -EREMOTEIO, 0);
	fake_fail(fb, FAKE_UNLOCK, -EREMOTEIO, 0);
	KUNIT_EXPECT_NE(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_ASSERT_TRUE(test, ft->dma_enabled);
	fake_truth(fb);
	KUNIT_EXPECT_TRUE(test, has_no_dma());
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
}

/* And is no device that was lost, to come back by itself. */
static void what_was_to_go_is_not_recovered(struct kunit *test)
{
	unsigned int locks;

	ready(test);
	fake_bring_to(test, tdi, TDI_RUN);
	tdi->recover = true;
	fake_fail(fb, FAKE_DMA_DISABLE, -EREMOTEIO, 0);
	fake_fail(fb, FAKE_UNLOCK, -EREMOTEIO, 0);
	KUNIT_EXPECT_NE(test, fake_unlock(tdi), 0);
	locks = fb->calls[FAKE_LOCK];
	fake_truth(fb);
	KUNIT_EXPECT_TRUE(test, has_no_dma());
	msleep(200);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LOCK], locks);
	KUNIT_EXPECT_EQ(test, tdi->losses.failed, 0);
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, 0);
}

/* --- where it is --------------------------------------------------------------------- */

/*
 * As drivers do that resize a BAR: they have it released and assigned anew. The guard
 * lets no write through, the PCI core does not look, and at the new address is the host.
 */
static void a_bar_that_was_moved_is_a_loss(struct kunit *test)
{
	struct resource *window = NULL, *bar, *taken, *res;
	u64 was;

	ready(test);
	fake_bring_to(test, tdi, TDI_RUN);
	bar = &pdev->resource[0];
	was = bar->start;
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	pci_bus_for_each_resource(pdev->bus, res)
		if (res && res->flags & IORESOURCE_MEM && resource_contains(res, bar))
			window = res;
	KUNIT_ASSERT_NOT_NULL(test, window);
	pci_release_resource(pdev, 0);
	taken = __request_region(window, was, FAKE_BAR0_SIZE, "taken", 0);
	KUNIT_EXPECT_EQ(test, pci_assign_resource(pdev, 0), 0);
	KUNIT_EXPECT_NE(test, bar->start, was);
	KUNIT_EXPECT_EQ(test, get_unaligned_le32(fn->config + PCI_BASE_ADDRESS_0) & ~0xfu,
			lower_32_bits(was));
	tdi_watch_kick(tdi);
	msleep(300);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	fake_expect_result(test, tdi, "BAR 0");
	if (taken)
		__release_region(window, was, FAKE_BAR0_SIZE);
}

/* --- what stays behind --------------------------------------------------------------- */

/* What it has of ours is freed when the module goes. */
static void a_bus_without_a_bridge_gets_its_own_ops_again(struct kunit *test)
{
	struct pci_bus *bus, *child;
	struct pci_ops *own;

	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	bus = fake_fn(fb, FAKE_SLOT_TDI)->pdev->bus;
	own = bus->ops;
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	/* As SR-IOV adds one for VFs that have no room on the PF's. */
	pci_lock_rescan_remove();
	child = pci_add_new_bus(bus, NULL, 7);
	pci_unlock_rescan_remove();
	KUNIT_ASSERT_NOT_NULL(test, child);
	fake_unregister(fb);
	tdi_guard_sweep();
	KUNIT_EXPECT_PTR_EQ(test, bus->ops, own);
	KUNIT_EXPECT_PTR_EQ(test, child->ops, own);
	pci_lock_rescan_remove();
	pci_remove_bus(child);
	pci_unlock_rescan_remove();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(what_was_never_accepted_is_not_recovered),
	KUNIT_CASE(what_was_accepted_is),
	KUNIT_CASE(approval_outlives_a_loss_if_the_same_signed),
	KUNIT_CASE(approval_is_not_for_a_signature_that_nobody_verified),
	KUNIT_CASE(a_driver_that_goes_with_its_device_leaves_no_dma_behind),
	KUNIT_CASE(a_driver_that_goes_from_a_device_that_is_there_is_no_loss),
	KUNIT_CASE(a_driver_stays_until_its_device_reaches_nothing),
	KUNIT_CASE(error_is_no_end_of_dma),
	KUNIT_CASE(a_driver_that_goes_waits_as_long_as_it_takes),
	KUNIT_CASE(what_cannot_be_taken_back_is_asked_for_again),
	KUNIT_CASE(what_was_to_go_is_not_recovered),
	KUNIT_CASE(a_bar_that_was_moved_is_a_loss),
	KUNIT_CASE(a_bus_without_a_bridge_gets_its_own_ops_again),
	{}
};

static struct kunit_suite suite = { .name = "tdi-hostile-guard", .test_cases = cases };
kunit_test_suite(suite);
