// SPDX-License-Identifier: GPL-2.0
/*
 * How a driver uses pci_tdi_enable(): one write of the Command register on the way in,
 * one on the way out, and neither reaches a TDI that is locked.
 *
 * It drives whatever is given to it by driver_override, and reads a register of BAR 0.
 * With fail_probe it gives up after that, as a driver does that does not like what it
 * finds.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "../../guest/include/tdisp/tdi.h"

#define BOTH	(PCI_ENABLE_TARGET | PCI_ENABLE_INITIATOR)

static bool fail_probe;
module_param(fail_probe, bool, 0600);
MODULE_PARM_DESC(fail_probe, "Fail each probe, after the device was enabled (default: off)");

static int example_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	void __iomem *regs;
	int ret;

	ret = pci_tdi_enable(pdev, BOTH);
	if (ret)
		return ret;
	ret = pci_request_region(pdev, 0, "tdi-example");
	if (ret)
		goto disable;
	regs = pci_iomap(pdev, 0, 0);
	if (!regs) {
		ret = -ENOMEM;
		goto release;
	}
	pci_info(pdev, "first register: %#x\n", readl(regs));
	if (fail_probe) {
		ret = -ENODEV;
		goto unmap;
	}
	pci_set_drvdata(pdev, regs);
	return 0;

unmap:
	pci_iounmap(pdev, regs);
release:
	pci_release_region(pdev, 0);
disable:
	pci_tdi_disable(pdev, BOTH);
	return ret;
}

static void example_remove(struct pci_dev *pdev)
{
	pci_iounmap(pdev, pci_get_drvdata(pdev));
	pci_release_region(pdev, 0);
	pci_tdi_disable(pdev, BOTH);
}

/* Nothing by itself. */
static const struct pci_device_id example_ids[] = {
	{ }
};

static struct pci_driver example_driver = {
	.name		= "tdi-example",
	.id_table	= example_ids,
	.probe		= example_probe,
	.remove		= example_remove,
};
module_pci_driver(example_driver);

MODULE_DESCRIPTION("An example of pci_tdi_enable(), for tests");
MODULE_LICENSE("GPL");
