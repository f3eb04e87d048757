// SPDX-License-Identifier: GPL-2.0
/*
 * gate.c: no driver gets to a function that was not accepted, by whatever way; an accept
 * opens, everything that leads out of RUN closes; and it holds where memory does not.
 */
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "fake_backend.h"

#define DRIVER	"/sys/bus/pci/drivers/tdi-fake-driver"
#define GATE	"/sys/devices/tdi-gate"

static struct fake_backend *fb;

static struct pci_dev *pdev_at(unsigned int slot)
{
	return fake_fn(fb, slot)->pdev;
}

/* --- a gate, and what user space sees of it ------------------------------------ */

static void set_gate(const char *policy, const char *devices)
{
	tdi_gate_exit();
	WARN_ON(fake_set_param("gate", policy) || fake_set_param("gate_devices", devices));
	WARN_ON(tdi_gate_init());
}

static void no_gate(void *unused)
{
	set_gate("none", "");
}

/* As if the module had been loaded with that, and not yet looked around. */
static void gate_on(struct kunit *test, const char *policy, const char *devices)
{
	set_gate(policy, devices);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, no_gate, NULL), 0);
}

/* The gate is there first, then the functions; no TSM yet. */
static void held(struct kunit *test)
{
	gate_on(test, "all", "");
	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
}

/* .. and a TSM that can accept them. */
static void ready(struct kunit *test)
{
	held(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
}

static int write_to(const char *path, const char *text)
{
	struct file *file = filp_open(path, O_WRONLY, 0);
	loff_t pos = 0;
	ssize_t ret;

	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = kernel_write(file, text, strlen(text), &pos);
	filp_close(file, NULL);
	return ret < 0 ? ret : 0;
}

static int write_of(unsigned int slot, const char *name, const char *text)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", pci_name(pdev_at(slot)), name);
	return write_to(path, text);
}

/* All of a file of the gate's; the caller frees it. */
static char *read_gate(struct kunit *test, const char *name)
{
	char *text = kunit_kzalloc(test, PAGE_SIZE + 1, GFP_KERNEL);
	struct file *file;
	char path[64];
	loff_t pos = 0;

	snprintf(path, sizeof(path), GATE "/%s", name);
	file = filp_open(path, O_RDONLY, 0);
	KUNIT_ASSERT_NOT_NULL(test, text);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	KUNIT_EXPECT_GE(test, kernel_read(file, text, PAGE_SIZE, &pos), 0);
	filp_close(file, NULL);
	return text;
}

static bool is_bound(unsigned int slot)
{
	return pdev_at(slot)->dev.driver;
}

static bool is_held(unsigned int slot)
{
	return tdi_gate_holds(pdev_at(slot));
}

static int ask(unsigned int slot)
{
	return device_attach(&pdev_at(slot)->dev);
}

/* --- which functions ---------------------------------------------------------- */

static void without_a_gate_nothing_is_held(struct kunit *test)
{
	gate_on(test, "none", "");
	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	fake_driver_bind(test);
	KUNIT_EXPECT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_STREQ(test, read_gate(test, "policy"), "none\n");
	KUNIT_EXPECT_STREQ(test, read_gate(test, "held"), "");
	fake_driver_release(test);
}

static void all_is_every_function_that_claims_to_be_capable(struct kunit *test)
{
	char want[64];

	held(test);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI2));
	KUNIT_EXPECT_FALSE(test, is_held(FAKE_SLOT_PROXY));
	/* Whichever platform it is of. */
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_OTHER));
	snprintf(want, sizeof(want), "%s\n%s\n%s\n", pci_name(pdev_at(FAKE_SLOT_TDI)),
		 pci_name(pdev_at(FAKE_SLOT_TDI2)), pci_name(pdev_at(FAKE_SLOT_OTHER)));
	KUNIT_EXPECT_STREQ(test, read_gate(test, "held"), want);
	KUNIT_EXPECT_STREQ(test, read_gate(test, "policy"), "all\n");
	KUNIT_EXPECT_STREQ(test, read_gate(test, "exposed"), "");
}

