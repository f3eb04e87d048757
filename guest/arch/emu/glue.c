// SPDX-License-Identifier: GPL-2.0
/*
 * Backend of the emulated platform: the core's verbs in mailbox calls.
 *
 * It protects nothing. It exists so that everything above it can be tested, and
 * says "emulated" wherever somebody could mistake it for more.
 */
#include <linux/pci.h>
#include <linux/slab.h>

#include "../../include/tdisp/backend.h"
#include "internal.h"

/* Above all memory that an emulated guest has; the TSM checks that it is. */
#define EMU_VTOM	BIT_ULL(40)

struct emu_tsm {
	struct tdi_backend backend;
	struct emu_platform *platform;
};

struct emu_tdi {
	struct tdi tdi;
	u32 handle;
};

static struct emu_tsm *to_emu_tsm(struct tdi_backend *backend)
{
	return container_of(backend, struct emu_tsm, backend);
}

static struct emu_tdi *to_emu_tdi(struct tdi *tdi)
{
	return container_of(tdi, struct emu_tdi, tdi);
}

/* One call for a TDI; a failure explains itself to the person who asked. */
static int call(struct tdi *tdi, u16 nr, const char *name, const void *req, size_t len,
		void *rsp, size_t min, size_t max, size_t *ret_len)
{
	struct emu_tsm *tsm = to_emu_tsm(tdi->backend);
	struct emu_answer answer;
	int ret;

	ret = emu_platform_call(tsm->platform, nr, to_emu_tdi(tdi)->handle, req, len, rsp, min,
				max, ret_len, &answer);
	if (!ret)
		return 0;
	if (ret == -ETIMEDOUT)
		tdi_reason(tdi, "%s: expected an answer within %u ms, found none", name,
			   tsm->platform->mbox.timeout_ms);
	else if (answer.what)
		tdi_reason(tdi, "%s: %s: expected %#llx, found %#llx", name, answer.what,
			   answer.expected, answer.found);
	else if (answer.status != ~0u)
		tdi_reason(tdi, "%s: status: expected 0 (OK), found %u (%s)", name,
			   answer.status, emu_status_name(answer.status));
	return ret;
}

/* A call whose reply carries nothing. */
static int call_plain(struct tdi *tdi, u16 nr, const char *name, const void *req, size_t len)
{
	return call(tdi, nr, name, req, len, NULL, 0, 0, NULL);
}

/* LOCK, START, STOP: the host's word for the state is read and forgotten. */
static int call_host_state(struct tdi *tdi, u16 nr, const char *name, const void *req, size_t len)
{
	struct emu_host_state unused;

	return call(tdi, nr, name, req, len, &unused, sizeof(unused), sizeof(unused), NULL);
}

static void put_nonces(struct emu_nonces *to, const struct tdi_nonces *from)
{
	to->lock = cpu_to_le64(from->lock);
	to->meas = cpu_to_le64(from->meas);
	to->report = cpu_to_le64(from->report);
}

static int emu_info(struct tdi *tdi, struct tdi_tsm_info *ret)
{
	static const struct {
		enum tdi_object obj;
		unsigned int wire;
	} digests[] = {
		{ TDI_OBJ_CERTS, EMU_DIGEST_CERTS },
		{ TDI_OBJ_VCA, EMU_DIGEST_VCA },
		{ TDI_OBJ_MEASUREMENTS, EMU_DIGEST_MEASUREMENTS },
		{ TDI_OBJ_REPORT, EMU_DIGEST_REPORT },
	};
	struct emu_tdi_info w;
	int i, err;

	err = call(tdi, EMU_TSM_TDI_INFO, "TDI_INFO", NULL, 0, &w, sizeof(w), sizeof(w), NULL);
	if (err)
		return err;

	*ret = (struct tdi_tsm_info) {
		.state		= w.state,
		.lock_flags	= le16_to_cpu(w.lock_flags),
		.nonces.lock	= le64_to_cpu(w.lock_nonce),
		.nonces.meas	= le64_to_cpu(w.meas_nonce),
		.nonces.report	= le64_to_cpu(w.report_nonce),
		.has_bars	= true,
		.has_dma	= true,
		.vtom		= le64_to_cpu(w.vtom),
	};
	switch (w.dma_mode) {
	case EMU_DMA_NONE:
		ret->dma_mode = TDI_DMA_BOUNCE;
		break;
	case EMU_DMA_DIRECT:
		ret->dma_mode = TDI_DMA_DIRECT;
		break;
	case EMU_DMA_IOMMU:
		ret->dma_mode = TDI_DMA_IOMMU;
		break;
	case EMU_DMA_SPLIT:
		ret->dma_mode = TDI_DMA_SPLIT;
		break;
	default:
		tdi_reason(tdi, "TDI_INFO: DMA mode: expected 0 to 3, found %u", w.dma_mode);
		return -EIO;
	}
	if (w.state > TDISP_ERROR) {
		tdi_reason(tdi, "TDI_INFO: state: expected 0 to 3, found %u", w.state);
		return -EIO;
	}
	switch (w.hash) {
	case EMU_HASH_SHA256:
		ret->hash = TDI_HASH_SHA256;
		break;
	case EMU_HASH_SHA384:
		ret->hash = TDI_HASH_SHA384;
		break;
	case EMU_HASH_SHA512:
		ret->hash = TDI_HASH_SHA512;
		break;
	default:
		tdi_reason(tdi, "TDI_INFO: hash: expected 1 to 3, found %u", w.hash);
		return -EIO;
	}
	for (i = 0; i < TDISP_NR_BARS; i++)
		ret->bar[i] = le64_to_cpu(w.bar[i]);
	for (i = 0; i < ARRAY_SIZE(digests); i++) {
		if (le32_to_cpu(w.digest_valid) & BIT(digests[i].wire))
			ret->digest_valid |= BIT(digests[i].obj);
		memcpy(ret->digest[digests[i].obj], w.digest[digests[i].wire], EMU_DIGEST_SIZE);
	}
	return 0;
}

