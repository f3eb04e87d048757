// SPDX-License-Identifier: GPL-2.0
/*
 * TDG.VP.VMCALL<TDCM>: a buffer that the host sees, a header of 20 bytes, and data
 * (guest/include/tdisp/tdx_connect_wire.h has the layout and who says so).
 *
 * The host may write that buffer at any time. Its status byte is polled; once it says
 * something else than WAIT the header is copied, once, and judged in the copy, and so
 * many bytes as the copy says are copied, once. Nothing is read from the buffer again.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/set_memory.h>
#include <linux/slab.h>

#include "../../include/tdisp/emu_platform.h"
#include "internal.h"

static unsigned int timeout_ms = 10000;
module_param(timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "How long the host may take for a command, in ms (default: 10000)");

/* Without the event interrupt: ever less often, from .. to. */
#define POLL_MIN_US		50
#define POLL_MAX_US		10000
/* With it: a host that does not raise it is found out, that late. */
#define EVENT_POLL_MS		20
/* Events come of the host, for nothing too: after so many they wake nobody up here. */
#define EVENT_WAKES_MAX		64
/* RETRY, of the VMCALL itself. */
#define RETRIES_MAX		8

static const char *operation_name(enum tdx_tdcm_operation op)
{
	switch (op) {
	case TDX_TDCM_CHECK_TEEIO:
		return "CHECK_TEEIO_SUPP";
	case TDX_TDCM_BIND:
		return "BIND";
	case TDX_TDCM_GET_DEV_INFO:
		return "GET_DEV_INFO";
	case TDX_TDCM_GET_TDI_REPORT:
		return "GET_TDI_REPORT";
	case TDX_TDCM_START_TDI:
		return "START_TDI";
	case TDX_TDCM_GET_TDI_STATE:
		return "GET_TDI_STATE";
	case TDX_TDCM_UNBIND:
		return "UNBIND";
	}
	return "TDCM";
}

static const char *error_name(u8 error)
{
	switch (error) {
	case TDX_TDCM_E_MODULE:
		return "TDX module";
	case TDX_TDCM_E_DEVICE:
		return "TEE-IO device";
	case TDX_TDCM_E_SPDM:
		return "SPDM message";
	case TDX_TDCM_E_IDE_KM:
		return "IDE_KM message";
	case TDX_TDCM_E_TDISP:
		return "TDISP message";
	case TDX_TDCM_E_STATE:
		return "invalid state";
	default:
		return "unknown error";
	}
}

void tdxc_copy_free(struct tdxc_copy *copy)
{
	kvfree(copy->data);
	*copy = (struct tdxc_copy) { };
}

/* --- the buffer ------------------------------------------------------------------ */

static int share(struct tdxc *tdxc, void *buf)
{
	if (tdxc->emu)
		return emu_platform_share_pages(tdxc->emu, virt_to_phys(buf), TDXC_TDCM_PAGES);
	return set_memory_decrypted((unsigned long)buf, TDXC_TDCM_PAGES);
}

static int unshare(struct tdxc *tdxc, void *buf)
{
	if (tdxc->emu)
		return emu_platform_unshare_pages(tdxc->emu, virt_to_phys(buf), TDXC_TDCM_PAGES);
	return set_memory_encrypted((unsigned long)buf, TDXC_TDCM_PAGES);
}

/**
 * tdxc_tdcm_free() - the TDI goes: its buffer, if it has one
 * @tdi: the TDI
 */
void tdxc_tdcm_free(struct tdi *tdi)
{
	struct tdxc_tdcm *tdcm = &to_tdxc_tdi(tdi)->tdcm;

	if (!tdcm->buf)
		return;
	if (unshare(to_tdxc(tdi->backend), tdcm->buf))
		pci_warn(tdi->pdev, "tdi: %zu bytes stay shared, and are lost\n", TDXC_TDCM_SIZE);
	else
		free_pages_exact(tdcm->buf, TDXC_TDCM_SIZE);
	tdcm->buf = NULL;
}

/*
 * Nobody's any more. The host has not answered in it, and may do so at any later time, into
 * whatever is asked next; or it was converted in part, or not, as the host says.
 */
static void give_up(struct tdi *tdi)
{
	struct tdxc_tdcm *tdcm = &to_tdxc_tdi(tdi)->tdcm;

	tdcm->buf = NULL;
	tdcm->leaked++;
	tdcm->last = jiffies;
	pci_warn(tdi->pdev, "tdi: %zu bytes of shared memory are given up\n", TDXC_TDCM_SIZE);
}

