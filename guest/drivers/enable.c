// SPDX-License-Identifier: GPL-2.0
/*
 * Memory Space and Bus Master Enable in one config write.
 *
 * Clearing either bit moves a locked TDI to ERROR, and some devices object to
 * Bus Master Enable going from 0 to 1 while they are locked (PCIe r6.x table
 * 11-5). Setting both at once, before the lock, leaves pci_enable_device() and
 * pci_set_master() of an unmodified driver nothing to write.
 */
#include <linux/export.h>

#include "internal.h"

#define PCI_ENABLE_ALL	(PCI_ENABLE_TARGET | PCI_ENABLE_INITIATOR)

/* Enabling decoders whose BARs nobody assigned would decode at random. */
static bool bars_assigned(struct pci_dev *pdev)
{
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		struct resource *res = &pdev->resource[i];

		if ((res->flags & IORESOURCE_MEM) && resource_size(res) && !res->parent)
			return false;
	}
	return true;
}

/**
 * tdi_enable_once() - set Memory Space and Bus Master Enable, and count nothing
 * @pdev: the function
 * @flags: as for pci_tdi_enable()
 * @old: the Command register as it was
 *
 * Return: 0; -EINVAL for other flags or BARs without an address; or the error of
 *	pci_set_power_state().
 */
int tdi_enable_once(struct pci_dev *pdev, unsigned int flags, u16 *old)
{
	u16 cmd;
	int ret;

	if (!flags || (flags & ~PCI_ENABLE_ALL))
		return -EINVAL;
	if ((flags & PCI_ENABLE_TARGET) && !bars_assigned(pdev))
		return -EINVAL;

	/* A function below D0 need not keep what is written to it. */
	ret = pci_set_power_state(pdev, PCI_D0);
	if (ret < 0 && ret != -EIO)
		return ret;

	pci_read_config_word(pdev, PCI_COMMAND, old);
	cmd = *old;
	if (flags & PCI_ENABLE_TARGET)
		cmd |= PCI_COMMAND_MEMORY;
	if (flags & PCI_ENABLE_INITIATOR)
		cmd |= PCI_COMMAND_MASTER;
	if (cmd != *old)
		pci_write_config_word(pdev, PCI_COMMAND, cmd);
	return 0;
}

static void enable_undo(struct pci_dev *pdev, u16 old)
{
	u16 cmd;

	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	if (cmd != old)
		pci_write_config_word(pdev, PCI_COMMAND, old);
}

/**
 * pci_tdi_enable() - enable a function as target, initiator, or both, at once
 * @pdev: the function; need not be a TDI
 * @flags: PCI_ENABLE_TARGET (Memory Space), PCI_ENABLE_INITIATOR (Bus Master)
 *
 * One write of the Command register, none if the bits are set already. With
 * PCI_ENABLE_TARGET it also takes an enable count, as pci_enable_device_mem()
 * does, and can be mixed freely with that and with pci_set_master().
 *
 * Context: Process context, may sleep. The caller holds the device's lock or
 *	is its driver.
 * Return: 0; -EINVAL for other flags or BARs without an address; or the error
 *	of pci_enable_device_mem(), with the Command register as it was.
 */
int pci_tdi_enable(struct pci_dev *pdev, unsigned int flags)
{
	u16 old;
	int ret = tdi_enable_once(pdev, flags, &old);

	if (ret)
		return ret;

	/* From here on the PCI core finds the bits set and only counts. */
	if (flags & PCI_ENABLE_TARGET) {
		ret = pci_enable_device_mem(pdev);
		if (ret) {
			enable_undo(pdev, old);
			return ret;
		}
	}
	if (flags & PCI_ENABLE_INITIATOR)
		pci_set_master(pdev);
	return 0;
}
EXPORT_SYMBOL_GPL(pci_tdi_enable);

/**
 * pci_tdi_disable() - undo pci_tdi_enable()
 * @pdev: the function
 * @flags: as given to pci_tdi_enable()
 *
 * Drops the enable count; the last one clears Bus Master Enable, in one write. Memory
 * Space Enable stays, as with pci_disable_device(), which this can be mixed with. Of a
 * locked TDI neither bit is cleared: the config guard sees to that.
 *
 * Context: Process context, may sleep.
 */
void pci_tdi_disable(struct pci_dev *pdev, unsigned int flags)
{
	if (flags & PCI_ENABLE_TARGET)
		pci_disable_device(pdev);
	else if (flags & PCI_ENABLE_INITIATOR)
		pci_clear_master(pdev);
}
EXPORT_SYMBOL_GPL(pci_tdi_disable);
