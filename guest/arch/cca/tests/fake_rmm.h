/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other side of the SMC, scripted: an RMM and a host that answer as guest-abis.md
 * 3.2 and 3.3 say, from there and not from ../, and err where a test says so.
 */
#ifndef TDI_CCA_FAKE_RMM_H
#define TDI_CCA_FAKE_RMM_H

#include <linux/types.h>

#include "../../../include/tdisp/cca_wire.h"
#include "../../tests/fake_platform.h"

#define FAKE_RMM_LOG		64
#define FAKE_RMM_ANY		(~0ULL)

/* What comes instead of an answer, or with it. */
enum fake_rmm_answer {
	FAKE_RMM_HONEST,
	FAKE_RMM_SILENT,	/* -ETIMEDOUT of the mailbox */
	FAKE_RMM_STATUS,	/* @status, and nothing is done */
	FAKE_RMM_RESULTS,	/* what is honest, but [1] and [2] are @result */
	FAKE_RMM_ENDLESS,	/* INCOMPLETE of the host, and of each CONTINUE */
};

struct fake_rmm_call {
	bool host;
	u64 r[EMU_NR_REGS];	/* as it came: X0 .., or imm and gprs */
	u8 nonce[RHI_MEASURE_NONCE_SIZE];
};

/**
 * struct fake_rmm - script and log
 * @fid: the call that is answered otherwise, 0 for none
 * @arg: .. with that second argument only (RHI: gprs[2]), FAKE_RMM_ANY for any
 * @how: and how
 * @status: for FAKE_RMM_STATUS
 * @result: for FAKE_RMM_RESULTS
 * @info: what RSI_VDEV_GET_INFO writes
 * @features: answer to RHI_DA_FEATURES
 * @parts: how many times an honest host says INCOMPLETE first
 * @busy_by_turns: .. and BUSY to every other CONTINUE
 * @part_size: what is done of a mapping at once, 0 for all
 * @vca: number of the host's VCA
 * @object: evidence, one for all numbers
 * @object_len: its length
 * @claimed: what OBJECT_SIZE says
 * @chunk: bytes in an OBJECT_READ at most, 0 for all
 * @old_read: OBJECT_READ's arguments are (offset, length, buffer)
 * @log: calls, first to last
 * @nr: how many
 */
struct fake_rmm {
	u64 fid;
	u64 arg;
	enum fake_rmm_answer how;
	u64 status;
	u64 result[2];
	struct rsi_vdev_info info;
	u64 features;
	unsigned int parts;
	bool busy_by_turns;
	u64 part_size;
	u64 vca;
	const u8 *object;
	size_t object_len;
	u64 claimed;
	size_t chunk;
	bool old_read;
	struct fake_rmm_call log[FAKE_RMM_LOG];
	unsigned int nr;
	/* private: */
	unsigned int parts_left;
	bool was_busy;
	u64 cookie;
};

extern struct fake_rmm fake_rmm;
extern const struct fake_platform fake_rmm_platform;

/* As good as new, and honest. */
void fake_rmm_reset(void);
/* The last call of that number, with that gprs[2] if it is one to the host, or NULL. */
const struct fake_rmm_call *fake_rmm_last(u64 fid, u64 arg);
unsigned int fake_rmm_count(u64 fid);

#endif /* TDI_CCA_FAKE_RMM_H */
