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
	if (dma->choices_err && dma->choices_err != ENOENT)
		return dma->choices_err;
	return dma->stats_err != ENOENT ? dma->stats_err : 0;
}

/* ---- reading ---- */

/* "[direct]" or "direct"; what is neither is nothing to build output from. */
static bool choice_add(struct dma *dma, const char *word, size_t len)
{
	bool chosen = len > 2 && word[0] == '[' && word[len - 1] == ']';

	if (chosen) {
		word++;
		len -= 2;
	}
	if (len >= DMA_WORD_SIZE || dma->nr_choices == DMA_NR_CHOICES ||
	    strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") < len)
		return false;
	memcpy(dma->choice[dma->nr_choices], word, len);
	if (chosen)
		dma->chosen = (int)dma->nr_choices;
	dma->nr_choices++;
	return true;
}

static void choices_read(const struct sysfs *fs, const char *bdf, struct dma *ret)
{
	struct attr attr;
	const char *p;

	ret->chosen = -1;
	sysfs_text(fs, &attr, "bus/pci/devices/%s/tsm/dma_mode", bdf);
	ret->choices_err = attr.err;
	for (p = attr.text; *(p += strspn(p, " ")); p += strcspn(p, " ")) {
		if (choice_add(ret, p, strcspn(p, " ")))
			continue;
		ret->choices_err = EPROTO;
		ret->nr_choices = 0;
		ret->chosen = -1;
		return;
	}
}

static void stat_line(const char *line, struct dma *ret)
{
	size_t len = strcspn(line, " ");
	uint64_t value;

	for (int s = 0; s < DMA_NR_STATS; s++) {
		if (strlen(stat_names[s]) != len || strncmp(line, stat_names[s], len))
			continue;
		if (line[len] != ' ' || util_u64_parse(line + len + 1, &value)) {
			ret->stats_err = EPROTO;
			return;
		}
		ret->stat[s] = value;
		ret->known |= 1u << s;
	}
}

static void stats_read(const struct sysfs *fs, const char *bdf, struct dma *ret)
{
	char text[4096], *save = NULL, *line;
	size_t len;
	int rc;

	rc = sysfs_read(fs, text, sizeof(text) - 1, &len, "bus/pci/devices/%s/tsm/dma_stats", bdf);
	if (rc) {
		ret->stats_err = -rc;
		return;
	}
	text[len] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		stat_line(line, ret);
	/* Half a truth about counters is none. */
	if (ret->stats_err) {
		ret->known = 0;
		memset(ret->stat, 0, sizeof(ret->stat));
	}
}

void dma_read(const struct sysfs *fs, const char *bdf, struct dma *ret)
{
	*ret = (struct dma) { 0 };
	choices_read(fs, bdf, ret);
	stats_read(fs, bdf, ret);
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
	if (dma->nr_choices > 1)
		return iommu ? ", behind a guest-visible IOMMU, chosen by dma_mode" :
			       ", chosen by dma_mode";
	if (!dma->nr_choices)
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
