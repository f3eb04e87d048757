// SPDX-License-Identifier: GPL-2.0
/*
 * guard.c and watch.c: what reaches a locked function, what its users see of it, who
 * notices that it is gone, and whose pci_ops a bus has afterwards. What each register's
 * rule is, tests/unit/test_guard.c knows.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/unaligned.h>

#include "fake_backend.h"

static struct fake_backend *fb;
static struct fake_fn *fn;
static struct pci_dev *pdev;
static struct tdi *tdi;
static char page[PAGE_SIZE] __aligned(PAGE_SIZE);

static void ready(struct kunit *test, enum tdi_state state)
{
	fb = fake_backend_ready(test, TDI_ACCEPT_FIRST);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	fn = fake_fn(fb, FAKE_SLOT_TDI);
	pdev = fn->pdev;
	fake_bring_to(test, tdi, state);
	fake_pci_forget(fn);
}

static u16 function_word(int where)
{
	return get_unaligned_le16(fn->config + where);
}

static u32 function_dword(int where)
{
	return get_unaligned_le32(fn->config + where);
}

static u16 command(void)
{
	u16 cmd;

	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	return cmd;
}

static const char *audit(struct tdi *of)
{
	memset(page, 0, sizeof(page));
	tdi_guard_show(of, page);
	return page;
}

/* "REGISTER EFFECT COUNT WHERE VALUE" is a line of it; who it was follows. */
static void expect_audit(struct kunit *test, const char *line)
{
	const char *text = audit(tdi), *at = strstr(text, line);

	KUNIT_EXPECT_TRUE_MSG(test, at && (at == text || at[-1] == '\n') &&
			      at[strlen(line)] == ' ', "\"%s\" is not in \"%s\"", line, text);
}

static void put_back_params(void *unused)
{
	fake_set_param("guard", "1");
	fake_set_param("watch_ms", "1000");
}

static void set_param(struct kunit *test, const char *name, const char *value)
{
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_back_params, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_set_param(name, value), 0);
}

/* --- whose pci_ops ------------------------------------------------------------------ */

static void the_bus_has_its_own_ops_again_when_the_backend_goes(struct kunit *test)
{
	struct pci_ops *own;
	struct pci_bus *bus;
	int i;

	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	bus = fake_fn(fb, FAKE_SLOT_TDI)->pdev->bus;
	own = bus->ops;
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
		KUNIT_EXPECT_PTR_NE(test, bus->ops, own);
		KUNIT_ASSERT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
		fake_unregister(fb);
		KUNIT_EXPECT_PTR_EQ(test, bus->ops, own);
	}
}

static void the_last_tdi_of_a_bus_takes_the_guard_along(struct kunit *test)
{
	struct pci_ops *own;
	struct pci_bus *bus;

	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	bus = fake_fn(fb, FAKE_SLOT_TDI)->pdev->bus;
	own = bus->ops;
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI);
	KUNIT_EXPECT_PTR_NE(test, bus->ops, own);
	fake_pci_unplug(fb->pci, FAKE_SLOT_TDI2);
	KUNIT_EXPECT_PTR_EQ(test, bus->ops, own);
	fake_plug_late(fb);
	KUNIT_EXPECT_PTR_NE(test, bus->ops, own);
	fake_pci_unplug(fb->pci, FAKE_SLOT_LATE);
	KUNIT_EXPECT_PTR_EQ(test, bus->ops, own);
}

static struct pci_ops *beneath;
static unsigned int nr_seen;

static int theirs_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *val)
{
	nr_seen++;
	return beneath->read(bus, devfn, where, size, val);
}

static int theirs_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val)
{
	nr_seen++;
	return beneath->write(bus, devfn, where, size, val);
}

static struct pci_ops theirs = { .read = theirs_read, .write = theirs_write };