static int emu_lock(struct tdi *tdi, u16 lock_flags)
{
	struct emu_lock_req req = { .lock_flags = cpu_to_le16(lock_flags) };

	return call_host_state(tdi, EMU_HOST_LOCK, "LOCK", &req, sizeof(req));
}

static int emu_measure(struct tdi *tdi, const u8 nonce[TDI_NONCE_SIZE])
{
	struct emu_measure_req req;

	memcpy(req.nonce, nonce, sizeof(req.nonce));
	return call_plain(tdi, EMU_HOST_MEASURE, "MEASURE", &req, sizeof(req));
}

static const u32 object_numbers[TDI_NR_OBJECTS] = {
	[TDI_OBJ_CERTS]		= EMU_OBJ_CERTS,
	[TDI_OBJ_VCA]		= EMU_OBJ_VCA,
	[TDI_OBJ_MEASUREMENTS]	= EMU_OBJ_MEASUREMENTS,
	[TDI_OBJ_REPORT]	= EMU_OBJ_REPORT,
};

static int emu_object_size(struct tdi *tdi, enum tdi_object obj, u64 *ret)
{
	struct emu_object_size_req req = { .object = cpu_to_le32(object_numbers[obj]) };
	struct emu_object_size_rsp rsp;
	int err;

	err = call(tdi, EMU_HOST_OBJECT_SIZE, "OBJECT_SIZE", &req, sizeof(req), &rsp,
		   sizeof(rsp), sizeof(rsp), NULL);
	if (!err)
		*ret = le64_to_cpu(rsp.size);
	return err;
}

