// SPDX-License-Identifier: GPL-2.0
/*
 * Acceptance: private MMIO and private DMA, for exactly the evidence that was
 * verified. All or nothing: one range that is refused undoes the rest.
 */
#include "internal.h"

/**
 * tdi_revoke() - take back everything tdi_grant() gave
 * @tdi: the TDI
 *
 * DMA first: a device that lost its MMIO could still write to memory.
 *
 * Context: Process context; the TDI's lock is held.
 * Return: 0, or the first error; the second step is tried all the same.
 */
int tdi_revoke(struct tdi *tdi)
{
	int dma = tdi->backend->ops->dma_disable(tdi);
	int mmio = tdi->backend->ops->mmio_release(tdi);

	return dma ?: mmio;
}

/* Every TEE range of the report, where the guest has that BAR. */
static int accept_ranges(struct tdi *tdi, const struct tdi_evidence *ev)
{
	const void *buf = ev->blob[TDI_OBJ_REPORT].data;
	u32 i;
	int ret;

	for (i = 0; i < ev->report.nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(buf, &ev->report, i);
		struct tdi_mmio mmio = {
			.range		= i,
			.bar		= range.id,
			.nr_pages	= range.nr_pages,
		};

		/* NON_TEE memory and the unlocked MSI-X table stay shared. */
		if (range.attr & TDISP_RANGE_NON_TEE)
			continue;
		mmio.addr = pci_resource_start(tdi->pdev, mmio.bar) +
			    tdisp_report_bar_offset(buf, &ev->report, &ev->bars, i);
		ret = tdi->backend->ops->mmio_accept(tdi, &ev->nonces, &mmio);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * tdi_grant() - accept MMIO and DMA for the published evidence
 * @tdi: an attested (or, on start-first platforms, started) TDI
 *
 * Context: Process context; the device's lock and the TDI's lock are held.
 * Return: 0; -ESTALE when the TDI was locked or measured again since the
 *	evidence was verified; or a backend's error. On failure nothing is granted.
 */
int tdi_grant(struct tdi *tdi)
{
	const struct tdi_evidence *ev = tdi->evidence;
	int ret;

	ret = accept_ranges(tdi, ev);
	if (!ret)
		ret = tdi->backend->ops->dma_enable(tdi, &ev->nonces, TDI_DMA_DIRECT);
	if (ret)
		tdi_revoke(tdi);
	return ret;
}
