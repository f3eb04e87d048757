// SPDX-License-Identifier: GPL-2.0
/*
 * The mailbox function's driver. What the TSM behind it calls itself decides whose
 * backend it is: ours in glue.c for "emulated", or another module's, for which the
 * mailbox carries the registers of an instruction that this machine does not have.
 */
#include <linux/cc_platform.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "internal.h"

static unsigned int timeout_ms = 2000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "How long a call may take, in ms (default: 2000)");

static DEFINE_MUTEX(lists);	/* both, and who has which platform; inside device locks */
static LIST_HEAD(platforms);
static LIST_HEAD(drivers);

/* --- calls --------------------------------------------------------------------- */

int emu_platform_call(struct emu_platform *p, u16 call, u32 handle, const void *req, size_t len,
		      void *rsp, size_t min, size_t max, size_t *ret_len,
		      struct emu_answer *answer)
{
	p->mbox.timeout_ms = READ_ONCE(timeout_ms);
	return emu_mbox_call(&p->mbox, call, handle, req, len, rsp, min, max, ret_len, answer);
}

static int exchange(struct emu_platform *p, u16 call, struct emu_regs *regs)
{
	struct emu_answer answer;
	struct emu_regs out;
	int ret;

	ret = emu_platform_call(p, call, 0, regs, sizeof(*regs), &out, sizeof(out), sizeof(out),
				NULL, &answer);
	if (!ret)
		*regs = out;
	/* What an instruction says, it says in registers: a refused call is no answer. */
	return !ret || ret == -ETIMEDOUT || ret == -ENOMEM ? ret : -EIO;
}

/**
 * emu_platform_tsm_regs() - an instruction that reaches the trusted module
 * @p: the platform
 * @regs: its registers before, and, if that went well, after
 *
 * Context: Process context, sleeps.
 * Return: 0; -ETIMEDOUT no answer in time; -EIO none that makes sense; -ENOMEM.
 */
int emu_platform_tsm_regs(struct emu_platform *p, struct emu_regs *regs)
{
	return exchange(p, EMU_TSM_REGS, regs);
}
EXPORT_SYMBOL_GPL(emu_platform_tsm_regs);

/**
 * emu_platform_host_regs() - an instruction that reaches the host
 * @p: the platform
 * @regs: its registers before, and, if that went well, after: the host's word
 *
 * Context: Process context, sleeps.
 * Return: as emu_platform_tsm_regs().
 */
int emu_platform_host_regs(struct emu_platform *p, struct emu_regs *regs)
{
	return exchange(p, EMU_HOST_REGS, regs);
}
EXPORT_SYMBOL_GPL(emu_platform_host_regs);

int emu_platform_handle(struct pci_dev *pdev, u32 *handle)
{
	u16 vsec = pci_find_vsec_capability(pdev, EMU_PCI_VENDOR, EMU_VSEC_ID);

	if (!vsec)
		return -ENODEV;
	pci_read_config_dword(pdev, vsec + EMU_VSEC_HANDLE, handle);
	return 0;
}

/**
 * emu_platform_announce() - tell the host where the guest has a function
 * @p: the platform
 * @pdev: the function
 *
 * A real host put it there. The emulated one never learns bus numbers, and a
 * platform's own calls name a function by them.
 *
 * Context: Process context, sleeps.
 * Return: 0; -ENODEV the function is none of the emulator's; -ETIMEDOUT, -EIO, -ENOMEM.
 */
int emu_platform_announce(struct emu_platform *p, struct pci_dev *pdev)
{
	struct emu_sbdf_req req = {
		.sbdf = cpu_to_le32((u32)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev)),
	};
	struct emu_answer answer;
	u32 handle;
	int ret;

	ret = emu_platform_handle(pdev, &handle);
	if (ret)
		return ret;
	ret = emu_platform_call(p, EMU_HOST_SBDF, handle, &req, sizeof(req), NULL, 0, 0, NULL,
				&answer);
	return !ret || ret == -ETIMEDOUT || ret == -ENOMEM ? ret : -EIO;
}
EXPORT_SYMBOL_GPL(emu_platform_announce);

/* --- memory -------------------------------------------------------------------- */

/**
 * emu_platform_enter() - make memory private
 * @p: the platform
 *
 * For &struct tdi_backend_ops.enter; a real confidential guest is born so.
 *
 * Context: Process context, sleeps.
 * Return: 0 or a negative errno.
 */
