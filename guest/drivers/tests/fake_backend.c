// SPDX-License-Identifier: GPL-2.0
/* See fake_backend.h. */
#include <crypto/hash.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "fake_backend.h"

static const size_t object_sizes[TDI_NR_OBJECTS] = {
	[TDI_OBJ_CERTS]		= 1500,
	[TDI_OBJ_VCA]		= 130,
	[TDI_OBJ_MEASUREMENTS]	= 700,
	[TDI_OBJ_REPORT]	= FAKE_REPORT_LEN,
};

struct fake_tdi *to_fake(struct tdi *tdi)
{
	return container_of(tdi, struct fake_tdi, tdi);
}

struct fake_backend *to_fake_backend(struct tdi_backend *backend)
{
	return container_of(backend, struct fake_backend, backend);
}

static int record(struct fake_backend *fb, struct fake_tdi *ft, enum fake_op op)
{
	int err;

	if (fb->before && ft)
		fb->before(ft, op);
	fb->calls[op]++;
	if (fb->nr_log < FAKE_NR_LOG)
		fb->log[fb->nr_log++] = op;
	if (!fb->err[op])
		return 0;
	if (fb->fail_after[op]) {
		fb->fail_after[op]--;
		return 0;
	}
	err = fb->err[op];
	if (fb->once)
		fb->err[op] = 0;
	return err;
}

static int begin(struct tdi *tdi, enum fake_op op)
{
	struct fake_backend *fb = to_fake_backend(tdi->backend);
	int err = record(fb, to_fake(tdi), op);

	if (err && !fb->mute)
		tdi_reason(tdi, "fake: expected success, found %d", err);
	return err;
}

static void digest(enum tdi_hash hash, const void *data, size_t len, u8 *ret)
{
	static const char * const names[] = { "sha256", "sha384", "sha512" };
	struct crypto_shash *tfm;

	if (hash >= TDI_NR_HASHES)
		return;
	tfm = crypto_alloc_shash(names[hash], 0, 0);
	if (IS_ERR(tfm))
		return;
	crypto_shash_tfm_digest(tfm, data, len, ret);
	crypto_free_shash(tfm);
}

void fake_set_object(struct fake_tdi *ft, enum tdi_object obj, const void *data, size_t len)
{
	kfree(ft->object[obj]);
	kfree(ft->attested[obj]);
	ft->object[obj] = kmemdup(data, len, GFP_KERNEL | __GFP_NOFAIL);
	ft->attested[obj] = kmemdup(data, len, GFP_KERNEL | __GFP_NOFAIL);
	ft->object_len[obj] = len;
	ft->digest_valid |= BIT(obj);
}

static void random_object(struct fake_tdi *ft, enum tdi_object obj)
{
	size_t len = object_sizes[obj];
	u8 *data = kmalloc(len, GFP_KERNEL | __GFP_NOFAIL);

	get_random_bytes(data, len);
	fake_set_object(ft, obj, data, len);
	kfree(data);
}

/* What 11.3.11 says it looks like, byte by byte, not by the project's structures. */
void fake_report(u8 *buf)
{
	static const struct {
		u64 page;
		u32 nr, attr;
	} ranges[] = {
		{ 0x100000, 8, 0 },			/* BAR 0, first half */
		{ 0x100008, 8, 0 },			/* BAR 0, second half */
		{ 0x200000, 4, 2 << 16 | 4 },		/* BAR 2, NON_TEE */
	};
	int i;

	memset(buf, 0, FAKE_REPORT_LEN);
	put_unaligned_le16(3, buf);	/* no firmware update, DMA without PASID */
	put_unaligned_le32(ARRAY_SIZE(ranges), buf + 12);
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		put_unaligned_le64(ranges[i].page, buf + 16 + 16 * i);
		put_unaligned_le32(ranges[i].nr, buf + 24 + 16 * i);
		put_unaligned_le32(ranges[i].attr, buf + 28 + 16 * i);
	}
}

static u64 fresh_nonce(void)
{
	return get_random_u64() | 1;
}

