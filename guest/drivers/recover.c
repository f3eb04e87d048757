// SPDX-License-Identifier: GPL-2.0
/*
 * After a loss: what becomes of the driver while its device is stopped, reset, locked,
 * attested and accepted again, or stays down.
 *
 * A driver with pci_error_handlers is told what it is told of any PCI error: it stops
 * using the device, keeps its mappings, and starts again after a reset, so that a file
 * system on the device stays mounted. That is the one case in which a driver is bound
 * to a TDI that changes its state. Any other driver is released, and comes back.
 */
#include <linux/moduleparam.h>
#include <linux/pci.h>

#include "internal.h"

static char *recovery = "stay-down";
module_param(recovery, charp, 0444);
MODULE_PARM_DESC(recovery,
		 "What a loss leads to, for TDIs that come: stay-down or recover (default: stay-down)");

/* What a new TDI begins with. */
bool tdi_recover_default(void)
{
	return sysfs_streq(recovery, "recover");
}

static const struct pci_error_handlers *handlers_of(const struct pci_dev *pdev)
{
	return pdev->dev.driver && pdev->driver ? pdev->driver->err_handler : NULL;
}

/*
 * Between its two locks the device is reset, and its MSI-X table written anew, by the PCI
 * core: through a mapping from when the driver enabled MSI-X, which is private if
 * anything of that BAR was accepted. Where such a mapping leads nowhere, the machine
 * would stop there. The table is not looked for in config space, which is the host's word.
 */
static bool writes_private_msix(const struct tdi *tdi)
{
	return tdi->backend->flags & TDI_BACKEND_PRIVATE_MMIO && tdi->pdev->msix_enabled;
}

/* Does the driver leave the device alone from here on, and keep its mappings? */
static bool quiesce(struct tdi *tdi)
{
	struct pci_dev *pdev = tdi->pdev;
	const struct pci_error_handlers *handlers = handlers_of(pdev);
	pci_ers_result_t answer;

	device_lock_assert(&pdev->dev);
	if (!handlers || !handlers->error_detected || !handlers->slot_reset)
		return false;
	/* Mappings of another mode would be worth nothing afterwards. */
	if (tdi->dma.mode < TDI_DMA_DIRECT || writes_private_msix(tdi))
		return false;
	pdev->error_state = pci_channel_io_frozen;
	answer = handlers->error_detected(pdev, pci_channel_io_frozen);
	if (answer == PCI_ERS_RESULT_NEED_RESET || answer == PCI_ERS_RESULT_CAN_RECOVER)
		return true;
	pdev->error_state = pci_channel_io_normal;
	return false;
}

static bool resume(struct pci_dev *pdev)
{
	const struct pci_error_handlers *handlers = handlers_of(pdev);

	pdev->error_state = pci_channel_io_normal;
	if (handlers->slot_reset(pdev) != PCI_ERS_RESULT_RECOVERED)
		return false;
	if (handlers->resume)
		handlers->resume(pdev);
	return true;
}

/* The driver is to give up: nobody answers it again. */
static void give_up(struct pci_dev *pdev)
{
	const struct pci_error_handlers *handlers = handlers_of(pdev);

	pdev->error_state = pci_channel_io_perm_failure;
	if (handlers && handlers->error_detected)
		handlers->error_detected(pdev, pci_channel_io_perm_failure);
}

/* The device's lock is dropped for it: device_release_driver() takes it. */
static void release_driver(struct pci_dev *pdev)
{
	device_unlock(&pdev->dev);
	device_release_driver(&pdev->dev);
	device_lock(&pdev->dev);
}

static bool is_wanted(const struct tdi *tdi)
{
	return tdi && !tdi->going && !tdi->down && tdi->state == TDI_ERROR && !tdi->reaches;
}

/*
 * A driver whose device stays down would wait for answers, and try mappings that are
 * refused, for as long as it pleases. Its users are better off with an error.
 */
static void stay_down(struct pci_dev *pdev)
{
	give_up(pdev);
	release_driver(pdev);
	pdev->error_state = pci_channel_io_normal;
}

/* The driver, if there is one, is out of the way when this returns, one way or the other. */
static bool recover(struct pci_dev *pdev, bool quiesced)
{
	struct tdi *tdi;

	if (pdev->dev.driver && !quiesced)
		release_driver(pdev);
	/* With the lock dropped somebody else may have bound, or removed, it. */
	tdi = tdi_from_pdev(pdev);
	if (!is_wanted(tdi) || (pdev->dev.driver && !quiesced) || tdi_recover(tdi))
		return false;
	if (!quiesced || resume(pdev))
		return true;
	/* Its device is as it should be, and can be stopped the usual way. */
	pci_err(pdev, "tdi: %s did not resume\n", pdev->dev.driver->name);
	release_driver(pdev);
	return false;
}

/**
 * tdi_recover_device() - what follows a loss
 * @pdev: the function of a TDI that was lost, or what was
 *
 * Context: Process context; takes the device's lock. No TDI is pinned: there is one
 *	only as long as that lock is held.
 */
void tdi_recover_device(struct pci_dev *pdev)
{
	bool quiesced, comes_back = false;
	struct tdi *tdi;

	device_lock(&pdev->dev);
	tdi = tdi_from_pdev(pdev);
	/* Who noticed the loss may not have had this lock. */
	if (tdi && !tdi->going && !tdi->down && !tdi_is_accepted(tdi))
		tdi_gate_hold(pdev);
	if (!is_wanted(tdi)) {
		device_unlock(&pdev->dev);
		return;
	}
	if (READ_ONCE(tdi->recover)) {
		bool had_driver = pdev->dev.driver;

		quiesced = had_driver && quiesce(tdi);
		comes_back = recover(pdev, quiesced) && had_driver && !quiesced;
	}
	if (is_wanted(tdi_from_pdev(pdev)) && pdev->dev.driver)
		stay_down(pdev);
	device_unlock(&pdev->dev);

	if (comes_back && device_attach(&pdev->dev) < 0)
		pci_err(pdev, "tdi: driver did not come back\n");
}
