// SPDX-License-Identifier: GPL-2.0
/* struct dma from sysfs, and why a TDI is in the mode that it is in. */
#include <errno.h>
#include <string.h>

#include "dma.h"

static const char * const stat_names[DMA_NR_STATS] = {
	[DMA_LIVE]		= "live",
	[DMA_BOUNCED_BYTES]	= "bounced_bytes",
	[DMA_BOUNCED_MAPPINGS]	= "bounced_mappings",
	[DMA_SHARED_PAGES]	= "shared_pages",
	[DMA_LEAKED_PAGES]	= "leaked_pages",
};

const char *dma_stat_name(enum dma_stat stat)
{
	return stat_names[stat];
}

bool dma_stat_known(const struct dma *dma, enum dma_stat stat)
{
	return dma->known & 1u << stat;
}

int dma_unreadable(const struct dma *dma)
{
	if (dma->mode.err && dma->mode.err != ENOENT)
		return dma->mode.err;
	return dma->stats_err != ENOENT ? dma->stats_err : 0;
}

void dma_read(const struct sysfs *fs, const char *bdf, struct dma *ret)
{
	*ret = (struct dma) { 0 };
	choice_read(fs, bdf, "dma_mode", &ret->mode);
	ret->stats_err = -counters_read(fs, bdf, "dma_stats", stat_names, DMA_NR_STATS, &ret->known,
					ret->stat);
	sysfs_text(fs, &ret->generation, "bus/pci/devices/%s/tsm/generation", bdf);
}

/* ---- why ---- */

static bool is_private(const struct attr *mode)
{
	return attr_is(mode, "direct") || attr_is(mode, "iommu") || attr_is(mode, "split");
}

enum dma_why dma_why(const struct dev *dev)
{
	if (dev->dma.err)
		return DMA_WHY_UNREADABLE;
	if (attr_is(&dev->dma, "blocked"))
		return attr_is(&dev->state, "ERROR") ? DMA_WHY_ERROR : DMA_WHY_BLOCKED;
	if (is_private(&dev->dma))
		return dev->connected ? DMA_WHY_ACCEPTED : DMA_WHY_UNEXPECTED;
	if (!attr_is(&dev->dma, "bounce"))
		return DMA_WHY_NEWER;
	if (dev->connected)
		return DMA_WHY_UNEXPECTED;
	return dev->tsm[0] ? DMA_WHY_LOCKED : DMA_WHY_NOT_ACCEPTED;
}

static const struct {
	const char *id;
	const char *text;
} whys[DMA_NR_WHYS] = {
	[DMA_WHY_UNREADABLE]	= { "unreadable", "the mode cannot be read" },
	[DMA_WHY_NOT_ACCEPTED]	= { "not-accepted", "not accepted" },
	[DMA_WHY_LOCKED]	= { "locked", "locked, but not accepted" },
	[DMA_WHY_ACCEPTED]	= { "accepted", "accepted" },
	[DMA_WHY_ERROR]		= { "error", "TDISP ERROR; unlock to get out" },
	[DMA_WHY_BLOCKED]	= { "blocked", "after an error, or in the middle of a verb; unlock to get out" },
	[DMA_WHY_UNEXPECTED]	= { "unexpected", "mode and acceptance contradict each other; disconnect it" },
	[DMA_WHY_NEWER]		= { "newer", "a mode that this tdi does not know" },
};

const char *dma_why_id(enum dma_why why)
{
	return whys[why].id;
}

/* Where the mode comes from, of those that are not the plain default. */
static const char *chosen_text(const struct dev *dev, const struct dma *dma)
{
	bool iommu = attr_is(&dev->dma, "iommu");

	if (attr_is(&dev->dma, "direct"))
		return "";
	if (dma->mode.nr > 1)
		return iommu ? ", behind a guest-visible IOMMU, chosen by dma_mode" :
			       ", chosen by dma_mode";
	if (!dma->mode.nr)
		return iommu ? ", behind a guest-visible IOMMU" : "";
	return iommu ? ", behind a guest-visible IOMMU, where it is the only choice" :
		       ", the only choice";
}

void dma_why_text(const struct dev *dev, const struct dma *dma, char ret[DMA_WHY_SIZE])
{
	enum dma_why why = dma_why(dev);
	uint64_t generation;

	if (why != DMA_WHY_ACCEPTED) {
		util_format(ret, DMA_WHY_SIZE, "%s", whys[why].text);
		return;
	}
	if (dma->generation.err || util_u64_parse(dma->generation.text, &generation))
		util_format(ret, DMA_WHY_SIZE, "accepted%s", chosen_text(dev, dma));
	else
		util_format(ret, DMA_WHY_SIZE, "accepted, generation %llu%s",
			    (unsigned long long)generation, chosen_text(dev, dma));
}
