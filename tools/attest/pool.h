/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's bounce pool (swiotlb), and how large a one is still needed.
 *
 * What pool_read() tells was measured by the kernel; what pool_advise() tells is
 * advice. They are kept apart up to the output.
 */
#ifndef ATTEST_POOL_H
#define ATTEST_POOL_H

#include "sysfs.h"

/* The kernel's IO_TLB_SIZE and IO_TLB_SEGSIZE: not expected to change, not told. */
#define POOL_SLAB_SIZE		2048u
#define POOL_SEGMENT_SLABS	128u

/* How much more than was ever used at once. */
#define POOL_HEADROOM_PERCENT	50u

enum pool_status {
	POOL_MEASURED,
	POOL_NONE,		/* the kernel has no pool */
	POOL_NO_DEBUGFS,	/* not mounted, or the kernel has none */
	POOL_NOT_ROOT,
	POOL_UNREADABLE,
	POOL_NR_STATUS
};

/**
 * struct pool - the default pool, all in slabs
 * @status: the members below are valid if POOL_MEASURED
 * @err: positive errno if POOL_UNREADABLE
 * @size: what there is
 * @used: now
 * @high_water: most at once since boot, or since it was last reset
 */
struct pool {
	enum pool_status status;
	int err;
	uint64_t size;
	uint64_t used;
	uint64_t high_water;
};

enum pool_reason {
	POOL_UNTOLD,		/* no advice: not measured, or no pool */
	POOL_NOBODY,		/* nobody bounces: the smallest that works */
	POOL_HIGH_WATER,	/* what was used, and headroom */
	POOL_NR_REASONS
};

/**
 * struct pool_advice - how large a pool to boot with
 * @reason: where @slabs comes from
 * @slabs: what to boot with, 0 for no advice
 * @floor: the least that the kernel takes with so many CPUs
 * @full: the pool was full or nearly so: the high-water mark may be too low
 * @stray: slabs are in use, although nobody should bounce
 */
struct pool_advice {
	enum pool_reason reason;
	uint64_t slabs;
	uint64_t floor;
	bool full;
	bool stray;
};

void pool_read(const struct sysfs *fs, struct pool *ret);

/* "measured", "no-debugfs", ... and "nobody-bounces", "high-water", ... for scripts. */
const char *pool_status_id(enum pool_status status);
const char *pool_reason_id(enum pool_reason reason);

/**
 * pool_advise() - how large a pool is still needed
 * @pool: what was measured
 * @bouncers: functions that may still bounce
 * @cpus: how many the kernel may have, which sets how it cuts a pool
 */
void pool_advise(const struct pool *pool, size_t bouncers, unsigned int cpus,
		 struct pool_advice *ret);

/* CPUs that are possible; 1 if that cannot be read. */
unsigned int pool_cpus(const struct sysfs *fs);

/* Was the kernel booted with swiotlb=force? Yes, if that cannot be read. */
bool pool_is_forced(const struct sysfs *fs);

#endif /* ATTEST_POOL_H */