/* As aer_inject does it. */
static void somebody_elses_ops_on_top_are_left_alone(struct kunit *test)
{
	struct pci_ops *own;
	struct pci_bus *bus;
	u32 id;

	fb = fake_backend_new(test, TDI_ACCEPT_FIRST);
	fn = fake_fn(fb, FAKE_SLOT_TDI);
	pdev = fn->pdev;
	bus = pdev->bus;
	own = bus->ops;
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	tdi = fake_tdi_at(fb, FAKE_SLOT_TDI);
	beneath = pci_bus_set_ops(bus, &theirs);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_pci_forget(fn);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_EXPECT_GT(test, nr_seen, 0);

	fake_unregister(fb);
	KUNIT_EXPECT_PTR_EQ(test, bus->ops, &theirs);
	/* Ours beneath still work, and let everything through. */
	KUNIT_EXPECT_EQ(test, pci_read_config_dword(pdev, PCI_VENDOR_ID, &id), 0);
	KUNIT_EXPECT_EQ(test, id, FAKE_VENDOR | FAKE_DEVICE_TDI << 16);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), PCI_COMMAND_PARITY);

	/* It comes again, and they are still there, on top. */
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_PTR_EQ(test, bus->ops, &theirs);
	KUNIT_EXPECT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
	fake_pci_forget(fn);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	fake_unregister(fb);

	/* They go, and it comes again. */
	pci_bus_set_ops(bus, own);
	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_EXPECT_PTR_NE(test, bus->ops, own);
	KUNIT_EXPECT_EQ(test, fake_connect(fake_tdi_at(fb, FAKE_SLOT_TDI)), 0);
	fake_pci_forget(fn);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	fake_unregister(fb);
	KUNIT_EXPECT_PTR_EQ(test, bus->ops, own);
	/* The guard stays loaded for good, for them; the tests need not. */
	module_put(THIS_MODULE);
}

/* --- what reaches the function -------------------------------------------------------- */

static void an_unlocked_function_is_not_guarded(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), PCI_COMMAND_PARITY);
	pcie_capability_set_word(pdev, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 1);
	KUNIT_EXPECT_STREQ(test, audit(tdi), "");
}

static void the_guard_is_there_from_lock_to_unlock(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	KUNIT_EXPECT_FALSE(test, tdi->guarded);
	KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
	KUNIT_EXPECT_TRUE(test, tdi->guarded);
	fake_pci_forget(fn);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_ASSERT_EQ(test, fake_accept(tdi, 0), 0);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_FALSE(test, tdi->guarded);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), PCI_COMMAND_PARITY);
}

static void a_lock_that_fails_leaves_no_guard(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	fb->once = true;
	fake_fail(fb, FAKE_LOCK, -EREMOTEIO, 0);
	KUNIT_EXPECT_EQ(test, fake_lock(tdi), -EREMOTEIO);
	KUNIT_EXPECT_FALSE(test, tdi->guarded);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), PCI_COMMAND_PARITY);
}

static void command_is_kept_and_reads_as_written(struct kunit *test)
{
	u16 before;

	ready(test, TDI_RUN);
	before = function_word(PCI_COMMAND);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_EXPECT_EQ(test, command(), 0);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), before);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	expect_audit(test, "command coalesce 1 0x004 0x00000000");
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY);
	expect_audit(test, "command coalesce 2 0x004 0x00000002");
	KUNIT_EXPECT_NOT_NULL(test, strstr(audit(tdi), current->comm));
}

static void what_was_written_to_command_comes_true_at_unlock(struct kunit *test)
{
	ready(test, TDI_RUN);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			      PCI_COMMAND_INTX_DISABLE | PCI_COMMAND_PARITY);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	/* And bus mastering was ours. */
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), PCI_COMMAND_MEMORY |
			PCI_COMMAND_INTX_DISABLE | PCI_COMMAND_PARITY);
	KUNIT_EXPECT_EQ(test, command(), function_word(PCI_COMMAND));
}

static void memory_that_was_switched_off_is_off_after_unlock(struct kunit *test)
{
	ready(test, TDI_RUN);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), 0);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND) & 6, 6);
}