int emu_platform_enter(struct emu_platform *p)
{
	struct emu_answer answer;
	int ret;

	ret = emu_platform_call(p, EMU_TSM_ENTER, 0, NULL, 0, NULL, 0, 0, NULL, &answer);
	if (ret)
		return ret;
	p->entered = true;
	return emu_mbox_share_pages(&p->mbox);
}
EXPORT_SYMBOL_GPL(emu_platform_enter);

/**
 * emu_platform_leave() - open memory again
 * @p: the platform
 *
 * What emu_platform_alloc_shared() gave must be freed by then.
 *
 * Context: Process context, sleeps.
 */
void emu_platform_leave(struct emu_platform *p)
{
	struct emu_answer answer;
	int ret;

	if (!p->entered)
		return;
	ret = emu_platform_call(p, EMU_TSM_LEAVE, 0, NULL, 0, NULL, 0, 0, NULL, &answer);
	if (ret)
		pci_err(p->pdev, "memory stays private: %pe, status %u\n", ERR_PTR(ret),
			answer.status);
	else
		p->entered = false;
}
EXPORT_SYMBOL_GPL(emu_platform_leave);

/**
 * emu_platform_share_pages() - make pages shared
 * @p: the platform
 * @addr: of the first
 * @nr_pages: how many
 *
 * Context: Any.
 * Return: 0 or a negative errno; -ENXIO: nothing was changed.
 */
int emu_platform_share_pages(struct emu_platform *p, phys_addr_t addr, size_t nr_pages)
{
	return emu_mbox_convert(&p->mbox, EMU_TSM_PAGE_SHARE, addr, nr_pages);
}
EXPORT_SYMBOL_GPL(emu_platform_share_pages);

/**
 * emu_platform_unshare_pages() - make pages private again
 * @p: the platform
 * @addr: of the first
 * @nr_pages: how many
 *
 * Context: Any.
 * Return: 0 or a negative errno.
 */
int emu_platform_unshare_pages(struct emu_platform *p, phys_addr_t addr, size_t nr_pages)
{
	return emu_mbox_convert(&p->mbox, EMU_TSM_PAGE_PRIVATE, addr, nr_pages);
}
EXPORT_SYMBOL_GPL(emu_platform_unshare_pages);

/**
 * emu_platform_alloc_shared() - pages that the host reaches
 * @p: the platform, entered
 * @nr_pages: how many, one after the other
 *
 * They are zeroed before they are shared. The host may write them at any time.
 *
 * Context: Process context, sleeps.
 * Return: the first, or NULL.
 */
struct page *emu_platform_alloc_shared(struct emu_platform *p, size_t nr_pages)
{
	void *mem;
	int ret;

	if (!p->entered)
		return NULL;
	mem = alloc_pages_exact(nr_pages << PAGE_SHIFT, GFP_KERNEL | __GFP_ZERO);
	if (!mem)
		return NULL;
	ret = emu_platform_share_pages(p, virt_to_phys(mem), nr_pages);
	if (ret == -ENXIO) {
		/* Nobody was asked: they are as they were. */
		free_pages_exact(mem, nr_pages << PAGE_SHIFT);
		return NULL;
	}
	if (ret) {
		/* Whose they are is not known for sure: nobody else gets them. */
		pci_err(p->pdev, "%zu pages lost, that could not be shared\n", nr_pages);
		return NULL;
	}
	return virt_to_page(mem);
}
EXPORT_SYMBOL_GPL(emu_platform_alloc_shared);

/**
 * emu_platform_free_shared() - give such pages back
 * @p: the platform, still entered
 * @page: what emu_platform_alloc_shared() returned; NULL is fine
 * @nr_pages: how many
 *
 * Context: Process context, sleeps.
 */
void emu_platform_free_shared(struct emu_platform *p, struct page *page, size_t nr_pages)
{
	if (!page)
		return;
	if (emu_platform_unshare_pages(p, page_to_phys(page), nr_pages))
		pci_err(p->pdev, "%zu pages stay shared, and are lost\n", nr_pages);
	else
		free_pages_exact(page_address(page), nr_pages << PAGE_SHIFT);
}
EXPORT_SYMBOL_GPL(emu_platform_free_shared);

/* --- events -------------------------------------------------------------------- */

static irqreturn_t event_irq(int irq, void *data)
{
	struct emu_platform *p = data;

	p->event(p->event_data);
	return IRQ_HANDLED;
}

static void deafen(struct emu_platform *p)
{
	if (!p->irq)
		return;
	free_irq(p->irq, p);
	pci_free_irq_vectors(p->pdev);
	p->irq = 0;
}