void fake_relock(struct fake_tdi *ft)
{
	u8 report[FAKE_REPORT_LEN];
	struct pci_dev *pdev = ft->tdi.pdev;
	int i;

	ft->state = TDISP_CONFIG_LOCKED;
	ft->nonces.lock = fresh_nonce();
	ft->nonces.report = fresh_nonce();
	ft->nonces.meas = 0;
	ft->digest_valid = 0;
	ft->mmio = 0;
	ft->dma_enabled = false;
	for (i = 0; i < TDISP_NR_BARS; i++)
		ft->bar[i] = pci_resource_start(pdev, i);
	if (ft->keep && ft->object[TDI_OBJ_CERTS]) {
		ft->digest_valid = BIT(TDI_OBJ_CERTS) | BIT(TDI_OBJ_VCA);
	} else {
		random_object(ft, TDI_OBJ_CERTS);
		random_object(ft, TDI_OBJ_VCA);
	}
	fake_report(report);
	fake_set_object(ft, TDI_OBJ_REPORT, report, sizeof(report));
}

void fake_remeasure(struct fake_tdi *ft)
{
	ft->nonces.meas = fresh_nonce();
	random_object(ft, TDI_OBJ_MEASUREMENTS);
}

static int fake_info(struct tdi *tdi, struct tdi_tsm_info *ret)
{
	struct fake_tdi *ft = to_fake(tdi);
	int i, err = begin(tdi, FAKE_INFO);

	if (err)
		return err;
	*ret = (struct tdi_tsm_info) {
		.state		= ft->state,
		.hash		= ft->hash,
		.digest_valid	= ft->digest_valid,
		.lock_flags	= ft->lock_flags,
		.no_lock_flags	= ft->no_lock_flags,
		.nonces		= ft->nonces,
		.has_bars	= true,
		.has_dma	= true,
		.dma_mode	= ft->dma_enabled ? ft->dma_mode : TDI_DMA_BOUNCE,
		.vtom		= ft->dma_enabled ? ft->vtom : 0,
	};
	if (ft->hide_lock_nonce)
		ret->nonces.lock = 0;
	memcpy(ret->bar, ft->bar, sizeof(ret->bar));
	for (i = 0; i < TDI_NR_OBJECTS; i++)
		if (ft->digest_valid & BIT(i))
			digest(ft->hash, ft->attested[i], ft->object_len[i], ret->digest[i]);
	return 0;
}

static int fake_op_lock(struct tdi *tdi, u16 lock_flags)
{
	struct fake_tdi *ft = to_fake(tdi);
	int err = begin(tdi, FAKE_LOCK);

	if (err)
		return err;
	if (ft->state != TDISP_CONFIG_UNLOCKED) {
		tdi_reason(tdi, "fake: expected CONFIG_UNLOCKED");
		return -EREMOTEIO;
	}
	fake_relock(ft);
	ft->lock_flags = lock_flags;
	return 0;
}

static int fake_measure(struct tdi *tdi, const u8 nonce[TDI_NONCE_SIZE])
{
	struct fake_tdi *ft = to_fake(tdi);
	int err = begin(tdi, FAKE_MEASURE);

	if (err)
		return err;
	memcpy(ft->nonce, nonce, TDI_NONCE_SIZE);
	fake_remeasure(ft);
	return 0;
}

static int fake_object_size(struct tdi *tdi, enum tdi_object obj, u64 *ret)
{
	struct fake_tdi *ft = to_fake(tdi);
	int err = begin(tdi, FAKE_OBJECT_SIZE);

	if (err)
		return err;
	*ret = ft->claimed_size[obj] ?: ft->object_len[obj];
	if (ft->empty & BIT(obj))
		*ret = 0;
	return 0;
}

static ssize_t fake_object_read(struct tdi *tdi, enum tdi_object obj, u64 offset, void *buf,
				size_t len)
{
	struct fake_tdi *ft = to_fake(tdi);
	int err = begin(tdi, FAKE_OBJECT_READ);
	size_t n = len;

	if (err)
		return err;
	if (ft->chunk)
		n = min(n, ft->chunk);
	if (offset >= ft->object_len[obj])
		return 0;
	n = min_t(size_t, n, ft->object_len[obj] - offset);
	memcpy(buf, ft->object[obj] + offset, n);
	return n + ft->overshoot;
}

/* The state in which this platform's order lets things be accepted. */
static int check_grant(struct tdi *tdi, const struct tdi_nonces *nonces)
{
	struct fake_tdi *ft = to_fake(tdi);
	enum tdisp_state state = tdi->backend->order == TDI_START_FIRST ?
				 TDISP_RUN : TDISP_CONFIG_LOCKED;

	if (!tdi_nonces_equal(nonces, &ft->nonces)) {
		tdi_reason(tdi, "fake: expected the current nonces");
		return -ESTALE;
	}
	if (ft->state != state) {
		tdi_reason(tdi, "fake: expected state %d, found %d", state, ft->state);
		return -EREMOTEIO;
	}
	return 0;
}