static void bars_can_be_sized_while_locked(struct kunit *test)
{
	u32 before[2], val;
	int i;

	ready(test, TDI_RUN);
	for (i = 0; i < 2; i++) {
		before[i] = function_dword(PCI_BASE_ADDRESS_0 + 4 * i);
		pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i, ~0u);
	}
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0, &val);
	KUNIT_EXPECT_EQ(test, val, (u32)~(FAKE_BAR0_SIZE - 1) | PCI_BASE_ADDRESS_MEM_TYPE_64);
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_1, &val);
	KUNIT_EXPECT_EQ(test, val, ~0u);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, function_dword(PCI_BASE_ADDRESS_0 + 4 * i), before[i]);
		pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i, before[i]);
		pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0 + 4 * i, &val);
		KUNIT_EXPECT_EQ(test, val, before[i]);
	}
	expect_audit(test, "bar coalesce 2 0x014 0xffffffff");
}

static void bars_do_not_move_while_locked(struct kunit *test)
{
	u32 before, val;

	ready(test, TDI_RUN);
	before = function_dword(PCI_BASE_ADDRESS_0);
	pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0, before + FAKE_BAR0_SIZE);
	KUNIT_EXPECT_EQ(test, function_dword(PCI_BASE_ADDRESS_0), before);
	pci_read_config_dword(pdev, PCI_BASE_ADDRESS_0, &val);
	KUNIT_EXPECT_EQ(test, val, before);
	KUNIT_EXPECT_NOT_NULL(test, strstr(audit(tdi), "bar unbind-first 1 0x010 "));
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0, before + FAKE_BAR0_SIZE);
	KUNIT_EXPECT_EQ(test, function_dword(PCI_BASE_ADDRESS_0), before + FAKE_BAR0_SIZE);
	pci_write_config_dword(pdev, PCI_BASE_ADDRESS_0, before);
}

static void nobody_resets_a_locked_function(struct kunit *test)
{
	u16 ctl;

	ready(test, TDI_RUN);
	pcie_capability_write_word(pdev, PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR |
				   PCI_EXP_DEVCTL_READRQ_512B);
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 0);
	/* What else was in that write is there. */
	pcie_capability_read_word(pdev, PCI_EXP_DEVCTL, &ctl);
	KUNIT_EXPECT_EQ(test, ctl, PCI_EXP_DEVCTL_READRQ_512B);
	KUNIT_EXPECT_EQ(test, function_word(FAKE_PCI_EXP + PCI_EXP_DEVCTL), ctl);
	KUNIT_EXPECT_NOT_NULL(test, strstr(audit(tdi), "flr unbind-first 1 0x048 0x0000a000 "));
}

static void pci_reset_function_says_that_it_cannot(struct kunit *test)
{
	u16 before;

	ready(test, TDI_RUN);
	before = function_word(PCI_COMMAND);
	KUNIT_EXPECT_EQ(test, pci_reset_function(pdev), -ENOTTY);
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 0);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), before);
	KUNIT_EXPECT_EQ(test, command(), before);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_PTR_EQ(test, strstr(audit(tdi), "flr"), NULL);
	fake_settle(tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);

	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, pci_reset_function(pdev), 0);
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 1);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), 0);
}

/* A quirk's, say. */
static void what_could_not_be_reset_before_cannot_be_after(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	pdev->dev_flags |= PCI_DEV_FLAGS_NO_FLR_RESET;
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_TRUE(test, pdev->dev_flags & PCI_DEV_FLAGS_NO_FLR_RESET);
	KUNIT_EXPECT_FALSE(test, pdev->dev_flags & (PCI_DEV_FLAGS_NO_PM_RESET |
						    PCI_DEV_FLAGS_NO_BUS_RESET));
}

static void power_states_are_a_matter_of_belief(struct kunit *test)
{
	u16 ctl;

	ready(test, TDI_RUN);
	KUNIT_ASSERT_EQ(test, pdev->pm_cap, FAKE_PCI_PM);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(pdev, PCI_D3hot), 0);
	pci_read_config_word(pdev, FAKE_PCI_PM + PCI_PM_CTRL, &ctl);
	KUNIT_EXPECT_EQ(test, ctl & PCI_PM_CTRL_STATE_MASK, 3);
	KUNIT_EXPECT_EQ(test, function_word(FAKE_PCI_PM + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK, 0);
	KUNIT_EXPECT_EQ(test, pci_set_power_state(pdev, PCI_D0), 0);
	pci_read_config_word(pdev, FAKE_PCI_PM + PCI_PM_CTRL, &ctl);
	KUNIT_EXPECT_EQ(test, ctl & PCI_PM_CTRL_STATE_MASK, 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(audit(tdi), "power-state coalesce 2 0x084 "));
}

