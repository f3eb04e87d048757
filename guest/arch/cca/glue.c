// SPDX-License-Identifier: GPL-2.0
/*
 * Backend of Arm CCA: the core's verbs in calls to the RMM (RSI), which are trusted,
 * and to the host (RHI), which are not. The host moves a TDI along; the RMM says where
 * it is, and lets it reach memory only for the nonces of what the guest has verified.
 */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/set_memory.h>
#include <linux/slab.h>

#include <asm/rsi.h>

#include "../../include/tdisp/emu_platform.h"
#include "internal.h"

unsigned int cca_timeout_ms = 10000;
module_param_named(timeout_ms, cca_timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms,
		 "How long the host may take for a thing that it does in parts, in ms (default: 10000)");

/* Sources disagree about both: see cca_wire.h. What is read has its digest compared. */
static int vca_object = -1;
module_param(vca_object, int, 0644);
MODULE_PARM_DESC(vca_object,
		 "The host's number for the VCA: 0 as Arm's ACS, 4 as Linux; -1 asks for 0, then for 4 (default: -1)");

static bool old_object_read;
module_param(old_object_read, bool, 0644);
MODULE_PARM_DESC(old_object_read,
		 "OBJECT_READ takes (offset, length, buffer), as drafts had it, not (buffer, length, offset) (default: off)");

/* A range is validated in parts as well, and this much is asked for at a time. */
#define VALIDATE_CHUNK		4096

/* RSI_INCOMPLETE asks for the same call again. */
#define RSI_TRIES		16

/* --- the RMM ------------------------------------------------------------------- */

static const char * const rsi_names[] = {
	[RSI_STATUS_SUCCESS]	= "success",
	[RSI_STATUS_INPUT]	= "bad input",
	[RSI_STATUS_STATE]	= "not in this state",
	[RSI_STATUS_INCOMPLETE]	= "incomplete",
	[RSI_STATUS_UNKNOWN]	= "unknown error",
	[RSI_STATUS_DEVICE]	= "device or nonce",
};

static int rsi_refused(struct tdi *tdi, const char *name, u64 status)
{
	const char *word = "unknown status";

	if (status < ARRAY_SIZE(rsi_names))
		word = rsi_names[status];
	else if (status == RSI_NOT_SUPPORTED)
		word = "no such call";
	tdi_reason(tdi, "%s: status: expected 0 (success), found %lld (%s)", name, (s64)status,
		   word);
	if (status == RSI_STATUS_INCOMPLETE)
		return -EBUSY;
	return status < ARRAY_SIZE(rsi_names) || status == RSI_NOT_SUPPORTED ?
	       -EREMOTEIO : -EIO;
}

/* One RSI call; 0 and the RMM's status in X0, or an errno of the transport. */
static int rsi_ask(struct tdi *tdi, const char *name, struct cca_regs *regs)
{
	const struct cca_regs first = *regs;
	unsigned int tries;
	int ret;

	for (tries = 0; ; tries++) {
		ret = cca_smc(to_cca(tdi->backend), regs);
		if (ret) {
			tdi_reason(tdi, "%s: expected an answer, found %s", name,
				   ret == -ETIMEDOUT ? "none" : "a malformed one");
			return ret;
		}
		if (regs->x[0] != RSI_STATUS_INCOMPLETE || tries == RSI_TRIES)
			return 0;
		fsleep(10 << min(tries, 9));
		*regs = first;
	}
}

/* .. whose status has to be success. */
static int rsi_do(struct tdi *tdi, const char *name, struct cca_regs *regs)
{
	int ret = rsi_ask(tdi, name, regs);

	if (ret)
		return ret;
	return regs->x[0] ? rsi_refused(tdi, name, regs->x[0]) : 0;
}

