// SPDX-License-Identifier: GPL-2.0
/*
 * main.c, when two things happen at once: a TSM and a device come and go, an
 * attribute runs meanwhile. Each meeting is arranged: the fake platform is asked
 * something in the middle of the one, and starts the other before it answers.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kthread.h>

#include "fake_backend.h"

/* Far longer than anything takes, and shorter than the kernel's own patience. */
#define PATIENCE	(30 * HZ)

static struct fake_backend *fb;
static struct tdi *tdi;

/* Someone else, who does one thing. */
static struct {
	struct task_struct *task;
	ssize_t (*job)(void);
	ssize_t ret;
	struct completion done;
} other;

/* Where the platform is asked, and what happens then, once. */
static struct {
	enum fake_op at;
	void (*action)(void);
} meeting;

static struct completion inside, leave;

static int other_thread(void *unused)
{
	other.ret = other.job();
	complete(&other.done);
	return 0;
}

static void start(ssize_t (*job)(void))
{
	other.job = job;
	other.ret = -EINPROGRESS;
	other.task = kthread_run(other_thread, NULL, "tdi-other");
	if (IS_ERR(other.task)) {
		other.ret = PTR_ERR(other.task);
		complete(&other.done);
		return;
	}
	/* Until it has come to where it has to wait, or is through. */
	if (!try_wait_for_completion(&other.done))
		msleep(50);
}

static bool is_waiting(void)
{
	return other.ret == -EINPROGRESS;
}

static void expect_done(struct kunit *test, ssize_t ret)
{
	KUNIT_ASSERT_TRUE(test, !is_waiting() ||
			  wait_for_completion_timeout(&other.done, PATIENCE));
	KUNIT_EXPECT_EQ(test, other.ret, ret);
}

static void meet(struct fake_tdi *ft, enum fake_op op)
{
	void (*action)(void) = meeting.action;

	if (!action || op != meeting.at)
		return;
	meeting.action = NULL;
	action();
}

static void prepare(struct kunit *test)
{
	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	init_completion(&other.done);
	init_completion(&inside);
	init_completion(&leave);
	meeting.action = NULL;
}

static void ready(struct kunit *test, enum tdi_state state)
{
	prepare(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	fake_bring_to(test, tdi, state);
	fake_forget(fb);
	fb->before = meet;
}

static void arrange(enum fake_op at, void (*action)(void))
{
	meeting.at = at;
	meeting.action = action;
}

/* By way of sysfs, as user space does: what runs there pins the directory. */
static ssize_t write_attribute(const char *name)
{
	char *path __free(kfree) = kasprintf(GFP_KERNEL, "/sys/bus/pci/devices/%s/tsm/%s",
					     pci_name(tdi->pdev), name);
	const char *tsm = dev_name(fb->backend.dev);
	struct file *file;
	loff_t pos = 0;
	ssize_t ret;

	if (!path)
		return -ENOMEM;
	file = filp_open(path, O_WRONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_write(file, tsm, strlen(tsm), &pos);
	filp_close(file, NULL);
	return ret < 0 ? ret : 0;
}

static ssize_t write_connect(void)
{
	return write_attribute("connect");
}

static ssize_t write_disconnect(void)
{
	return write_attribute("disconnect");
}

static ssize_t unplug(void)
{
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	return 0;
}

static ssize_t unregister(void)
{
	fake_unregister(fb);
	return 0;
}

/* --- an attribute and the end of its TDI --------------------------------------- */

static void wait_inside(void)
{
	complete(&inside);
	wait_for_completion_timeout(&leave, PATIENCE);
}

/* A verb is under way in a thread of its own when @end is called. */
static void ends_after_the_verb(struct kunit *test, ssize_t (*end)(void))
{
	struct pci_dev *pdev = tdi->pdev;

	arrange(FAKE_MEASURE, wait_inside);
	start(write_connect);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&inside, PATIENCE));
	KUNIT_ASSERT_TRUE(test, is_waiting());
	/* It goes on only when someone already waits for it. */
	schedule_timeout_uninterruptible(1);
	complete(&leave);
	KUNIT_EXPECT_EQ(test, end(), 0);
	expect_done(test, 0);
	KUNIT_EXPECT_NULL(test, tdi_from_pdev(pdev));
	/* It was connected to its end, and then unlocked. */
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_START], 1);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], 1);
}

