/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the Arm CCA personality share; nobody else includes this. */
#ifndef EMU_CCA_H
#define EMU_CCA_H

#include "host.h"
#include "../../guest/include/tdisp/cca_wire.h"

/* An operation of the host's that the guest has to continue. */
struct cca_operation {
	uint64_t fid;			/* 0: there is none */
	uint64_t arg;			/* the state, of SET_TDI_STATE */
	uint8_t nonce[RHI_MEASURE_NONCE_SIZE];
	uint64_t cookie;
};

/* What RMM and host keep of a device, beyond what a TSM does. */
struct cca_vdev {
	/* The RMM's */
	bool reported;			/* the report was asked for, since LOCK */
	uint64_t nonce[3];		/* lock, meas, report: as last told */
	bool validated;			/* a mapping, since LOCK */
	/* The host's */
	struct cca_operation op;
	unsigned int sizes;		/* how often it told one */
};

/* By function. */
struct cca_vdev *cca_vdev(struct emu *e, const struct func *f);

/* ---- cca_rmm.c ---- */

int cca_rmm(struct emu *e, struct emu_regs *regs);
/* What only the host may ask of the RMM: fetch the report, again. */
enum emu_status cca_rmm_report(struct emu *e, struct func *f);
/* A lock begins or ends. */
void cca_rmm_forget(struct emu *e, struct func *f);

/* ---- cca_rhi.c ---- */

int cca_rhi(struct emu *e, struct emu_regs *regs);
/* The host is asked which device that is, and may be wrong; NULL: none. */
struct func *cca_host_vdev(struct emu *e, uint64_t vdev_id);
/* Just before the RMM does what may matter. */
void cca_host_before(struct emu *e, uint64_t fid, struct func *f);

/* ---- cca_lies.c ---- */

#define CCA_NR_LIES	36
extern const struct lie cca_lies[CCA_NR_LIES];

#endif /* EMU_CCA_H */