/**
 * emu_platform_listen() - be told of events
 * @p: the platform
 * @event: is called, in process context, when something may have happened; NULL:
 *	not any more, and it does not run any more either
 * @data: what it is called with
 *
 * Context: Process context, in @probe, @remove and @shutdown of the driver.
 * Return: 0; -EOPNOTSUPP this platform tells nobody; or a negative errno.
 */
int emu_platform_listen(struct emu_platform *p, void (*event)(void *data), void *data)
{
	int ret;

	deafen(p);
	if (!event)
		return 0;
	if (!(p->flags & EMU_TSM_F_EVENT))
		return -EOPNOTSUPP;
	ret = pci_alloc_irq_vectors(p->pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_MSIX);
	if (ret == 1) {
		p->event = event;
		p->event_data = data;
		p->irq = pci_irq_vector(p->pdev, EMU_EVENT_VECTOR);
		ret = request_threaded_irq(p->irq, NULL, event_irq, IRQF_ONESHOT, "tdi-emu", p);
		if (!ret)
			return 0;
		pci_free_irq_vectors(p->pdev);
	}
	p->irq = 0;
	/* Whoever would have listened finds out by asking, later. */
	pci_warn(p->pdev, "no event interrupt: %pe\n", ERR_PTR(ret));
	return ret;
}
EXPORT_SYMBOL_GPL(emu_platform_listen);

/* --- whose it is --------------------------------------------------------------- */

/**
 * emu_platform_set_drvdata() - keep something of the driver's
 * @p: the platform
 * @data: what
 *
 * Context: Any, in @probe.
 */
void emu_platform_set_drvdata(struct emu_platform *p, void *data)
{
	p->drvdata = data;
}
EXPORT_SYMBOL_GPL(emu_platform_set_drvdata);

/**
 * emu_platform_get_drvdata() - what the driver kept
 * @p: the platform
 *
 * Context: Any.
 * Return: what emu_platform_set_drvdata() was given.
 */
void *emu_platform_get_drvdata(struct emu_platform *p)
{
	return p->drvdata;
}
EXPORT_SYMBOL_GPL(emu_platform_get_drvdata);

/* A driver got the platform: it has it, or says why not. */
static int attach(struct emu_platform *p)
{
	int ret;

	device_lock_assert(&p->pdev->dev);
	ret = p->drv->probe(p, &p->pdev->dev);
	if (ret) {
		deafen(p);
		guard(mutex)(&lists);
		p->drv = NULL;
	}
	return ret;
}

static void detach(struct emu_platform *p)
{
	device_lock_assert(&p->pdev->dev);
	p->drv->remove(p);
	deafen(p);
	guard(mutex)(&lists);
	p->drv = NULL;
}

/* The first platform that @drv has, or that nobody has and is for it. */
static struct emu_platform *find(struct emu_platform_driver *drv, bool has)
{
	struct emu_platform *p;

	lockdep_assert_held(&lists);
	list_for_each_entry(p, &platforms, node)
		if (has ? p->drv == drv : !p->drv && !strcmp(p->name, drv->name))
			return p;
	return NULL;
}

/*
 * As find(), with the function's lock held and a reference taken: other than for a
 * driver of its own, the core expects that of who comes and goes.
 */
static struct emu_platform *find_locked(struct emu_platform_driver *drv, bool has)
{
	struct emu_platform *p;
	struct pci_dev *pdev;

	scoped_guard(mutex, &lists) {
		p = find(drv, has);
		if (!p)
			return NULL;
		pdev = pci_dev_get(p->pdev);
	}
	device_lock(&pdev->dev);
	scoped_guard(mutex, &lists) {
		/* It may have gone while nothing was held. */
		p = find(drv, has);
		if (p && p->pdev == pdev) {
			if (!has)
				p->drv = drv;
			return p;
		}
	}
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return NULL;
}

static void put_locked(struct pci_dev *pdev)
{
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
}

/**
 * emu_platform_register() - a backend that works behind the mailbox, too
 * @drv: what it is called, and what it does
 *
 * Context: Process context; as a module's init.
 * Return: 0, the platform is there and took the backend; -ENODEV there is none of that
 *	name here; or what @drv->probe returned. @drv is registered if it is 0.
 */
