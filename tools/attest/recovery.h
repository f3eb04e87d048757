/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel does about a TDI that falls into ERROR, and how often it had to. */
#ifndef ATTEST_RECOVERY_H
#define ATTEST_RECOVERY_H

#include "dev.h"
#include "tsmfile.h"

/* Lines of tsm/recovery_stats; names that are not here are a newer module's. */
enum recovery_stat {
	RECOVERY_LOSSES,
	RECOVERY_RECOVERED,
	RECOVERY_CHANGED,	/* what came back was not what had been accepted */
	RECOVERY_FAILED,
	RECOVERY_NR_STATS
};

/**
 * struct recovery - what tsm/recovery and tsm/recovery_stats say
 * @policy: what may be chosen, and what is
 * @stats_err: positive errno; ENOENT when the module is older than the file
 * @known: bit per enum recovery_stat that has a value in @stat
 */
struct recovery {
	struct choice policy;
	int stats_err;
	unsigned int known;
	uint64_t stat[RECOVERY_NR_STATS];
};

void recovery_read(const struct sysfs *fs, const char *bdf, struct recovery *ret);

/* True if the module has neither file. */
bool recovery_missing(const struct recovery *recovery);

/* The first error that is none of an older module, or 0. */
int recovery_unreadable(const struct recovery *recovery);

/* "losses", ... */
const char *recovery_stat_name(enum recovery_stat stat);
bool recovery_stat_known(const struct recovery *recovery, enum recovery_stat stat);

/* The chosen word, "" for none, and what it means, "" if that is not known. */
const char *recovery_chosen(const struct recovery *recovery);
const char *recovery_words(const char *chosen);

/* "2 lost, 1 recovered, ..."; "" if nothing was counted. */
#define RECOVERY_COUNTS_SIZE	160
void recovery_counts(const struct recovery *recovery, char ret[RECOVERY_COUNTS_SIZE]);

#endif /* ATTEST_RECOVERY_H */
