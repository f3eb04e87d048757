/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the TDX Connect backend share. */
#ifndef TDXC_INTERNAL_H
#define TDXC_INTERNAL_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "../../include/tdisp/backend.h"
#include "../../include/tdisp/tdx_connect_wire.h"

struct emu_platform;

/* A TDCALL's registers, in and out, by enum tdx_reg. */
struct tdxc_regs {
	u64 r[TDX_NR_REGS];
};

/**
 * struct tdxc - the platform
 * @backend: what the core knows of it
 * @emu: whom TDCALLs are brought to; NULL: the CPU
 * @shared: the address bit that means shared, 0 until the module told
 * @listens: a VMCALL may ask for the event interrupt
 * @nr_events: how many came
 * @events: who waits for one
 */
struct tdxc {
	struct tdi_backend backend;
	struct emu_platform *emu;
	u64 shared;
	bool listens;
	atomic_t nr_events;
	wait_queue_head_t events;
};

/* Private memory with bytes that came from the host. */
struct tdxc_copy {
	u8 *data;
	u32 len;
};

/**
 * struct tdxc_tdcm - what a TDI has for its VMCALLs
 * @buf: shared with the host, TDXC_TDCM_SIZE bytes; NULL: there is none yet
 * @leaked: buffers that the host never answered in, or did not convert
 * @last: when the last one was given up, in jiffies
 */
struct tdxc_tdcm {
	void *buf;
	unsigned int leaked;
	unsigned long last;
};

/* Room for 64 KiB of certificates, and as much of measurements. */
#define TDXC_TDCM_PAGES		32
#define TDXC_TDCM_SIZE		((size_t)TDXC_TDCM_PAGES << PAGE_SHIFT)
#define TDXC_TDCM_DATA_MAX	(TDXC_TDCM_SIZE - sizeof(struct tdx_tdcm_hdr))
/*
 * A host that answers nothing, or converts nothing, costs so many buffers, and then one in
 * so many seconds: it may be another host by then, and there has to be a way out.
 */
#define TDXC_TDCM_LEAKS_MAX	16
#define TDXC_TDCM_LEAK_SECONDS	60

/**
 * struct tdxc_tdi - one TDI
 * @tdi: the core's part
 * @tdcm: for calls to the host
 * @page: private, where the module puts hashes
 * @report: interface report, from when its size was asked for until it was read
 * @dev_info: device information, likewise
 * @parts: where its objects are
 * @unread: objects of it that nobody has read yet
 * @info_len: of @info_hash; 0: no device information was verified
 * @info_hash: of the device information that was verified last
 * @part_hash: of its objects, by the same algorithm
 */
struct tdxc_tdi {
	struct tdi tdi;
	struct tdxc_tdcm tdcm;
	void *page;
	struct tdxc_copy report;
	struct tdxc_copy dev_info;
	struct tdxc_copy parts[TDI_OBJ_REPORT];
	unsigned long unread;
	u32 info_len;
	u8 info_hash[TDI_DIGEST_MAX];
	u8 part_hash[TDI_OBJ_REPORT][TDI_DIGEST_MAX];
};

/* Device information is all objects but the report. */
static_assert(TDI_OBJ_REPORT == TDI_NR_OBJECTS - 1, "the report is the last object");

static inline struct tdxc *to_tdxc(struct tdi_backend *backend)
{
	return container_of(backend, struct tdxc, backend);
}

static inline struct tdxc_tdi *to_tdxc_tdi(struct tdi *tdi)
{
	return container_of(tdi, struct tdxc_tdi, tdi);
}

/* tdcall.c */

int tdxc_tdcall(struct tdxc *tdxc, struct tdxc_regs *regs);

/* tdcm.c */

int tdxc_tdcm(struct tdi *tdi, enum tdx_tdcm_operation op, const void *cmd, u32 cmd_len,
	      u32 min, u32 max, struct tdxc_copy *ret);
void tdxc_tdcm_free(struct tdi *tdi);
void tdxc_copy_free(struct tdxc_copy *copy);

#endif /* TDXC_INTERNAL_H */
