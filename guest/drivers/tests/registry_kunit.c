// SPDX-License-Identifier: GPL-2.0
/*
 * main.c: what is taken over when a platform's TSM comes, what is given back when
 * it goes or the device does, in every state, whatever the platform answers.
 */
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/kernfs.h>

#include "fake_backend.h"

static struct fake_backend *fb;

static struct pci_dev *pdev_at(unsigned int slot)
{
	return fake_fn(fb, slot)->pdev;
}

static void new(struct kunit *test)
{
	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
}

/* --- a TSM comes ------------------------------------------------------------- */

static void only_functions_of_the_platform_are_taken(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	KUNIT_EXPECT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI2));
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_PROXY));
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_OTHER));
	KUNIT_EXPECT_NULL(test, pdev_at(FAKE_SLOT_OTHER)->dev.dma_ops);
}

static void a_function_that_is_not_tee_capable_is_not_offered(struct kunit *test)
{
	const struct fake_desc descs[] = {
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_TDI, .tee = true },
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_TDI, .tee = false },
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_PROXY },
	};

	fb = fake_backend_on(test, TDI_ACCEPT_FIRST, descs, ARRAY_SIZE(descs));
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_ADD], 1);
	KUNIT_EXPECT_NOT_NULL(test, fake_tdi_at(fb, 0));
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, 1));
}

static void a_new_tdi_is_unlocked_and_bounces(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fake_expect_pristine(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
}

static void there_is_one_tsm_at_a_time(struct kunit *test)
{
	struct tdi_backend other;

	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	other = fb->backend;
	KUNIT_EXPECT_EQ(test, tdi_backend_register(&other), -EBUSY);
	/* Nor does unregistering what never was registered do anything. */
	tdi_backend_unregister(&other);
	KUNIT_EXPECT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
}

static void a_tsm_has_a_class_device_under_its_parent(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_NULL(test, fb->backend.dev);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_NOT_NULL(test, fb->backend.dev);
	KUNIT_EXPECT_TRUE(test, strstarts(dev_name(fb->backend.dev), "tsm"));
	KUNIT_EXPECT_PTR_EQ(test, fb->backend.dev->parent, fb->backend.parent);
	fake_unregister(fb);
	KUNIT_EXPECT_NULL(test, fb->backend.dev);
}

/* The first line of a file, without its end. */
static void expect_line(struct kunit *test, const char *dir, const char *name, const char *want)
{
	char path[64], line[32] = "";
	struct file *file;
	loff_t pos = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = filp_open(path, O_RDONLY, 0);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_EXPECT_GT(test, kernel_read(file, line, sizeof(line) - 1, &pos), 0);
	filp_close(file, NULL);
	KUNIT_EXPECT_STREQ(test, strim(line), want);
}

static void a_tsm_says_what_it_is(struct kunit *test)
{
	char dir[32];

	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	snprintf(dir, sizeof(dir), "/sys/class/tsm/%s", dev_name(fb->backend.dev));
	expect_line(test, dir, "platform", "fake");
	expect_line(test, dir, "pci_mode", "devsec");
}

static bool bound_at_enter;

static int enter_and_look(struct tdi_backend *backend)
{
	struct fake_backend *f = to_fake_backend(backend);

	bound_at_enter = fake_fn(f, FAKE_SLOT_TDI)->pdev->dev.driver ||
			 fake_fn(f, FAKE_SLOT_TDI2)->pdev->dev.driver;
	f->entered = true;
	return 0;
}

static void no_driver_is_bound_when_memory_turns_private(struct kunit *test)
{
	new(test);
	fake_driver_bind(test);
	KUNIT_ASSERT_NOT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.driver);
	fb->ops.enter = enter_and_look;
	bound_at_enter = true;
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_FALSE(test, bound_at_enter);
	fake_driver_release(test);
}

static void drivers_come_back_after_take_over(struct kunit *test)
{
	new(test);
	fake_driver_bind(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_NOT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.driver);
	KUNIT_EXPECT_EQ(test, fake_tdi_at(fb, FAKE_SLOT_TDI)->dma.mode, TDI_DMA_BOUNCE);
	fake_unregister(fb);
	KUNIT_EXPECT_NOT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.driver);
	fake_driver_release(test);
}

