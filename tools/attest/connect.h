/* SPDX-License-Identifier: GPL-2.0 */
/* Connecting and disconnecting a device, whoever asks for it. */
#ifndef ATTEST_CONNECT_H
#define ATTEST_CONNECT_H

#include "inputs.h"

/**
 * struct connect_job - what is asked for
 * @connect: connect, else disconnect
 * @bdf: the device
 * @tsm: the TSM's name; NULL: find it
 * @no_driver: leave it without a driver after success
 * @force: go on although its disks are in use
 * @wait_ms: how long to wait for the driver and its disks
 * @verify: by policy and anchors in @inputs, not by the kernel's anchors
 */
struct connect_job {
	const struct sysfs *fs;
	bool connect;
	char bdf[BDF_SIZE];
	const char *tsm;
	bool no_driver;
	bool force;
	unsigned int wait_ms;
	bool verify;
	struct inputs *inputs;
};

/**
 * connect_run() - do it
 * @model: how it went; its uses are to be freed
 */
void connect_run(const struct connect_job *job, const struct tsm_list *tsms,
		 struct verb_model *model);

/* From here on SIGINT, SIGTERM, SIGHUP and SIGQUIT make the kernel undo its work. */
void connect_hold_signals(void);

#endif /* ATTEST_CONNECT_H */
