// SPDX-License-Identifier: GPL-2.0
/*
 * enable.c: how often and with what the Command register is written, alone and
 * mixed with the PCI core's own way to enable a function.
 */
#include "../../include/tdisp/tdi.h"
#include "fake_backend.h"

#define BOTH	(PCI_ENABLE_TARGET | PCI_ENABLE_INITIATOR)
#define BITS	(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER)

static struct fake_fn *fn;
static struct pci_dev *pdev;

static void ready(struct kunit *test)
{
	const struct fake_desc desc = {
		.vendor = FAKE_VENDOR, .device = FAKE_DEVICE_OTHER,
		.bar_size = { SZ_64K, SZ_16K },
	};

	fn = fake_pci_fn(fake_pci_new(test, &desc, 1), 0);
	pdev = fn->pdev;
	KUNIT_ASSERT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
}

static u16 command(void)
{
	u16 cmd;

	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	return cmd & BITS;
}

static void both_bits_are_set_in_one_write(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, command(), 0);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 1);
	KUNIT_EXPECT_EQ(test, fn->command[0] & BITS, BITS);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 1);
}

static void the_pci_core_needs_two_writes_for_that(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_enable_device_mem(pdev), 0);
	pci_set_master(pdev);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 2);
}

static void bits_that_are_set_are_not_written_again(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	fake_pci_forget(fn);
	KUNIT_EXPECT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 2);
}

static void an_unmodified_driver_finds_nothing_to_write(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	fake_pci_forget(fn);
	KUNIT_EXPECT_EQ(test, pci_enable_device_mem(pdev), 0);
	pci_set_master(pdev);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_EXPECT_EQ(test, command(), BITS);
}

static void a_drivers_disable_does_not_reach_the_register(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	KUNIT_ASSERT_EQ(test, pci_enable_device(pdev), 0);
	fake_pci_forget(fn);
	pci_disable_device(pdev);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_EXPECT_EQ(test, command(), BITS);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 1);
}

static void the_last_disable_clears_bus_master_and_leaves_memory(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	KUNIT_ASSERT_EQ(test, pci_enable_device(pdev), 0);
	pci_tdi_disable(pdev, BOTH);
	KUNIT_EXPECT_EQ(test, command(), BITS);
	pci_disable_device(pdev);
	KUNIT_EXPECT_EQ(test, command(), PCI_COMMAND_MEMORY);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
}

static void counts_do_not_care_who_came_first(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_enable_device(pdev), 0);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	KUNIT_ASSERT_EQ(test, pci_enable_device_mem(pdev), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 3);
	pci_disable_device(pdev);
	pci_tdi_disable(pdev, BOTH);
	KUNIT_EXPECT_EQ(test, command(), BITS);
	pci_disable_device(pdev);
	KUNIT_EXPECT_EQ(test, command(), PCI_COMMAND_MEMORY);
}

static void target_alone_leaves_bus_master(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, PCI_ENABLE_TARGET), 0);
	KUNIT_EXPECT_EQ(test, command(), PCI_COMMAND_MEMORY);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 1);
}

static void initiator_alone_takes_no_count(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, PCI_ENABLE_INITIATOR), 0);
	KUNIT_EXPECT_EQ(test, command(), PCI_COMMAND_MASTER);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
	KUNIT_EXPECT_TRUE(test, pdev->is_busmaster);
	pci_tdi_disable(pdev, PCI_ENABLE_INITIATOR);
	KUNIT_EXPECT_EQ(test, command(), 0);
	KUNIT_EXPECT_FALSE(test, pdev->is_busmaster);
}

static const struct bad_flags {
	const char *desc;
	unsigned int flags;
} bad_flags[] = {
	{ "none", 0 },
	{ "one that does not exist", BIT(2) },
	{ "one that does not exist among others", BOTH | BIT(31) },
};

KUNIT_ARRAY_PARAM_DESC(bad_flags, bad_flags, desc);

