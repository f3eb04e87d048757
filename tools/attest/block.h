/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who uses the disks of a PCI function? Taking the driver from a device below a
 * mounted file system loses data, and the kernel does not refuse it.
 */
#ifndef ATTEST_BLOCK_H
#define ATTEST_BLOCK_H

#include "sysfs.h"

enum use_kind {
	USE_MOUNTED,	/* where: mount point */
	USE_SWAP,
	USE_HELD,	/* where: the device on top (dm, md) */
	USE_CLAIMED,	/* somebody has it exclusively, out of our sight */
};

struct use {
	char block[NAME_SIZE];
	enum use_kind kind;
	char where[256];
};

struct uses {
	size_t nr;
	struct use *use;
};

/**
 * block_uses() - what would break without the function's driver
 * @bdf: the function
 *
 * Looks at the function's disks, their partitions, and what is stacked on them:
 * mounts and swap that this process can see, then an exclusive open of each disk,
 * which also finds mounts in other namespaces.
 *
 * Return: 0, or a negative errno when that cannot be told. Release with
 * block_uses_free().
 */
int block_uses(const struct sysfs *fs, const char *bdf, struct uses *ret);
void block_uses_free(struct uses *uses);

/* "mounted", "swap", "held", "claimed" */
const char *use_kind_name(enum use_kind kind);

/* Number of disks (not partitions) of the function. */
size_t block_disks(const struct sysfs *fs, const char *bdf);

#endif /* ATTEST_BLOCK_H */
