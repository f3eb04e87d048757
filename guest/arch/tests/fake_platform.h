/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In tdi-emu.ko's place below another platform's conformance suite: the registers go to
 * a script of the suite's own. Link fake_platform.o
 * instead of arch/emu.
 */
#ifndef TDI_FAKE_PLATFORM_H
#define TDI_FAKE_PLATFORM_H

#include <kunit/test.h>

#include "../../include/tdisp/emu_platform.h"

/**
 * struct fake_platform - script and log
 * @tsm_regs: answers the instruction, registers in and out; returns what the mailbox
 *	does: 0, -ETIMEDOUT, -EIO
 * @host_regs: likewise
 * @announce_err: what emu_platform_announce() answers
 * @no_events: nobody is told of events
 * @share_err: what comes of sharing pages
 * @nr_tsm: how often @tsm_regs was asked
 * @nr_host: how often @host_regs was
 * @nr_announced: functions that were announced
 * @announced: the last one
 * @entered: between enter and leave
 * @nr_shared: pages that are shared now
 * @event: who listens, or NULL
 * @event_data: and with what
 */
struct fake_platform {
	int (*tsm_regs)(struct emu_regs *regs);
	int (*host_regs)(struct emu_regs *regs);
	int announce_err;
	int share_err;
	bool no_events;
	unsigned int nr_tsm;
	unsigned int nr_host;
	unsigned int nr_announced;
	struct pci_dev *announced;
	bool entered;
	long nr_shared;
	void (*event)(void *data);
	void *event_data;
};

extern struct fake_platform fake_platform;

/*
 * Forgets the log and takes a script, then calls the registered driver's probe with
 * that parent, until the end of the test. Returns what probe does.
 */
int fake_platform_new(struct kunit *test, struct device *parent, const struct fake_platform *how);
/* The driver that registered when the module was loaded, or NULL. */
struct emu_platform_driver *fake_platform_driver(void);

#endif /* TDI_FAKE_PLATFORM_H */
