/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the Arm CCA backend share. */
#ifndef TDI_CCA_INTERNAL_H
#define TDI_CCA_INTERNAL_H

#include <linux/mutex.h>
#include <linux/types.h>

#include "../../include/tdisp/backend.h"
#include "../../include/tdisp/cca_wire.h"

struct emu_platform;
struct page;

#define CCA_NR_X	CCA_EMU_NR_X

/**
 * struct cca_regs - registers of an SMC, before and after
 * @x: X0 to X30; X0 is the function, and then the status
 */
struct cca_regs {
	u64 x[CCA_NR_X];
};

/* Pages that the host reaches, for parameters and for what it hands over. */
#define CCA_SHARED_PAGES	4
#define CCA_SHARED_SIZE		(CCA_SHARED_PAGES * PAGE_SIZE)

/**
 * struct cca - a realm that was given devices
 * @backend: ours, as the core has it
 * @ops: the callbacks; some differ behind the emulated mailbox
 * @emu: the mailbox, or NULL: the instruction
 * @features: RHI_DA_F_*, as the host says
 * @call_lock: serialises host calls
 * @call: their registers, private memory
 * @shared_lock: serialises who uses @shared, and is outside @call_lock
 * @shared: CCA_SHARED_PAGES of them, or NULL
 */
struct cca {
	struct tdi_backend backend;
	struct tdi_backend_ops ops;
	struct emu_platform *emu;
	u64 features;
	struct mutex call_lock;		/* guards call */
	struct rsi_host_call_regs *call;
	struct mutex shared_lock;	/* guards what is in shared */
	struct page *shared;
};

/**
 * struct cca_tdi - a TDI of a realm's
 * @tdi: the core's
 * @info: what the RMM writes facts to, private memory; under the TDI's lock
 * @vca: which object the host's VCA is; under the TDI's lock
 * @late: behind the mailbox a call that writes @info was given up, and may be answered yet
 */
struct cca_tdi {
	struct tdi tdi;
	struct rsi_vdev_info *info;
	u64 vca;
	bool late;
};

static inline struct cca *to_cca(struct tdi_backend *backend)
{
	return container_of(backend, struct cca, backend);
}

static inline struct cca_tdi *to_cca_tdi(struct tdi *tdi)
{
	return container_of(tdi, struct cca_tdi, tdi);
}

/* What both worlds call the function. A bus may get another number: not kept. */
static inline u64 cca_vdev_id(const struct tdi *tdi)
{
	return CCA_VDEV_ID(pci_domain_nr(tdi->pdev->bus), pci_dev_id(tdi->pdev));
}

/* How long the host may take for what it does in parts, in ms. */
extern unsigned int cca_timeout_ms;

/* rsi.c */
int cca_smc(struct cca *cca, struct cca_regs *regs);

/* rhi.c */
#define CCA_RHI_ARGS	6

/**
 * struct cca_rhi - a host call
 * @name: for a person
 * @gprs: function and arguments before, status and results after
 */
struct cca_rhi {
	const char *name;
	u64 gprs[CCA_RHI_ARGS];
};

int cca_host_features(struct cca *cca);
int cca_host_ask(struct tdi *tdi, struct cca_rhi *call);
int cca_host_do(struct tdi *tdi, struct cca_rhi *call);
int cca_host_refused(struct tdi *tdi, const struct cca_rhi *call);

#endif /* TDI_CCA_INTERNAL_H */