static void an_extended_capability_is_guarded(struct kunit *test)
{
	ready(test, TDI_RUN);
	pci_write_config_word(pdev, FAKE_PCI_ATS + PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE);
	KUNIT_EXPECT_EQ(test, function_word(FAKE_PCI_ATS + PCI_ATS_CTRL), 0);
	expect_audit(test, "ats refuse 1 0x106 0x00008000");
}

/* --- two of them, and none ------------------------------------------------------------- */

static void each_function_has_a_guard_of_its_own(struct kunit *test)
{
	struct tdi *second;
	u16 cmd;

	ready(test, TDI_RUN);
	second = fake_tdi_at(fb, FAKE_SLOT_TDI2);
	pci_write_config_word(second->pdev, PCI_COMMAND, PCI_COMMAND_PARITY);
	pci_read_config_word(second->pdev, PCI_COMMAND, &cmd);
	KUNIT_EXPECT_EQ(test, cmd, PCI_COMMAND_PARITY);
	KUNIT_EXPECT_EQ(test, get_unaligned_le16(fake_fn(fb, FAKE_SLOT_TDI2)->config + PCI_COMMAND),
			PCI_COMMAND_PARITY);
	KUNIT_ASSERT_EQ(test, fake_connect(second), 0);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_EXPECT_STREQ(test, audit(second), "");
	KUNIT_ASSERT_EQ(test, fake_unlock(second), 0);
	KUNIT_EXPECT_TRUE(test, tdi->guarded);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
}

static void what_was_tried_is_remembered_after_unlock(struct kunit *test)
{
	ready(test, TDI_RUN);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	expect_audit(test, "command coalesce 1 0x004 0x00000000");
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	expect_audit(test, "command coalesce 2 0x004 0x00000000");
}

static void without_guard_everything_reaches_the_function(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	set_param(test, "guard", "0");
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_EXPECT_FALSE(test, tdi->guarded);
	/* Somebody has to keep Bus Master Enable from being cleared. */
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 1);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY | 6);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), PCI_COMMAND_PARITY | 6);
	KUNIT_EXPECT_EQ(test, pci_reset_function(pdev), 0);
	KUNIT_EXPECT_EQ(test, fn->nr_resets, 1);
	KUNIT_EXPECT_STREQ(test, audit(tdi), "");
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
}

static void a_lock_keeps_the_guard_that_it_was_made_with(struct kunit *test)
{
	ready(test, TDI_RUN);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
	set_param(test, "guard", "0");
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	KUNIT_ASSERT_EQ(test, fake_set_param("guard", "1"), 0);
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_PARITY | 6);
	KUNIT_EXPECT_EQ(test, function_word(PCI_COMMAND), PCI_COMMAND_PARITY | 6);
	KUNIT_ASSERT_EQ(test, fake_unlock(tdi), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&pdev->enable_cnt), 0);
}

static void more_than_fits_is_not_locked(struct kunit *test)
{
	int at;

	ready(test, TDI_UNLOCKED);
	for (at = 0x100; at < 0x800; at += 8)
		put_unaligned_le32(PCI_EXT_CAP_ID_ATS | 1 << 16 | (at + 8) << 20, fn->config + at);
	KUNIT_EXPECT_EQ(test, fake_connect(tdi), -E2BIG);
	fake_expect_result(test, tdi, "guarded registers of the function, at most: expected 64");
	fake_expect_pristine(test, tdi);
	KUNIT_EXPECT_FALSE(test, tdi->guarded);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_LOCK], 0);
}

/* --- the watch --------------------------------------------------------------------------- */

static void expect_lost(struct kunit *test)
{
	u8 *buf = kunit_kzalloc(test, 64, GFP_KERNEL);
	dma_addr_t addr;

	KUNIT_ASSERT_NOT_NULL(test, buf);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, 1);
	KUNIT_EXPECT_FALSE(test, to_fake(tdi)->dma_enabled);
	addr = dma_map_single(&pdev->dev, buf, 64, DMA_TO_DEVICE);
	KUNIT_EXPECT_NE(test, dma_mapping_error(&pdev->dev, addr), 0);
}