static int fake_mmio_accept(struct tdi *tdi, const struct tdi_nonces *nonces,
			    const struct tdi_mmio *mmio)
{
	struct fake_tdi *ft = to_fake(tdi);
	int err = begin(tdi, FAKE_MMIO_ACCEPT) ?: check_grant(tdi, nonces);

	if (err)
		return err;
	if (mmio->range < 32 && !(ft->mmio & BIT(mmio->range)))
		ft->mmio_pages[mmio->range] = 0;
	if (mmio->range >= 32 || mmio->first != ft->mmio_pages[mmio->range]) {
		tdi_reason(tdi, "fake: expected a new range, or what follows the last chunk");
		return -EREMOTEIO;
	}
	if (!mmio->first)
		ft->mmio_addr[mmio->range] = mmio->addr;
	if (mmio->addr != ft->mmio_addr[mmio->range] + mmio->first * SZ_4K) {
		tdi_reason(tdi, "fake: expected the chunk where the range is");
		return -EREMOTEIO;
	}
	ft->mmio |= BIT(mmio->range);
	ft->mmio_pages[mmio->range] += mmio->nr_pages;
	return 0;
}

static int fake_mmio_release(struct tdi *tdi)
{
	int err = begin(tdi, FAKE_MMIO_RELEASE);

	if (!err)
		to_fake(tdi)->mmio = 0;
	return err;
}

static int fake_dma_enable(struct tdi *tdi, const struct tdi_nonces *nonces,
			   enum tdi_dma_mode mode)
{
	int err = begin(tdi, FAKE_DMA_ENABLE) ?: check_grant(tdi, nonces);

	if (err)
		return err;
	to_fake(tdi)->dma_enabled = true;
	to_fake(tdi)->dma_mode = mode;
	to_fake(tdi)->vtom = mode == TDI_DMA_SPLIT ? tdi->backend->vtom : 0;
	return 0;
}

static int fake_dma_disable(struct tdi *tdi)
{
	int err = begin(tdi, FAKE_DMA_DISABLE);

	if (!err)
		to_fake(tdi)->dma_enabled = false;
	return err;
}

static int fake_start(struct tdi *tdi, const struct tdi_nonces *nonces)
{
	struct fake_tdi *ft = to_fake(tdi);
	int err = begin(tdi, FAKE_START);

	if (err)
		return err;
	if (!tdi_nonces_equal(nonces, &ft->nonces)) {
		tdi_reason(tdi, "fake: expected the current nonces");
		return -ESTALE;
	}
	if (ft->state != TDISP_CONFIG_LOCKED) {
		tdi_reason(tdi, "fake: expected CONFIG_LOCKED, found %d", ft->state);
		return -EREMOTEIO;
	}
	ft->state = TDISP_RUN;
	return 0;
}

static int fake_op_unlock(struct tdi *tdi)
{
	struct fake_tdi *ft = to_fake(tdi);
	int err = begin(tdi, FAKE_UNLOCK);

	if (err)
		return err;
	ft->state = TDISP_CONFIG_UNLOCKED;
	ft->nonces = (struct tdi_nonces) { };
	ft->digest_valid = 0;
	ft->mmio = 0;
	ft->dma_enabled = false;
	return 0;
}

static int convert(struct tdi_backend *backend, enum fake_op op, phys_addr_t addr,
		   size_t nr_pages)
{
	struct fake_backend *fb = to_fake_backend(backend);
	unsigned long pfn = PHYS_PFN(addr), i;
	bool share = op == FAKE_SHARE;
	int err = record(fb, NULL, op);

	if (err)
		return err;
	if (!fb->entered || offset_in_page(addr) || !nr_pages)
		return -EREMOTEIO;
	/* All or nothing: a page that already is what is asked fails the call. */
	for (i = 0; i < nr_pages; i++) {
		bool shared = xa_load(&fb->pages, pfn + i);

		if (shared == share)
			return -EREMOTEIO;
	}
	for (i = 0; i < nr_pages; i++) {
		if (share)
			xa_store(&fb->pages, pfn + i, xa_mk_value(1), GFP_ATOMIC);
		else
			xa_erase(&fb->pages, pfn + i);
	}
	return 0;
}

