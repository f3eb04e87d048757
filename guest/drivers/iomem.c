// SPDX-License-Identifier: GPL-2.0
/*
 * Private MMIO in the kernel's own books: "PCI MMIO Encrypted" in /proc/iomem, below
 * the BAR, where the guest accepted it, and for as long.
 *
 * The entries are no decoration. What a driver requests inside one becomes its child
 * and inherits the descriptor, from which ioremap() learns to map it private.
 *
 * Drivers request whole BARs. That works inside an entry that has all of the BAR, and
 * fails where one has a part of it. A BAR that was accepted in part hence has exact
 * entries until the first driver comes, and then a single one, by another name, for
 * all of it. Private is the right way to map such a BAR: its shared part does not
 * answer then, where the other way round the host could answer for its private part.
 */
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#include "internal.h"

/* As upstream proposes to call it. */
#define ENTRY			"PCI MMIO Encrypted"
#define ENTRY_IN_PART		"PCI MMIO Partly Encrypted"

/**
 * struct tdi_iomem_entry - a run of accepted pages
 * @res: in the tree while it has a parent
 * @bar: the BAR it is below
 */
struct tdi_iomem_entry {
	struct resource res;
	u8 bar;
};

/**
 * struct tdi_iomem - the entries of one TDI
 * @whole: all of a BAR that was accepted in part, once a driver came
 * @nr: how many @exact
 * @exact: what was accepted, in rising order; neighbours in a BAR are one
 */
struct tdi_iomem {
	struct resource whole[TDISP_NR_BARS];
	unsigned int nr;
	struct tdi_iomem_entry exact[];
};

static void fill(struct resource *res, resource_size_t start, resource_size_t size,
		 const char *name)
{
	*res = (struct resource) {
		.start	= start,
		.end	= start + size - 1,
		.name	= name,
		.flags	= IORESOURCE_MEM,
		.desc	= TDI_IORES_DESC_ENCRYPTED,
	};
}

static void take_out(struct resource *res)
{
	if (res->parent)
		remove_resource(res);
}

static void iomem_free(struct tdi_iomem *iomem)
{
	unsigned int i;

	for (i = 0; i < iomem->nr; i++)
		take_out(&iomem->exact[i].res);
	for (i = 0; i < TDISP_NR_BARS; i++)
		take_out(&iomem->whole[i]);
	kvfree(iomem);
}

DEFINE_FREE(tdi_iomem, struct tdi_iomem *, if (_T) iomem_free(_T))

/*
 * Below the BAR itself, and not below a region that somebody holds in it: when that is
 * released it is freed, and what is below it keeps a parent that is gone.
 */
static int put_in(struct tdi *tdi, int bar, struct resource *res)
{
	struct resource *parent = pci_resource_n(tdi->pdev, bar);

	if (!insert_resource(parent, res)) {
		if (res->parent == parent)
			return 0;
		take_out(res);
	}
	tdi_reason(tdi, "BAR %d: expected nobody to hold a part of it, found %pR in use", bar, res);
	return -EADDRINUSE;
}

/* The report's ranges rise, and do not overlap. */
static void add_run(struct tdi_iomem *iomem, const struct tdi_mmio *mmio)
{
	u64 size = mmio->nr_pages << TDISP_PAGE_SHIFT;
	struct tdi_iomem_entry *last = iomem->nr ? &iomem->exact[iomem->nr - 1] : NULL;

	if (last && last->bar == mmio->bar && last->res.end + 1 == mmio->addr) {
		last->res.end += size;
		return;
	}
	last = &iomem->exact[iomem->nr++];
	fill(&last->res, mmio->addr, size, ENTRY);
	last->bar = mmio->bar;
}