/* The RMM's facts, as they are written: little endian, not yet looked at. */
static int get_info(struct tdi *tdi)
{
	struct cca_tdi *ct = to_cca_tdi(tdi);
	struct cca_regs regs = { .x = {
		RSI_VDEV_GET_INFO_FID, cca_vdev_id(tdi), virt_to_phys(ct->info),
	} };
	int ret;

	/* What is not written must not pass for what was written before. */
	memset(ct->info, 0, sizeof(*ct->info));
	ret = rsi_do(tdi, "RSI_VDEV_GET_INFO", &regs);
	if (ret == -ETIMEDOUT)
		ct->late = true;
	return ret;
}

/*
 * The RMM has one word for a stale nonce and for a device in the wrong state: look
 * which it is, since a person does different things about them.
 */
static int grant_refused(struct tdi *tdi, const char *name, u64 status,
			 const struct tdi_nonces *nonces)
{
	const struct rsi_vdev_info *w = to_cca_tdi(tdi)->info;

	if (status == RSI_STATUS_DEVICE && !get_info(tdi) &&
	    (le64_to_cpu(w->lock_nonce) != nonces->lock ||
	     le64_to_cpu(w->meas_nonce) != nonces->meas ||
	     le64_to_cpu(w->report_nonce) != nonces->report)) {
		tdi_reason(tdi, "%s: nonces: expected %#llx/%#llx/%#llx, found %#llx/%#llx/%#llx",
			   name, nonces->lock, nonces->meas, nonces->report,
			   le64_to_cpu(w->lock_nonce), le64_to_cpu(w->meas_nonce),
			   le64_to_cpu(w->report_nonce));
		return -ESTALE;
	}
	return rsi_refused(tdi, name, status);
}

static int read_hash(struct tdi *tdi, const struct rsi_vdev_info *w, struct tdi_tsm_info *ret)
{
	switch (w->hash_algo) {
	case RSI_HASH_IS_SHA256:
		ret->hash = TDI_HASH_SHA256;
		return 0;
	case RSI_HASH_IS_SHA384:
		ret->hash = TDI_HASH_SHA384;
		return 0;
	case RSI_HASH_IS_SHA512:
		ret->hash = TDI_HASH_SHA512;
		return 0;
	default:
		tdi_reason(tdi, "RSI_VDEV_GET_INFO: hash: expected 0 to 2, found %u",
			   w->hash_algo);
		return -EIO;
	}
}

/* There is no bit that says so: one that was never made is zero. */
static void read_digest(enum tdi_object obj, const u8 *digest, struct tdi_tsm_info *ret)
{
	if (!memchr_inv(digest, 0, RSI_DIGEST_SIZE))
		return;
	ret->digest_valid |= BIT(obj);
	memcpy(ret->digest[obj], digest, RSI_DIGEST_SIZE);
}

static int check_info(struct tdi *tdi, const struct rsi_vdev_info *w)
{
	if (w->format_type != RSI_FORMAT_TDISP) {
		tdi_reason(tdi, "RSI_VDEV_GET_INFO: format: expected 1 (TDISP), found %u",
			   w->format_type);
		return -EIO;
	}
	if (le64_to_cpu(w->format_version) != RSI_FORMAT_TDISP_1_0) {
		tdi_reason(tdi, "RSI_VDEV_GET_INFO: version: expected %#llx, found %#llx",
			   RSI_FORMAT_TDISP_1_0, le64_to_cpu(w->format_version));
		return -EIO;
	}
	if (w->state > RSI_VDEV_IS_ERROR) {
		tdi_reason(tdi, "RSI_VDEV_GET_INFO: state: expected 0 to 3, found %u", w->state);
		return -EIO;
	}
	return 0;
}

static int cca_info(struct tdi *tdi, struct tdi_tsm_info *ret)
{
	const struct rsi_vdev_info *w = to_cca_tdi(tdi)->info;
	int err;

	err = get_info(tdi) ?: check_info(tdi, w);
	if (err)
		return err;
	*ret = (struct tdi_tsm_info) {
		.state		= w->state,
		/* Nobody tells; the report has to do. */
		.no_lock_flags	= true,
	};
	err = read_hash(tdi, w, ret);
	if (err)
		return err;
	/* TF-RMM leaves those of the last lock there. */
	if (w->state != RSI_VDEV_IS_UNLOCKED) {
		ret->nonces.lock = le64_to_cpu(w->lock_nonce);
		ret->nonces.meas = le64_to_cpu(w->meas_nonce);
		ret->nonces.report = le64_to_cpu(w->report_nonce);
	}
	read_digest(TDI_OBJ_CERTS, w->cert_digest, ret);
	read_digest(TDI_OBJ_VCA, w->vca_digest, ret);
	read_digest(TDI_OBJ_MEASUREMENTS, w->meas_digest, ret);
	read_digest(TDI_OBJ_REPORT, w->report_digest, ret);
	return 0;
}

