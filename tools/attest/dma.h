/* SPDX-License-Identifier: GPL-2.0 */
/* How a TDI's DMA works, why so, what it may choose, and what was counted. */
#ifndef ATTEST_DMA_H
#define ATTEST_DMA_H

#include "dev.h"
#include "tsmfile.h"

/* Lines of tsm/dma_stats; names that are not here are a newer module's. */
enum dma_stat {
	DMA_LIVE,		/* mappings and allocations that exist */
	DMA_BOUNCED_BYTES,	/* copied since the function was found */
	DMA_BOUNCED_MAPPINGS,
	DMA_SHARED_PAGES,	/* of coherent memory, now */
	DMA_LEAKED_PAGES,	/* could not be made private again */
	DMA_NR_STATS
};

/**
 * struct dma - what tsm/dma_mode, tsm/dma_stats and tsm/generation say
 * @mode: those that accept can switch to
 * @stats_err: positive errno; ENOENT when the module is older than the file
 * @known: bit per enum dma_stat that has a value in @stat
 * @generation: of the evidence
 */
struct dma {
	struct choice mode;
	int stats_err;
	unsigned int known;
	uint64_t stat[DMA_NR_STATS];
	struct attr generation;
};

/* Why a TDI is in the mode that it is in. */
enum dma_why {
	DMA_WHY_UNREADABLE,	/* the mode is not known */
	DMA_WHY_NOT_ACCEPTED,
	DMA_WHY_LOCKED,		/* not accepted yet */
	DMA_WHY_ACCEPTED,
	DMA_WHY_ERROR,		/* TDISP's */
	DMA_WHY_BLOCKED,	/* for another reason, or the state cannot be read */
	DMA_WHY_UNEXPECTED,	/* mode and acceptance contradict each other */
	DMA_WHY_NEWER,		/* a mode that this program does not know */
	DMA_NR_WHYS
};

#define DMA_WHY_SIZE	160

void dma_read(const struct sysfs *fs, const char *bdf, struct dma *ret);

/* The first error that is none of an older module, or 0. */
int dma_unreadable(const struct dma *dma);

/* "live", "bounced_bytes", ... */
const char *dma_stat_name(enum dma_stat stat);
bool dma_stat_known(const struct dma *dma, enum dma_stat stat);

/* @dev is a TDI. */
enum dma_why dma_why(const struct dev *dev);

/* An identifier for scripts, never changed once it is out. */
const char *dma_why_id(enum dma_why why);

/* In words for a person, without the mode: "accepted, generation 3". */
void dma_why_text(const struct dev *dev, const struct dma *dma, char ret[DMA_WHY_SIZE]);

#endif /* ATTEST_DMA_H */
