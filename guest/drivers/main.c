// SPDX-License-Identifier: GPL-2.0
/*
 * The core module: which backend there is, which PCI functions are TDIs, and
 * what happens when either comes or goes.
 */
#include <linux/kernfs.h>
#include <linux/module.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/suspend.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "internal.h"

bool tdi_allow_unverified;
module_param_named(allow_unverified, tdi_allow_unverified, bool, 0600);
MODULE_PARM_DESC(allow_unverified,
		 "Accept devices whose identity nobody verified (default: off)");

/* Serialises register and unregister; drivers come and go while it is held. */
static DEFINE_MUTEX(registration_lock);
/*
 * Read: the backend stays. Taken inside a function's device_lock(), by whoever makes
 * a TDI of it; the bus's notifier chain may be further out, whose lock is taken for
 * each driver that is bound or released, so that under this one none is.
 * Write: the backend comes or goes, and nothing else is done.
 */
static DECLARE_RWSEM(registry_lock);
static struct tdi_backend *the_backend;
static bool is_open;	/* TDIs have surfaces */
/* By address of the PCI device; changes under that device's lock. */
static DEFINE_XARRAY(tdis);
/* TDIs that @remove has yet to be called for. */
static atomic_t nr_tdis = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(tdi_gone);

/* Stays while the device's lock is held, or an attribute runs. */
struct tdi *tdi_from_pdev(struct pci_dev *pdev)
{
	return xa_load(&tdis, (unsigned long)pdev);
}

/**
 * tdi_for_each() - call a function for each TDI
 * @fn: is called with the TDI's device locked
 * @arg: for @fn
 *
 * Context: Process context.
 */
