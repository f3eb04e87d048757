// SPDX-License-Identifier: GPL-2.0
/*
 * The core module: which backend there is, which PCI functions are TDIs, and
 * what happens when either comes or goes.
 */
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/xarray.h>

#include "internal.h"

bool tdi_allow_unverified;
module_param_named(allow_unverified, tdi_allow_unverified, bool, 0600);
MODULE_PARM_DESC(allow_unverified,
		 "Accept devices whose identity nobody verified (default: off)");

/* Serialises registration, hot-add and removal; never held by a verb. */
static DEFINE_MUTEX(registry_lock);
static struct task_struct *registry_owner;
static struct tdi_backend *the_backend;
/* By address of the PCI device; a sysfs attribute that runs pins its entry. */
static DEFINE_XARRAY(tdis);

static void registry_enter(void)
{
	mutex_lock(&registry_lock);
	WRITE_ONCE(registry_owner, current);
}

static void registry_leave(void)
{
	WRITE_ONCE(registry_owner, NULL);
	mutex_unlock(&registry_lock);
}

DEFINE_LOCK_GUARD_0(registry, registry_enter(), registry_leave())

struct tdi *tdi_from_pdev(struct pci_dev *pdev)
{
	return xa_load(&tdis, (unsigned long)pdev);
}

static bool is_tee_capable(struct pci_dev *pdev)
{
	u32 cap = 0;

	/* A bridge is none, whatever config space claims. */
	if (!pci_is_pcie(pdev) || pdev->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return false;
	pcie_capability_read_dword(pdev, PCI_EXP_DEVCAP, &cap);
	return cap & PCI_EXP_DEVCAP_TEE;
}

/* Releases a function's driver, and notes in @bound that it had one. */
static void detach(struct pci_dev *pdev, struct xarray *bound)
{
	if (!pdev->dev.driver)
		return;
	/* Out of memory: the driver stays away, which is the safe side. */
	if (!xa_is_err(xa_store(bound, (unsigned long)pdev, pdev, GFP_KERNEL)))
		pci_dev_get(pdev);
	device_release_driver(&pdev->dev);
}

/* Gives the functions in @bound a driver again, and empties it. */
static void reattach(struct xarray *bound)
{
	struct pci_dev *pdev;
	unsigned long index;

	xa_for_each(bound, index, pdev) {
		if (device_attach(&pdev->dev) < 0)
			pci_err(pdev, "tdi: driver did not come back\n");
		pci_dev_put(pdev);
	}
	xa_destroy(bound);
}

/*
 * Makes a TDI of a PCI function, its DMA blocked. A driver that is bound is
 * released first.
 */
static int add_tdi(struct tdi_backend *backend, struct pci_dev *pdev, struct xarray *bound)
{
	struct tdi *tdi;
	int ret;

	lockdep_assert_held(&registry_lock);
	/* Nor is the TSM's own function, which we are being called from. */
	if (&pdev->dev == backend->parent || !is_tee_capable(pdev))
		return -ENODEV;
	/* There IOVAs are what drivers get, and ops of ours are passed by. */
	if (device_iommu_mapped(&pdev->dev)) {
		pci_err(pdev, "tdi: expected no guest-visible IOMMU, found one: not taken over\n");
		return -EOPNOTSUPP;
	}

	tdi = backend->ops->add(backend, pdev);
	if (IS_ERR(tdi))
		return PTR_ERR(tdi);
	tdi->pdev = pci_dev_get(pdev);
	tdi->backend = backend;
	tdi->state = TDI_UNLOCKED;
	mutex_init(&tdi->lock);

	/* A user who binds it again right here finds -EBUSY and no TDI. */
	detach(pdev, bound);
	scoped_guard(device, &pdev->dev) {
		ret = pdev->dev.driver ? -EBUSY : 0;
		if (!ret)
			tdi_dma_init(tdi);
	}
	if (!ret) {
		ret = xa_err(xa_store(&tdis, (unsigned long)pdev, tdi, GFP_KERNEL));
		if (!ret) {
			tdi_debugfs_add(tdi);
			return 0;
		}
		tdi_dma_exit(tdi);
	}
	pci_err(pdev, "tdi: not taken over: %pe\n", ERR_PTR(ret));
	pci_dev_put(pdev);
	backend->ops->remove(tdi);
	return ret;
}

/* The TDI's surface appears, and its shared mode with it. */
static void open_tdi(struct tdi *tdi)
{
	struct device *dev = &tdi->pdev->dev;
	int ret;

	scoped_guard(device, dev)
		ret = tdi_found(tdi);
	if (!ret)
		ret = device_add_group(dev, &tdi_sysfs_group);
	tdi->open = !ret;
	if (ret)
		pci_err(tdi->pdev, "tdi: no tsm/ directory, DMA stays blocked: %pe\n",
			ERR_PTR(ret));
}

static void close_tdi(struct tdi *tdi)
{
	/* Waits for attributes that run; none starts after it. */
	if (tdi->open)
		device_remove_group(&tdi->pdev->dev, &tdi_sysfs_group);
	tdi->open = false;
}

/* Takes the device's lock with no driver bound, however often one comes back. */
static void lock_without_driver(struct device *dev)
{
	for (;;) {
		device_release_driver(dev);
		device_lock(dev);
		if (!dev->driver)
			return;
		device_unlock(dev);
	}
}

static void remove_tdi(struct tdi *tdi)
{
	struct pci_dev *pdev = tdi->pdev;

	lockdep_assert_held(&registry_lock);
	tdi_debugfs_remove(tdi);
	/* From here to the kernel's own ops no driver may see the TDI's. */
	lock_without_driver(&pdev->dev);
	tdi_lost(tdi);
	tdi_dma_exit(tdi);
	device_unlock(&pdev->dev);
	xa_erase(&tdis, (unsigned long)pdev);
	tdi->backend->ops->remove(tdi);
	pci_dev_put(pdev);
}

/* A function that comes or goes while nobody else changes the registry. */
static void function_changed(struct pci_dev *pdev, bool comes)
{
	struct xarray unused;
	struct tdi *tdi;

	lockdep_assert_held(&registry_lock);
	/* Not DEFINE_XARRAY(): a lock on the stack has no key for lockdep. */
	xa_init(&unused);
	if (comes) {
		if (the_backend && !add_tdi(the_backend, pdev, &unused))
			open_tdi(tdi_from_pdev(pdev));
		return;
	}
	tdi = tdi_from_pdev(pdev);
	if (tdi) {
		close_tdi(tdi);
		remove_tdi(tdi);
	}
}

static int hotplug(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);

	if (action != BUS_NOTIFY_ADD_DEVICE && action != BUS_NOTIFY_DEL_DEVICE)
		return NOTIFY_DONE;
	/*
	 * Releasing or attaching a driver may add and delete functions (SR-IOV,
	 * VMD), and we do both with the lock held.
	 */
	if (READ_ONCE(registry_owner) == current) {
		function_changed(pdev, action == BUS_NOTIFY_ADD_DEVICE);
		return NOTIFY_OK;
	}
	guard(registry)();
	function_changed(pdev, action == BUS_NOTIFY_ADD_DEVICE);
	return NOTIFY_OK;
}

