// SPDX-License-Identifier: GPL-2.0
/*
 * Backend of Intel TDX Connect: the core's verbs in TDCALLs, which the TDX module
 * answers and which are trusted, and in TDCM commands, which the VMM answers and which
 * are not. Documentation/platforms.rst says what that amounts to.
 *
 * What is bound to what: a BIND has a session id, that only the module changes. It is the
 * core's lock nonce, and read before and after each thing that is accepted; TDG.TDI.START
 * names it. The hashes of report and device information stand in for the other two.
 */
#include <linux/cpufeature.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "../../include/tdisp/emu_platform.h"
#include "dev_info.h"

/* OPERAND_BUSY: another processor has the TDI in the module, or the host has. */
#define BUSY_TRIES	8

/* What is no answer of the module's, or one that all callers take alike. */
static int status_errno(struct tdi *tdi, const char *name, u64 status)
{
	u64 code = status & TDX_STATUS_CODE;

	if (code == TDX_TDI_NOT_PRESENT || code == TDX_TDI_INVALID_METADATA)
		return -ENODEV;
	tdi_reason(tdi, "%s: status: expected 0, found %#llx", name, status);
	if (code == TDX_OPERAND_BUSY)
		return -EBUSY;
	if (status & TDX_STATUS_ERROR || code == TDX_PAGE_ALREADY_ACCEPTED)
		return -EREMOTEIO;
	return -EIO;
}

/* A leaf of the module's for a TDI; what it says of that is in RAX. */
static int issue(struct tdi *tdi, const char *name, struct tdxc_regs *regs)
{
	u64 nr = regs->r[TDX_RAX];
	int tries, ret;

	for (tries = 0; tries < BUSY_TRIES; tries++) {
		if (tries)
			fsleep(10 << tries);
		regs->r[TDX_RAX] = nr;
		ret = tdxc_tdcall(to_tdxc(tdi->backend), regs);
		if (ret) {
			tdi_reason(tdi, "%s: expected an answer, found %pe", name, ERR_PTR(ret));
			return ret;
		}
		if ((regs->r[TDX_RAX] & TDX_STATUS_CODE) != TDX_OPERAND_BUSY)
			break;
	}
	return 0;
}

/*
 * The same, and 0 if the module did it. -ENODEV: there is no such TDI, which is for the
 * caller to explain; all else explains itself.
 */
static int leaf(struct tdi *tdi, const char *name, struct tdxc_regs *regs)
{
	int ret = issue(tdi, name, regs);

	if (ret || !regs->r[TDX_RAX])
		return ret;
	return status_errno(tdi, name, regs->r[TDX_RAX]);
}

/* The TDI is not bound any more, where it has to be. */
static int was_unbound(struct tdi *tdi, const char *name)
{
	tdi_reason(tdi, "%s: TDI: expected bound, found not present (TDX module)", name);
	return -ESTALE;
}

static u64 function_id(struct tdi *tdi)
{
	return pci_dev_id(tdi->pdev);
}

static int read_field(struct tdi *tdi, u64 field, u64 buf, u64 *ret)
{
	struct tdxc_regs regs = {
		.r[TDX_RAX]	= TDX_TDG_TDI_RD,
		.r[TDX_RCX]	= function_id(tdi),
		.r[TDX_RDX]	= field,
		.r[TDX_R8]	= buf,
	};
	int err = leaf(tdi, "TDG.TDI.RD", &regs);

	if (!err)
		*ret = regs.r[TDX_RCX];
	return err;
}

static int hash_of_length(struct tdi *tdi, u64 field, u64 len, enum tdi_hash *ret)
{
	switch (len) {
	case 32:
		*ret = TDI_HASH_SHA256;
		return 0;
	case 48:
		*ret = TDI_HASH_SHA384;
		return 0;
	case 64:
		*ret = TDI_HASH_SHA512;
		return 0;
	default:
		tdi_reason(tdi, "TDG.TDI.RD: hash %llu: expected 32, 48 or 64 bytes, found %llu",
			   field, len);
		return -EIO;
	}
}

