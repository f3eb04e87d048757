/* SPDX-License-Identifier: GPL-2.0 */
/* What happened to a TDI, out of a message that the kernel sends (a uevent). */
#ifndef ATTEST_UEVENT_H
#define ATTEST_UEVENT_H

#include "util.h"

/* The kernel's are of 2 KiB and their header; a longer one is none of its. */
#define UEVENT_MAX	8192

/**
 * struct uevent - what a message says
 * @bdf: the PCI function
 * @event: "lost", "recovered", ...; a word of lower-case letters and '-'
 * @state: of the TDI, a word of letters and '_'
 * @reason: escaped, "" for none
 */
struct uevent {
	char bdf[BDF_SIZE];
	char event[32];
	char state[32];
	char reason[1024];
};

enum uevent_kind {
	UEVENT_OTHER,		/* about something else */
	UEVENT_TDI,
	UEVENT_MALFORMED,	/* about a TDI, but not as the kernel writes it */
};

#define UEVENT_WHY_SIZE	192

/**
 * uevent_parse() - take a message apart
 * @msg: "change@/devices/...", then KEY=VALUE, each with a zero byte behind it
 * @len: all of it
 * @ret: set for UEVENT_TDI
 * @why: set for UEVENT_MALFORMED: what was expected and what was found
 */
enum uevent_kind uevent_parse(const void *msg, size_t len, struct uevent *ret,
			      char why[UEVENT_WHY_SIZE]);

#endif /* ATTEST_UEVENT_H */