static void listed_is_what_the_list_names_capable_or_not(struct kunit *test)
{
	static const struct fake_desc descs[] = {
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_TDI, .tee = true },
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_OTHER, .tee = false },
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_PROXY },
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_OTHER, .tee = true },
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_TDI, .tee = false },
	};

	gate_on(test, "listed", "1D15:0003,1dd0:00:04.0");
	fb = fake_backend_on(test, TDI_ACCEPT_FIRST, descs, ARRAY_SIZE(descs));
	KUNIT_EXPECT_STREQ(test, read_gate(test, "policy"), "listed\n");
	KUNIT_EXPECT_FALSE(test, is_held(0));
	KUNIT_EXPECT_TRUE(test, is_held(1));
	KUNIT_EXPECT_FALSE(test, is_held(2));
	KUNIT_EXPECT_TRUE(test, is_held(3));
	KUNIT_EXPECT_TRUE(test, is_held(4));
	fake_driver_bind(test);
	KUNIT_EXPECT_TRUE(test, is_bound(0));
	KUNIT_EXPECT_FALSE(test, is_bound(4));
	fake_driver_release(test);
}

static const struct wrong {
	const char *desc;
	const char *policy;
	const char *devices;
} wrongs[] = {
	{ "no word", "", "" },
	{ "another word", "some", "" },
	{ "capitals", "ALL", "" },
	{ "more than a word", "none ", "" },
	{ "no list", "listed", "" },
	{ "an empty name", "listed", "1d15:0001," },
	{ "an empty first name", "listed", ",1d15:0001" },
	{ "a short id", "listed", "1d15:1" },
	{ "a prefix", "listed", "0x1d15:0x0001" },
	{ "no digit", "listed", "1d15:000g" },
	{ "a function that cannot be", "listed", "1dd0:00:00.8" },
	{ "no domain", "listed", "00:01.0" },
	{ "a space", "listed", "1d15:0001 1d15:0003" },
	{ "one of two is bad", "listed", "1d15:0001,nvme" },
};

KUNIT_ARRAY_PARAM_DESC(wrong, wrongs, desc);

static void what_nobody_understands_is_taken_as_all(struct kunit *test)
{
	const struct wrong *w = test->param_value;

	gate_on(test, w->policy, w->devices);
	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	KUNIT_EXPECT_STREQ(test, read_gate(test, "policy"), "all\n");
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_OTHER));
}

static void with_a_gate_the_module_stays(struct kunit *test)
{
	int before = module_refcount(THIS_MODULE);

	gate_on(test, "all", "");
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before + 1);
	set_gate("listed", "1d15:0001");
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before + 1);
	set_gate("none", "");
	KUNIT_EXPECT_EQ(test, module_refcount(THIS_MODULE), before);
}

/* --- no way in ---------------------------------------------------------------- */

static void expect_untouched(struct kunit *test, unsigned int slot)
{
	KUNIT_EXPECT_FALSE(test, is_bound(slot));
	KUNIT_EXPECT_TRUE(test, is_held(slot));
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "");
	KUNIT_EXPECT_EQ(test, fake_fn(fb, slot)->nr_command, 0);
}

static void a_driver_that_comes_later_does_not_get_it(struct kunit *test)
{
	held(test);
	fake_driver_bind(test);
	expect_untouched(test, FAKE_SLOT_TDI);
	fake_driver_release(test);
}

static void a_driver_that_is_there_does_not_get_what_comes(struct kunit *test)
{
	static const struct fake_desc none[] = {
		[FAKE_SLOT_PROXY] = { .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_PROXY },
	};

	gate_on(test, "all", "");
	fb = fake_backend_on(test, TDI_ACCEPT_FIRST, none, ARRAY_SIZE(none));
	fake_driver_bind(test);
	fake_plug_late(fb);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_LATE));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_LATE));
	fake_driver_release(test);
}

