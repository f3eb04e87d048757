// SPDX-License-Identifier: GPL-2.0
/*
 * Evidence: collect it from the host, compare it with what the TSM attests,
 * parse it, appraise it. In that order: copy, digest, parse, use.
 *
 * Everything here comes from a hostile host but for struct tdi_tsm_info, which
 * comes over the platform's trusted channel.
 */
#include <crypto/hash.h>
#include <crypto/utils.h>
#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "../include/tdisp/appraise.h"
#include "../include/tdisp/compare.h"
#include "internal.h"

/*
 * The largest object worth copying before its digest is known. A chain's length
 * is 16 bits (DSP0274 table 33), a report has 16-bit offsets (PCIe 11.3.10), VCA
 * is six short messages; a measurement record is 24 bits, of which one MiB is
 * far more than any device in the field uses.
 */
static const struct {
	const char *name;
	u64 max;
} objects[TDI_NR_OBJECTS] = {
	[TDI_OBJ_CERTS]		= { "certificate chain", SZ_64K },
	[TDI_OBJ_VCA]		= { "VCA", SZ_4K },
	[TDI_OBJ_MEASUREMENTS]	= { "measurements", SZ_1M },
	[TDI_OBJ_REPORT]	= { "interface report", TDISP_REPORT_MAX },
};

/*
 * Patience for one object. A host may answer each read in time, a byte at a time,
 * and the device's lock is held meanwhile.
 */
#define OBJECT_SECONDS		20

static const char * const hash_names[TDI_NR_HASHES] = {
	[TDI_HASH_SHA256]	= "sha256",
	[TDI_HASH_SHA384]	= "sha384",
	[TDI_HASH_SHA512]	= "sha512",
};

static atomic64_t last_generation = ATOMIC64_INIT(0);

void tdi_evidence_free(struct tdi_evidence *ev)
{
	int i;

	if (!ev)
		return;
	for (i = 0; i < TDI_NR_OBJECTS; i++)
		kvfree(ev->blob[i].data);
	kfree(ev);
}

bool tdi_nonces_equal(const struct tdi_nonces *a, const struct tdi_nonces *b)
{
	return a->lock == b->lock && a->meas == b->meas && a->report == b->report;
}

/* Copy one object, once, to private memory. Its size is a claim until then. */
static int copy_object(struct tdi *tdi, enum tdi_object obj, struct tdi_blob *blob)
{
	const struct tdi_backend_ops *ops = tdi->backend->ops;
	unsigned long deadline = jiffies + OBJECT_SECONDS * HZ;
	u64 size = 0, done = 0;
	ssize_t n;
	int ret;

	ret = ops->object_size(tdi, obj, &size);
	if (ret)
		return ret;
	if (!size || size > objects[obj].max) {
		tdi_reason(tdi, "%s size: expected 1 to %llu bytes, found %llu",
			   objects[obj].name, objects[obj].max, size);
		return -EBADMSG;
	}

	blob->data = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!blob->data)
		return -ENOMEM;
	blob->len = size;

	while (done < size) {
		if (signal_pending(current))
			return -EINTR;
		if (time_after(jiffies, deadline)) {
			tdi_reason(tdi, "%s: expected %llu bytes within %d s, found %llu",
				   objects[obj].name, size, OBJECT_SECONDS, done);
			return -ETIMEDOUT;
		}
		n = ops->object_read(tdi, obj, done, blob->data + done, size - done);
		if (n < 0)
			return n;
		if (!n || n > size - done) {
			tdi_reason(tdi, "%s chunk: expected 1 to %llu bytes, found %zd",
				   objects[obj].name, size - done, n);
			return -EBADMSG;
		}
		done += n;
	}
	return 0;
}

/* Does every object have the digest that the TSM attests? */
static int check_digests(struct tdi *tdi, const struct tdi_evidence *ev,
			 const struct tdi_tsm_info *info)
{
	struct crypto_shash *tfm;
	u8 digest[TDI_DIGEST_MAX];
	unsigned int size;
	int i, ret = 0;

	if (info->hash >= TDI_NR_HASHES) {
		tdi_reason(tdi, "digest algorithm: expected SHA-256, 384 or 512, found %u",
			   info->hash);
		return -EBADMSG;
	}
	tfm = crypto_alloc_shash(hash_names[info->hash], 0, 0);
	if (IS_ERR(tfm)) {
		tdi_reason(tdi, "digest algorithm: expected %s in this kernel, found none",
			   hash_names[info->hash]);
		return PTR_ERR(tfm);
	}
	size = crypto_shash_digestsize(tfm);

	for (i = 0; i < TDI_NR_OBJECTS; i++) {
		if (!(info->digest_valid & BIT(i))) {
			tdi_reason(tdi, "%s digest: expected one from the TSM, found none",
				   objects[i].name);
			ret = -EKEYREJECTED;
			break;
		}
		ret = crypto_shash_tfm_digest(tfm, ev->blob[i].data, ev->blob[i].len, digest);
		if (ret)
			break;
		if (crypto_memneq(digest, info->digest[i], size)) {
			/* The first 8 bytes tell two digests apart for a person. */
			tdi_reason(tdi, "%s digest: expected %s:%*phN.. (TSM), found %*phN..",
				   objects[i].name, hash_names[info->hash],
				   8, info->digest[i], 8, digest);
			ret = -EKEYREJECTED;
			break;
		}
	}
	crypto_free_shash(tfm);
	return ret;
}