/* As tdxc_read_hash(), but -ENODEV if it is not bound. */
static int read_hash(struct tdi *tdi, u64 field, struct tdxc_hash *ret)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);
	u64 len;
	int err;

	/* The module writes as much as the hash has, and nothing else. */
	memset(tdxc->page, 0, PAGE_SIZE);
	err = read_field(tdi, field, virt_to_phys(tdxc->page), &len);
	if (!err)
		err = hash_of_length(tdi, field, len, &ret->alg);
	if (err)
		return err;
	ret->len = len;
	memcpy(ret->bytes, tdxc->page, len);
	return 0;
}

/**
 * tdxc_read_hash() - a hash that the TDX module has
 * @tdi: a bound TDI
 * @field: TDX_TDI_REPORT_HASH or TDX_TDI_DEV_INFO_HASH
 * @ret: set on success
 *
 * Return: 0; -ESTALE the TDI is not bound; -EIO, -EREMOTEIO, -EBUSY, -ETIMEDOUT.
 */
int tdxc_read_hash(struct tdi *tdi, u64 field, struct tdxc_hash *ret)
{
	int err = read_hash(tdi, field, ret);

	return err == -ENODEV ? was_unbound(tdi, "TDG.TDI.RD") : err;
}

/* Another hash is another measurement, or report. 0 would mean that there is none. */
static u64 nonce_of(const struct tdxc_hash *hash)
{
	return get_unaligned_le64(hash->bytes) ?: 1;
}

static int check_nonce(struct tdi *tdi, const char *when, const char *what, u64 expected,
		       u64 found)
{
	if (expected == found)
		return 0;
	tdi_reason(tdi, "%s: %s nonce: expected %#llx, found %#llx", when, what, expected, found);
	return -ESTALE;
}

static int check_session(struct tdi *tdi, const char *when, u64 expected)
{
	u64 session;
	int err = read_field(tdi, TDX_TDI_BIND_SESSION, 0, &session);

	if (err == -ENODEV)
		return was_unbound(tdi, when);
	return err ?: check_nonce(tdi, when, "bind session", expected, session);
}

/* Session and hashes of a bound TDI, all of one session. */
static int read_binding(struct tdi *tdi, struct tdi_tsm_info *ret)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);
	struct tdxc_hash report, info;
	int err;

	err = read_field(tdi, TDX_TDI_BIND_SESSION, 0, &ret->nonces.lock);
	if (!err)
		err = read_hash(tdi, TDX_TDI_REPORT_HASH, &report);
	if (!err)
		err = read_hash(tdi, TDX_TDI_DEV_INFO_HASH, &info);
	if (err == -ENODEV)
		return was_unbound(tdi, "TDG.TDI.RD");
	if (!err)
		err = check_session(tdi, "TDG.TDI.RD", ret->nonces.lock);
	if (err)
		return err;
	if (report.alg != info.alg) {
		tdi_reason(tdi, "TDG.TDI.RD: hashes: expected of one length, found %u and %u",
			   report.len, info.len);
		return -EIO;
	}

	ret->hash = report.alg;
	ret->nonces.report = nonce_of(&report);
	ret->nonces.meas = nonce_of(&info);
	ret->digest_valid = BIT(TDI_OBJ_REPORT);
	memcpy(ret->digest[TDI_OBJ_REPORT], report.bytes, report.len);
	/* The parts' digests are worth what the whole's is: dev_info.c. */
	if (tdxc->info_len == info.len && !memcmp(tdxc->info_hash, info.bytes, info.len)) {
		ret->digest_valid |= BIT(TDI_OBJ_REPORT) - 1;
		memcpy(ret->digest, tdxc->part_hash, sizeof(tdxc->part_hash));
	}
	return 0;
}

/*
 * Lock flags, BARs and the DMA mode are nothing that the module tells a guest: what
 * they come to is checked by the report, by MMIO.ACCEPT and by DMAR.ACCEPT.
 */
static int tdxc_info(struct tdi *tdi, struct tdi_tsm_info *ret)
{
	u64 state;
	int err;

	*ret = (struct tdi_tsm_info) { .no_lock_flags = true };
	err = read_field(tdi, TDX_TDI_STATE, 0, &state);
	if (err == -ENODEV)
		return 0;	/* not bound: TDISP_CONFIG_UNLOCKED */
	if (err)
		return err;
	if (state > TDISP_ERROR) {
		tdi_reason(tdi, "TDG.TDI.RD: state: expected 0 to 3, found %llu", state);
		return -EIO;
	}
	ret->state = state;
	/* In ERROR there is nothing that anything could be bound to. */
	if (state != TDISP_CONFIG_LOCKED && state != TDISP_RUN)
		return 0;
	return read_binding(tdi, ret);
}