/* --- MMIO ---------------------------------------------------------------------- */

/*
 * An incremental call did its part, the next one's starts where this one ended. No
 * progress is a refusal: the host has but to map, and was asked to.
 */
static int advance(struct tdi *tdi, const char *name, const struct cca_regs *regs, u64 top,
		   u64 *at)
{
	u64 next = regs->x[1];

	if (next < *at || next > top) {
		tdi_reason(tdi, "%s: next address: expected %#llx to %#llx, found %#llx", name,
			   *at, top, next);
		return -EIO;
	}
	if (regs->x[2] != RSI_HOST_ACCEPT || next == *at) {
		tdi_reason(tdi, "%s: %#llx to %#llx: expected %d (host accepts), found %lld, %s",
			   name, *at, top, RSI_HOST_ACCEPT, (s64)regs->x[2],
			   next == *at ? "no progress" : "some progress");
		return -EREMOTEIO;
	}
	*at = next;
	return 0;
}

static int cca_mmio_accept(struct tdi *tdi, const struct tdi_nonces *nonces,
			   const struct tdi_mmio *mmio)
{
	static const char name[] = "RSI_VDEV_VALIDATE_MAPPING";
	u64 top = mmio->addr + mmio->nr_pages * RSI_GRANULE, at = mmio->addr;
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(cca_timeout_ms));
	int ret;

	while (at < top) {
		struct cca_regs regs = { .x = {
			RSI_VDEV_VALIDATE_MAPPING_FID, cca_vdev_id(tdi), at, top,
			mmio->reported + (at - mmio->addr), 0,
			nonces->lock, nonces->meas, nonces->report,
		} };

		if (ktime_after(ktime_get(), deadline)) {
			tdi_reason(tdi, "%s: expected %#llx within %u ms, found %#llx", name, top,
				   READ_ONCE(cca_timeout_ms), at);
			return -ETIMEDOUT;
		}
		ret = rsi_ask(tdi, name, &regs);
		if (!ret && regs.x[0])
			ret = grant_refused(tdi, name, regs.x[0], nonces);
		if (!ret)
			ret = advance(tdi, name, &regs, top, &at);
		if (ret)
			return ret;
	}
	return 0;
}

