/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's hold, as /sys/devices/tdi-gate shows it. */
#ifndef ATTEST_GATE_HOLD_H
#define ATTEST_GATE_HOLD_H

#include "sysfs.h"

struct gate_exposed {
	char bdf[BDF_SIZE];
	char driver[NAME_SIZE];
};

/**
 * struct gate_hold - which functions get no driver
 * @policy: "all", "listed" or "none", or its error
 * @err: positive errno: @held or @exposed cannot be read or make no sense
 * @held: functions that are held now
 * @exposed: functions that had a driver before they were held, since boot
 * @more_held, @more_exposed: that the kernel had no room to name
 */
struct gate_hold {
	const struct sysfs *fs;
	struct attr policy;
	int err;
	uint64_t more_held;
	uint64_t more_exposed;
	size_t nr_held;
	char (*held)[BDF_SIZE];
	size_t nr_exposed;
	struct gate_exposed *exposed;
};

/* Release with gate_hold_free(). */
void gate_hold_read(const struct sysfs *fs, struct gate_hold *ret);
void gate_hold_free(struct gate_hold *hold);

/* Does it hold anything at all? */
bool gate_hold_works(const struct gate_hold *hold);
bool gate_hold_has(const struct gate_hold *hold, const char *bdf);
/* The driver that had it before, or NULL. */
const char *gate_hold_exposed(const struct gate_hold *hold, const char *bdf);

#endif /* ATTEST_GATE_HOLD_H */