/* Still the session and the evidence that this is allowed for? */
static int check_nonces(struct tdi *tdi, const char *when, const struct tdi_nonces *nonces)
{
	struct tdi_tsm_info now = { };
	int err = read_binding(tdi, &now);

	if (err)
		return err;
	return check_nonce(tdi, when, "bind session", nonces->lock, now.nonces.lock) ?:
	       check_nonce(tdi, when, "device information", nonces->meas, now.nonces.meas) ?:
	       check_nonce(tdi, when, "report", nonces->report, now.nonces.report);
}

static int check_teeio(struct tdi *tdi)
{
	struct tdxc_copy answer = { };
	u8 supported;
	int err;

	err = tdxc_tdcm(tdi, TDX_TDCM_CHECK_TEEIO, NULL, 0, 1, 1, &answer);
	if (err)
		return err;
	supported = answer.data[0];
	tdxc_copy_free(&answer);
	if (supported == 1)
		return 0;
	tdi_reason(tdi, "CHECK_TEEIO_SUPP: expected 1 (a TEE-IO device), found %u", supported);
	return -EREMOTEIO;
}

/*
 * No source has lock flags in BIND: whoever has the device locked chooses them. That
 * firmware must not be updated is asked of the report instead, which says whether it may.
 */
static int tdxc_lock(struct tdi *tdi, u16 lock_flags)
{
	int err = check_teeio(tdi);

	return err ?: tdxc_tdcm(tdi, TDX_TDCM_BIND, NULL, 0, 0, 0, NULL);
}

static int tdxc_measure(struct tdi *tdi, const u8 nonce[TDI_NONCE_SIZE])
{
	BUILD_BUG_ON(TDI_NONCE_SIZE != TDX_DEV_INFO_NONCE_SIZE);
	return tdxc_dev_info_fetch(tdi, nonce);
}

static int tdxc_mmio_accept(struct tdi *tdi, const struct tdi_nonces *nonces,
			    const struct tdi_mmio *mmio)
{
	struct tdxc_regs regs = {
		.r[TDX_RAX]	= TDX_TDG_MMIO_ACCEPT,
		.r[TDX_RCX]	= mmio->addr | TDX_MMIO_SIZE_4K,
		.r[TDX_RDX]	= mmio->range,
		.r[TDX_R8]	= function_id(tdi),
		.r[TDX_R9]	= mmio->first << TDX_MMIO_FIRST_SHIFT | mmio->nr_pages,
	};
	int err;

	if (mmio->first > TDX_MMIO_COUNT || mmio->nr_pages > TDX_MMIO_COUNT) {
		tdi_reason(tdi, "MMIO.ACCEPT: pages: expected below 2^32, found %llu from %llu",
			   mmio->nr_pages, mmio->first);
		return -EIO;
	}
	err = check_nonces(tdi, "MMIO.ACCEPT", nonces);
	if (!err)
		err = leaf(tdi, "TDG.MMIO.ACCEPT", &regs);
	if (err == -ENODEV)
		err = was_unbound(tdi, "TDG.MMIO.ACCEPT");
	/* The leaf names no session: it was of this one if this one is still it. */
	return err ?: check_session(tdi, "MMIO.ACCEPT", nonces->lock);
}

/* Shared pages are reached by the shared bit, in each mode: it is split, or may be. */
static int tdxc_dma_enable(struct tdi *tdi, const struct tdi_nonces *nonces,
			   enum tdi_dma_mode mode)
{
	struct tdxc_regs regs = {
		.r[TDX_RAX]	= TDX_TDG_DMAR_ACCEPT,
		.r[TDX_RCX]	= function_id(tdi),
		.r[TDX_RDX]	= TDX_DMAR_TARGET_TD,
	};
	int err;