static void a_device_that_reads_as_ones_is_lost(struct kunit *test)
{
	u32 id;

	ready(test, TDI_RUN);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64)), 0);
	fn->gone = true;
	/* Until its DMA is ended nobody may believe it, and free what it writes to. */
	KUNIT_EXPECT_EQ(test, pci_read_config_dword(pdev, PCI_VENDOR_ID, &id), 0);
	KUNIT_EXPECT_EQ(test, id, pdev->vendor | (u32)pdev->device << 16);
	fake_settle(tdi);
	expect_lost(test);
	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	KUNIT_EXPECT_EQ(test, id, ~0u);
	fake_expect_result(test, tdi, "watch: device: expected vendor 0x1d15, found nobody");
	fn->gone = false;
}

static void a_device_that_is_gone_takes_no_writes(struct kunit *test)
{
	ready(test, TDI_RUN);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64)), 0);
	fn->gone = true;
	pci_write_config_word(pdev, PCI_COMMAND, 0);
	fake_settle(tdi);
	expect_lost(test);
	fn->gone = false;
	KUNIT_EXPECT_EQ(test, fn->nr_command, 0);
}

static void a_byte_of_ones_is_nothing(struct kunit *test)
{
	u8 val;

	ready(test, TDI_RUN);
	fn->config[PCI_INTERRUPT_LINE] = 0xff;
	fake_settle(tdi);
	fake_forget(fb);
	pci_read_config_byte(pdev, PCI_INTERRUPT_LINE, &val);
	KUNIT_EXPECT_EQ(test, val, 0xff);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, 0);
}

static void an_event_leads_to_a_look(struct kunit *test)
{
	ready(test, TDI_RUN);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64)), 0);
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	KUNIT_EXPECT_GT(test, fb->calls[FAKE_INFO], 0);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	expect_lost(test);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BLOCKED);
	fake_expect_result(test, tdi, "watch: TDI state: expected RUN, found ERROR (TSM)");
}

static void a_look_finds_another_lock(struct kunit *test)
{
	ready(test, TDI_RUN);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64)), 0);
	to_fake(tdi)->nonces.lock += 2;
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	expect_lost(test);
	fake_expect_result(test, tdi, "watch: lock nonce: expected");
}

static void what_was_attested_only_is_no_loss(struct kunit *test)
{
	ready(test, TDI_ATTESTED);
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	/* The verbs find it out, and say what it means for them. */
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ATTESTED);
	KUNIT_EXPECT_EQ(test, fake_accept(tdi, 0), -EREMOTEIO);
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, 0);
}

static void an_event_of_an_unlocked_device_is_nothing(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_UNLOCKED);
	to_fake(tdi)->state = TDISP_CONFIG_UNLOCKED;
}

static void a_silent_platform_is_no_loss(struct kunit *test)
{
	ready(test, TDI_RUN);
	fake_fail(fb, FAKE_INFO, -ETIMEDOUT, 0);
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_RUN);
	fake_truth(fb);
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
}