static int fake_share(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return convert(backend, FAKE_SHARE, addr, nr_pages);
}

static int fake_unshare(struct tdi_backend *backend, phys_addr_t addr, size_t nr_pages)
{
	return convert(backend, FAKE_UNSHARE, addr, nr_pages);
}

static int fake_enter(struct tdi_backend *backend)
{
	struct fake_backend *fb = to_fake_backend(backend);
	int err = record(fb, NULL, FAKE_ENTER);

	fb->entered = !err;
	return err;
}

static void fake_leave(struct tdi_backend *backend)
{
	struct fake_backend *fb = to_fake_backend(backend);

	record(fb, NULL, FAKE_LEAVE);
	fb->entered = false;
	xa_destroy(&fb->pages);
}

static struct tdi *fake_add(struct tdi_backend *backend, struct pci_dev *pdev)
{
	struct fake_tdi *ft;
	int err;

	if (pdev->vendor != FAKE_VENDOR || pdev->device != FAKE_DEVICE_TDI)
		return ERR_PTR(-ENODEV);
	err = record(to_fake_backend(backend), NULL, FAKE_ADD);
	if (err)
		return ERR_PTR(err);
	ft = kzalloc(sizeof(*ft), GFP_KERNEL);
	if (!ft)
		return ERR_PTR(-ENOMEM);
	ft->hash = TDI_HASH_SHA384;
	return &ft->tdi;
}

static void fake_remove(struct tdi *tdi)
{
	struct fake_tdi *ft = to_fake(tdi);
	int i;

	record(to_fake_backend(tdi->backend), NULL, FAKE_REMOVE);
	for (i = 0; i < TDI_NR_OBJECTS; i++) {
		kfree(ft->object[i]);
		kfree(ft->attested[i]);
	}
	kfree(ft);
}

static const struct tdi_backend_ops fake_ops = {
	.add		= fake_add,
	.remove		= fake_remove,
	.enter		= fake_enter,
	.leave		= fake_leave,
	.share_pages	= fake_share,
	.unshare_pages	= fake_unshare,
	.info		= fake_info,
	.lock		= fake_op_lock,
	.measure	= fake_measure,
	.object_size	= fake_object_size,
	.object_read	= fake_object_read,
	.mmio_accept	= fake_mmio_accept,
	.mmio_release	= fake_mmio_release,
	.dma_enable	= fake_dma_enable,
	.dma_disable	= fake_dma_disable,
	.start		= fake_start,
	.unlock		= fake_op_unlock,
};

static void dispose(void *data)
{
	struct fake_backend *fb = data;

	/* A test that broke something may have left it broken. */
	fake_truth(fb);
	fake_unregister(fb);
	xa_destroy(&fb->pages);
	kfree(fb);
}

static const struct fake_desc tdi_desc = {
	.vendor = FAKE_VENDOR, .device = FAKE_DEVICE_TDI, .tee = true, .full = true,
	.bar_size = { FAKE_BAR0_SIZE, FAKE_BAR2_SIZE },
};

struct fake_backend *fake_backend_on(struct kunit *test, enum tdi_order order,
				     const struct fake_desc *descs, unsigned int nr)
{
	struct fake_pci *pci = fake_pci_new(test, descs, nr);
	struct fake_backend *fb = kzalloc(sizeof(*fb), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, fb);
	fb->pci = pci;
	fb->ops = fake_ops;
	xa_init_flags(&fb->pages, XA_FLAGS_LOCK_IRQ);
	fb->backend = (struct tdi_backend) {
		.platform	= "fake",
		.parent		= &fake_fn(fb, FAKE_SLOT_PROXY)->pdev->dev,
		.ops		= &fb->ops,
		.order		= order,
		.vtom		= FAKE_VTOM,
	};
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, dispose, fb), 0);
	tdi_allow_unverified = false;
	fake_driver_enable = false;
	fake_driver_handles = false;
	fake_driver_handles_little = false;
	fake_driver_before = NULL;
	fake_detected = PCI_ERS_RESULT_NEED_RESET;
	fake_slot_reset = PCI_ERS_RESULT_RECOVERED;
	fake_same_err = 0;
	fake_identity = TDI_IDENTITY_VERIFIED;
	fake_signed = true;
	fake_identity_err = 0;
	return fb;
}