	if (mode != TDI_DMA_DIRECT && mode != TDI_DMA_SPLIT) {
		tdi_reason(tdi, "DMA mode: expected direct or split, found %u", mode);
		return -EOPNOTSUPP;
	}
	err = check_nonces(tdi, "DMAR.ACCEPT", nonces);
	if (!err)
		err = leaf(tdi, "TDG.DMAR.ACCEPT", &regs);
	if (err == -ENODEV)
		err = was_unbound(tdi, "TDG.DMAR.ACCEPT");
	return err ?: check_session(tdi, "DMAR.ACCEPT", nonces->lock);
}

/* The module lets the host start this session, and no other. */
static int allow_start(struct tdi *tdi, u64 session)
{
	struct tdxc_regs regs = {
		.r[TDX_RAX]	= TDX_TDG_TDI_START,
		.r[TDX_RCX]	= function_id(tdi),
		.r[TDX_RDX]	= session,
	};
	u64 status;
	int err = issue(tdi, "TDG.TDI.START", &regs);

	status = regs.r[TDX_RAX];
	if (err || !status)
		return err;
	/* It may be the session that the module objects to: then that is the reason. */
	if ((status & TDX_STATUS_CODE) == TDX_OPERAND_INVALID)
		err = check_session(tdi, "TDG.TDI.START", session);
	if (!err)
		err = status_errno(tdi, "TDG.TDI.START", status);
	return err == -ENODEV ? was_unbound(tdi, "TDG.TDI.START") : err;
}

static int tdxc_start(struct tdi *tdi, const struct tdi_nonces *nonces)
{
	int err = check_nonces(tdi, "START", nonces);

	if (!err)
		err = allow_start(tdi, nonces->lock);
	if (!err)
		err = check_session(tdi, "START", nonces->lock);
	return err ?: tdxc_tdcm(tdi, TDX_TDCM_START_TDI, NULL, 0, 0, 0, NULL);
}

static int tdxc_unlock(struct tdi *tdi)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);

	tdxc->info_len = 0;
	tdxc_dev_info_drop(tdi);
	tdxc_copy_free(&tdxc->report);
	return tdxc_tdcm(tdi, TDX_TDCM_UNBIND, NULL, 0, 0, 0, NULL);
}

/*
 * Neither accept has an inverse (M1): what was accepted ends with the binding. Is it
 * over, by the module's word?
 */
static int unbind(struct tdi *tdi)
{
	u64 state;
	int err;

	err = tdxc_unlock(tdi);
	if (err)
		return err;
	err = read_field(tdi, TDX_TDI_STATE, 0, &state);
	if (err == -ENODEV)
		return 0;
	if (err)
		return err;
	tdi_reason(tdi, "UNBIND: TDI: expected not present, found state %llu (TDX module)", state);
	return -EREMOTEIO;
}

/*
 * The last thing that is taken back before unlock, and with unlock is how it is done:
 * the core calls this with no driver's mapping in use.
 */
static int tdxc_mmio_release(struct tdi *tdi)
{
	u64 state;
	int err = read_field(tdi, TDX_TDI_STATE, 0, &state);

	if (err)
		return err == -ENODEV ? 0 : err;
	return unbind(tdi);
}

/*
 * A TDI does DMA to private memory in RUN only (PCIe r6.x 11.2). Where it may yet get there,
 * what DMAR.ACCEPT and TDI.START allowed has to go, which ends with the binding alone (M1).
 * From ERROR there is no way to RUN in this session, and it is better to leave it bound: its
 * driver still has private mappings, of pages that would be gone.
 */
static int tdxc_dma_disable(struct tdi *tdi)
{
	u64 state;
	int err = read_field(tdi, TDX_TDI_STATE, 0, &state);

	if (err)
		return err == -ENODEV ? 0 : err;
	return state == TDISP_ERROR ? 0 : unbind(tdi);
}

/* --- of the platform ----------------------------------------------------------------- */