void tdi_for_each(void (*fn)(struct tdi *tdi, void *arg), void *arg)
{
	struct pci_dev *pdev = NULL;
	struct tdi *tdi;

	for_each_pci_dev(pdev) {
		if (!tdi_from_pdev(pdev))
			continue;
		guard(device)(&pdev->dev);
		tdi = tdi_from_pdev(pdev);
		if (tdi && !tdi->going)
			fn(tdi, arg);
	}
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

/*
 * Releases a function's driver, and notes in @bound that it had one. A disk's driver
 * forgets what was not written when it goes, so that is written first.
 */
static void detach(struct pci_dev *pdev, struct xarray *bound)
{
	if (!pdev->dev.driver)
		return;
	/*
	 * Not there yet, or it has its reference. Out of memory: the driver stays away, which
	 * is the safe side.
	 */
	if (!xa_store(bound, (unsigned long)pdev, pdev, GFP_KERNEL))
		pci_dev_get(pdev);
	ksys_sync_helper();
	device_release_driver(&pdev->dev);
}

/* Gives the functions in @bound a driver again, and empties it. */
static void reattach(struct xarray *bound)
{
	struct pci_dev *pdev;
	unsigned long index;

	xa_for_each(bound, index, pdev) {
		/* One that the gate holds waits for its driver. */
		if (device_attach(&pdev->dev) < 0 && !tdi_gate_holds(pdev))
			pci_err(pdev, "tdi: driver did not come back\n");
		pci_dev_put(pdev);
	}
	xa_destroy(bound);
}

/* Makes a TDI of a PCI function, its DMA blocked. -EBUSY: a driver is bound. */
static int add_tdi(struct tdi_backend *backend, struct pci_dev *pdev)
{
	struct tdi *tdi;
	int ret;

	device_lock_assert(&pdev->dev);
	lockdep_assert_held_read(&registry_lock);

	if (tdi_from_pdev(pdev))
		return 0;
	if (!device_is_registered(&pdev->dev))
		return -ENODEV;
	if (pdev->dev.driver)
		return -EBUSY;

	tdi = backend->ops->add(backend, pdev);
	if (IS_ERR(tdi))
		return PTR_ERR(tdi);
	tdi->pdev = pci_dev_get(pdev);
	tdi->backend = backend;
	tdi->state = TDI_UNLOCKED;
	tdi->recover = tdi_recover_default();
	mutex_init(&tdi->lock);

	ret = tdi_watch_add(tdi);
	if (ret)
		goto err;
	ret = tdi_guard_add(tdi);
	if (ret)
		goto err_watch;
	ret = tdi_dma_init(tdi);
	if (ret)
		goto err_guard;
	ret = xa_err(xa_store(&tdis, (unsigned long)pdev, tdi, GFP_KERNEL));
	if (ret)
		goto err_dma;
	/* Without it, too, both go down; but the one that the other needs may go first. */
	tdi->link = device_link_add(&pdev->dev, backend->parent, DL_FLAG_STATELESS);
	atomic_inc(&nr_tdis);
	tdi_debugfs_add(tdi);
	return 0;

err_dma:
	tdi_dma_exit(tdi);
err_guard:
	tdi_guard_remove(tdi);
err_watch:
	tdi_watch_remove(tdi);
err:
	pci_err(pdev, "tdi: not taken over: %pe\n", ERR_PTR(ret));
	pci_dev_put(pdev);
	backend->ops->remove(tdi);
	return ret;
}

/*
 * Kernels with CONFIG_PCI_TSM have a tsm/ directory of their own where a link TSM, a
 * host's, is there: sysfs would complain at length about a second one.
 */
static bool kernel_has_tsm(struct device *dev)
{
	struct kernfs_node *kn = kernfs_find_and_get(dev->kobj.sd, tdi_sysfs_group.name);

	kernfs_put(kn);
	return kn;
}

/* The TDI's surface appears, and its shared mode with it. */
static void open_tdi(struct tdi *tdi)
{
	struct device *dev = &tdi->pdev->dev;
	int ret;

	device_lock_assert(dev);
	if (tdi->open || tdi->going)
		return;
	ret = kernel_has_tsm(dev) ? -EEXIST : tdi_found(tdi);
	if (!ret)
		ret = device_add_group(dev, &tdi_sysfs_group);
	tdi->open = !ret;
	if (ret)
		pci_err(tdi->pdev, "tdi: no tsm/ directory: %pe\n", ERR_PTR(ret));
}

/*
 * A function is there: the gate holds it, if that is the policy; makes and opens its TDI,
 * if it is one of the backend's. What it claims to be is read once, so that no TDI can be
 * past the gate.
 */
static int function_comes(struct pci_dev *pdev)
{
	bool tee = is_tee_capable(pdev);
	int ret;

	if (!tee && !tdi_gate_lists(pdev))
		return -ENODEV;
	guard(device)(&pdev->dev);
	/* One that is gone was said to be, and nobody will say it again. */
	if (!device_is_registered(&pdev->dev))
		return -ENODEV;
	tdi_gate_comes(pdev, tee);
	guard(rwsem_read)(&registry_lock);
	if (!tee || !the_backend)
		return -ENODEV;
	ret = add_tdi(the_backend, pdev);
	if (!ret && is_open)
		open_tdi(tdi_from_pdev(pdev));
	return ret;
}

/*
 * A function is no TDI any more. -EBUSY: a driver is bound, and nothing was done.
 *
 * Two may come to remove it, who unregisters and who unplugs. The first in does
 * all of it, the other waits.
 */
static int function_goes(struct pci_dev *pdev)
{
	struct tdi *tdi;
	bool mine;

	/* Most functions never were one, and their locks are no business of ours. */
	if (!tdi_from_pdev(pdev))
		return 0;
	scoped_guard(device, &pdev->dev) {
		tdi = tdi_from_pdev(pdev);
		if (!tdi)
			return 0;
		if (pdev->dev.driver)
			return -EBUSY;
		mine = !tdi->going;
		if (mine) {
			/* From here on no attribute does anything, and no driver sees our ops. */
			tdi->going = true;
			tdi_lost(tdi);
			/* In RUN or not, as far as anybody knows: there is no TDI any more. */
			tdi_gate_hold(pdev);
			tdi_dma_exit(tdi);
		}
	}
	if (!mine) {
		wait_event(tdi_gone, tdi_from_pdev(pdev) != tdi);
		return 0;
	}

	/* Without that lock: these wait for work and attributes that may wait for the lock. */
	tdi_watch_remove(tdi);
	tdi_guard_remove(tdi);
	/* By its ends: with a driver that was quick the driver core has deleted it already. */
	if (tdi->link)
		device_link_remove(&pdev->dev, tdi->backend->parent);
	if (tdi->open)
		device_remove_group(&pdev->dev, &tdi_sysfs_group);
	tdi_debugfs_remove(tdi);
	scoped_guard(device, &pdev->dev) {
		xa_erase(&tdis, (unsigned long)pdev);
		tdi->backend->ops->remove(tdi);
	}
	pci_dev_put(pdev);
	atomic_dec(&nr_tdis);
	wake_up_all(&tdi_gone);
	return 0;
}

/* It goes with a driver bound, and its IOMMU group goes before the TDI does. */
static void function_leaves_group(struct pci_dev *pdev)
{
	struct tdi *tdi;

	guard(device)(&pdev->dev);
	tdi = tdi_from_pdev(pdev);
	if (tdi && !tdi->going)
		tdi_iommu_detach(tdi);
}

/* A driver is about to be probed, under the device's lock, which keeps its TDI here. */
static void driver_comes(struct pci_dev *pdev)
{
	struct tdi *tdi = tdi_from_pdev(pdev);

	if (!tdi || tdi->going)
		return;
	tdi_iomem_driver_comes(tdi);
	tdi_dma_bind(tdi);
}

/* A driver is about to be released, under the device's lock. */
static void driver_goes(struct pci_dev *pdev)
{
	struct tdi *tdi = tdi_from_pdev(pdev);

	if (tdi && !tdi->going)
		tdi_driver_goes(tdi);
}

static int hotplug(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		function_comes(pdev);
		return NOTIFY_OK;
	case BUS_NOTIFY_BIND_DRIVER:
		driver_comes(pdev);
		return NOTIFY_OK;
	case BUS_NOTIFY_UNBIND_DRIVER:
		driver_goes(pdev);
		return NOTIFY_OK;
	case BUS_NOTIFY_UNBOUND_DRIVER:
		tdi_gate_driver_gone(pdev);
		return NOTIFY_OK;
	case BUS_NOTIFY_DEL_DEVICE:
		tdi_gate_goes(pdev);
		/* Its driver is gone; but one that was quick goes after this ... */
		if (function_goes(pdev) == -EBUSY)
			function_leaves_group(pdev);
		return NOTIFY_OK;
	case BUS_NOTIFY_REMOVED_DEVICE:
		/* ... and none is left at this. */
		function_goes(pdev);
		tdi_gate_gone(pdev);
		return NOTIFY_OK;
	}
	return NOTIFY_DONE;
}

