/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Host and PSP of the SEV-TIO suites: GHCB exits, answered by a script. It knows what a
 * message says, and no TDI's state.
 */
#ifndef TDI_SEV_FAKE_PSP_H
#define TDI_SEV_FAKE_PSP_H

#include <linux/types.h>

#include "../../../include/tdisp/emu_mbox.h"
#include "../../../include/tdisp/sev_tio.h"
#include "../../../include/tdisp/wire.h"

/* What an exit is for. */
enum fake_exit {
	FAKE_INFO,		/* TDI_INFO alone */
	FAKE_MEASURE,		/* .. with all objects */
	FAKE_OBJECTS,		/* .. with some */
	FAKE_VALIDATE,
	FAKE_RELEASE,		/* MMIO_VALIDATE, the other way */
	FAKE_PROBE,		/* MMIO_VALIDATE of one page that was validated */
	FAKE_SDTE,
	FAKE_SDTE_NONE,
	FAKE_BIND,
	FAKE_UNBIND,
	FAKE_RUN,
	FAKE_STOP,
	FAKE_NR_EXITS
};

enum fake_how {
	FAKE_HONEST,
	FAKE_SILENT,		/* -ETIMEDOUT */
	FAKE_FAILED,		/* -EIO */
	FAKE_BUSY,
	FAKE_FW_ERROR,
	FAKE_STATUS,		/* fake_psp.status in the response */
	FAKE_WRONG_TYPE,
	FAKE_TOO_SMALL,		/* wants fake_psp.want_pages, whatever it is given */
};

#define FAKE_LOG	64

/* An exit: its registers, and what was sealed. */
struct fake_log {
	enum fake_exit what;
	u64 regs[SEV_GHCB_NR_REGS];
	struct snp_msg_hdr hdr;
	u8 sealed[128];
	u8 payload[128];
	u8 nonce[SEV_BLOB_NONCE_LEN];
	/* What the last TDI_INFO before it said. */
	u64 count;
	u64 meas;
	u64 report;
};

struct fake_psp {
	enum fake_exit at;
	enum fake_how how;
	unsigned int times;	/* how often it is so, 0: for ever */
	u16 status;
	u64 want_pages;
	u64 want_more;		/* and so many more each time */
	/* TDI_INFO's answer */
	u16 info_status;
	u64 word;
	u32 meas_flags;
	u32 lock_flags;
	u64 count;
	u8 certs[SEV_DIGEST_LEN], meas[SEV_DIGEST_LEN], report[SEV_DIGEST_LEN];
	bool changed;		/* a page that is probed was not validated */
	u64 base;		/* where the last pages that were validated begin */
	/* The objects */
	const u8 *object;	/* certificates and report */
	size_t object_len;
	bool no_vca;
	/* BIND's answer */
	u64 id;
	bool same_id;
	/* The response's header and seal, to be spoilt at this byte */
	int spoil;
	u8 spoil_with;
	bool no_cipher;
	int seal_err;
	u8 key[SNP_VMPCK_LEN];
	u32 used;		/* in the secrets page */
	bool lasts;		/* .. which is what it was, as a real one */
	unsigned int nr;
	struct fake_log log[FAKE_LOG];
};

extern struct fake_psp fake_psp;

void fake_psp_reset(void);
int fake_psp_secrets(struct emu_regs *regs);
int fake_psp_exit(struct emu_regs *regs);
/* The last exit for that, NULL: none. */
const struct fake_log *fake_psp_last(enum fake_exit what);
/* Where it stands in the log, -1: nowhere. */
int fake_psp_when(enum fake_exit what);
unsigned int fake_psp_count(enum fake_exit what);

void fake_gcm_seal(const u8 *key, const u8 *iv, u8 *buf, size_t len);
bool fake_gcm_open(const u8 *key, const u8 *iv, u8 *buf, size_t len);

#endif /* TDI_SEV_FAKE_PSP_H */