static struct notifier_block hotplug_nb = { .notifier_call = hotplug };

/* After the backend is gone, or where it never came to be. */
static void drop_tdis(struct tdi_backend *backend)
{
	unsigned long index;
	struct tdi *tdi;

	xa_for_each(&tdis, index, tdi)
		remove_tdi(tdi);
}

/**
 * tdi_backend_register() - a platform's TSM is there
 * @backend: the backend; stays the caller's, unchanged until unregistered
 *
 * Takes over every TEE-capable function that the backend claims: its driver is
 * released, memory becomes private where the platform does that late (@enter),
 * the function's DMA is shared from then on, and its driver comes back.
 *
 * Context: Process context.
 * Return: 0; -EBUSY there is a TSM already; -EINVAL bounce mode cannot be honest
 *	on this kernel's command line; or an error of the backend.
 */
int tdi_backend_register(struct tdi_backend *backend)
{
	struct pci_dev *pdev = NULL;
	struct xarray bound;
	unsigned long index;
	struct tdi *tdi;
	int ret;

	xa_init(&bound);
	guard(registry)();
	if (the_backend)
		return -EBUSY;
	if (backend->ops->share_pages) {
		ret = tdi_bounce_check(backend);
		if (ret)
			return ret;
	}
	ret = tdi_class_add(backend);
	if (ret)
		return ret;

	for_each_pci_dev(pdev)
		add_tdi(backend, pdev, &bound);

	if (backend->ops->enter)
		ret = backend->ops->enter(backend);
	if (!ret && backend->ops->share_pages)
		ret = tdi_bounce_share_pool(backend);
	if (ret) {
		dev_err(backend->parent, "tdi: platform not taken over: %pe\n", ERR_PTR(ret));
		drop_tdis(backend);
		/* Drivers come back to open memory, or they would only fail. */
		if (backend->ops->leave)
			backend->ops->leave(backend);
		tdi_class_remove(backend);
		reattach(&bound);
		return ret;
	}
	if (backend->flags & TDI_BACKEND_EMULATED) {
		add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
		dev_notice(backend->parent, "tdi: emulated platform: it protects nothing\n");
	}

	the_backend = backend;
	xa_for_each(&tdis, index, tdi)
		open_tdi(tdi);
	reattach(&bound);
	tdi_class_ready(backend);
	return 0;
}
EXPORT_SYMBOL_GPL(tdi_backend_register);

/**
 * tdi_backend_unregister() - a platform's TSM goes away
 * @backend: what was registered
 *
 * Drivers are released, TDIs unbound, memory opened again where @enter closed
 * it, and drivers come back to ordinary devices.
 *
 * Context: Process context.
 */
void tdi_backend_unregister(struct tdi_backend *backend)
{
	struct xarray bound;
	unsigned long index;
	struct tdi *tdi;

	xa_init(&bound);
	guard(registry)();
	if (the_backend != backend)
		return;
	the_backend = NULL;

	xa_for_each(&tdis, index, tdi) {
		close_tdi(tdi);
		detach(tdi->pdev, &bound);
	}
	drop_tdis(backend);
	if (backend->ops->leave)
		backend->ops->leave(backend);
	tdi_class_remove(backend);
	reattach(&bound);
}
EXPORT_SYMBOL_GPL(tdi_backend_unregister);

static int __init tdi_init(void)
{
	int ret = tdi_class_init();

	if (ret)
		return ret;
	ret = tdi_identity_init();
	if (ret)
		goto err_class;
	ret = bus_register_notifier(&pci_bus_type, &hotplug_nb);
	if (ret)
		goto err_identity;
	tdi_debugfs_init();
	return 0;

err_identity:
	tdi_identity_exit();
err_class:
	tdi_class_exit();
	return ret;
}
module_init(tdi_init);

static void __exit tdi_exit(void)
{
	tdi_debugfs_exit();
	bus_unregister_notifier(&pci_bus_type, &hotplug_nb);
	tdi_identity_exit();
	tdi_class_exit();
	xa_destroy(&tdis);
}
module_exit(tdi_exit);

MODULE_DESCRIPTION("TDISP for confidential guests");
MODULE_LICENSE("GPL");
