/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The other side of TDCALL, scripted: a TDX module with two TDIs and a VMM, written from
 * tdx_connect_wire.h, behind arch/tests/fake_platform.h. It errs where a test says so.
 */
#ifndef TDXC_FAKE_TDX_H
#define TDXC_FAKE_TDX_H

#include <linux/types.h>

#include "../../../include/tdisp/emu_mbox.h"
#include "../../../include/tdisp/tdx_connect_wire.h"

#define FAKE_TDX_LOG		128
#define FAKE_TDX_CMD		64	/* kept of each command, header included */
#define FAKE_TDX_SHARED		(1ULL << 47)

/* What is wrong with an answer. */
enum fake_tdx_how {
	FAKE_TDX_HONEST,
	FAKE_TDX_SILENT,
	FAKE_TDX_STATUS,	/* of a leaf: @status in RAX */
	FAKE_TDX_VMCALL,	/* of a command: @status in R10 */
	FAKE_TDX_RAX,		/* of a command: @status in RAX */
	FAKE_TDX_ERROR,		/* of a command: status ERROR */
	FAKE_TDX_HEADER,	/* of a command: @header instead of the honest one */
	FAKE_TDX_LENGTH,	/* of a command: @length instead of the honest one */
	FAKE_TDX_LATER,		/* of a command: by fake_tdx_answer() */
};

/* A TDCALL: registers as they came, and what a command's buffer began with. */
struct fake_tdx_call {
	u64 r[TDX_NR_REGS];
	u64 gpa;		/* of the buffer, without the shared bit */
	u8 cmd[FAKE_TDX_CMD];
};

/**
 * struct fake_tdx - registers, script and log
 * @at_leaf: the leaf that is answered wrong, 0 for none
 * @at_field: of TDG.TDI.RD, this field alone; 0 for all
 * @at_ops: the commands that are answered wrong, bit per number
 * @how: what is wrong
 * @after: so many honest answers first
 * @times: and honest again after so many; 0: never
 * @status: for FAKE_TDX_STATUS, _VMCALL, _RAX
 * @header: for FAKE_TDX_HEADER
 * @length: for FAKE_TDX_LENGTH
 * @before: runs before each call, or NULL
 * @gpaw: of TDG.VP.INFO
 * @config: of TDG.VM.RD
 * @bound: the module knows the TDI
 * @state: and in which state it is
 * @session: bind session id
 * @hash_len: of the hashes, in bytes
 * @report_hash: what the module has of the report
 * @info_hash: and of the device information
 * @info: device information, as the host hands it over
 * @info_len: its length
 * @report: interface report
 * @report_len: its length
 * @attest: GET_DEV_INFO makes @info_hash of what it hands over
 * @teeio: answer to CHECK_TEEIO_SUPP
 * @pages: MMIO.ACCEPT does so many before it is interrupted
 * @log: calls, first to last
 * @nr: how many
 * @told: values of fields that were told, in the order of their numbers
 */
struct fake_tdx {
	u64 at_leaf;
	u64 at_field;
	u32 at_ops;
	enum fake_tdx_how how;
	unsigned int after;
	unsigned int times;
	u64 status;
	struct tdx_tdcm_hdr header;
	u32 length;
	void (*before)(const struct fake_tdx_call *call);
	u64 gpaw;
	u64 config;
	bool bound;
	u64 state;
	u64 session;
	u64 hash_len;
	u8 report_hash[64];
	u8 info_hash[64];
	const u8 *info;
	u32 info_len;
	const u8 *report;
	u32 report_len;
	bool attest;
	u8 teeio;
	u64 pages;
	struct fake_tdx_call log[FAKE_TDX_LOG];
	unsigned int nr;
	u64 told[8];
};

extern struct fake_tdx fake_tdx;

/* As good as new: a bound TDI in CONFIG_LOCKED, an honest host. */
void fake_tdx_reset(void);
/* For struct fake_platform. */
int fake_tdx_tsm_regs(struct emu_regs *regs);
int fake_tdx_host_regs(struct emu_regs *regs);
/* The last call of that leaf; for VMCALLs, of that operation. NULL: there was none. */
const struct fake_tdx_call *fake_tdx_last(u64 leaf);
const struct fake_tdx_call *fake_tdx_last_tdcm(u16 operation);
unsigned int fake_tdx_count(u64 leaf);
unsigned int fake_tdx_count_tdcm(u16 operation);
/* The honest answer to a command that was to be answered later, in the buffer of that call. */
void fake_tdx_answer(const struct fake_tdx_call *call);
void fake_tdx_sha384(const void *data, size_t len, u8 *digest);

#endif /* TDXC_FAKE_TDX_H */
