// SPDX-License-Identifier: GPL-2.0
/*
 * Evidence: what binds the host's bytes to what the TDX module saw.
 *
 * The module has a hash of the interface report and one of the device information, in
 * which certificates, VCA and measurements are in one piece. The report's is the
 * digest that the core wants. For the rest, the whole is copied once, hashed and
 * compared; the digests of its parts, which the core wants, are made of that copy, and are
 * the module's word for as long as the module's hash is that one.
 */
#include <crypto/hash.h>
#include <crypto/utils.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "dev_info.h"

static const char * const hash_names[TDI_NR_HASHES] = {
	[TDI_HASH_SHA256]	= "sha256",
	[TDI_HASH_SHA384]	= "sha384",
	[TDI_HASH_SHA512]	= "sha512",
};

static int hash(struct tdi *tdi, enum tdi_hash alg, const struct tdxc_copy *data, u8 *ret)
{
	struct crypto_shash *tfm = crypto_alloc_shash(hash_names[alg], 0, 0);
	int err;

	if (IS_ERR(tfm)) {
		tdi_reason(tdi, "digest algorithm: expected %s in this kernel, found none",
			   hash_names[alg]);
		return PTR_ERR(tfm);
	}
	err = crypto_shash_tfm_digest(tfm, data->data, data->len, ret);
	crypto_free_shash(tfm);
	return err;
}

/* Three lengths, and three objects that fill the rest to the last byte. */
static int split(struct tdi *tdi, const struct tdxc_copy *whole, struct tdxc_copy *parts)
{
	const struct tdx_dev_info *info = (const void *)whole->data;
	u32 left = whole->len - sizeof(*info), at = 0;
	const struct {
		enum tdi_object obj;
		u32 len;
	} order[] = {
		{ TDI_OBJ_VCA, le32_to_cpu(info->vca_len) },
		{ TDI_OBJ_CERTS, le32_to_cpu(info->certs_len) },
		{ TDI_OBJ_MEASUREMENTS, le32_to_cpu(info->meas_len) },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		if (!order[i].len || order[i].len > left) {
			tdi_reason(tdi, "device information: %d: expected 1 to %u bytes, found %u",
				   i, left, order[i].len);
			return -EIO;
		}
		parts[order[i].obj] = (struct tdxc_copy) {
			whole->data + sizeof(*info) + at, order[i].len,
		};
		at += order[i].len;
		left -= order[i].len;
	}
	if (!left)
		return 0;
	tdi_reason(tdi, "device information: expected %u bytes, found %u",
		   whole->len - left, whole->len);
	return -EIO;
}

/**
 * tdxc_dev_info_drop() - forget the private copy
 * @tdi: the TDI
 */
void tdxc_dev_info_drop(struct tdi *tdi)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);

	tdxc_copy_free(&tdxc->dev_info);
	memset(tdxc->parts, 0, sizeof(tdxc->parts));
	tdxc->unread = 0;
}

/* Digest before parse: of all of it, by what the module says now. */
static int verify(struct tdi *tdi, const struct tdxc_copy *whole)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);
	struct tdxc_hash want;
	u8 found[TDI_DIGEST_MAX];
	int i, err;

	tdxc->info_len = 0;
	err = tdxc_read_hash(tdi, TDX_TDI_DEV_INFO_HASH, &want);
	if (!err)
		err = hash(tdi, want.alg, whole, found);
	if (err)
		return err;
	if (crypto_memneq(found, want.bytes, want.len)) {
		tdi_reason(tdi, "%s: expected %s:%*phN.. (TDX module), found %*phN..",
			   "device information digest (certificates, VCA, measurements)",
			   hash_names[want.alg], 8, want.bytes, 8, found);
		return -EKEYREJECTED;
	}
	err = split(tdi, whole, tdxc->parts);
	for (i = 0; !err && i < TDI_OBJ_REPORT; i++)
		err = hash(tdi, want.alg, &tdxc->parts[i], tdxc->part_hash[i]);
	if (err)
		return err;
	memcpy(tdxc->info_hash, want.bytes, want.len);
	tdxc->info_len = want.len;
	return 0;
}

/**
 * tdxc_dev_info_fetch() - certificates, VCA and measurements, all at once
 * @tdi: a bound TDI
 * @nonce: to measure anew with, or NULL
 *
 * Context: Process context; the TDI's lock is held.
 * Return: 0; -EKEYREJECTED it is not what the module has a hash of; or an error of
 *	tdxc_tdcm() or tdxc_read_hash().
 */
int tdxc_dev_info_fetch(struct tdi *tdi, const u8 *nonce)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);
	int err;

	tdxc_dev_info_drop(tdi);
	err = tdxc_tdcm(tdi, TDX_TDCM_GET_DEV_INFO, nonce, nonce ? TDX_DEV_INFO_NONCE_SIZE : 0,
			sizeof(struct tdx_dev_info) + 3, TDXC_TDCM_DATA_MAX, &tdxc->dev_info);
	if (!err)
		err = verify(tdi, &tdxc->dev_info);
	if (err)
		tdxc_dev_info_drop(tdi);
	else
		tdxc->unread = BIT(TDI_OBJ_REPORT) - 1;
	return err;
}

static int report_fetch(struct tdi *tdi)
{
	struct tdxc_copy *report = &to_tdxc_tdi(tdi)->report;

	tdxc_copy_free(report);
	return tdxc_tdcm(tdi, TDX_TDCM_GET_TDI_REPORT, NULL, 0, 1, TDX_TDCM_REPORT_MAX, report);
}

static bool is_part(enum tdi_object obj)
{
	return obj != TDI_OBJ_REPORT;
}

/* The private copy of an object, fetched if there is none, or if it is to be of now. */
static int have(struct tdi *tdi, enum tdi_object obj, bool now, const struct tdxc_copy **ret)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);

	*ret = is_part(obj) ? &tdxc->parts[obj] : &tdxc->report;
	if ((*ret)->data && !now)
		return 0;
	return is_part(obj) ? tdxc_dev_info_fetch(tdi, NULL) : report_fetch(tdi);
}

/* Read to its end: the copy has served, and a later read is of what there is by then. */
static void was_read(struct tdi *tdi, enum tdi_object obj)
{
	struct tdxc_tdi *tdxc = to_tdxc_tdi(tdi);

	if (!is_part(obj)) {
		tdxc_copy_free(&tdxc->report);
		return;
	}
	tdxc->unread &= ~BIT(obj);
	if (!tdxc->unread)
		tdxc_dev_info_drop(tdi);
}

/*
 * An object has a size once the host has handed it over as a whole. Three of them come
 * together, so one that nobody has read yet is not asked for again.
 */
int tdxc_object_size(struct tdi *tdi, enum tdi_object obj, u64 *ret)
{
	const struct tdxc_copy *copy;
	int err = have(tdi, obj, !(to_tdxc_tdi(tdi)->unread & BIT(obj)), &copy);

	if (!err)
		*ret = copy->len;
	return err;
}

ssize_t tdxc_object_read(struct tdi *tdi, enum tdi_object obj, u64 offset, void *buf, size_t len)
{
	const struct tdxc_copy *copy;
	int err = have(tdi, obj, false, &copy);
	size_t n;

	if (err)
		return err;
	if (offset >= copy->len) {
		tdi_reason(tdi, "object %u: offset: expected less than %u, found %llu", obj,
			   copy->len, offset);
		return -EIO;
	}
	n = min_t(u64, len, copy->len - offset);
	memcpy(buf, copy->data + offset, n);
	if (offset + n == copy->len)
		was_read(tdi, obj);
	return n;
}