static void explain(struct tdi *tdi, const struct tdisp_why *why)
{
	char index[16] = "";

	if (why->index != TDISP_WHY_NO_INDEX)
		scnprintf(index, sizeof(index), " %u", why->index);
	tdi_reason(tdi, "interface report: %s%s at byte %zu: expected %#llx, found %#llx",
		   why->check, index, why->offset, why->expected, why->found);
}

/* A control bit of an extended capability, as config space shows it. */
static bool claims(struct pci_dev *pdev, int cap_id, int ctrl, u16 bit)
{
	u16 cap = pci_find_ext_capability(pdev, cap_id);
	u16 val = 0;

	if (cap)
		pci_read_config_word(pdev, cap + ctrl, &val);
	return val & bit;
}

/*
 * What is wanted: nothing that this guest did not ask for. What config space
 * claims to be on must be on in the report too; being wanted off, it is refused
 * either way, with the report's word in the reason.
 */
static struct tdisp_policy wanted(struct pci_dev *pdev)
{
	struct tdisp_policy policy = TDISP_POLICY_STRICT;

	if (claims(pdev, PCI_EXT_CAP_ID_ATS, PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE))
		policy.info_set |= TDISP_INFO_ATS;
	if (claims(pdev, PCI_EXT_CAP_ID_PRI, PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE))
		policy.info_set |= TDISP_INFO_PRS;
	if (claims(pdev, PCI_EXT_CAP_ID_PASID, PCI_PASID_CTRL, PCI_PASID_CTRL_ENABLE))
		policy.info_set |= TDISP_INFO_DMA_PASID;
	return policy;
}

static bool allow_mmio_holes;
module_param(allow_mmio_holes, bool, 0600);
MODULE_PARM_DESC(allow_mmio_holes,
		 "Accept reports that leave out pages of a BAR, which stay the host's (default: off)");

/* Does the report describe the function that the guest sees, and wants? */
static int check_report(struct tdi *tdi, struct tdi_evidence *ev)
{
	const struct tdi_blob *blob = &ev->blob[TDI_OBJ_REPORT];
	struct tdisp_policy policy = wanted(tdi->pdev);
	struct pci_dev *pdev = tdi->pdev;
	struct tdisp_why why = { };
	int i, ret;

	for (i = 0; i < TDISP_NR_BARS; i++)
		if (pci_resource_flags(pdev, i) & IORESOURCE_MEM)
			ev->bars.size[i] = pci_resource_len(pdev, i);

	/* What no range covers stays the host's, and nobody would notice. */
	if (!allow_mmio_holes)
		policy.covered = &ev->bars;
	ret = tdisp_report_parse(blob->data, blob->len, &ev->report, &why);
	if (!ret)
		ret = tdisp_report_match(blob->data, &ev->report, &ev->bars, &why);
	if (!ret)
		ret = tdisp_report_appraise(blob->data, &ev->report, &policy, &why);
	if (ret)
		explain(tdi, &why);
	return ret;
}

/**
 * tdi_bars_same() - are the BARs where the guest has them?
 * @tdi: the TDI, its lock held
 * @info: what the TSM says of a TDI that is locked
 *
 * Return: 0 or -EPERM.
 */
int tdi_bars_same(struct tdi *tdi, const struct tdi_tsm_info *info)
{
	int i;

	for (i = 0; info->has_bars && i < TDISP_NR_BARS; i++) {
		u64 here = 0;

		if (pci_resource_flags(tdi->pdev, i) & IORESOURCE_MEM)
			here = pci_resource_start(tdi->pdev, i);
		if (here != info->bar[i]) {
			tdi_reason(tdi, "BAR %d: expected at %#llx (TSM, at LOCK), found at %#llx",
				   i, info->bar[i], here);
			return -EPERM;
		}
	}
	return 0;
}

/* Is it still the TDI that was locked, with the BARs where the guest has them? */
static int check_info(struct tdi *tdi, const struct tdi_tsm_info *info)
{
	if (!info->nonces.lock) {
		tdi_reason(tdi, "lock nonce: expected one from the TSM, found none");
		return -EKEYREJECTED;
	}
	/* The host asks for the lock; the line size is the platform's to choose. */
	if (!info->no_lock_flags &&
	    (info->lock_flags & ~TDISP_LOCK_CACHE_LINE_128) != TDI_LOCK_FLAGS) {
		tdi_reason(tdi, "lock flags: expected %#lx, found %#x (TSM)",
			   TDI_LOCK_FLAGS, info->lock_flags);
		return -EPERM;
	}
	return tdi_bars_same(tdi, info);
}