static void user_space_cannot_bind_it(struct kunit *test)
{
	const char *bdf;

	held(test);
	fake_driver_bind(test);
	bdf = pci_name(pdev_at(FAKE_SLOT_TDI));
	KUNIT_EXPECT_EQ(test, write_to(DRIVER "/bind", bdf), -EAGAIN);
	expect_untouched(test, FAKE_SLOT_TDI);
	KUNIT_EXPECT_NE(test, write_to("/sys/bus/pci/drivers_probe", bdf), 0);
	expect_untouched(test, FAKE_SLOT_TDI);
	KUNIT_EXPECT_EQ(test, write_to("/sys/bus/pci/rescan", "1"), 0);
	expect_untouched(test, FAKE_SLOT_TDI);
	fake_driver_release(test);
}

static void an_override_binds_nothing(struct kunit *test)
{
	const char *bdf;

	held(test);
	bdf = pci_name(pdev_at(FAKE_SLOT_OTHER));
	KUNIT_EXPECT_EQ(test, write_of(FAKE_SLOT_OTHER, "driver_override", "tdi-fake-driver"), 0);
	fake_driver_bind(test);
	expect_untouched(test, FAKE_SLOT_OTHER);
	KUNIT_EXPECT_EQ(test, write_to(DRIVER "/bind", bdf), -EAGAIN);
	expect_untouched(test, FAKE_SLOT_OTHER);
	fake_driver_release(test);
}

static void an_id_that_is_added_binds_nothing(struct kunit *test)
{
	held(test);
	fake_driver_bind(test);
	KUNIT_EXPECT_EQ(test, write_to(DRIVER "/new_id", "1d15 0003"), 0);
	expect_untouched(test, FAKE_SLOT_OTHER);
	fake_driver_release(test);
}

static int never_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	pci_err(pdev, "probed\n");
	return 0;
}

static const struct pci_device_id async_ids[] = {
	{ PCI_DEVICE(FAKE_VENDOR, FAKE_DEVICE_TDI) },
	{ }
};

static struct pci_driver async_driver = {
	.name		= "tdi-fake-async",
	.id_table	= async_ids,
	.probe		= never_probe,
	.driver		= { .probe_type = PROBE_PREFER_ASYNCHRONOUS },
};

static void a_driver_that_probes_asynchronously_does_not_get_it(struct kunit *test)
{
	held(test);
	KUNIT_ASSERT_EQ(test, pci_register_driver(&async_driver), 0);
	wait_for_device_probe();
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	fake_plug_late(fb);
	wait_for_device_probe();
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_LATE));
	pci_unregister_driver(&async_driver);
}

static void a_tsm_that_comes_brings_no_driver(struct kunit *test)
{
	held(test);
	fake_driver_bind(test);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	expect_untouched(test, FAKE_SLOT_TDI);
	fake_expect_pristine(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	fake_unregister(fb);
	expect_untouched(test, FAKE_SLOT_TDI);
	fake_driver_release(test);
}

/* --- what had a driver before -------------------------------------------------- */

static void a_driver_that_was_there_is_released_and_named(struct kunit *test)
{
	char *exposed;
	char want[64];

	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	fake_driver_bind(test);
	KUNIT_ASSERT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	gate_on(test, "all", "");
	tdi_hold_present();
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI2));
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "PM");
	exposed = read_gate(test, "exposed");
	snprintf(want, sizeof(want), "%s tdi-fake-driver\n%s tdi-fake-driver\n",
		 pci_name(pdev_at(FAKE_SLOT_TDI)), pci_name(pdev_at(FAKE_SLOT_TDI2)));
	KUNIT_EXPECT_STREQ(test, exposed, want);
	/* It stays so, accepted or gone. */
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_TDI), 1);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI2);
	KUNIT_EXPECT_STREQ(test, read_gate(test, "exposed"), want);
	fake_driver_release(test);
}

static bool second_was_held;

