// SPDX-License-Identifier: GPL-2.0
/* struct recovery from sysfs, and in words. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "recovery.h"

static const struct {
	const char *name;
	const char *words;
} stats[RECOVERY_NR_STATS] = {
	[RECOVERY_LOSSES]	= { "losses", "lost" },
	[RECOVERY_RECOVERED]	= { "recovered", "recovered" },
	[RECOVERY_CHANGED]	= { "changed", "came back with other evidence" },
	[RECOVERY_FAILED]	= { "failed", "failed" },
};

const char *recovery_stat_name(enum recovery_stat stat)
{
	return stats[stat].name;
}

bool recovery_stat_known(const struct recovery *recovery, enum recovery_stat stat)
{
	return recovery->known & 1u << stat;
}

void recovery_read(const struct sysfs *fs, const char *bdf, struct recovery *ret)
{
	const char *names[RECOVERY_NR_STATS];

	for (int s = 0; s < RECOVERY_NR_STATS; s++)
		names[s] = stats[s].name;
	*ret = (struct recovery) { 0 };
	choice_read(fs, bdf, "recovery", &ret->policy);
	ret->stats_err = -counters_read(fs, bdf, "recovery_stats", names, RECOVERY_NR_STATS,
					&ret->known, ret->stat);
}

bool recovery_missing(const struct recovery *recovery)
{
	return recovery->policy.err == ENOENT && recovery->stats_err == ENOENT;
}

int recovery_unreadable(const struct recovery *recovery)
{
	if (recovery->policy.err && recovery->policy.err != ENOENT)
		return recovery->policy.err;
	return recovery->stats_err != ENOENT ? recovery->stats_err : 0;
}

const char *recovery_chosen(const struct recovery *recovery)
{
	const struct choice *policy = &recovery->policy;

	return policy->chosen < 0 ? "" : policy->word[policy->chosen];
}

const char *recovery_words(const char *chosen)
{
	if (!strcmp(chosen, "stay-down"))
		return "once lost it stays down until it is unlocked";
	if (!strcmp(chosen, "recover"))
		return "once lost it is locked again, attested, and goes on if nothing changed";
	return "";
}

void recovery_counts(const struct recovery *recovery, char ret[RECOVERY_COUNTS_SIZE])
{
	size_t used = 0;

	ret[0] = '\0';
	for (int s = 0; s < RECOVERY_NR_STATS; s++) {
		if (!recovery_stat_known(recovery, (enum recovery_stat)s))
			continue;
		util_format(ret + used, RECOVERY_COUNTS_SIZE - used, "%s%" PRIu64 " %s",
			    used ? ", " : "", recovery->stat[s], stats[s].words);
		used = strlen(ret);
	}
}
