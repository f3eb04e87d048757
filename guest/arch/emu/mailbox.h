/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TDI_EMU_MAILBOX_H
#define TDI_EMU_MAILBOX_H

#include <linux/bitmap.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../../include/tdisp/emu_mbox.h"

struct pci_dev;
struct page;

/**
 * struct emu_slot - one mailbox slot and its pages
 * @request: private and shared request page, by class of call
 * @reply: likewise
 * @dead: a call timed out and could not be aborted: never used again, since its
 *	pages may still be written
 */
struct emu_slot {
	struct page *request[2];
	struct page *reply[2];
	bool dead;
};

/**
 * struct emu_mbox - the mailbox
 * @regs: BAR 0
 * @nr_slots: how many of @slot exist; slot 0 is for page conversions
 * @slot: slots
 * @busy: slots in use
 * @pick: guards @busy
 * @free: counts slots that sleeping callers may take
 * @convert: guards slot 0, taken in any context
 * @seq: number of the next call
 * @timeout_ms: patience of a call that may sleep
 */
struct emu_mbox {
	void __iomem *regs;
	unsigned int nr_slots;
	struct emu_slot slot[EMU_MBOX_SLOTS];
	DECLARE_BITMAP(busy, EMU_MBOX_SLOTS);
	spinlock_t pick;	/* guards busy */
	struct semaphore free;
	spinlock_t convert;	/* guards slot 0, any context */
	atomic_t seq;
	unsigned int timeout_ms;
};

/**
 * struct emu_answer - what came back, for a person who asks why
 * @status: enum emu_status, or ~0 when no valid reply came
 * @what: the check of the mailbox that failed, or NULL
 * @expected: by that check
 * @found: by that check
 */
struct emu_answer {
	u32 status;
	const char *what;
	u64 expected;
	u64 found;
};

int emu_mbox_init(struct emu_mbox *mbox, struct pci_dev *pdev, void __iomem *regs);
void emu_mbox_exit(struct emu_mbox *mbox, bool pages_are_safe);
int emu_mbox_share_pages(struct emu_mbox *mbox);

int emu_mbox_call(struct emu_mbox *mbox, u16 call, u32 handle, const void *req, size_t len,
		  void *rsp, size_t min, size_t max, size_t *ret_len,
		  struct emu_answer *answer);
int emu_mbox_convert(struct emu_mbox *mbox, u16 call, u64 gpa, u64 nr_pages);
const char *emu_status_name(u32 status);

#endif /* TDI_EMU_MAILBOX_H */