/* Released in the order of the bus: what becomes of the next one, if this takes for ever? */
static void look_at_the_second(struct pci_dev *dev, char call)
{
	if (call == 'M' && dev == pdev_at(FAKE_SLOT_TDI))
		second_was_held = tdi_gate_holds(pdev_at(FAKE_SLOT_TDI2));
}

static void all_are_held_before_the_first_driver_goes(struct kunit *test)
{
	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	fake_driver_bind(test);
	KUNIT_ASSERT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	gate_on(test, "all", "");
	second_was_held = false;
	fake_driver_before = look_at_the_second;
	tdi_hold_present();
	fake_driver_before = NULL;
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, second_was_held);
	fake_driver_release(test);
}

static void looking_twice_changes_nothing(struct kunit *test)
{
	char *before;

	ready(test);
	KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
	before = read_gate(test, "held");
	tdi_hold_present();
	KUNIT_EXPECT_FALSE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_STREQ(test, read_gate(test, "held"), before);
	KUNIT_EXPECT_STREQ(test, read_gate(test, "exposed"), "");
}

/* --- accepted, and not any more ------------------------------------------------- */

static void expect_open(struct kunit *test, struct tdi *tdi)
{
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_FALSE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_TDI), 1);
	KUNIT_EXPECT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	/* Nobody else is let in with it. */
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI2));
	KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI2), 0);
}

static void connect_in(struct kunit *test, enum tdi_order order)
{
	struct tdi *tdi;

	gate_on(test, "all", "");
	fb = fake_backend_new(test, order);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	fake_driver_bind(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	expect_open(test, tdi);
	fake_driver_release(test);
}

static void connect_opens_accept_first(struct kunit *test)
{
	connect_in(test, TDI_ACCEPT_FIRST);
}

static void connect_opens_start_first(struct kunit *test)
{
	connect_in(test, TDI_START_FIRST);
}

static void a_lock_opens_nothing_and_an_accept_does(struct kunit *test)
{
	struct tdi *tdi;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	fake_driver_bind(test);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI), 0);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_ASSERT_EQ(test, fake_approve(tdi, tdi->evidence->generation), 0);
	KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI), 0);
	KUNIT_ASSERT_EQ(test, fake_accept(tdi, tdi->evidence->generation), 0);
	expect_open(test, tdi);
	fake_driver_release(test);
}

static const struct stop {
	const char *desc;
	enum fake_op op;
	int err;
	unsigned int after;
} stops[] = {
	{ "lock", FAKE_LOCK, -ETIMEDOUT, 0 },
	{ "measure", FAKE_MEASURE, -ETIMEDOUT, 0 },
	{ "object", FAKE_OBJECT_READ, -EIO, 0 },
	{ "MMIO", FAKE_MMIO_ACCEPT, -EREMOTEIO, 0 },
	{ "DMA", FAKE_DMA_ENABLE, -EREMOTEIO, 0 },
	{ "start", FAKE_START, -EREMOTEIO, 0 },
};

KUNIT_ARRAY_PARAM_DESC(stop, stops, desc);

static void what_is_refused_stays_held(struct kunit *test)
{
	const struct stop *s = test->param_value;

	ready(test);
	fake_driver_bind(test);
	fake_fail(fb, s->op, s->err, s->after);
	KUNIT_EXPECT_NE(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI), 0);
	KUNIT_EXPECT_STREQ(test, fake_driver_log, "");
	fake_driver_release(test);
}

static void unlock_closes(struct kunit *test)
{
	struct tdi *tdi;
	int i;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	fake_driver_bind(test);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
		expect_open(test, tdi);
		device_release_driver(&tdi->pdev->dev);
		KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
		fake_expect_pristine(test, tdi);
		KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
		KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI), 0);
		KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	}
	fake_driver_release(test);
}

static void an_unlock_that_fails_closes_too(struct kunit *test)
{
	struct tdi *tdi;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	fake_driver_bind(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_fail(fb, FAKE_UNLOCK, -ETIMEDOUT, 0);
	KUNIT_EXPECT_NE(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI), 0);
	fake_driver_release(test);
}