struct fake_backend *fake_backend_new(struct kunit *test, enum tdi_order order)
{
	const struct fake_desc descs[] = {
		[FAKE_SLOT_TDI]		= tdi_desc,
		[FAKE_SLOT_TDI2]	= tdi_desc,
		[FAKE_SLOT_PROXY]	= { .vendor = FAKE_VENDOR, .device = FAKE_DEVICE_PROXY },
		[FAKE_SLOT_OTHER]	= {
			.vendor = FAKE_VENDOR, .device = FAKE_DEVICE_OTHER, .tee = true,
		},
	};

	return fake_backend_on(test, order, descs, ARRAY_SIZE(descs));
}

struct fake_backend *fake_backend_ready(struct kunit *test, enum tdi_order order)
{
	struct fake_backend *fb = fake_backend_new(test, order);

	KUNIT_ASSERT_EQ(test, fake_register(fb), 0);
	KUNIT_ASSERT_NOT_NULL(test, fake_tdi_at(fb, FAKE_SLOT_TDI));
	fake_forget(fb);
	return fb;
}

int fake_register(struct fake_backend *fb)
{
	int ret = tdi_backend_register(&fb->backend);

	fb->registered = !ret;
	return ret;
}

void fake_unregister(struct fake_backend *fb)
{
	if (fb->registered)
		tdi_backend_unregister(&fb->backend);
	fb->registered = false;
}

void fake_plug_late(struct fake_backend *fb)
{
	fake_pci_plug(fb->pci, FAKE_SLOT_LATE, &tdi_desc);
}

struct fake_fn *fake_fn(struct fake_backend *fb, unsigned int slot)
{
	return fake_pci_fn(fb->pci, slot);
}

struct tdi *fake_tdi_at(struct fake_backend *fb, unsigned int slot)
{
	return tdi_from_pdev(fake_fn(fb, slot)->pdev);
}

void fake_fail(struct fake_backend *fb, enum fake_op op, int err, unsigned int after)
{
	fb->err[op] = err;
	fb->fail_after[op] = after;
}

void fake_truth(struct fake_backend *fb)
{
	memset(fb->err, 0, sizeof(fb->err));
	fb->before = NULL;
	fb->once = false;
	fb->mute = false;
}

void fake_forget(struct fake_backend *fb)
{
	memset(fb->calls, 0, sizeof(fb->calls));
	fb->nr_log = 0;
}

int fake_connect(struct tdi *tdi)
{
	guard(device)(&tdi->pdev->dev);
	return tdi_connect(tdi);
}

int fake_lock(struct tdi *tdi)
{
	guard(device)(&tdi->pdev->dev);
	return tdi_lock(tdi);
}

int fake_accept(struct tdi *tdi, u64 generation)
{
	guard(device)(&tdi->pdev->dev);
	return tdi_accept(tdi, generation);
}

int fake_approve(struct tdi *tdi, u64 generation)
{
	guard(device)(&tdi->pdev->dev);
	return tdi_approve(tdi, generation);
}

int fake_unlock(struct tdi *tdi)
{
	guard(device)(&tdi->pdev->dev);
	return tdi_unlock(tdi, "unlock");
}

int fake_set_mode(struct tdi *tdi, enum tdi_dma_mode mode)
{
	guard(device)(&tdi->pdev->dev);
	guard(mutex)(&tdi->lock);
	return tdi_dma_set_mode(tdi, mode);
}

void fake_bring_to(struct kunit *test, struct tdi *tdi, enum tdi_state state)
{
	struct fake_tdi *ft = to_fake(tdi);
	enum tdisp_state unused;

	switch (state) {
	case TDI_UNLOCKED:
		break;
	case TDI_ATTESTED:
		KUNIT_ASSERT_EQ(test, fake_lock(tdi), 0);
		break;
	case TDI_RUN:
		KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
		break;
	case TDI_ERROR:
		KUNIT_ASSERT_EQ(test, fake_connect(tdi), 0);
		ft->state = TDISP_ERROR;
		KUNIT_ASSERT_EQ(test, tdi_read_state(tdi, &unused), 0);
		/* What follows would release a driver that comes in between. */
		fake_settle(tdi);
		break;
	default:
		KUNIT_FAIL_AND_ABORT(test, "no verb ends in %s", tdi_state_name(state));
	}
	KUNIT_ASSERT_EQ(test, tdi->state, state);
}