static int empty(struct tdi *tdi, u64 at, u64 top)
{
	static const char name[] = "RSI_IPA_STATE_SET";
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(cca_timeout_ms));
	int ret;

	while (at < top) {
		struct cca_regs regs = { .x = {
			RSI_IPA_STATE_SET_FID, at, top, RSI_RIPAS_IS_EMPTY,
			RSI_MAY_CHANGE_DESTROYED,
		} };

		if (ktime_after(ktime_get(), deadline)) {
			tdi_reason(tdi, "%s: expected %#llx within %u ms, found %#llx", name, top,
				   READ_ONCE(cca_timeout_ms), at);
			return -ETIMEDOUT;
		}
		ret = rsi_do(tdi, name, &regs) ?: advance(tdi, name, &regs, top, &at);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * All of every BAR, whatever was accepted of it: what is empty stays so, and no book
 * has to be kept of what a range that failed half way left behind.
 */
static int cca_mmio_release(struct tdi *tdi)
{
	struct pci_dev *pdev = tdi->pdev;
	int bar, ret = 0;

	for (bar = 0; bar < TDISP_NR_BARS; bar++) {
		u64 at = pci_resource_start(pdev, bar), len = pci_resource_len(pdev, bar);

		if (!(pci_resource_flags(pdev, bar) & IORESOURCE_MEM) || !at || len < RSI_GRANULE)
			continue;
		ret = empty(tdi, at, at + round_down(len, RSI_GRANULE)) ?: ret;
	}
	return ret;
}

/* --- DMA ----------------------------------------------------------------------- */

static int cca_dma_enable(struct tdi *tdi, const struct tdi_nonces *nonces,
			  enum tdi_dma_mode mode)
{
	static const char name[] = "RSI_VDEV_DMA_ENABLE";
	struct cca_regs regs = { .x = {
		RSI_VDEV_DMA_ENABLE_FID, cca_vdev_id(tdi), 0, 0,
		nonces->lock, nonces->meas, nonces->report,
	} };
	int ret;

	if (mode != TDI_DMA_DIRECT)
		return -EOPNOTSUPP;
	ret = rsi_ask(tdi, name, &regs);
	if (!ret && regs.x[0])
		ret = grant_refused(tdi, name, regs.x[0], nonces);
	return ret;
}

static int cca_dma_disable(struct tdi *tdi)
{
	struct cca_regs regs = { .x = { RSI_VDEV_DMA_DISABLE_FID, cca_vdev_id(tdi) } };

	return rsi_do(tdi, "RSI_VDEV_DMA_DISABLE", &regs);
}

/* --- the host ------------------------------------------------------------------ */

static int set_state(struct tdi *tdi, const char *name, enum rhi_tdi_state state)
{
	struct cca_rhi call = {
		.name = name,
		.gprs = { RHI_DA_VDEV_SET_TDI_STATE_FID, cca_vdev_id(tdi), state },
	};

	return cca_host_do(tdi, &call);
}

/* The report is what the RMM has fetched since, and so has a nonce. */
static int cca_lock(struct tdi *tdi, u16 lock_flags)
{
	struct cca_rhi report = {
		.name = "GET_INTERFACE_REPORT",
		.gprs = { RHI_DA_VDEV_GET_REPORT_FID, cca_vdev_id(tdi) },
	};

	return set_state(tdi, "SET_TDI_STATE(LOCKED)", RHI_TDI_LOCKED) ?:
	       cca_host_do(tdi, &report);
}

/* The RMM asks for no leave to start; whether it is for these nonces, it says. */
static int cca_start(struct tdi *tdi, const struct tdi_nonces *nonces)
{
	int ret = get_info(tdi);

	if (ret)
		return ret;
	if (le64_to_cpu(to_cca_tdi(tdi)->info->lock_nonce) != nonces->lock ||
	    le64_to_cpu(to_cca_tdi(tdi)->info->meas_nonce) != nonces->meas ||
	    le64_to_cpu(to_cca_tdi(tdi)->info->report_nonce) != nonces->report)
		return grant_refused(tdi, "start", RSI_STATUS_DEVICE, nonces);
	return set_state(tdi, "SET_TDI_STATE(RUN)", RHI_TDI_RUN);
}

static int cca_unlock(struct tdi *tdi)
{
	return set_state(tdi, "SET_TDI_STATE(UNLOCKED)", RHI_TDI_UNLOCKED);
}

static int cca_measure(struct tdi *tdi, const u8 nonce[TDI_NONCE_SIZE])
{
	struct cca *cca = to_cca(tdi->backend);
	struct rhi_measure_params *params;
	struct cca_rhi call = {
		.name = "GET_MEASUREMENTS",
		.gprs = { RHI_DA_VDEV_GET_MEASUREMENTS_FID, cca_vdev_id(tdi) },
	};

	guard(mutex)(&cca->shared_lock);
	params = page_address(cca->shared);
	memset(params, 0, sizeof(*params));
	memcpy(params->nonce, nonce, sizeof(params->nonce));
	call.gprs[2] = page_to_phys(cca->shared);
	return cca_host_do(tdi, &call);
}

static u64 object_number(struct tdi *tdi, enum tdi_object obj)
{
	switch (obj) {
	case TDI_OBJ_CERTS:
		return RHI_OBJECT_CERTS;
	case TDI_OBJ_MEASUREMENTS:
		return RHI_OBJECT_MEASUREMENTS;
	case TDI_OBJ_REPORT:
		return RHI_OBJECT_REPORT;
	default:
		return to_cca_tdi(tdi)->vca;
	}
}

static int ask_size(struct tdi *tdi, enum tdi_object obj, struct cca_rhi *call)
{
	*call = (struct cca_rhi) {
		.name = "OBJECT_SIZE",
		.gprs = { RHI_DA_OBJECT_SIZE_FID, cca_vdev_id(tdi), object_number(tdi, obj) },
	};
	return cca_host_ask(tdi, call);
}

static bool is_no_object(u64 status)
{
	return status == RHI_DA_BAD_OBJECT || status == RHI_DA_NO_SUCH_OBJECT;
}

static int cca_object_size(struct tdi *tdi, enum tdi_object obj, u64 *ret)
{
	struct cca_tdi *ct = to_cca_tdi(tdi);
	int wanted = READ_ONCE(vca_object);
	struct cca_rhi call;
	int err;

	if (obj == TDI_OBJ_VCA)
		ct->vca = wanted < 0 ? RHI_OBJECT_VCA_ACS : wanted;
	err = ask_size(tdi, obj, &call);
	if (!err && obj == TDI_OBJ_VCA && wanted < 0 && is_no_object(call.gprs[0])) {
		ct->vca = RHI_OBJECT_VCA_LINUX;
		err = ask_size(tdi, obj, &call);
	}
	if (err)
		return err;
	if (call.gprs[0])
		return cca_host_refused(tdi, &call);
	*ret = call.gprs[1];
	return 0;
}

static ssize_t cca_object_read(struct tdi *tdi, enum tdi_object obj, u64 offset, void *buf,
			       size_t len)
{
	struct cca *cca = to_cca(tdi->backend);
	struct cca_rhi call = {
		.name = "OBJECT_READ",
		.gprs = { RHI_DA_OBJECT_READ_FID, cca_vdev_id(tdi), object_number(tdi, obj) },
	};
	int err;

	len = min(len, CCA_SHARED_SIZE);
	guard(mutex)(&cca->shared_lock);
	call.gprs[3] = page_to_phys(cca->shared);
	call.gprs[4] = len;
	call.gprs[5] = offset;
	if (READ_ONCE(old_object_read))
		swap(call.gprs[3], call.gprs[5]);
	err = cca_host_ask(tdi, &call);
	if (err)
		return err;
	if (call.gprs[0] == RHI_DA_INCOMPLETE) {
		tdi_reason(tdi, "OBJECT_READ: expected all at once, found incomplete");
		return -EIO;
	}
	if (call.gprs[0])
		return cca_host_refused(tdi, &call);
	if (!call.gprs[1] || call.gprs[1] > len) {
		tdi_reason(tdi, "OBJECT_READ: length: expected 1 to %zu, found %llu", len,
			   call.gprs[1]);
		return -EIO;
	}
	memcpy(buf, page_address(cca->shared), call.gprs[1]);
	return call.gprs[1];
}

/* --- a realm ------------------------------------------------------------------- */

/* Facts that did not come in time may come at any later one: then they leak. */
static void free_tdi(struct cca_tdi *ct)
{
	if (!ct->late)
		kfree(ct->info);
	kfree(ct);
}

static struct tdi *cca_add(struct tdi_backend *backend, struct pci_dev *pdev)
{
	struct cca *cca = to_cca(backend);
	struct cca_tdi *ct;
	u32 devcap = 0;

	if (cca->emu) {
		int ret = emu_platform_announce(cca->emu, pdev);

		if (ret)
			return ERR_PTR(ret);
	} else {
		/* Which of those are the realm's, the RMM says when it is asked for facts. */
		pcie_capability_read_dword(pdev, PCI_EXP_DEVCAP, &devcap);
		if (!(devcap & PCI_EXP_DEVCAP_TEE))
			return ERR_PTR(-ENODEV);
	}
	ct = kzalloc(sizeof(*ct), GFP_KERNEL);
	if (!ct)
		return ERR_PTR(-ENOMEM);
	/* A power of two, and so aligned to itself. */
	static_assert(sizeof(*ct->info) == RSI_VDEV_INFO_ALIGN);
	ct->info = kzalloc(sizeof(*ct->info), GFP_KERNEL);
	if (!ct->info) {
		free_tdi(ct);
		return ERR_PTR(-ENOMEM);
	}
	return &ct->tdi;
}

static void cca_remove(struct tdi *tdi)
{
	free_tdi(to_cca_tdi(tdi));
}

static struct cca *new_realm(struct device *parent, struct emu_platform *emu)
{
	struct cca *cca = kzalloc(sizeof(*cca), GFP_KERNEL);

	if (!cca)
		return NULL;
	static_assert(sizeof(*cca->call) == RSI_HOST_CALL_ALIGN);
	cca->call = kzalloc(sizeof(*cca->call), GFP_KERNEL);
	if (!cca->call) {
		kfree(cca);
		return NULL;
	}
	mutex_init(&cca->call_lock);
	mutex_init(&cca->shared_lock);
	cca->emu = emu;
	cca->ops = (struct tdi_backend_ops) {
		.add		= cca_add,
		.remove		= cca_remove,
		.info		= cca_info,
		.lock		= cca_lock,
		.measure	= cca_measure,
		.object_size	= cca_object_size,
		.object_read	= cca_object_read,
		.mmio_accept	= cca_mmio_accept,
		.mmio_release	= cca_mmio_release,
		.dma_enable	= cca_dma_enable,
		.dma_disable	= cca_dma_disable,
		.start		= cca_start,
		.unlock		= cca_unlock,
	};
	cca->backend = (struct tdi_backend) {
		.platform	= "cca",
		.parent		= parent,
		.ops		= &cca->ops,
		/* MMIO could come first as well; DMA is enabled for what was started. */
		.order		= TDI_START_FIRST,
		.mmio_chunk	= VALIDATE_CHUNK,
	};
	return cca;
}

static void free_realm(struct cca *cca)
{
	kfree(cca->call);
	kfree(cca);
}

/* --- behind the emulated mailbox ------------------------------------------------ */

static int emulated_share(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_share_pages(to_cca(backend)->emu, addr, nr_pages);
}

static int emulated_unshare(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_unshare_pages(to_cca(backend)->emu, addr, nr_pages);
}

static void emulated_leave(struct tdi_backend *backend)
{
	struct cca *cca = to_cca(backend);

	emu_platform_free_shared(cca->emu, cca->shared, CCA_SHARED_PAGES);
	cca->shared = NULL;
	emu_platform_leave(cca->emu);
}

static int emulated_enter(struct tdi_backend *backend)
{
	struct cca *cca = to_cca(backend);
	int ret = emu_platform_enter(cca->emu);

	if (ret)
		return ret;
	cca->shared = emu_platform_alloc_shared(cca->emu, CCA_SHARED_PAGES);
	ret = cca->shared ? cca_host_features(cca) : -ENOMEM;
	if (ret)
		emulated_leave(backend);
	return ret;
}

static void emulated_event(void *backend)
{
	tdi_backend_event(backend);
}

static int emulated_probe(struct emu_platform *p, struct device *parent)
{
	struct cca *cca = new_realm(parent, p);
	int ret;

	if (!cca)
		return -ENOMEM;
	cca->backend.flags = TDI_BACKEND_EMULATED;
	cca->ops.enter = emulated_enter;
	cca->ops.leave = emulated_leave;
	cca->ops.share_pages = emulated_share;
	cca->ops.unshare_pages = emulated_unshare;
	emu_platform_set_drvdata(p, cca);
	ret = tdi_backend_register(&cca->backend);
	if (ret) {
		free_realm(cca);
		return ret;
	}
	/* Without events the watch finds out, later. */
	emu_platform_listen(p, emulated_event, &cca->backend);
	return 0;
}

static void emulated_remove(struct emu_platform *p)
{
	struct cca *cca = emu_platform_get_drvdata(p);

	emu_platform_listen(p, NULL, NULL);
	tdi_backend_unregister(&cca->backend);
	free_realm(cca);
}

static void emulated_shutdown(struct emu_platform *p)
{
	struct cca *cca = emu_platform_get_drvdata(p);

	tdi_backend_shutdown(&cca->backend);
}

static struct emu_platform_driver emulated_driver = {
	.name		= "cca",
	.probe		= emulated_probe,
	.remove		= emulated_remove,
	.shutdown	= emulated_shutdown,
};

/* --- in a realm ----------------------------------------------------------------- */

/* Does the RMM have assigned devices, in the version that this speaks? */
static bool rmm_has_devices(struct cca *cca)
{
	struct cca_regs version = { .x = { RSI_ABI_VERSION_FID, RSI_VERSION(1, 1) } };
	struct cca_regs features = { .x = { RSI_FEATURES_FID, RSI_FEATURE_REGISTER_0 } };

	return !cca_smc(cca, &version) && version.x[0] == RSI_STATUS_SUCCESS &&
	       !cca_smc(cca, &features) && features.x[0] == RSI_STATUS_SUCCESS &&
	       features.x[1] & RSI_FEATURE_0_DA;
}

static int share(struct cca *cca)
{
	void *mem = alloc_pages_exact(CCA_SHARED_SIZE, GFP_KERNEL | __GFP_ZERO);

	if (!mem)
		return -ENOMEM;
	if (tdi_set_memory_shared(mem, CCA_SHARED_PAGES))
		return -EIO;		/* whose they are now nobody knows: leaked */
	cca->shared = virt_to_page(mem);
	return 0;
}

static void unshare(struct cca *cca)
{
	void *mem = page_address(cca->shared);

	cca->shared = NULL;
	if (!tdi_set_memory_private(mem, CCA_SHARED_PAGES))
		free_pages_exact(mem, CCA_SHARED_SIZE);
}

static int realm_probe(struct platform_device *pdev)
{
	struct cca *cca;
	int ret;

	cca = new_realm(&pdev->dev, NULL);
	if (!cca)
		return -ENOMEM;
	ret = rmm_has_devices(cca) ? cca_host_features(cca) : -ENODEV;
	if (!ret)
		ret = share(cca);
	if (ret)
		goto free;
	ret = tdi_backend_register(&cca->backend);
	if (ret)
		goto unshare;
	platform_set_drvdata(pdev, cca);
	return 0;
unshare:
	unshare(cca);
free:
	free_realm(cca);
	return ret;
}

static void realm_remove(struct platform_device *pdev)
{
	struct cca *cca = platform_get_drvdata(pdev);

	tdi_backend_unregister(&cca->backend);
	unshare(cca);
	free_realm(cca);
}

static void realm_shutdown(struct platform_device *pdev)
{
	struct cca *cca = platform_get_drvdata(pdev);

	tdi_backend_shutdown(&cca->backend);
}

static struct platform_driver realm_driver = {
	.probe		= realm_probe,
	.remove		= realm_remove,
	.shutdown	= realm_shutdown,
	.driver.name	= "tdi-cca",
};

static struct platform_device *realm;

/* In a realm, or behind the mailbox of one that is emulated; else there is nothing to do. */
static int __init cca_init(void)
{
	if (!tdi_is_realm())
		return emu_platform_register(&emulated_driver);
	realm = platform_create_bundle(&realm_driver, realm_probe, NULL, 0, NULL, 0);
	return PTR_ERR_OR_ZERO(realm);
}
module_init(cca_init);

static void __exit cca_exit(void)
{
	if (realm) {
		platform_device_unregister(realm);
		platform_driver_unregister(&realm_driver);
	} else {
		emu_platform_unregister(&emulated_driver);
	}
}
module_exit(cca_exit);

MODULE_DESCRIPTION("TDISP for confidential guests: Arm CCA");
MODULE_LICENSE("GPL");