static int new_buffer(struct tdi *tdi, const char *name)
{
	struct tdxc_tdcm *tdcm = &to_tdxc_tdi(tdi)->tdcm;
	void *buf = alloc_pages_exact(TDXC_TDCM_SIZE, GFP_KERNEL | __GFP_ZERO);
	int err;

	if (!buf)
		return -ENOMEM;
	err = share(to_tdxc(tdi->backend), buf);
	if (!err) {
		tdcm->buf = buf;
		return 0;
	}
	tdi_reason(tdi, "%s: buffer: expected %zu bytes to be shared, found %pe", name,
		   TDXC_TDCM_SIZE, ERR_PTR(err));
	/* The emulated transport's word for "as it was". */
	if (to_tdxc(tdi->backend)->emu && err == -ENXIO)
		free_pages_exact(buf, TDXC_TDCM_SIZE);
	else
		give_up(tdi);
	return err;
}

static int get_buffer(struct tdi *tdi, const char *name)
{
	struct tdxc_tdcm *tdcm = &to_tdxc_tdi(tdi)->tdcm;

	if (tdcm->buf)
		return 0;
	if (tdcm->leaked >= TDXC_TDCM_LEAKS_MAX &&
	    time_before(jiffies, tdcm->last + TDXC_TDCM_LEAK_SECONDS * HZ)) {
		tdi_reason(tdi, "%s: buffers given up: expected fewer than %u, found %u",
			   name, TDXC_TDCM_LEAKS_MAX, tdcm->leaked);
		return -ETIMEDOUT;
	}
	return new_buffer(tdi, name);
}

/* --- a command --------------------------------------------------------------------- */

static int vmcall(struct tdi *tdi, const char *name)
{
	struct tdxc *tdxc = to_tdxc(tdi->backend);
	unsigned int tries = 0;
	struct tdxc_regs regs;
	int ret;

	do {
		if (tries)
			fsleep(POLL_MIN_US << tries);
		regs = (struct tdxc_regs) {
			.r[TDX_RAX]	= TDX_TDG_VP_VMCALL,
			.r[TDX_RCX]	= TDX_VMCALL_MASK,
			.r[TDX_R11]	= TDX_VMCALL_TDCM,
			.r[TDX_R12]	= pci_dev_id(tdi->pdev),
			.r[TDX_R13]	= virt_to_phys(to_tdxc_tdi(tdi)->tdcm.buf) | tdxc->shared,
			.r[TDX_R14]	= TDXC_TDCM_SIZE,
			.r[TDX_R15]	= READ_ONCE(tdxc->listens) ? TDX_EMU_VECTOR : 0,
		};
		ret = tdxc_tdcall(tdxc, &regs);
		if (ret) {
			tdi_reason(tdi, "%s: VMCALL: expected an answer, found %pe", name,
				   ERR_PTR(ret));
			return ret;
		}
	} while (!regs.r[TDX_RAX] && regs.r[TDX_R10] == TDX_VMCALL_RETRY &&
		 ++tries < RETRIES_MAX);

	if (regs.r[TDX_RAX]) {
		tdi_reason(tdi, "%s: VMCALL: TDCALL status: expected 0, found %#llx", name,
			   regs.r[TDX_RAX]);
		return -EIO;
	}
	if (!regs.r[TDX_R10])
		return 0;
	tdi_reason(tdi, "%s: VMCALL status: expected 0, found %#llx", name, regs.r[TDX_R10]);
	switch (regs.r[TDX_R10]) {
	case TDX_VMCALL_RETRY:
		return -EBUSY;
	case TDX_VMCALL_INVALID:
		return -EREMOTEIO;
	default:
		return -EIO;
	}
}

/* Until the host has answered, or time is up. */
static int await(struct tdi *tdi, const struct tdx_tdcm_hdr *shared, const char *name)
{
	unsigned int patience = READ_ONCE(timeout_ms), delay = POLL_MIN_US, wakes = 0;
	unsigned long deadline = jiffies + msecs_to_jiffies(patience);
	struct tdxc *tdxc = to_tdxc(tdi->backend);
	bool late = false;
	int seen;

	for (;;) {
		seen = atomic_read_acquire(&tdxc->nr_events);
		if (READ_ONCE(shared->status) != TDX_TDCM_WAIT)
			return 0;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (late) {
			tdi_reason(tdi, "%s: expected an answer within %u ms, found none", name,
				   patience);
			return -ETIMEDOUT;
		}
		if (READ_ONCE(tdxc->listens) && wakes < EVENT_WAKES_MAX) {
			if (wait_event_timeout(tdxc->events,
					       atomic_read(&tdxc->nr_events) != seen,
					       msecs_to_jiffies(EVENT_POLL_MS)))
				wakes++;
		} else {
			fsleep(delay);
			delay = min(2 * delay, POLL_MAX_US);
		}
		/* One look more, after the time is up: we may have been kept waiting. */
		late = time_after(jiffies, deadline);
	}
}