/* Connects it, and it gets the driver that waits for it. */
static void connect_and_bind(struct kunit *test, struct tdi *tdi)
{
	fake_driver_bind(test);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, ask(FAKE_SLOT_TDI), 1);
}

static void expect_lost(struct kunit *test, struct tdi *tdi)
{
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
}

static void lose(struct tdi *tdi)
{
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
}

static void a_loss_closes(struct kunit *test)
{
	struct tdi *tdi;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	connect_and_bind(test, tdi);
	lose(tdi);
	expect_lost(test, tdi);
	KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI), 0);
	fake_driver_release(test);
}

/* Whoever notices it cannot have the device's lock, and a link would be one too many. */
static void lose_it_meanwhile(struct pci_dev *pdev, char call)
{
	enum tdisp_state unused;
	struct tdi *tdi = tdi_from_pdev(pdev);

	if (call != 'P')
		return;
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_read_state(tdi, &unused);
}

static void a_loss_during_a_probe_closes(struct kunit *test)
{
	struct tdi *tdi;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_driver_before = lose_it_meanwhile;
	fake_driver_bind(test);
	fake_settle(tdi);
	expect_lost(test, tdi);
	fake_driver_release(test);
}

static void recover_with(struct kunit *test, bool handles, const char *log)
{
	struct tdi *tdi;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	to_fake(tdi)->keep = true;
	tdi->recover = true;
	fake_driver_handles = handles;
	connect_and_bind(test, tdi);
	lose(tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_STREQ(test, fake_driver_log, log);
	/* And what it is bound to can be let go, and had again. */
	device_release_driver(&tdi->pdev->dev);
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_TDI), 1);
	fake_driver_release(test);
}

static void a_driver_comes_back_with_its_device(struct kunit *test)
{
	recover_with(test, false, "PMP");
}

static void a_driver_stays_while_its_device_comes_back(struct kunit *test)
{
	recover_with(test, true, "PFSR");
}

static void what_comes_back_different_stays_held(struct kunit *test)
{
	struct tdi *tdi;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	tdi->recover = true;
	connect_and_bind(test, tdi);
	fake_same_err = -EPERM;
	lose(tdi);
	expect_lost(test, tdi);
	KUNIT_EXPECT_LT(test, ask(FAKE_SLOT_TDI), 0);
	fake_driver_release(test);
}

static void a_tsm_that_goes_closes(struct kunit *test)
{
	struct tdi *tdi;

	ready(test);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	connect_and_bind(test, tdi);
	fake_unregister(fb);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	/* It can come again, and accept. */
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	expect_open(test, tdi);
	fake_driver_release(test);
}

static void a_tsm_that_does_not_answer_any_more_closes(struct kunit *test)
{
	int op;

	ready(test);
	connect_and_bind(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	for (op = FAKE_INFO; op <= FAKE_UNLOCK; op++)
		fake_fail(fb, op, -ETIMEDOUT, 0);
	fake_unregister(fb);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	fake_driver_release(test);
}

/* A machine that goes down has an order for that, which a link would change. */
static void a_shutdown_leaves_it_as_it_is(struct kunit *test)
{
	ready(test);
	connect_and_bind(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	tdi_backend_shutdown(&fb->backend);
	KUNIT_EXPECT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_held(FAKE_SLOT_TDI));
	fake_driver_release(test);
}

/* --- functions go --------------------------------------------------------------- */

static void one_that_is_held_can_go_and_is_held_again(struct kunit *test)
{
	int i;

	held(test);
	fake_driver_bind(test);
	for (i = 0; i < 5; i++) {
		fake_plug_late(fb);
		KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_LATE));
		KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_LATE));
		KUNIT_EXPECT_NOT_NULL(test, strstr(read_gate(test, "held"),
						   pci_name(pdev_at(FAKE_SLOT_LATE))));
		fake_pci_unplug(fb->pci, FAKE_SLOT_LATE);
		KUNIT_EXPECT_NULL(test, strstr(read_gate(test, "held"), "04.0"));
	}
	fake_driver_release(test);
}