static void a_platform_that_does_not_enter_changes_nothing(struct kunit *test)
{
	new(test);
	fake_driver_bind(test);
	fake_fail(fb, FAKE_ENTER, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, fake_register(fb), -EREMOTEIO);
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	KUNIT_EXPECT_NULL(test, fb->backend.dev);
	KUNIT_EXPECT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.dma_ops);
	KUNIT_EXPECT_NOT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.driver);
	fake_driver_release(test);
	fake_truth(fb);
	KUNIT_EXPECT_EQ(test, fake_register(fb), 0);
}

static void a_pool_that_is_not_shared_is_no_take_over(struct kunit *test)
{
	new(test);
	fake_fail(fb, FAKE_SHARE, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, fake_register(fb), -EREMOTEIO);
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	KUNIT_EXPECT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.dma_ops);
}

static void without_swiotlb_there_is_no_honest_bounce(struct kunit *test)
{
	struct io_tlb_mem *mem;

	new(test);
	mem = fb->backend.parent->dma_io_tlb_mem;
	fb->backend.parent->dma_io_tlb_mem = NULL;
	KUNIT_EXPECT_EQ(test, fake_register(fb), -EINVAL);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_ENTER], 0);
	fb->backend.parent->dma_io_tlb_mem = mem;
	KUNIT_EXPECT_EQ(test, fake_register(fb), 0);
}

static void one_function_that_fails_does_not_keep_others_away(struct kunit *test)
{
	new(test);
	fb->once = true;
	fake_fail(fb, FAKE_ADD, -ENOMEM, 0);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_EQ(test, !fake_tdi_at(fb, FAKE_SLOT_TDI) + !fake_tdi_at(fb, FAKE_SLOT_TDI2),
			1);
}

static void a_kernel_that_knows_keeps_its_own_bounce(struct kunit *test)
{
	struct tdi *tdi;

	new(test);
	fb->ops.share_pages = NULL;
	fb->ops.unshare_pages = NULL;
	fb->ops.enter = NULL;
	fb->ops.leave = NULL;
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
	KUNIT_EXPECT_NULL(test, tdi->pdev->dev.dma_ops);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_PTR_EQ(test, tdi->pdev->dev.dma_ops, &tdi->dma.ops[TDI_DMA_DIRECT]);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_NULL(test, tdi->pdev->dev.dma_ops);
}

/* --- devices as they are found ----------------------------------------------- */

static bool has_tsm_directory(struct pci_dev *pdev)
{
	struct kernfs_node *kn = kernfs_find_and_get(pdev->dev.kobj.sd, "tsm");

	kernfs_put(kn);
	return kn;
}

static void a_tdi_has_a_directory_while_there_is_a_tsm(struct kunit *test)
{
	new(test);
	KUNIT_EXPECT_FALSE(test, has_tsm_directory(pdev_at(FAKE_SLOT_TDI)));
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_TRUE(test, has_tsm_directory(pdev_at(FAKE_SLOT_TDI)));
	KUNIT_EXPECT_FALSE(test, has_tsm_directory(pdev_at(FAKE_SLOT_OTHER)));
	fake_unregister(fb);
	KUNIT_EXPECT_FALSE(test, has_tsm_directory(pdev_at(FAKE_SLOT_TDI)));
}

/* As a link TSM's, in kernels that have one. */
static void a_directory_of_the_kernels_own_is_left_alone(struct kunit *test)
{
	static struct attribute *none[] = { NULL };
	static const struct attribute_group theirs = { .name = "tsm", .attrs = none };
	struct pci_dev *pdev;
	struct tdi *tdi;

	new(test);
	pdev = pdev_at(FAKE_SLOT_TDI);
	KUNIT_ASSERT_EQ(test, device_add_group(&pdev->dev, &theirs), 0);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	tdi = tdi_from_pdev(pdev);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	KUNIT_EXPECT_FALSE(test, tdi->open);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	KUNIT_EXPECT_TRUE(test, fake_tdi_at(fb, FAKE_SLOT_TDI2)->open);
	fake_unregister(fb);
	KUNIT_EXPECT_TRUE(test, has_tsm_directory(pdev));
	device_remove_group(&pdev->dev, &theirs);
}