static struct notifier_block hotplug_nb = { .notifier_call = hotplug };

/* Takes over a function that is there. A user who keeps binding it has no TDI. */
static void take_over(struct pci_dev *pdev, struct xarray *bound)
{
	int tries, ret;

	/* Nor is the TSM's own function, whose probe we are called from. */
	if (&pdev->dev == the_backend->parent)
		return;
	ret = function_comes(pdev);
	for (tries = 0; tries < 3 && ret == -EBUSY; tries++) {
		detach(pdev, bound);
		ret = function_comes(pdev);
	}
	if (ret == -EBUSY)
		pci_err(pdev, "tdi: not taken over: %pe\n", ERR_PTR(ret));
}

/* The function of some TDI that is left, or NULL. */
static struct pci_dev *any_function(void)
{
	struct pci_dev *pdev = NULL;
	unsigned long index = 0;
	struct tdi *tdi;

	/* Who removes it erases it before it lets go of either. */
	xa_lock(&tdis);
	tdi = xa_find(&tdis, &index, ULONG_MAX, XA_PRESENT);
	if (tdi)
		pdev = pci_dev_get(tdi->pdev);
	xa_unlock(&tdis);
	return pdev;
}

/* Everything back as it was before the backend came. */
static void give_back(struct tdi_backend *backend, struct xarray *bound)
{
	struct pci_dev *pdev;

	lockdep_assert_held(&registration_lock);
	scoped_guard(rwsem_write, &registry_lock) {
		the_backend = NULL;
		is_open = false;
	}
	while ((pdev = any_function())) {
		/* A driver that comes back in between is released again. */
		detach(pdev, bound);
		function_goes(pdev);
		pci_dev_put(pdev);
	}
	/* Those that are being unplugged, too. */
	wait_event(tdi_gone, !atomic_read(&nr_tdis));

	/* Drivers come back to open memory, or they would only fail. */
	if (backend->ops->leave)
		backend->ops->leave(backend);
	if (backend->ops->share_pages && backend->proxy_had_iommu)
		tdi_iommu_bypass(backend->parent, false);
	tdi_class_remove(backend);
	reattach(bound);
}