static void one_that_was_accepted_goes_and_comes_back_held(struct kunit *test)
{
	ready(test);
	fake_driver_bind(test);
	fake_plug_late(fb);
	KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_LATE)), 0);
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_LATE), 1);
	fake_pci_unplug(fb->pci, FAKE_SLOT_LATE);
	fake_plug_late(fb);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_LATE));
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_LATE));
	fake_driver_release(test);
}

/* --- a hostile host -------------------------------------------------------------- */

static void claim(unsigned int slot, bool tee)
{
	u8 *cap = fake_fn(fb, slot)->config + FAKE_PCI_EXP + PCI_EXP_DEVCAP;

	cap[3] = tee ? cap[3] | 0x40 : cap[3] & ~0x40;
}

static void one_that_hides_after_it_was_held_stays_held(struct kunit *test)
{
	held(test);
	claim(FAKE_SLOT_TDI, false);
	fake_driver_bind(test);
	tdi_hold_present();
	expect_untouched(test, FAKE_SLOT_TDI);
	/* No TDI comes of it, and so nobody will open it. */
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	expect_untouched(test, FAKE_SLOT_TDI);
	fake_driver_release(test);
}

static void one_that_shows_itself_late_is_no_tdi_beside_the_gate(struct kunit *test)
{
	static const struct fake_desc descs[] = {
		{ .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_TDI, .tee = false },
		[FAKE_SLOT_PROXY] = { .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_PROXY },
	};

	gate_on(test, "all", "");
	fb = fake_backend_on(test, TDI_ACCEPT_FIRST, descs, ARRAY_SIZE(descs));
	fake_driver_bind(test);
	KUNIT_ASSERT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	claim(FAKE_SLOT_TDI, true);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_NOT_NULL(test, strstr(read_gate(test, "exposed"), "tdi-fake-driver"));
	fake_driver_release(test);
}

