// SPDX-License-Identifier: GPL-2.0
/*
 * Acceptance: private MMIO and private DMA, for exactly the evidence that was
 * verified. All or nothing: one page that is refused undoes the rest.
 */
#include <linux/jiffies.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "internal.h"

static unsigned int accept_seconds = 60;
module_param(accept_seconds, uint, 0600);
MODULE_PARM_DESC(accept_seconds,
		 "How long accepting a device's MMIO may take, in s, and one more for each GiB (default: 60)");

/* However large the host says that a BAR is. */
#define EXTRA_SECONDS_MAX	600
#define PAGES_PER_GIB		(SZ_1G >> TDISP_PAGE_SHIFT)

/**
 * tdi_revoke() - take back everything tdi_grant() gave
 * @tdi: the TDI
 *
 * DMA first: a device that lost its MMIO could still write to memory.
 *
 * Context: Process context; the TDI's lock is held.
 * Return: 0, or why DMA may not have ended; the second step is tried all the same.
 */
int tdi_revoke(struct tdi *tdi)
{
	int ret = tdi->backend->ops->dma_disable(tdi);

	/* From here on nobody maps it private any more, and then it is not. */
	tdi_iomem_remove(tdi);
	tdi->backend->ops->mmio_release(tdi);
	return ret;
}

/**
 * tdi_tee_range() - where the guest has a range of the report
 * @tdi: the TDI
 * @ev: evidence whose report was matched against its BARs
 * @i: index of the range
 * @ret: set to the whole range
 *
 * Return: may it be accepted? NON_TEE memory and the unlocked MSI-X table stay shared.
 */
bool tdi_tee_range(const struct tdi *tdi, const struct tdi_evidence *ev, u32 i,
		   struct tdi_mmio *ret)
{
	const void *buf = ev->blob[TDI_OBJ_REPORT].data;
	struct tdisp_range range = tdisp_report_range(buf, &ev->report, i);

	*ret = (struct tdi_mmio) {
		.range		= i,
		.bar		= range.id,
		.nr_pages	= range.nr_pages,
		.addr		= pci_resource_start(tdi->pdev, range.id) +
				  tdisp_report_bar_offset(buf, &ev->report, &ev->bars, i),
		.reported	= range.first_page << TDISP_PAGE_SHIFT,
	};
	return !(range.attr & TDISP_RANGE_NON_TEE);
}

/* For all ranges of a device. */
struct patience {
	unsigned int seconds;
	unsigned long deadline;
};

static struct patience patience_for(struct tdi *tdi, const struct tdi_evidence *ev)
{
	struct patience ret = { };
	struct tdi_mmio mmio;
	u64 nr_pages = 0;
	u32 i;

	for (i = 0; i < ev->report.nr_ranges; i++)
		if (tdi_tee_range(tdi, ev, i, &mmio))
			nr_pages += mmio.nr_pages;
	ret.seconds = READ_ONCE(accept_seconds) +
		      min_t(u64, nr_pages / PAGES_PER_GIB, EXTRA_SECONDS_MAX);
	ret.deadline = jiffies + (unsigned long)ret.seconds * HZ;
	return ret;
}

/*
 * As much at a time as the platform takes. A large BAR is many calls, and a host may answer
 * each in time, while the device's lock is held.
 */
static int accept_range(struct tdi *tdi, const struct tdi_nonces *nonces, struct tdi_mmio mmio,
			const struct patience *patience)
{
	u64 left = mmio.nr_pages;
	int ret;

	while (left) {
		/* Any signal: who is told to end undoes what was done, and that takes time, too. */
		if (signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, patience->deadline)) {
			tdi_reason(tdi, "BAR %u: expected all within %u s, found %llu pages left",
				   mmio.bar, patience->seconds, left);
			return -ETIMEDOUT;
		}
		mmio.nr_pages = left;
		if (tdi->backend->mmio_chunk)
			mmio.nr_pages = min(left, tdi->backend->mmio_chunk);
		ret = tdi->backend->ops->mmio_accept(tdi, nonces, &mmio);
		if (ret)
			return ret;
		left -= mmio.nr_pages;
		mmio.first += mmio.nr_pages;
		mmio.addr += mmio.nr_pages << TDISP_PAGE_SHIFT;
		mmio.reported += mmio.nr_pages << TDISP_PAGE_SHIFT;
	}
	return 0;
}

/* Every TEE range of the report, and an entry in /proc/iomem for what that makes. */
static int accept_ranges(struct tdi *tdi, const struct tdi_evidence *ev)
{
	struct patience patience = patience_for(tdi, ev);
	struct tdi_mmio mmio;
	u32 i;
	int ret;

	for (i = 0; i < ev->report.nr_ranges; i++) {
		if (!tdi_tee_range(tdi, ev, i, &mmio))
			continue;
		ret = accept_range(tdi, &ev->nonces, mmio, &patience);
		if (ret)
			return ret;
	}
	return tdi_iomem_add(tdi, ev);
}

/**
 * tdi_grant() - accept MMIO and DMA for the published evidence
 * @tdi: an attested (or, on start-first platforms, started) TDI
 *
 * Context: Process context; the device's lock and the TDI's lock are held.
 * Return: 0; -ESTALE when the TDI was locked or measured again since the
 *	evidence was verified; -EADDRINUSE when somebody holds a part of a BAR; -EINTR;
 *	-ETIMEDOUT, of all ranges together too; or a backend's error. On failure nothing
 *	is granted.
 */
int tdi_grant(struct tdi *tdi)
{
	const struct tdi_evidence *ev = tdi->evidence;
	int ret;

	tdi->granted = true;
	ret = accept_ranges(tdi, ev);
	if (!ret)
		ret = tdi_dma_grant(tdi);
	if (ret)
		tdi_revoke(tdi);
	return ret;
}