static void a_verb_that_runs_ends_before_its_tsm_goes(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	ends_after_the_verb(test, unregister);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 2);
}

static struct pci_dev *kept;

static ssize_t unplug_kept(void)
{
	kept = pci_dev_get(tdi->pdev);
	return unplug();
}

static void a_verb_that_runs_ends_before_its_device_goes(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	ends_after_the_verb(test, unplug_kept);
	pci_dev_put(kept);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 1);
}

static void start_disconnect(void)
{
	start(write_disconnect);
}

static void a_verb_that_comes_too_late_finds_no_device(struct kunit *test)
{
	ready(test, TDI_RUN);
	arrange(FAKE_UNLOCK, start_disconnect);
	fake_unregister(fb);
	expect_done(test, -ENODEV);
	/* Once, by who unregistered. */
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], 1);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 2);
}

static void a_verb_that_comes_too_late_does_not_keep_the_device(struct kunit *test)
{
	ready(test, TDI_RUN);
	arrange(FAKE_UNLOCK, start_disconnect);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	expect_done(test, -ENODEV);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], 1);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 1);
}

static bool device_was_free;

static ssize_t read_state(void)
{
	enum tdisp_state state;

	return tdi_read_state(tdi, &state);
}

static void start_read_state(void)
{
	device_was_free = device_trylock(&tdi->pdev->dev);
	if (device_was_free)
		device_unlock(&tdi->pdev->dev);
	start(read_state);
}

static void the_state_is_not_read_in_the_middle_of_a_verb(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	arrange(FAKE_START, start_read_state);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_FALSE(test, device_was_free);
	expect_done(test, 0);
	/* What it found in the end was no surprise. */
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_DIRECT);
}

static ssize_t connect_the_other(void)
{
	return fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI2));
}

static bool other_was_quick;

static void start_the_other(void)
{
	start(connect_the_other);
	other_was_quick = wait_for_completion_timeout(&other.done, PATIENCE);
	complete(&other.done);
}

static void a_verb_does_not_wait_for_that_of_another_device(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	/* The first is still measuring when the second is through. */
	arrange(FAKE_MEASURE, start_the_other);
	other_was_quick = false;
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_TRUE(test, other_was_quick);
	KUNIT_EXPECT_EQ(test, other.ret, 0);
	KUNIT_EXPECT_EQ(test, fake_tdi_at(fb, FAKE_SLOT_TDI2)->state, TDI_RUN);
}

/* --- the end of both ----------------------------------------------------------- */

static void start_unplug(void)
{
	start(unplug);
}

static void start_unregister(void)
{
	start(unregister);
}

static void a_device_that_is_unplugged_while_the_tsm_goes_is_removed_once(struct kunit *test)
{
	ready(test, TDI_RUN);
	arrange(FAKE_UNLOCK, start_unplug);
	fake_unregister(fb);
	expect_done(test, 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], 1);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 2);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LEAVE], 1);
}

static void a_tsm_that_goes_while_a_device_is_unplugged_waits_for_it(struct kunit *test)
{
	ready(test, TDI_RUN);
	arrange(FAKE_UNLOCK, start_unregister);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	expect_done(test, 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_UNLOCK], 1);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 2);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LEAVE], 1);
	/* Memory was opened when no TDI was left. */
	KUNIT_EXPECT_EQ(test, fb->log[fb->nr_log - 1], FAKE_LEAVE);
}

/* --- while a TSM comes --------------------------------------------------------- */

static void (*at_enter)(void);
static int enter_err;

static int enter(struct tdi_backend *backend)
{
	if (at_enter)
		at_enter();
	fb->entered = !enter_err;
	return enter_err;
}

static int register_and(void (*action)(void), int err)
{
	fb->ops.enter = enter;
	at_enter = action;
	enter_err = err;
	return fake_register(fb);
}

static struct tdi_backend rival;

static ssize_t register_rival(void)
{
	return tdi_backend_register(&rival);
}

static bool rival_waited;

static void start_rival(void)
{
	start(register_rival);
	rival_waited = is_waiting();
}

static void a_second_tsm_during_the_first_is_refused(struct kunit *test)
{
	prepare(test);
	rival = fb->backend;
	KUNIT_ASSERT_EQ(test, register_and(start_rival, 0), 0);
	expect_done(test, -EBUSY);
	KUNIT_EXPECT_FALSE(test, rival_waited);
	KUNIT_EXPECT_NULL(test, rival.dev);
	KUNIT_EXPECT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
}

