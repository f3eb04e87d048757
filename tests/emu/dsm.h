/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the DSM share; nobody else includes this. */
#ifndef EMU_DSM_H
#define EMU_DSM_H

#include "emu.h"
#include "cert.h"

/* Largest SPDM message either way; also what CAPABILITIES says. */
#define DSM_MSG_MAX		0x1200
/* Portions are short on purpose: whoever reads in one gulp is found out. */
#define DSM_CERT_PORTION	1024
#define DSM_REPORT_PORTION	48
#define DSM_REPORT_MAX		256

struct dsm {
	struct func *func;
	struct cert_leaf *leaf;		/* made when first needed */
	enum tdisp_state state;
	uint16_t lock_flags;
	bool start_nonce_valid;
	uint8_t start_nonce[TDISP_START_NONCE_SIZE];
	/* Where the device believes its BARs to be; never leaves it unshifted. */
	uint64_t bar_hpa[FUNC_NR_BARS];
	uint8_t report[DSM_REPORT_MAX];
	size_t report_len;
};

/* The key and chain of slot 0, NULL if OpenSSL failed. */
const struct cert_leaf *dsm_leaf(struct dsm *d);

#endif /* EMU_DSM_H */
