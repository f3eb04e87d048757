/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other side of the emulated platform's doorbell, scripted: it reads the
 * request page and writes the reply page as Documentation/emu-mailbox.rst says,
 * from that page and not from mailbox.c, and errs where a test says so.
 */
#ifndef TDI_EMU_FAKE_TSM_H
#define TDI_EMU_FAKE_TSM_H

#include <linux/types.h>

#include "../../../include/tdisp/emu_mbox.h"

#define FAKE_TSM_SLOTS		60
#define FAKE_TSM_LOG		64
#define FAKE_TSM_PAYLOAD	64	/* kept of each request */

/* What is wrong with an answer. */
enum fake_answer {
	FAKE_HONEST,
	FAKE_SILENT,		/* none: BUSY until it is aborted */
	FAKE_DEAF,		/* none, and ABORT is ignored */
	FAKE_FAULT,		/* slot status FAULT */
	FAKE_REFUSE,		/* @status */
	FAKE_OTHER_CALL,
	FAKE_OTHER_VERSION,
	FAKE_OTHER_SEQ,
	FAKE_SHORT,		/* a byte less than the call's payload */
	FAKE_LONG,		/* a byte more, or more than there can be */
	FAKE_HUGE,		/* len = 2^32 - 1 */
};

struct fake_tsm_call {
	u16 call;
	u32 seq;
	u32 len;
	u32 handle;
	u32 slot;
	u64 request;
	u64 reply;
	u8 payload[FAKE_TSM_PAYLOAD];
};

/**
 * struct fake_tsm - registers, script and log
 * @magic: registers that describe the mailbox
 * @abi: likewise
 * @nr_slots: likewise
 * @slot: the slots' registers
 * @at: the call that is answered wrong, 0 for none, ~0 for all
 * @how: what is wrong with it
 * @status: for FAKE_REFUSE
 * @fault: for FAKE_FAULT
 * @flags: of TSM_INFO
 * @name: of TSM_INFO; it takes registers unless that is "emulated"
 * @info: reply to TDI_INFO
 * @object: evidence, one for all numbers
 * @object_len: its length
 * @claimed: what OBJECT_SIZE says
 * @chunk: bytes in an answer to OBJECT_READ at most, 0 for as many as fit
 * @count_off: is added to the answer's own count of them
 * @log: the calls, first to last
 * @nr: how many
 */
struct fake_tsm {
	u32 magic;
	u32 abi;
	u32 nr_slots;
	struct {
		u64 request;
		u64 reply;
		u32 status;
		u32 fault;
	} slot[FAKE_TSM_SLOTS];
	u16 at;
	enum fake_answer how;
	u32 status;
	u32 fault;
	u32 flags;
	const char *name;
	struct emu_tdi_info info;
	const u8 *object;
	size_t object_len;
	u64 claimed;
	size_t chunk;
	int count_off;
	struct fake_tsm_call log[FAKE_TSM_LOG];
	unsigned int nr;
};

extern struct fake_tsm fake_tsm;

/* As good as new: version 2.0, 16 slots, honest. */
void fake_tsm_reset(void);
/* The last call of that number, or NULL. */
const struct fake_tsm_call *fake_tsm_last(u16 call);
unsigned int fake_tsm_count(u16 call);

#endif /* TDI_EMU_FAKE_TSM_H */