static int backend_register(struct tdi_backend *backend)
{
	struct pci_dev *pdev = NULL;
	struct xarray bound;
	int ret;

	lockdep_assert_held(&registration_lock);
	/* Not DEFINE_XARRAY(): a lock on the stack has no key for lockdep. */
	xa_init(&bound);
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

	if (backend->ops->share_pages)
		backend->proxy_had_iommu = tdi_iommu_bypass(backend->parent, true);

	/* Functions that come from here on are taken by the notifier. */
	scoped_guard(rwsem_write, &registry_lock)
		the_backend = backend;
	for_each_pci_dev(pdev)
		take_over(pdev, &bound);

	if (backend->ops->enter)
		ret = backend->ops->enter(backend);
	if (!ret && backend->ops->share_pages)
		ret = tdi_bounce_share_pool(backend);
	if (ret) {
		dev_err(backend->parent, "tdi: platform not taken over: %pe\n", ERR_PTR(ret));
		give_back(backend, &bound);
		return ret;
	}
	if (backend->flags & TDI_BACKEND_EMULATED) {
		add_taint(TAINT_TEST, LOCKDEP_STILL_OK);
		dev_notice(backend->parent, "tdi: emulated platform: it protects nothing\n");
	}

	/* Those that come before this are opened below, the others at once. */
	scoped_guard(rwsem_write, &registry_lock)
		is_open = true;
	for_each_pci_dev(pdev) {
		if (!tdi_from_pdev(pdev))
			continue;
		/* A driver that came meanwhile found no DMA; it has another try below. */
		detach(pdev, &bound);
		function_comes(pdev);
	}
	reattach(&bound);
	tdi_class_ready(backend);
	return 0;
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
 * Return: 0; -EBUSY there is a TSM already, or one comes or goes; -EINVAL bounce mode
 *	cannot be honest on this kernel's command line; or an error of the backend.
 */
int tdi_backend_register(struct tdi_backend *backend)
{
	/*
	 * Not waited for: our caller holds its function's lock, and if that claims to be a
	 * TDI, whoever comes or goes at the moment waits for it.
	 */
	scoped_cond_guard(mutex_try, return -EBUSY, &registration_lock)
		return backend_register(backend);
	return -EBUSY;
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

	xa_init(&bound);
	guard(mutex)(&registration_lock);
	if (the_backend == backend)
		give_back(backend, &bound);
}
EXPORT_SYMBOL_GPL(tdi_backend_unregister);

/**
 * tdi_backend_event() - a platform says that something happened to a TDI
 * @backend: what was registered
 *
 * A hint, for it comes through the host: what happened is for the TSM to say.
 *
 * Context: Process context.
 */
void tdi_backend_event(struct tdi_backend *backend)
{
	unsigned long index;
	struct tdi *tdi;

	xa_lock(&tdis);
	xa_for_each(&tdis, index, tdi)
		if (tdi->backend == backend)
			tdi_watch_kick(tdi);
	xa_unlock(&tdis);
}
EXPORT_SYMBOL_GPL(tdi_backend_event);

static void shutdown_one(struct tdi *tdi, void *backend)
{
	if (tdi->backend == backend)
		tdi_shutdown(tdi);
}

/**
 * tdi_backend_shutdown() - the machine goes down, or another kernel takes over
 * @backend: what was registered
 *
 * TDIs are unlocked and memory is opened, for the next kernel knows nothing of either.
 * Drivers stay bound: they were shut down, or go down with the machine.
 *
 * Context: Process context; for the shutdown callback of the backend's own driver.
 */
void tdi_backend_shutdown(struct tdi_backend *backend)
{
	guard(mutex)(&registration_lock);
	if (the_backend != backend)
		return;
	scoped_guard(rwsem_write, &registry_lock)
		is_open = false;
	tdi_for_each(shutdown_one, backend);
	if (backend->ops->leave)
		backend->ops->leave(backend);
}
EXPORT_SYMBOL_GPL(tdi_backend_shutdown);

/*
 * Functions that come are held by the notifier, and these are those that were there. A
 * driver that is built into the kernel has had its device before that. All are held before
 * the first driver is released: that syncs, and a host may have a disk that never answers.
 */
void tdi_hold_present(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev)
		function_comes(pdev);
	for_each_pci_dev(pdev)
		tdi_gate_expel(pdev);
}

static int __init tdi_init(void)
{
	int ret = tdi_class_init();

	if (ret)
		return ret;
	ret = tdi_identity_init();
	if (ret)
		goto err_class;
	ret = tdi_watch_init();
	if (ret)
		goto err_identity;
	ret = tdi_power_init();
	if (ret)
		goto err_watch;
	ret = tdi_gate_init();
	if (ret)
		goto err_power;
	ret = bus_register_notifier(&pci_bus_type, &hotplug_nb);
	if (ret)
		goto err_gate;
	tdi_hold_present();
	tdi_debugfs_init();
	return 0;

err_gate:
	tdi_gate_exit();
err_power:
	tdi_power_exit();
err_watch:
	tdi_watch_exit();
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
	tdi_gate_exit();
	tdi_power_exit();
	tdi_guard_exit();
	tdi_watch_exit();
	tdi_identity_exit();
	tdi_class_exit();
	xa_destroy(&tdis);
}
module_exit(tdi_exit);

MODULE_DESCRIPTION("TDISP for confidential guests");
MODULE_LICENSE("GPL");