static void other_flags_are_refused_untouched(struct kunit *test)
{
	const struct bad_flags *b = test->param_value;

	ready(test);
	KUNIT_EXPECT_EQ(test, pci_tdi_enable(pdev, b->flags), -EINVAL);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
}

static void decoders_without_an_address_are_not_enabled(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, release_resource(&pdev->resource[2]), 0);
	KUNIT_EXPECT_EQ(test, pci_tdi_enable(pdev, BOTH), -EINVAL);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
}

static void an_initiator_needs_no_addresses(struct kunit *test)
{
	ready(test);
	KUNIT_ASSERT_EQ(test, release_resource(&pdev->resource[2]), 0);
	KUNIT_EXPECT_EQ(test, pci_tdi_enable(pdev, PCI_ENABLE_INITIATOR), 0);
}

static void what_the_core_refuses_is_put_back(struct kunit *test)
{
	ready(test);
	pdev->resource[0].flags |= IORESOURCE_UNSET;
	KUNIT_EXPECT_NE(test, pci_tdi_enable(pdev, BOTH), 0);
	KUNIT_EXPECT_EQ(test, command(), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
	pdev->resource[0].flags &= ~IORESOURCE_UNSET;
	KUNIT_EXPECT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
}

static void other_bits_of_the_register_stay(struct kunit *test)
{
	u16 cmd;

	ready(test);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY | PCI_COMMAND_INTX_DISABLE);
	KUNIT_ASSERT_EQ(test, pci_tdi_enable(pdev, BOTH), 0);
	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	KUNIT_EXPECT_EQ(test, cmd, BITS | PCI_COMMAND_PARITY | PCI_COMMAND_INTX_DISABLE);
}

/* As bind and unbind use it. */
static void a_tdi_is_enabled_once_before_its_lock(struct kunit *test)
{
	struct fake_backend *fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	struct fake_fn *f = fake_fn(fb, FAKE_SLOT_TDI);
	struct tdi *tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);

	fake_pci_forget(f);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, f->nr_command, 1);
	KUNIT_EXPECT_EQ(test, f->command[0] & BITS, BITS);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, f->nr_command, 2);
	KUNIT_EXPECT_EQ(test, f->command[1] & BITS, PCI_COMMAND_MEMORY);
}

static void a_driver_comes_and_goes_without_a_write_while_locked(struct kunit *test)
{
	struct fake_backend *fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	struct fake_fn *f = fake_fn(fb, FAKE_SLOT_TDI);
	struct tdi *tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);

	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_pci_forget(f);
	fake_driver_enable = true;
	fake_driver_bind(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->pdev->enable_cnt), 1);
	fake_driver_release(test);
	fake_driver_enable = false;
	KUNIT_EXPECT_EQ(test, f->nr_command, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->pdev->enable_cnt), 0);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(both_bits_are_set_in_one_write),
	KUNIT_CASE(the_pci_core_needs_two_writes_for_that),
	KUNIT_CASE(bits_that_are_set_are_not_written_again),
	KUNIT_CASE(an_unmodified_driver_finds_nothing_to_write),
	KUNIT_CASE(a_drivers_disable_does_not_reach_the_register),
	KUNIT_CASE(the_last_disable_clears_bus_master_and_leaves_memory),
	KUNIT_CASE(counts_do_not_care_who_came_first),
	KUNIT_CASE(target_alone_leaves_bus_master),
	KUNIT_CASE(initiator_alone_takes_no_count),
	KUNIT_CASE_PARAM(other_flags_are_refused_untouched, bad_flags_gen_params),
	KUNIT_CASE(decoders_without_an_address_are_not_enabled),
	KUNIT_CASE(an_initiator_needs_no_addresses),
	KUNIT_CASE(what_the_core_refuses_is_put_back),
	KUNIT_CASE(other_bits_of_the_register_stay),
	KUNIT_CASE(a_tdi_is_enabled_once_before_its_lock),
	KUNIT_CASE(a_driver_comes_and_goes_without_a_write_while_locked),
	{}
};

static struct kunit_suite suite = { .name = "tdi-enable", .test_cases = cases };
kunit_test_suite(suite);