static ssize_t emu_object_read(struct tdi *tdi, enum tdi_object obj, u64 offset, void *buf,
			       size_t len)
{
	struct emu_object_read_req req = {
		.object	= cpu_to_le32(object_numbers[obj]),
		.len	= cpu_to_le32(min_t(size_t, len, EMU_OBJECT_CHUNK)),
		.offset	= cpu_to_le64(offset),
	};
	struct emu_object_read_rsp *rsp;
	size_t got, n;
	int err;

	void *page __free(kfree) = kmalloc(EMU_MSG_MAX, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	rsp = page;
	err = call(tdi, EMU_HOST_OBJECT_READ, "OBJECT_READ", &req, sizeof(req), rsp,
		   sizeof(*rsp), EMU_MSG_MAX, &got);
	if (err)
		return err;
	n = le32_to_cpu(rsp->len);
	if (n != got - sizeof(*rsp) || n > le32_to_cpu(req.len)) {
		tdi_reason(tdi, "OBJECT_READ: length: expected %zu, at most %u, found %zu",
			   got - sizeof(*rsp), le32_to_cpu(req.len), n);
		return -EIO;
	}
	memcpy(buf, rsp->data, n);
	return n;
}

static int emu_mmio_accept(struct tdi *tdi, const struct tdi_nonces *nonces,
			   const struct tdi_mmio *mmio)
{
	struct emu_mmio_accept req = {
		.range	= cpu_to_le32(mmio->range),
		.page_offset = cpu_to_le64(mmio->first),
		.npages	= cpu_to_le64(mmio->nr_pages),
		.gpa	= cpu_to_le64(mmio->addr),
	};

	put_nonces(&req.nonces, nonces);
	return call_plain(tdi, EMU_TSM_MMIO_ACCEPT, "MMIO_ACCEPT", &req, sizeof(req));
}

static int emu_mmio_release(struct tdi *tdi)
{
	return call_plain(tdi, EMU_TSM_MMIO_RELEASE, "MMIO_RELEASE", NULL, 0);
}

static int emu_dma_enable(struct tdi *tdi, const struct tdi_nonces *nonces,
			  enum tdi_dma_mode mode)
{
	struct emu_dma_enable req = { };

	switch (mode) {
	case TDI_DMA_DIRECT:
		req.mode = cpu_to_le32(EMU_DMA_DIRECT);
		break;
	case TDI_DMA_IOMMU:
		req.mode = cpu_to_le32(EMU_DMA_IOMMU);
		break;
	case TDI_DMA_SPLIT:
		req.mode = cpu_to_le32(EMU_DMA_SPLIT);
		req.vtom = cpu_to_le64(tdi->backend->vtom);
		break;
	default:
		return -EOPNOTSUPP;
	}
	put_nonces(&req.nonces, nonces);
	return call_plain(tdi, EMU_TSM_DMA_ENABLE, "DMA_ENABLE", &req, sizeof(req));
}

static int emu_dma_disable(struct tdi *tdi)
{
	return call_plain(tdi, EMU_TSM_DMA_DISABLE, "DMA_DISABLE", NULL, 0);
}

/* The TSM starts nothing that the guest did not authorise, for these nonces. */
static int emu_start(struct tdi *tdi, const struct tdi_nonces *nonces)
{
	struct emu_start_allow req;
	int err;

	put_nonces(&req.nonces, nonces);
	err = call_plain(tdi, EMU_TSM_START_ALLOW, "START_ALLOW", &req, sizeof(req));
	return err ?: call_host_state(tdi, EMU_HOST_START, "START", NULL, 0);
}

static int emu_unlock(struct tdi *tdi)
{
	return call_host_state(tdi, EMU_HOST_STOP, "STOP", NULL, 0);
}

static int emu_share_pages(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_share_pages(to_emu_tsm(backend)->platform, addr, nr_pages);
}

static int emu_unshare_pages(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return emu_platform_unshare_pages(to_emu_tsm(backend)->platform, addr, nr_pages);
}

static int emu_enter(struct tdi_backend *backend)
{
	return emu_platform_enter(to_emu_tsm(backend)->platform);
}

static void emu_leave(struct tdi_backend *backend)
{
	emu_platform_leave(to_emu_tsm(backend)->platform);
}

static struct tdi *emu_add(struct tdi_backend *backend, struct pci_dev *pdev)
{
	struct emu_tdi *emu;
	u32 handle;

	if (emu_platform_handle(pdev, &handle))
		return ERR_PTR(-ENODEV);

	emu = kzalloc(sizeof(*emu), GFP_KERNEL);
	if (!emu)
		return ERR_PTR(-ENOMEM);
	emu->handle = handle;
	return &emu->tdi;
}

static void emu_remove(struct tdi *tdi)
{
	kfree(to_emu_tdi(tdi));
}

static const struct tdi_backend_ops emu_ops = {
	.add		= emu_add,
	.remove		= emu_remove,
	.enter		= emu_enter,
	.leave		= emu_leave,
	.share_pages	= emu_share_pages,
	.unshare_pages	= emu_unshare_pages,
	.info		= emu_info,
	.lock		= emu_lock,
	.measure	= emu_measure,
	.object_size	= emu_object_size,
	.object_read	= emu_object_read,
	.mmio_accept	= emu_mmio_accept,
	.mmio_release	= emu_mmio_release,
	.dma_enable	= emu_dma_enable,
	.dma_disable	= emu_dma_disable,
	.start		= emu_start,
	.unlock		= emu_unlock,
};

/* Something happened to a TDI, says the host. */
static void emu_event(void *backend)
{
	tdi_backend_event(backend);
}

static int emu_probe(struct emu_platform *p, struct device *parent)
{
	struct emu_tsm *tsm;
	int ret;

	tsm = kzalloc(sizeof(*tsm), GFP_KERNEL);
	if (!tsm)
		return -ENOMEM;
	tsm->platform = p;
	tsm->backend = (struct tdi_backend) {
		.platform	= "emulated",
		.parent		= parent,
		.ops		= &emu_ops,
		.flags		= TDI_BACKEND_EMULATED,
		.vtom		= EMU_VTOM,
		.mmio_chunk	= EMU_MMIO_ACCEPT_MAX,
		.order		= p->flags & EMU_TSM_F_START_FIRST ?
				  TDI_START_FIRST : TDI_ACCEPT_FIRST,
	};
	emu_platform_set_drvdata(p, tsm);
	ret = tdi_backend_register(&tsm->backend);
	if (ret) {
		kfree(tsm);
		return ret;
	}
	/* Without events the watch finds out, later. */
	emu_platform_listen(p, emu_event, &tsm->backend);
	return 0;
}

static void emu_remove_platform(struct emu_platform *p)
{
	struct emu_tsm *tsm = emu_platform_get_drvdata(p);

	emu_platform_listen(p, NULL, NULL);
	tdi_backend_unregister(&tsm->backend);
	kfree(tsm);
}

static void emu_shutdown(struct emu_platform *p)
{
	struct emu_tsm *tsm = emu_platform_get_drvdata(p);

	tdi_backend_shutdown(&tsm->backend);
}

struct emu_platform_driver emu_emulated_driver = {
	.name		= "emulated",
	.probe		= emu_probe,
	.remove		= emu_remove_platform,
	.shutdown	= emu_shutdown,
};