static void plug_late(void)
{
	fake_plug_late(fb);
}

static void a_function_that_comes_while_the_tsm_does_is_taken(struct kunit *test)
{
	prepare(test);
	KUNIT_ASSERT_EQ(test, register_and(plug_late, 0), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_LATE);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	fake_expect_pristine(test, tdi);
	KUNIT_EXPECT_TRUE(test, tdi->open);
	KUNIT_EXPECT_EQ(test, write_connect(), 0);
}

static void a_function_that_comes_while_a_tsm_fails_is_given_back(struct kunit *test)
{
	struct pci_dev *pdev;

	prepare(test);
	KUNIT_ASSERT_EQ(test, register_and(plug_late, -EREMOTEIO), -EREMOTEIO);
	pdev = fake_fn(fb, FAKE_SLOT_LATE)->pdev;
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_EXPECT_NULL(test, tdi_from_pdev(pdev));
	KUNIT_EXPECT_NULL(test, pdev->dev.dma_ops);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_ADD], 3);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 3);
}

static void unplug_first(void)
{
	unplug();
}

static void a_function_that_goes_while_the_tsm_comes_is_let_go(struct kunit *test)
{
	prepare(test);
	KUNIT_ASSERT_EQ(test, register_and(unplug_first, 0), 0);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_REMOVE], 1);
	KUNIT_EXPECT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI2)), 0);
}

static struct kunit *the_test;

static void bind_drivers(void)
{
	fake_driver_bind(the_test);
}

static void a_driver_that_comes_while_the_tsm_does_gets_another_try(struct kunit *test)
{
	prepare(test);
	the_test = test;
	KUNIT_ASSERT_EQ(test, register_and(bind_drivers, 0), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	KUNIT_EXPECT_NOT_NULL(test, tdi->pdev->dev.driver);
	KUNIT_EXPECT_TRUE(test, tdi->open);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
	fake_driver_release(test);
}

/*
 * The host plugs in another mailbox, which claims to be a TDI. The driver core probes it
 * with its lock held, and who registers first wants that lock.
 */
static ssize_t probe_another_tsm(void)
{
	struct pci_dev *pdev = fake_fn(fb, FAKE_SLOT_TDI2)->pdev;
	struct tdi_backend another = fb->backend;

	guard(device)(&pdev->dev);
	return tdi_backend_register(&another);
}

static void start_another_tsm(void)
{
	start(probe_another_tsm);
}

static void a_tsm_that_is_probed_while_one_comes_keeps_nobody_waiting(struct kunit *test)
{
	prepare(test);
	KUNIT_ASSERT_EQ(test, register_and(start_another_tsm, 0), 0);
	expect_done(test, -EBUSY);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_verb_that_runs_ends_before_its_tsm_goes),
	KUNIT_CASE(a_verb_that_runs_ends_before_its_device_goes),
	KUNIT_CASE(a_verb_that_comes_too_late_finds_no_device),
	KUNIT_CASE(a_verb_that_comes_too_late_does_not_keep_the_device),
	KUNIT_CASE(the_state_is_not_read_in_the_middle_of_a_verb),
	KUNIT_CASE(a_verb_does_not_wait_for_that_of_another_device),
	KUNIT_CASE(a_device_that_is_unplugged_while_the_tsm_goes_is_removed_once),
	KUNIT_CASE(a_tsm_that_goes_while_a_device_is_unplugged_waits_for_it),
	KUNIT_CASE(a_second_tsm_during_the_first_is_refused),
	KUNIT_CASE(a_tsm_that_is_probed_while_one_comes_keeps_nobody_waiting),
	KUNIT_CASE(a_function_that_comes_while_the_tsm_does_is_taken),
	KUNIT_CASE(a_function_that_comes_while_a_tsm_fails_is_given_back),
	KUNIT_CASE(a_function_that_goes_while_the_tsm_comes_is_let_go),
	KUNIT_CASE(a_driver_that_comes_while_the_tsm_does_gets_another_try),
	{}
};

static struct kunit_suite suite = { .name = "tdi-races", .test_cases = cases };
kunit_test_suite(suite);
