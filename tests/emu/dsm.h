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

/* What can be wrong with a device. */
enum dsm_fault {
	DSM_BAD_SIGNATURE,
	DSM_SWAPPED_RANGES,
	DSM_LONG_RANGE,
	DSM_SHIFTED_RANGE,
	DSM_FW_UPDATES,
	DSM_ATS_ON,
	DSM_DEBUG_ON,
	DSM_OTHER_FIRMWARE,
	DSM_NR_FAULTS
};

/* What all interfaces of a device have in common: it has one DSM (11.1). */
struct dsm_device {
	unsigned int users;
	struct func *pf;		/* whose identity the certificate has */
	uint32_t faults;		/* bit per enum dsm_fault */
	struct cert_leaf *leaf;		/* made when first needed */
};

/* What the DSM keeps of one interface. */
struct dsm {
	struct dsm_device *dev;
	struct func *func;
	enum tdisp_state state;
	uint16_t lock_flags;
	bool start_nonce_valid;
	uint8_t start_nonce[TDISP_START_NONCE_SIZE];
	/* Where the device believes its BARs to be; never leaves it unshifted. */
	uint64_t bar_hpa[FUNC_NR_BARS];
	uint8_t report[DSM_REPORT_MAX];
	size_t report_len;
};

static inline bool dsm_has(const struct dsm *d, enum dsm_fault fault)
{
	return d->dev->faults >> fault & 1;
}

/* Spoils a report that was built, as the device's faults say. */
void dsm_spoil_report(const struct dsm *d, uint8_t *report);

/* To another state, of which the host hears. */
void dsm_set_state(struct dsm *d, enum tdisp_state state);

/* The key and chain of slot 0, NULL if OpenSSL failed. */
const struct cert_leaf *dsm_leaf(struct dsm *d);

#endif /* EMU_DSM_H */