/* Nobody says anything: the host holds events back. */
static void a_loss_is_noticed_without_an_event(struct kunit *test)
{
	int i;

	ready(test, TDI_UNLOCKED);
	set_param(test, "watch_ms", "10");
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	to_fake(tdi)->state = TDISP_ERROR;
	for (i = 0; i < 1000 && READ_ONCE(tdi->state) != TDI_ERROR; i++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
	KUNIT_EXPECT_EQ(test, tdi->losses.losses, 1);
}

static void nobody_asks_with_the_interval_at_0(struct kunit *test)
{
	ready(test, TDI_UNLOCKED);
	set_param(test, "watch_ms", "0");
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	fake_settle(tdi);
	fake_forget(fb);
	msleep(2500);
	KUNIT_EXPECT_EQ(test, fb->calls[FAKE_INFO], 0);
	/* But events are. */
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
	fake_settle(tdi);
	KUNIT_EXPECT_EQ(test, tdi->state, TDI_ERROR);
}

static void a_driver_of_a_lost_device_maps_nothing_more(struct kunit *test)
{
	struct device *dev;
	dma_addr_t a, b;
	u8 *buf;

	ready(test, TDI_RUN);
	dev = &pdev->dev;
	buf = kunit_kzalloc(test, 256, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	fake_driver_bind(test);
	KUNIT_ASSERT_EQ(test, dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64)), 0);
	a = dma_map_single(dev, buf, 64, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, a), 0);
	KUNIT_EXPECT_EQ(test, tdi_dma_live(tdi), 1);
	/* Before anybody can release it. */
	device_lock(dev);
	to_fake(tdi)->state = TDISP_ERROR;
	tdi_backend_event(&fb->backend);
	flush_delayed_work(&tdi->watch);
	KUNIT_EXPECT_NOT_NULL(test, dev->driver);
	expect_lost(test);
	KUNIT_EXPECT_PTR_EQ(test, dma_alloc_coherent(dev, 64, &b, GFP_KERNEL), NULL);
	KUNIT_EXPECT_EQ(test, tdi_dma_live(tdi), 1);
	dma_unmap_single(dev, a, 64, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, tdi_dma_live(tdi), 0);
	device_unlock(dev);
	fake_settle(tdi);
	fake_driver_release(test);
	KUNIT_EXPECT_EQ(test, fake_unlock(tdi), 0);
	fake_expect_pristine(test, tdi);
	KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
	a = dma_map_single(dev, buf, 64, DMA_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, dma_mapping_error(dev, a), 0);
	dma_unmap_single(dev, a, 64, DMA_TO_DEVICE);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(the_bus_has_its_own_ops_again_when_the_backend_goes),
	KUNIT_CASE(the_last_tdi_of_a_bus_takes_the_guard_along),
	KUNIT_CASE(somebody_elses_ops_on_top_are_left_alone),
	KUNIT_CASE(an_unlocked_function_is_not_guarded),
	KUNIT_CASE(the_guard_is_there_from_lock_to_unlock),
	KUNIT_CASE(a_lock_that_fails_leaves_no_guard),
	KUNIT_CASE(command_is_kept_and_reads_as_written),
	KUNIT_CASE(what_was_written_to_command_comes_true_at_unlock),
	KUNIT_CASE(memory_that_was_switched_off_is_off_after_unlock),
	KUNIT_CASE(bars_can_be_sized_while_locked),
	KUNIT_CASE(bars_do_not_move_while_locked),
	KUNIT_CASE(nobody_resets_a_locked_function),
	KUNIT_CASE(pci_reset_function_says_that_it_cannot),
	KUNIT_CASE(what_could_not_be_reset_before_cannot_be_after),
	KUNIT_CASE(power_states_are_a_matter_of_belief),
	KUNIT_CASE(an_extended_capability_is_guarded),
	KUNIT_CASE(each_function_has_a_guard_of_its_own),
	KUNIT_CASE(what_was_tried_is_remembered_after_unlock),
	KUNIT_CASE(without_guard_everything_reaches_the_function),
	KUNIT_CASE(a_lock_keeps_the_guard_that_it_was_made_with),
	KUNIT_CASE(more_than_fits_is_not_locked),
	KUNIT_CASE(a_device_that_reads_as_ones_is_lost),
	KUNIT_CASE(a_device_that_is_gone_takes_no_writes),
	KUNIT_CASE(a_byte_of_ones_is_nothing),
	KUNIT_CASE(an_event_leads_to_a_look),
	KUNIT_CASE(a_look_finds_another_lock),
	KUNIT_CASE(what_was_attested_only_is_no_loss),
	KUNIT_CASE(an_event_of_an_unlocked_device_is_nothing),
	KUNIT_CASE(a_silent_platform_is_no_loss),
	KUNIT_CASE(a_loss_is_noticed_without_an_event),
	KUNIT_CASE_SLOW(nobody_asks_with_the_interval_at_0),
	KUNIT_CASE(a_driver_of_a_lost_device_maps_nothing_more),
	{}
};

static struct kunit_suite suite = { .name = "tdi-guard", .test_cases = cases };
kunit_test_suite(suite);