int emu_platform_register(struct emu_platform_driver *drv)
{
	struct emu_platform *p;
	struct pci_dev *pdev;
	int ret = -ENODEV;

	scoped_guard(mutex, &lists)
		list_add_tail(&drv->node, &drivers);
	p = find_locked(drv, false);
	if (p) {
		pdev = p->pdev;
		ret = attach(p);
		put_locked(pdev);
	} else {
		/* It came in between, and was given to the driver by its own probe. */
		guard(mutex)(&lists);
		ret = find(drv, true) ? 0 : -ENODEV;
	}
	if (ret)
		emu_platform_unregister(drv);
	return ret;
}
EXPORT_SYMBOL_GPL(emu_platform_register);

/**
 * emu_platform_unregister() - the backend goes
 * @drv: what was registered
 *
 * Context: Process context; as a module's exit.
 */
void emu_platform_unregister(struct emu_platform_driver *drv)
{
	struct emu_platform *p;
	struct pci_dev *pdev;

	scoped_guard(mutex, &lists)
		list_del(&drv->node);
	while ((p = find_locked(drv, true))) {
		pdev = p->pdev;
		detach(p);
		put_locked(pdev);
	}
}
EXPORT_SYMBOL_GPL(emu_platform_unregister);

/* --- the function --------------------------------------------------------------- */

static int ask_name(struct emu_platform *p)
{
	struct emu_tsm_info info;
	struct emu_answer answer;
	int ret;

	ret = emu_platform_call(p, EMU_TSM_INFO, 0, NULL, 0, &info, sizeof(info), sizeof(info),
				NULL, &answer);
	if (ret)
		return ret;
	p->flags = le32_to_cpu(info.flags);
	/* One byte longer than what comes. */
	memcpy(p->name, info.name, sizeof(info.name));
	return 0;
}

static int emu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct emu_platform_driver *drv;
	struct emu_platform *p;
	void __iomem *regs;
	int ret;

	/* Its TSM is the host's. Whoever has a real one is not to take it for that. */
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return dev_err_probe(&pdev->dev, -ENODEV, "not in a confidential VM\n");
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	regs = pcim_iomap(pdev, 0, EMU_MBOX_BAR_SIZE);
	if (!regs)
		return -ENOMEM;
	pci_set_master(pdev);

	p = devm_kzalloc(&pdev->dev, sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	p->pdev = pdev;
	ret = emu_mbox_init(&p->mbox, pdev, regs);
	if (ret)
		return ret;
	ret = ask_name(p);
	if (ret) {
		emu_mbox_exit(&p->mbox, true);
		return dev_err_probe(&pdev->dev, ret, "no TSM behind the mailbox\n");
	}

	pci_set_drvdata(pdev, p);
	scoped_guard(mutex, &lists) {
		list_add_tail(&p->node, &platforms);
		list_for_each_entry(drv, &drivers, node)
			if (!strcmp(p->name, drv->name))
				p->drv = drv;
	}
	if (!p->drv) {
		pci_info(pdev, "the platform is %s: for another module\n", p->name);
		return 0;
	}
	ret = attach(p);
	if (!ret)
		return 0;
	scoped_guard(mutex, &lists)
		list_del(&p->node);
	emu_mbox_exit(&p->mbox, !p->entered);
	return dev_err_probe(&pdev->dev, ret, "platform %s not taken\n", p->name);
}

static void emu_remove(struct pci_dev *pdev)
{
	struct emu_platform *p = pci_get_drvdata(pdev);

	scoped_guard(mutex, &lists)
		list_del(&p->node);
	if (p->drv)
		detach(p);
	emu_mbox_exit(&p->mbox, !p->entered);
}

/* The machine goes down, or another kernel comes: TDIs unlocked, memory open. */
static void emu_shutdown(struct pci_dev *pdev)
{
	struct emu_platform *p = pci_get_drvdata(pdev);

	deafen(p);
	if (p->drv)
		p->drv->shutdown(p);
}

static const struct pci_device_id emu_ids[] = {
	{ PCI_DEVICE(EMU_PCI_VENDOR, EMU_PCI_DEVICE_MBOX) },
	{ }
};
MODULE_DEVICE_TABLE(pci, emu_ids);

static struct pci_driver emu_driver = {
	.name		= "tdi-emu",
	.id_table	= emu_ids,
	.probe		= emu_probe,
	.remove		= emu_remove,
	.shutdown	= emu_shutdown,
};

static int __init emu_init(void)
{
	list_add_tail(&emu_emulated_driver.node, &drivers);
	return pci_register_driver(&emu_driver);
}
module_init(emu_init);

static void __exit emu_exit(void)
{
	pci_unregister_driver(&emu_driver);
}
module_exit(emu_exit);

MODULE_DESCRIPTION("TDISP for confidential guests: the emulated platform, which protects nothing");
MODULE_LICENSE("GPL");