/* What the module says of the TD. -ENODEV: it has no TDX Connect, or no module. */
static int query(struct tdxc *tdxc)
{
	struct tdxc_regs regs = { .r[TDX_RAX] = TDX_TDG_VP_INFO };
	unsigned int width;
	int err;

	err = tdxc_tdcall(tdxc, &regs);
	if (err)
		return err;
	if (regs.r[TDX_RAX])
		return -ENODEV;
	width = regs.r[TDX_RCX] & TDX_VP_INFO_GPAW;
	/* 48 or 52: the width of what 4 or 5 levels of page tables translate. */
	if (width != 48 && width != 52) {
		pr_err("tdi-tdx-connect: width of addresses: expected 48 or 52, found %u\n",
		       width);
		return -EIO;
	}

	regs = (struct tdxc_regs) {
		.r[TDX_RAX]	= TDX_TDG_VM_RD,
		.r[TDX_RDX]	= TDX_CONFIG_FLAGS,
	};
	err = tdxc_tdcall(tdxc, &regs);
	if (err)
		return err;
	if (regs.r[TDX_RAX] || !(regs.r[TDX_R8] & TDX_CONFIG_TDX_CONNECT))
		return -ENODEV;
	tdxc->shared = BIT_ULL(width - 1);
	tdxc->backend.vtom = tdxc->shared;
	return 0;
}

static int tdxc_enter(struct tdi_backend *backend)
{
	struct tdxc *tdxc = to_tdxc(backend);
	int err;

	/* A TD is born that way. */
	if (!tdxc->emu)
		return 0;
	err = emu_platform_enter(tdxc->emu);
	return err ?: query(tdxc);
}

static void tdxc_leave(struct tdi_backend *backend)
{
	struct tdxc *tdxc = to_tdxc(backend);

	if (tdxc->emu)
		emu_platform_leave(tdxc->emu);
}

static int tdxc_share_pages(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_share_pages(to_tdxc(backend)->emu, addr, nr_pages);
}

static int tdxc_unshare_pages(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_unshare_pages(to_tdxc(backend)->emu, addr, nr_pages);
}

/* TDCM names a device by bus, device and function, of one segment. */
static struct tdi *tdxc_add(struct tdi_backend *backend, struct pci_dev *pdev)
{
	struct tdxc *tdxc = to_tdxc(backend);
	int err;

	if (pci_domain_nr(pdev->bus))
		return ERR_PTR(-ENODEV);
	if (tdxc->emu) {
		err = emu_platform_announce(tdxc->emu, pdev);
		if (err)
			return ERR_PTR(err);
	}

	struct tdxc_tdi *tdi __free(kfree) = kzalloc(sizeof(*tdi), GFP_KERNEL);
	if (!tdi)
		return ERR_PTR(-ENOMEM);
	tdi->page = (void *)get_zeroed_page(GFP_KERNEL);
	if (!tdi->page)
		return ERR_PTR(-ENOMEM);
	return &no_free_ptr(tdi)->tdi;
}

static void tdxc_remove(struct tdi *tdi)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);

	tdxc_tdcm_free(tdi);
	tdxc_dev_info_drop(tdi);
	tdxc_copy_free(&tdxc->report);
	free_page((unsigned long)tdxc->page);
	kfree(tdxc);
}

/* On a TD the kernel shares pages itself. */
static const struct tdi_backend_ops tdxc_ops = {
	.add		= tdxc_add,
	.remove		= tdxc_remove,
	.info		= tdxc_info,
	.lock		= tdxc_lock,
	.measure	= tdxc_measure,
	.object_size	= tdxc_object_size,
	.object_read	= tdxc_object_read,
	.mmio_accept	= tdxc_mmio_accept,
	.mmio_release	= tdxc_mmio_release,
	.dma_enable	= tdxc_dma_enable,
	.dma_disable	= tdxc_dma_disable,
	.start		= tdxc_start,
	.unlock		= tdxc_unlock,
};

static const struct tdi_backend_ops tdxc_emu_ops = {
	.add		= tdxc_add,
	.remove		= tdxc_remove,
	.enter		= tdxc_enter,
	.leave		= tdxc_leave,
	.share_pages	= tdxc_share_pages,
	.unshare_pages	= tdxc_unshare_pages,
	.info		= tdxc_info,
	.lock		= tdxc_lock,
	.measure	= tdxc_measure,
	.object_size	= tdxc_object_size,
	.object_read	= tdxc_object_read,
	.mmio_accept	= tdxc_mmio_accept,
	.mmio_release	= tdxc_mmio_release,
	.dma_enable	= tdxc_dma_enable,
	.dma_disable	= tdxc_dma_disable,
	.start		= tdxc_start,
	.unlock		= tdxc_unlock,
};