/* The header, in its private copy. */
static int check(struct tdi *tdi, const struct tdx_tdcm_hdr *hdr, enum tdx_tdcm_operation op,
		 u32 min, u32 max)
{
	const char *name = operation_name(op);
	u32 len = le32_to_cpu(hdr->data_length);

	if (le16_to_cpu(hdr->operation) != op) {
		tdi_reason(tdi, "%s: operation: expected %u, found %u", name, op,
			   le16_to_cpu(hdr->operation));
		return -EIO;
	}
	if (hdr->version != TDX_TDCM_VERSION) {
		tdi_reason(tdi, "%s: version: expected %u, found %u", name, TDX_TDCM_VERSION,
			   hdr->version);
		return -EIO;
	}
	if (hdr->status == TDX_TDCM_ERROR) {
		tdi_reason(tdi, "%s: status: expected %u (completed), found %u: error %u (%s)",
			   name, TDX_TDCM_COMPLETED, hdr->status, hdr->error,
			   error_name(hdr->error));
		return -EREMOTEIO;
	}
	if (hdr->status != TDX_TDCM_COMPLETED || hdr->error) {
		tdi_reason(tdi, "%s: status, error: expected %u, 0, found %u, %u", name,
			   TDX_TDCM_COMPLETED, hdr->status, hdr->error);
		return -EIO;
	}
	if (len < min || len > max) {
		tdi_reason(tdi, "%s: length: expected %u to %u bytes, found %u", name, min, max,
			   len);
		return -EIO;
	}
	return 0;
}

/* Header and data, once each, in that order. */
static int collect(struct tdi *tdi, const void *shared, enum tdx_tdcm_operation op, u32 min,
		   u32 max, struct tdxc_copy *ret)
{
	struct tdx_tdcm_hdr hdr;
	u32 len;
	int err;

	/* What is read from here on was written before the status was. */
	virt_rmb();
	memcpy(&hdr, shared, sizeof(hdr));
	/* No compiler may look at the shared one again instead. */
	barrier_data(&hdr);
	err = check(tdi, &hdr, op, min, max);
	if (err || !max)
		return err;

	len = le32_to_cpu(hdr.data_length);
	u8 *data __free(kvfree) = kvmalloc(max(len, 1), GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;
	memcpy(data, shared + sizeof(hdr), len);
	*ret = (struct tdxc_copy) { no_free_ptr(data), len };
	return 0;
}

/**
 * tdxc_tdcm() - one command to the host
 * @tdi: the TDI
 * @op: what it is asked
 * @cmd: data that goes with it
 * @cmd_len: how much
 * @min: least that the answer has to have
 * @max: most, at most TDXC_TDCM_DATA_MAX
 * @ret: the answer's data, a private copy for tdxc_copy_free(); NULL where @max is 0
 *
 * Nothing that comes back is worth more than the host's word.
 *
 * Context: Process context, sleeps; the TDI's lock is held.
 * Return: 0; -ETIMEDOUT no answer; -EINTR; -EIO a malformed one; -EREMOTEIO a refusal;
 *	-EBUSY try again; -ENOMEM; or what sharing a buffer came to.
 */
int tdxc_tdcm(struct tdi *tdi, enum tdx_tdcm_operation op, const void *cmd, u32 cmd_len,
	      u32 min, u32 max, struct tdxc_copy *ret)
{
	const struct tdx_tdcm_hdr hdr = {
		.operation	= cpu_to_le16(op),
		.version	= TDX_TDCM_VERSION,
		.status		= TDX_TDCM_WAIT,
		.data_length	= cpu_to_le32(cmd_len),
	};
	struct tdxc_tdcm *tdcm = &to_tdxc_tdi(tdi)->tdcm;
	const char *name = operation_name(op);
	int err;

	if (cmd_len > TDXC_TDCM_DATA_MAX || max > TDXC_TDCM_DATA_MAX)
		return -EINVAL;
	err = get_buffer(tdi, name);
	if (err)
		return err;

	/* Nothing of an old answer may pass for the new one. */
	memset(tdcm->buf, 0, TDXC_TDCM_SIZE);
	memcpy(tdcm->buf, &hdr, sizeof(hdr));
	if (cmd_len)
		memcpy(tdcm->buf + sizeof(hdr), cmd, cmd_len);
	err = vmcall(tdi, name);
	if (!err)
		err = await(tdi, tdcm->buf, name);
	if (err == -ETIMEDOUT || err == -EINTR)
		give_up(tdi);
	if (err)
		return err;
	return collect(tdi, tdcm->buf, op, min, max, ret);
}