bool fake_driver_enable;
bool fake_driver_handles, fake_driver_handles_little;
pci_ers_result_t fake_detected, fake_slot_reset;
char fake_driver_log[32];
void (*fake_driver_before)(struct pci_dev *pdev, char call);

static void note_call(struct pci_dev *pdev, char call)
{
	size_t len = strlen(fake_driver_log);

	if (PCI_SLOT(pdev->devfn) != FAKE_SLOT_TDI)
		return;
	if (fake_driver_before)
		fake_driver_before(pdev, call);
	if (len + 1 < sizeof(fake_driver_log))
		fake_driver_log[len] = call;
}

static int driver_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret = fake_driver_enable ? pci_enable_device(pdev) : 0;

	note_call(pdev, 'P');
	if (!ret && fake_driver_enable)
		pci_set_master(pdev);
	return ret;
}

static void driver_remove(struct pci_dev *pdev)
{
	note_call(pdev, 'M');
	if (fake_driver_enable)
		pci_disable_device(pdev);
}

static pci_ers_result_t driver_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	note_call(pdev, state == pci_channel_io_frozen ? 'F' : 'X');
	return fake_detected;
}

static pci_ers_result_t driver_slot_reset(struct pci_dev *pdev)
{
	note_call(pdev, 'S');
	return fake_slot_reset;
}

static void driver_resume(struct pci_dev *pdev)
{
	note_call(pdev, 'R');
}

static const struct pci_error_handlers driver_handlers = {
	.error_detected	= driver_detected,
	.slot_reset	= driver_slot_reset,
	.resume		= driver_resume,
};

static const struct pci_error_handlers few_handlers = {
	.resume		= driver_resume,
};

static const struct pci_device_id driver_ids[] = {
	{ PCI_DEVICE(FAKE_VENDOR, FAKE_DEVICE_TDI) },
	{ }
};

static struct pci_driver fake_driver = {
	.name		= "tdi-fake-driver",
	.id_table	= driver_ids,
	.probe		= driver_probe,
	.remove		= driver_remove,
};

static void driver_unregister_action(void *unused)
{
	pci_unregister_driver(&fake_driver);
}

void fake_driver_bind(struct kunit *test)
{
	memset(fake_driver_log, 0, sizeof(fake_driver_log));
	fake_driver.err_handler = fake_driver_handles ? &driver_handlers :
				  fake_driver_handles_little ? &few_handlers : NULL;
	KUNIT_ASSERT_EQ(test, pci_register_driver(&fake_driver), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, driver_unregister_action, NULL), 0);
}

void fake_driver_release(struct kunit *test)
{
	kunit_release_action(test, driver_unregister_action, NULL);
}

int fake_set_param(const char *name, const char *value)
{
	unsigned int i;

	for (i = 0; i < THIS_MODULE->num_kp; i++)
		if (!strcmp(THIS_MODULE->kp[i].name, name))
			return THIS_MODULE->kp[i].ops->set(value, &THIS_MODULE->kp[i]);
	return -ENOENT;
}

void fake_settle(struct tdi *tdi)
{
	flush_delayed_work(&tdi->watch);
	flush_work(&tdi->recovery->work);
}

void fake_expect_pristine(struct kunit *test, struct tdi *tdi)
{
	struct fake_tdi *ft = to_fake(tdi);

	KUNIT_EXPECT_EQ(test, tdi->state, TDI_UNLOCKED);
	KUNIT_EXPECT_EQ(test, ft->state, TDISP_CONFIG_UNLOCKED);
	KUNIT_EXPECT_EQ(test, tdi->dma.mode, TDI_DMA_BOUNCE);
	KUNIT_EXPECT_PTR_EQ(test, get_dma_ops(&tdi->pdev->dev), &tdi->dma.ops[TDI_DMA_BOUNCE]);
	KUNIT_EXPECT_NULL(test, tdi->evidence);
	KUNIT_EXPECT_FALSE(test, tdi->enabled);
	KUNIT_EXPECT_EQ(test, atomic_read(&tdi->pdev->enable_cnt), 0);
	KUNIT_EXPECT_EQ(test, ft->mmio, 0);
	KUNIT_EXPECT_FALSE(test, ft->dma_enabled);
}

void fake_expect_result(struct kunit *test, struct tdi *tdi, const char *part)
{
	KUNIT_EXPECT_TRUE_MSG(test, !!strstr(tdi->result, part), "\"%s\" is not in \"%s\"", part,
			      tdi->result);
}