static void one_that_comes_back_as_a_bridge_is_what_it_says_it_is(struct kunit *test)
{
	struct fake_desc desc;

	ready(test);
	fake_driver_bind(test);
	desc = fake_fn(fb, FAKE_SLOT_TDI)->desc;
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	desc.header = PCI_HEADER_TYPE_BRIDGE;
	fake_pci_plug(fb->pci, FAKE_SLOT_TDI, &desc);
	KUNIT_ASSERT_NOT_NULL(test, pdev_at(FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	/* And the other way: nothing of the bridge is left that would let it in. */
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	desc.header = PCI_HEADER_TYPE_NORMAL;
	fake_pci_plug(fb->pci, FAKE_SLOT_TDI, &desc);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	fake_driver_release(test);
}

static void what_is_listed_is_held_as_a_bridge_too(struct kunit *test)
{
	static const struct fake_desc descs[] = {
		{
			.vendor = FAKE_VENDOR, .device = FAKE_DEVICE_TDI, .tee = true,
			.header = PCI_HEADER_TYPE_BRIDGE,
		},
		[FAKE_SLOT_PROXY] = { .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_PROXY },
	};

	gate_on(test, "listed", "1d15:0001");
	fb = fake_backend_on(test, TDI_ACCEPT_FIRST, descs, ARRAY_SIZE(descs));
	fake_driver_bind(test);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	fake_driver_release(test);
}

/* It claims one thing to who asks first, and another to who asks next. */
static void blink(struct fake_fn *fn, int where)
{
	if (where == FAKE_PCI_EXP + PCI_EXP_DEVCAP)
		fn->config[FAKE_PCI_EXP + PCI_EXP_DEVCAP + 3] ^= 0x40;
}

static void one_that_blinks_is_a_tdi_behind_the_gate_or_none(struct kunit *test)
{
	unsigned int i, tdis = 0;
	struct fake_desc desc;

	ready(test);
	fake_driver_bind(test);
	desc = fake_fn(fb, FAKE_SLOT_TDI)->desc;
	for (i = 0; i < 2; i++) {
		/* Whichever of the answers is for whoever asks. */
		desc.tee = i;
		fake_pci_before_read(blink);
		fake_pci_plug(fb->pci, FAKE_SLOT_LATE, &desc);
		fake_pci_before_read(NULL);
		tdis += !!fake_tdi_at(fb, FAKE_SLOT_LATE);
		KUNIT_EXPECT_EQ(test, is_held(FAKE_SLOT_LATE),
				!!fake_tdi_at(fb, FAKE_SLOT_LATE));
		KUNIT_EXPECT_EQ(test, is_bound(FAKE_SLOT_LATE), !is_held(FAKE_SLOT_LATE));
		fake_pci_unplug(fb->pci, FAKE_SLOT_LATE);
	}
	KUNIT_EXPECT_EQ(test, tdis, 1);
	fake_driver_release(test);
}

/* Each time with a driver of another name: a line that stays. */
static void expose(struct kunit *test, const char *name)
{
	struct pci_dev *pdev = pdev_at(FAKE_SLOT_TDI);
	struct device_driver driver = { .name = name };

	guard(device)(&pdev->dev);
	pdev->dev.driver = &driver;
	tdi_gate_comes(pdev, true);
	pdev->dev.driver = NULL;
	/* As if it was removed, but for the link, which is the driver core's to delete. */
	tdi_gate_release(pdev);
	tdi_gate_gone(pdev);
}

static void more_lines_than_a_page_holds_are_counted(struct kunit *test)
{
	char name[64], *text, *more;
	unsigned int n, lines = 0;
	int i;

	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	gate_on(test, "all", "");
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "driver-of-a-long-long-name-%d", i);
		expose(test, name);
		expose(test, name);
	}
	text = read_gate(test, "exposed");
	KUNIT_EXPECT_LT(test, strlen(text), PAGE_SIZE);
	more = strstr(text, "\n+");
	KUNIT_ASSERT_NOT_NULL(test, more);
	KUNIT_ASSERT_EQ(test, kstrtouint(strim(more + 2), 10, &n), 0);
	for (; text <= more; text++)
		lines += *text == '\n';
	KUNIT_EXPECT_EQ(test, lines + n, 200);
}

/* --- no memory for a link --------------------------------------------------------- */

/* With a link the other way there cannot be one: the driver core allows no circles. */
static struct device *refuse_link(struct kunit *test, unsigned int slot)
{
	struct pci_dev *other = pdev_at(FAKE_SLOT_TDI2);
	struct device *gate;

	scoped_guard(device, &other->dev)
		tdi_gate_comes(other, true);
	KUNIT_ASSERT_FALSE(test, list_empty(&other->dev.links.suppliers));
	gate = list_last_entry(&other->dev.links.suppliers, struct device_link, c_node)->supplier;
	KUNIT_ASSERT_STREQ(test, dev_name(gate), "tdi-gate");
	KUNIT_ASSERT_NOT_NULL(test, device_link_add(gate, &pdev_at(slot)->dev,
						    DL_FLAG_STATELESS));
	return gate;
}

static void without_a_link_something_else_holds(struct kunit *test)
{
	struct device *gate;
	struct tdi *tdi;

	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	fake_driver_bind(test);
	KUNIT_ASSERT_TRUE(test, is_bound(FAKE_SLOT_TDI));
	gate_on(test, "all", "");
	gate = refuse_link(test, FAKE_SLOT_TDI);
	tdi_hold_present();
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_TDI), -EBUSY);
	KUNIT_EXPECT_EQ(test, write_to(DRIVER "/bind", pci_name(pdev_at(FAKE_SLOT_TDI))), -EBUSY);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	/* An accept opens that, too. */
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	KUNIT_ASSERT_NOT_NULL(test, tdi);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	expect_open(test, tdi);
	/* Nor is there one when it is lost, with its driver bound. */
	lose(tdi);
	KUNIT_EXPECT_FALSE(test, is_bound(FAKE_SLOT_TDI));
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_TDI), -EBUSY);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_TRUE(test, is_held(FAKE_SLOT_TDI));
	device_link_remove(gate, &tdi->pdev->dev);
	/* Once there can be one, it is one. */
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_TDI), -EPROBE_DEFER);
	fake_driver_release(test);
}