static struct tdxc *new_platform(struct device *parent, struct emu_platform *emu)
{
	struct tdxc *tdxc = kzalloc(sizeof(*tdxc), GFP_KERNEL);

	if (!tdxc)
		return NULL;
	tdxc->emu = emu;
	init_waitqueue_head(&tdxc->events);
	tdxc->backend = (struct tdi_backend) {
		.platform	= TDX_PLATFORM_NAME,
		.parent		= parent,
		.ops		= emu ? &tdxc_emu_ops : &tdxc_ops,
		.order		= TDI_ACCEPT_FIRST,
		.flags		= TDI_BACKEND_PRIVATE_MMIO | (emu ? TDI_BACKEND_EMULATED : 0),
	};
	return tdxc;
}

/* --- behind the emulator's mailbox --------------------------------------------------- */

/* A command was answered, or a TDI's state changed, or the host is just saying so. */
static void tdxc_event(void *data)
{
	struct tdxc *tdxc = data;

	atomic_inc(&tdxc->nr_events);
	wake_up_all(&tdxc->events);
	tdi_backend_event(&tdxc->backend);
}

static int tdxc_emu_probe(struct emu_platform *emu, struct device *parent)
{
	struct tdxc *tdxc = new_platform(parent, emu);
	int err;

	if (!tdxc)
		return -ENOMEM;
	emu_platform_set_drvdata(emu, tdxc);
	err = tdi_backend_register(&tdxc->backend);
	if (err) {
		kfree(tdxc);
		return err;
	}
	WRITE_ONCE(tdxc->listens, !emu_platform_listen(emu, tdxc_event, tdxc));
	return 0;
}

/* From here on commands are polled for. */
static struct tdxc *deafen(struct emu_platform *emu)
{
	struct tdxc *tdxc = emu_platform_get_drvdata(emu);

	WRITE_ONCE(tdxc->listens, false);
	emu_platform_listen(emu, NULL, NULL);
	return tdxc;
}

static void tdxc_emu_remove(struct emu_platform *emu)
{
	struct tdxc *tdxc = deafen(emu);

	tdi_backend_unregister(&tdxc->backend);
	kfree(tdxc);
}

static void tdxc_emu_shutdown(struct emu_platform *emu)
{
	struct tdxc *tdxc = deafen(emu);

	tdi_backend_shutdown(&tdxc->backend);
}

static struct emu_platform_driver tdxc_emu_driver = {
	.name		= TDX_PLATFORM_NAME,
	.probe		= tdxc_emu_probe,
	.remove		= tdxc_emu_remove,
	.shutdown	= tdxc_emu_shutdown,
};

/* --- on a TD --------------------------------------------------------------------------- */

static struct platform_device *td_device;
static struct tdxc *td;

static int td_register(void)
{
	int err;

	td_device = platform_device_register_simple("tdi-tdx-connect", PLATFORM_DEVID_NONE, NULL,
						    0);
	if (IS_ERR(td_device))
		return PTR_ERR(td_device);
	td = new_platform(&td_device->dev, NULL);
	err = td ? query(td) : -ENOMEM;
	if (!err)
		err = tdi_backend_register(&td->backend);
	if (err) {
		kfree(td);
		platform_device_unregister(td_device);
	}
	return err;
}

static void td_unregister(void)
{
	tdi_backend_unregister(&td->backend);
	kfree(td);
	platform_device_unregister(td_device);
}

/* What the CPU says; where it is no TD, what is behind a mailbox, if there is one. */
static int __init tdxc_init(void)
{
	if (boot_cpu_has(X86_FEATURE_TDX_GUEST))
		return td_register();
	return emu_platform_register(&tdxc_emu_driver);
}

static void __exit tdxc_exit(void)
{
	if (td)
		td_unregister();
	else
		emu_platform_unregister(&tdxc_emu_driver);
}

module_init(tdxc_init);
module_exit(tdxc_exit);

MODULE_DESCRIPTION("TDISP for confidential guests: Intel TDX Connect");
MODULE_LICENSE("GPL");
