// SPDX-License-Identifier: GPL-2.0
/* The kernel's bounce pool, and how large a one is still needed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"

#define POOL_DIR	"kernel/debug/swiotlb"

/* The kernel's IO_TLB_MIN_SLABS: 1 MiB, below which it gives up. */
#define MIN_SLABS	512u
/* 2 MiB: a pool that is less splits a huge page that is shared with the host. */
#define HUGE_SLABS	1024u
/* No kernel has that many: keeps the arithmetic below from overflowing. */
#define MAX_SLABS	(1ULL << 40)
#define MAX_CPUS	65536u

static const char * const status_ids[POOL_NR_STATUS] = {
	[POOL_MEASURED]		= "measured",
	[POOL_NONE]		= "no-pool",
	[POOL_NO_DEBUGFS]	= "no-debugfs",
	[POOL_NOT_ROOT]		= "not-root",
	[POOL_UNREADABLE]	= "unreadable",
};

static const char * const reason_ids[POOL_NR_REASONS] = {
	[POOL_UNTOLD]		= "not-measured",
	[POOL_NOBODY]		= "nobody-bounces",
	[POOL_HIGH_WATER]	= "high-water",
};

const char *pool_status_id(enum pool_status status)
{
	return status_ids[status];
}

const char *pool_reason_id(enum pool_reason reason)
{
	return reason_ids[reason];
}

/* Returns a positive errno. */
static int slabs_read(const struct sysfs *fs, const char *name, uint64_t *ret)
{
	struct attr attr;

	sysfs_text(fs, &attr, POOL_DIR "/%s", name);
	if (attr.err)
		return attr.err;
	return util_u64_parse(attr.text, ret) || *ret > MAX_SLABS ? EPROTO : 0;
}

void pool_read(const struct sysfs *fs, struct pool *ret)
{
	int err;

	*ret = (struct pool) { .status = POOL_MEASURED };
	err = slabs_read(fs, "io_tlb_nslabs", &ret->size);
	/* The directory is always there, its files only with a pool. */
	if (err == ENOENT) {
		ret->status = sysfs_exists(fs, POOL_DIR) ? POOL_NONE : POOL_NO_DEBUGFS;
		return;
	}
	if (!err)
		err = slabs_read(fs, "io_tlb_used", &ret->used);
	if (!err)
		err = slabs_read(fs, "io_tlb_used_hiwater", &ret->high_water);
	if (err == EACCES || err == EPERM) {
		ret->status = POOL_NOT_ROOT;
	} else if (err) {
		ret->status = POOL_UNREADABLE;
		ret->err = err;
	} else if (!ret->size) {
		ret->status = POOL_NONE;
	}
}

static uint64_t power_of_two(uint64_t n)
{
	uint64_t ret = 1;

	while (ret < n)
		ret <<= 1;
	return ret;
}

void pool_advise(const struct pool *pool, size_t bouncers, unsigned int cpus,
		 struct pool_advice *ret)
{
	uint64_t want;

	*ret = (struct pool_advice) { .reason = POOL_UNTOLD };
	/* The kernel cuts a pool into areas, one a CPU, each a segment at least. */
	ret->floor = POOL_SEGMENT_SLABS * power_of_two(cpus);
	if (ret->floor < MIN_SLABS)
		ret->floor = MIN_SLABS;
	if (pool->status != POOL_MEASURED)
		return;

	ret->stray = !bouncers && pool->used;
	if (!bouncers && !pool->used) {
		ret->reason = POOL_NOBODY;
		ret->slabs = ret->floor;
		return;
	}
	ret->reason = POOL_HIGH_WATER;
	ret->full = pool->high_water >= pool->size - pool->size / 10;
	want = pool->high_water + (pool->high_water * POOL_HEADROOM_PERCENT + 99) / 100;
	if (want < HUGE_SLABS)
		want = HUGE_SLABS;
	if (want < ret->floor)
		want = ret->floor;
	/* The kernel would round up by itself; this tells what comes out. */
	ret->slabs = power_of_two(want);
}

unsigned int pool_cpus(const struct sysfs *fs)
{
	struct attr attr;
	uint64_t nr = 0;
	char *p;

	/* "0-3" or "0,2-5" */
	sysfs_text(fs, &attr, "devices/system/cpu/possible");
	for (p = attr.text; *p >= '0' && *p <= '9'; p += *p == ',') {
		unsigned long first = strtoul(p, &p, 10), last = first;

		if (*p == '-')
			last = strtoul(p + 1, &p, 10);
		if (last < first || last >= MAX_CPUS)
			return 1;
		nr += last - first + 1;
	}
	return nr && nr <= MAX_CPUS ? (unsigned int)nr : 1;
}

bool pool_is_forced(const struct sysfs *fs)
{
	struct sysfs proc = { .sys = fs->proc, .proc = fs->proc };
	char text[4096], *save = NULL, *word;
	bool forced = false;
	size_t len;
	int rc;

	rc = sysfs_read(&proc, text, sizeof(text) - 1, &len, "cmdline");
	if (rc && rc != -EFBIG)
		return true;
	text[len] = '\0';
	for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		size_t end = strlen(word);

		if (strncmp(word, "swiotlb=", 8))
			continue;
		/* "force" only ever comes last; so does "noforce". */
		if (!strcmp(word, "swiotlb=force") ||
		    (end > 6 && !strcmp(word + end - 6, ",force")))
			forced = true;
	}
	return forced;
}