static void one_that_is_held_without_a_link_can_go(struct kunit *test)
{
	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	gate_on(test, "all", "");
	refuse_link(test, FAKE_SLOT_TDI);
	tdi_hold_present();
	fake_driver_bind(test);
	KUNIT_EXPECT_EQ(test, ask(FAKE_SLOT_TDI), -EBUSY);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	KUNIT_EXPECT_NULL(test, strstr(read_gate(test, "held"), "00.0"));
	fake_driver_release(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(without_a_gate_nothing_is_held),
	KUNIT_CASE(all_is_every_function_that_claims_to_be_capable),
	KUNIT_CASE(listed_is_what_the_list_names_capable_or_not),
	KUNIT_CASE_PARAM(what_nobody_understands_is_taken_as_all, wrong_gen_params),
	KUNIT_CASE(with_a_gate_the_module_stays),
	KUNIT_CASE(a_driver_that_comes_later_does_not_get_it),
	KUNIT_CASE(a_driver_that_is_there_does_not_get_what_comes),
	KUNIT_CASE(user_space_cannot_bind_it),
	KUNIT_CASE(an_override_binds_nothing),
	KUNIT_CASE(an_id_that_is_added_binds_nothing),
	KUNIT_CASE(a_driver_that_probes_asynchronously_does_not_get_it),
	KUNIT_CASE(a_tsm_that_comes_brings_no_driver),
	KUNIT_CASE(a_driver_that_was_there_is_released_and_named),
	KUNIT_CASE(all_are_held_before_the_first_driver_goes),
	KUNIT_CASE(looking_twice_changes_nothing),
	KUNIT_CASE(connect_opens_accept_first),
	KUNIT_CASE(connect_opens_start_first),
	KUNIT_CASE(a_lock_opens_nothing_and_an_accept_does),
	KUNIT_CASE_PARAM(what_is_refused_stays_held, stop_gen_params),
	KUNIT_CASE(unlock_closes),
	KUNIT_CASE(an_unlock_that_fails_closes_too),
	KUNIT_CASE(a_loss_closes),
	KUNIT_CASE(a_loss_during_a_probe_closes),
	KUNIT_CASE(a_driver_comes_back_with_its_device),
	KUNIT_CASE(a_driver_stays_while_its_device_comes_back),
	KUNIT_CASE(what_comes_back_different_stays_held),
	KUNIT_CASE(a_tsm_that_goes_closes),
	KUNIT_CASE(a_tsm_that_does_not_answer_any_more_closes),
	KUNIT_CASE(a_shutdown_leaves_it_as_it_is),
	KUNIT_CASE(one_that_is_held_can_go_and_is_held_again),
	KUNIT_CASE(one_that_was_accepted_goes_and_comes_back_held),
	KUNIT_CASE(one_that_hides_after_it_was_held_stays_held),
	KUNIT_CASE(one_that_shows_itself_late_is_no_tdi_beside_the_gate),
	KUNIT_CASE(one_that_comes_back_as_a_bridge_is_what_it_says_it_is),
	KUNIT_CASE(what_is_listed_is_held_as_a_bridge_too),
	KUNIT_CASE(one_that_blinks_is_a_tdi_behind_the_gate_or_none),
	KUNIT_CASE(more_lines_than_a_page_holds_are_counted),
	KUNIT_CASE(without_a_link_something_else_holds),
	KUNIT_CASE(one_that_is_held_without_a_link_can_go),
	{}
};

static struct kunit_suite suite = { .name = "tdi-gate", .test_cases = cases };
kunit_test_suite(suite);