static void be_in_run(struct fake_tdi *ft, enum fake_op op)
{
	ft->state = TDISP_RUN;
}

static void a_device_that_was_left_locked_is_in_error_until_unlocked(struct kunit *test)
{
	struct tdi *tdi;

	new(test);
	fb->before = be_in_run;
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fb->before = NULL;
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	KUNIT_EXPECT_TRUE(test, tdi->open);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	fake_expect_result(test, tdi, "in ERROR until it is unlocked");
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -EBUSY);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

static void a_device_that_nobody_knows_of_has_no_dma(struct kunit *test)
{
	struct tdi *tdi;

	new(test);
	fake_fail(fb, FAKE_INFO, -ETIMEDOUT, 0);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	fake_truth(fb);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
}

/* --- devices come and go ----------------------------------------------------- */

static void a_function_that_is_plugged_in_later_is_taken(struct kunit *test)
{
	struct tdi *tdi;

	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fake_plug_late(fb);
	KUNIT_ASSERT_NOT_NULL(test, pdev_at(FAKE_SLOT_LATE));
	tdi = fake_tdi_at(fb, FAKE_SLOT_LATE);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	fake_expect_pristine(test, tdi);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
}

static void a_driver_of_a_late_function_bounces_from_the_start(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fake_driver_bind(test);
	fake_plug_late(fb);
	KUNIT_EXPECT_NOT_NULL(test, pdev_at(FAKE_SLOT_LATE)->dev.driver);
	KUNIT_EXPECT_EQ(test, fake_tdi_at(fb, FAKE_SLOT_LATE)->dma.mode, TDI_DMA_BOUNCE);
	fake_driver_release(test);
}

static void a_function_that_comes_back_is_a_new_tdi(struct kunit *test)
{
	u64 generation;

	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fake_plug_late(fb);
	KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_LATE)), 0);
	generation = fake_tdi_at(fb, FAKE_SLOT_LATE)->evidence->generation;
	fake_pci_unplug(fb->pci, FAKE_SLOT_LATE);
	fake_plug_late(fb);
	fake_expect_pristine(test, fake_tdi_at(fb, FAKE_SLOT_LATE));
	KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_LATE)), 0);
	KUNIT_EXPECT_GT(test, fake_tdi_at(fb, FAKE_SLOT_LATE)->evidence->generation, generation);
}

static void without_a_tsm_a_function_that_comes_is_an_ordinary_one(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fake_unregister(fb);
	fake_forget(fb);
	fake_plug_late(fb);
	KUNIT_EXPECT_EQ(test, fb->nr_log, 0);
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_LATE));
	KUNIT_EXPECT_NULL(test, pdev_at(FAKE_SLOT_LATE)->dev.dma_ops);
}

static const struct teardown {
	const char *desc;
	enum tdi_state state;
	bool dead;		/* the platform does not answer any more */
} teardowns[] = {
	{ "unlocked", TDI_UNLOCKED, false },
	{ "attested", TDI_ATTESTED, false },
	{ "in RUN", TDI_RUN, false },
	{ "in ERROR", TDI_ERROR, false },
	{ "unlocked, platform dead", TDI_UNLOCKED, true },
	{ "attested, platform dead", TDI_ATTESTED, true },
	{ "in RUN, platform dead", TDI_RUN, true },
	{ "in ERROR, platform dead", TDI_ERROR, true },
};

KUNIT_ARRAY_PARAM_DESC(teardown, teardowns, desc);

static void die(void)
{
	int op;

	for (op = FAKE_INFO; op <= FAKE_UNLOCK; op++)
		fake_fail(fb, op, -ETIMEDOUT, 0);
}

static void the_tsm_goes_and_leaves_an_ordinary_device(struct kunit *test)
{
	const struct teardown *t = test->param_value;
	struct pci_dev *pdev;

	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	pdev = pdev_at(FAKE_SLOT_TDI);
	fake_bring_to(test, fake_tdi_at(fb, FAKE_SLOT_TDI), t->state);
	if (t->dead)
		die();
	fake_forget(fb);
	fake_unregister(fb);
	KUNIT_EXPECT_NULL(test, tdi_from_pdev(pdev));
	KUNIT_EXPECT_NULL(test, pdev->dev.dma_ops);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
	KUNIT_EXPECT_EQ(test, !!fb->calls[FAKE_UNLOCK], t->state != TDI_UNLOCKED);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 2);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LEAVE], 1);
	/* And it can come again. */
	fake_truth(fb);
	KUNIT_EXPECT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
}