/**
 * tdi_evidence_collect() - measure, collect and verify, for the present lock
 * @tdi: a locked TDI
 *
 * Context: Process context; the TDI's lock is held.
 * Return: a new generation; or ERR_PTR: -EKEYREJECTED a digest differs, -EBADMSG
 *	malformed, -EPERM the report is not this function's, -ESTALE locked or
 *	measured again meanwhile, or a backend's error. tdi_reason() says which.
 */
struct tdi_evidence *tdi_evidence_collect(struct tdi *tdi)
{
	const struct tdi_backend_ops *ops = tdi->backend->ops;
	struct tdi_tsm_info before, after;
	int i, ret;

	struct tdi_evidence *ev __free(tdi_evidence) = kzalloc(sizeof(*ev), GFP_KERNEL_ACCOUNT);
	if (!ev)
		return ERR_PTR(-ENOMEM);

	get_random_bytes(ev->nonce, sizeof(ev->nonce));
	ret = ops->measure(tdi, ev->nonce);
	if (ret)
		return ERR_PTR(ret);

	ret = tdi_expect_state(tdi, &before, TDISP_CONFIG_LOCKED);
	if (!ret)
		ret = check_info(tdi, &before);
	if (ret)
		return ERR_PTR(ret);

	for (i = 0; i < TDI_NR_OBJECTS; i++) {
		ret = copy_object(tdi, i, &ev->blob[i]);
		if (ret)
			return ERR_PTR(ret);
	}

	ret = check_digests(tdi, ev, &before);
	if (!ret)
		ret = check_report(tdi, ev);
	if (!ret)
		ret = tdi_identity_check(tdi, ev);
	if (ret)
		return ERR_PTR(ret);

	/* All of it, for one lock and one measurement. */
	ret = tdi_expect_state(tdi, &after, TDISP_CONFIG_LOCKED);
	if (ret)
		return ERR_PTR(ret);
	if (!tdi_nonces_equal(&before.nonces, &after.nonces)) {
		tdi_reason(tdi, "lock/measurement nonce: expected %#llx/%#llx, found %#llx/%#llx",
			   before.nonces.lock, before.nonces.meas,
			   after.nonces.lock, after.nonces.meas);
		return ERR_PTR(-ESTALE);
	}

	ev->nonces = after.nonces;
	ev->generation = atomic64_inc_return(&last_generation);
	return_ptr(ev);
}

static int blob_same(struct tdi *tdi, const struct tdi_evidence *old,
		     const struct tdi_evidence *ev, enum tdi_object obj)
{
	const struct tdi_blob *a = &old->blob[obj], *b = &ev->blob[obj];

	if (a->len == b->len && !memcmp(a->data, b->data, a->len))
		return 0;
	tdi_reason(tdi, "%s: expected the %zu bytes of generation %llu, found %zu others",
		   objects[obj].name, a->len, old->generation, b->len);
	return -EKEYREJECTED;
}

/**
 * tdi_evidence_same() - is it the device that was accepted?
 * @tdi: the TDI
 * @old: what was accepted
 * @ev: what came, verified
 *
 * The same certificates, algorithms, measurements and interface. Who vouched for the
 * signer in user space vouches for this, too, if the kernel saw that it is the same who
 * signs: certificates are public, and anybody can repeat measurements.
 *
 * Context: Process context; the TDI's lock is held.
 * Return: 0; -EKEYREJECTED something differs; -ENOKEY nobody vouches any more.
 */
int tdi_evidence_same(struct tdi *tdi, const struct tdi_evidence *old, struct tdi_evidence *ev)
{
	const struct tdisp_report_in a = {
		old->blob[TDI_OBJ_REPORT].data, &old->report, &old->bars,
	};
	const struct tdisp_report_in b = {
		ev->blob[TDI_OBJ_REPORT].data, &ev->report, &ev->bars,
	};
	struct tdisp_why why = { };
	int ret;

	ret = blob_same(tdi, old, ev, TDI_OBJ_CERTS) ?: blob_same(tdi, old, ev, TDI_OBJ_VCA) ?:
	      tdi_identity_same(tdi, old, ev);
	if (ret)
		return ret;
	ret = tdisp_report_same(&a, &b, &why);
	if (ret) {
		explain(tdi, &why);
		return ret;
	}
	if (ev->identity == TDI_IDENTITY_UNVERIFIED && old->identity == TDI_IDENTITY_APPROVED) {
		if (!ev->is_signed) {
			tdi_reason(tdi, "signature: expected verified, or approved anew, found: %s",
				   ev->unverified);
			return -ENOKEY;
		}
		ev->identity = TDI_IDENTITY_APPROVED;
	}
	if (ev->identity == TDI_IDENTITY_UNVERIFIED && old->identity == TDI_IDENTITY_VERIFIED) {
		tdi_reason(tdi, "identity: expected verified, as before, found unverified: %s",
			   ev->unverified);
		return -ENOKEY;
	}
	return 0;
}