/* BARs of which a part was accepted are entered as a whole, and the parts are not. */
static int put_in_whole(struct tdi *tdi, struct tdi_iomem *iomem)
{
	bool in_part[TDISP_NR_BARS] = { };
	unsigned int i;
	int bar, ret;

	for (i = 0; i < iomem->nr; i++) {
		struct tdi_iomem_entry *e = &iomem->exact[i];

		if (iomem->whole[e->bar].parent ||
		    resource_size(&e->res) == pci_resource_len(tdi->pdev, e->bar))
			continue;
		take_out(&e->res);
		in_part[e->bar] = true;
	}
	for (bar = 0; bar < TDISP_NR_BARS; bar++) {
		if (!in_part[bar])
			continue;
		fill(&iomem->whole[bar], pci_resource_start(tdi->pdev, bar),
		     pci_resource_len(tdi->pdev, bar), ENTRY_IN_PART);
		ret = put_in(tdi, bar, &iomem->whole[bar]);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * tdi_iomem_add() - enter what was accepted
 * @tdi: the TDI
 * @ev: the evidence whose TEE ranges were
 *
 * Context: Process context; the device's lock and the TDI's lock are held.
 * Return: 0; -EADDRINUSE somebody holds what cannot be inside an entry; or -ENOMEM.
 *	Then there is no entry.
 */
int tdi_iomem_add(struct tdi *tdi, const struct tdi_evidence *ev)
{
	struct tdi_mmio mmio;
	u32 i;
	int ret;

	lockdep_assert_held(&tdi->lock);
	if (WARN_ON_ONCE(tdi->iomem))
		return -EEXIST;

	struct tdi_iomem *iomem __free(tdi_iomem) =
		kvzalloc(struct_size(iomem, exact, ev->report.nr_ranges), GFP_KERNEL_ACCOUNT);
	if (!iomem)
		return -ENOMEM;

	for (i = 0; i < ev->report.nr_ranges; i++)
		if (tdi_tee_range(tdi, ev, i, &mmio))
			add_run(iomem, &mmio);
	/* A driver that is bound while its device is recovered holds whole BARs. */
	if (tdi->pdev->dev.driver) {
		ret = put_in_whole(tdi, iomem);
		if (ret)
			return ret;
	}
	for (i = 0; i < iomem->nr; i++) {
		if (iomem->whole[iomem->exact[i].bar].parent)
			continue;
		ret = put_in(tdi, iomem->exact[i].bar, &iomem->exact[i].res);
		if (ret)
			return ret;
	}
	tdi->iomem = no_free_ptr(iomem);
	return 0;
}

/**
 * tdi_iomem_remove() - take the entries out, if there are any
 * @tdi: the TDI
 *
 * What a driver requested inside them stays, as a child of the BAR.
 *
 * Context: Process context; the TDI's lock is held.
 */
void tdi_iomem_remove(struct tdi *tdi)
{
	lockdep_assert_held(&tdi->lock);
	if (tdi->iomem)
		iomem_free(tdi->iomem);
	tdi->iomem = NULL;
}

/**
 * tdi_iomem_driver_comes() - a driver is about to request BARs
 * @tdi: the TDI
 *
 * Context: Process context; the device's lock is held, the TDI's is taken.
 */
void tdi_iomem_driver_comes(struct tdi *tdi)
{
	guard(mutex)(&tdi->lock);
	/* Nothing in a BAR reaches out of it, so nothing can be in the way. */
	if (tdi->iomem)
		WARN_ON_ONCE(put_in_whole(tdi, tdi->iomem));
}

/**
 * tdi_iomem_show() - how much of each memory BAR is whose
 * @tdi: the TDI
 * @buf: a page, of sysfs
 *
 * Context: Process context; the TDI's lock is held.
 * Return: the length of the text.
 */
ssize_t tdi_iomem_show(struct tdi *tdi, char *buf)
{
	u64 private[TDISP_NR_BARS] = { }, shared[TDISP_NR_BARS] = { };
	const struct tdi_evidence *ev = tdi->evidence;
	struct pci_dev *pdev = tdi->pdev;
	struct tdi_mmio mmio;
	int bar, len = 0;
	u32 i;

	lockdep_assert_held(&tdi->lock);
	for (i = 0; tdi->iomem && i < ev->report.nr_ranges; i++) {
		if (tdi_tee_range(tdi, ev, i, &mmio))
			private[mmio.bar] += mmio.nr_pages;
		else
			shared[mmio.bar] += mmio.nr_pages;
	}
	for (bar = 0; bar < TDISP_NR_BARS; bar++) {
		u64 pages = pci_resource_len(pdev, bar) >> TDISP_PAGE_SHIFT;

		if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM) || !pages)
			continue;
		if (!tdi->iomem)
			shared[bar] = pages;
		len += sysfs_emit_at(buf, len, "BAR %d private %llu shared %llu unreported %llu\n",
				     bar, private[bar], shared[bar],
				     pages - private[bar] - shared[bar]);
	}
	return len;
}