static void the_device_goes_and_leaves_nothing_behind(struct kunit *test)
{
	const struct teardown *t = test->param_value;

	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fake_bring_to(test, fake_tdi_at(fb, FAKE_SLOT_TDI), t->state);
	if (t->dead)
		die();
	fake_forget(fb);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	KUNIT_EXPECT_EQ(test, !!fb->calls[FAKE_UNLOCK], t->state != TDI_UNLOCKED);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 1);
	fake_truth(fb);
	/* Its neighbour never noticed. */
	KUNIT_EXPECT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI2)), 0);
}

static void a_device_goes_with_its_driver_bound(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
	fake_driver_bind(test);
	fake_forget(fb);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], 1);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 1);
	fake_driver_release(test);
}

static void a_tsm_goes_with_drivers_bound(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
	fake_driver_bind(test);
	fake_unregister(fb);
	KUNIT_EXPECT_NOT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.driver);
	KUNIT_EXPECT_NULL(test, pdev_at(FAKE_SLOT_TDI)->dev.dma_ops);
	fake_driver_release(test);
}

static void all_memory_is_open_after_the_tsm_is_gone(struct kunit *test)
{
	new(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_FALSE(test, xa_empty(&fb->pages));
	fake_unregister(fb);
	KUNIT_EXPECT_FALSE(test, fb->entered);
	KUNIT_EXPECT_TRUE(test, xa_empty(&fb->pages));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(only_functions_of_the_platform_are_taken),
	KUNIT_CASE(a_function_that_is_not_tee_capable_is_not_offered),
	KUNIT_CASE(a_new_tdi_is_unlocked_and_bounces),
	KUNIT_CASE(there_is_one_tsm_at_a_time),
	KUNIT_CASE(a_tsm_has_a_class_device_under_its_parent),
	KUNIT_CASE(a_tsm_says_what_it_is),
	KUNIT_CASE(no_driver_is_bound_when_memory_turns_private),
	KUNIT_CASE(drivers_come_back_after_take_over),
	KUNIT_CASE(a_platform_that_does_not_enter_changes_nothing),
	KUNIT_CASE(a_pool_that_is_not_shared_is_no_take_over),
	KUNIT_CASE(without_swiotlb_there_is_no_honest_bounce),
	KUNIT_CASE(one_function_that_fails_does_not_keep_others_away),
	KUNIT_CASE(a_kernel_that_knows_keeps_its_own_bounce),
	KUNIT_CASE(a_tdi_has_a_directory_while_there_is_a_tsm),
	KUNIT_CASE(a_directory_of_the_kernels_own_is_left_alone),
	KUNIT_CASE(a_device_that_was_left_locked_is_in_error_until_unlocked),
	KUNIT_CASE(a_device_that_nobody_knows_of_has_no_dma),
	KUNIT_CASE(a_function_that_is_plugged_in_later_is_taken),
	KUNIT_CASE(a_driver_of_a_late_function_bounces_from_the_start),
	KUNIT_CASE(a_function_that_comes_back_is_a_new_tdi),
	KUNIT_CASE(without_a_tsm_a_function_that_comes_is_an_ordinary_one),
	KUNIT_CASE_PARAM(the_tsm_goes_and_leaves_an_ordinary_device, teardown_gen_params),
	KUNIT_CASE_PARAM(the_device_goes_and_leaves_nothing_behind, teardown_gen_params),
	KUNIT_CASE(a_device_goes_with_its_driver_bound),
	KUNIT_CASE(a_tsm_goes_with_drivers_bound),
	KUNIT_CASE(all_memory_is_open_after_the_tsm_is_gone),
	{}
};

static struct kunit_suite suite = { .name = "tdi-registry", .test_cases = cases };
kunit_test_suite(suite);
