// SPDX-License-Identifier: GPL-2.0
/*
 * What the host hands over in one buffer: certificates, measurements, report.
 *
 * The PSP digests measurements as the device's transcript came, VCA in front. The
 * core wants the two apart, each with its digest: the whole is compared here with
 * what the PSP says, and from then on its parts have the digests of their bytes.
 */
#include <crypto/hash.h>
#include <crypto/utils.h>
#include <linux/err.h>
#include <linux/slab.h>

#include "../../include/tdisp/spdm_vca.h"
#include "internal.h"

static int sha384(const void *buf, size_t len, u8 ret[SEV_DIGEST_LEN])
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha384", 0, 0);
	int err;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_tfm_digest(tfm, buf, len, ret);
	crypto_free_shash(tfm);
	return err;
}

/* The measurements in two: the whole is what the PSP has seen, the parts follow. */
static int split(struct tdi *tdi, const struct sev_info *info, struct sev_objects *o)
{
	const u8 *log = o->buf + o->at.meas.offset;
	size_t len = o->at.meas.len;
	u8 digest[SEV_DIGEST_LEN];
	struct tdisp_why why = { };
	struct spdm_vca vca;
	int ret;

	if (!info->meas_valid) {
		tdi_reason(tdi, "measurements digest: expected one from the PSP, found none");
		return -EKEYREJECTED;
	}
	ret = sha384(log, len, digest);
	if (ret)
		return ret;
	if (crypto_memneq(digest, info->meas, sizeof(digest))) {
		tdi_reason(tdi, "measurements digest: expected sha384:%*phN.. (PSP), found %*phN..",
			   8, info->meas, 8, digest);
		return -EKEYREJECTED;
	}
	if (!spdm_vca_leads(log, len)) {
		tdi_reason(tdi, "measurements: expected to start with a VCA, found none");
		return -EBADMSG;
	}
	ret = spdm_vca_split(log, len, 0, &vca, &why);
	if (ret) {
		tdi_reason(tdi, "VCA: %s at byte %zu: expected %#llx, found %#llx", why.check,
			   why.offset, why.expected, why.found);
		return -EBADMSG;
	}
	o->vca_len = vca.len;
	memcpy(o->meas, info->meas, sizeof(o->meas));
	return sha384(log, vca.len, o->vca_digest) ?:
	       sha384(log + vca.len, len - vca.len, o->log_digest);
}

void sev_objects_forget(struct sev_tdi *t)
{
	kvfree(t->objects.buf);
	t->objects = (struct sev_objects) { };
}

/**
 * sev_objects_take() - keep what the host handed over
 * @t: whose objects they are
 * @info: what the PSP said together with them
 * @buf: a private copy of the host's buffer; ours from here on
 * @len: its length
 *
 * Context: Process context, sleeps; the TDI's lock is held.
 * Return: 0; -EIO the table is malformed; -EKEYREJECTED, -EBADMSG the measurements
 *	are not the PSP's, or none; -ENOMEM.
 */
int sev_objects_take(struct sev_tdi *t, const struct sev_info *info, u8 *buf, size_t len)
{
	struct sev_objects o = { .buf = buf, .len = len };
	struct tdisp_why why = { };
	int ret = 0;

	sev_objects_forget(t);
	if (sev_blobs_parse(buf, len, &o.at, &why)) {
		tdi_reason(&t->tdi, "host's buffer: %s: expected %#llx, found %#llx", why.check,
			   why.expected, why.found);
		ret = -EIO;
	}
	if (!ret && o.at.meas.len)
		ret = split(&t->tdi, info, &o);
	if (ret)
		kvfree(buf);
	else
		t->objects = o;
	return ret;
}

/* An object's bytes, NULL for one that was not handed over. */
const u8 *sev_object(const struct sev_tdi *t, enum tdi_object obj, size_t *ret_len)
{
	const struct sev_objects *o = &t->objects;
	struct sev_blob at = { };

	switch (obj) {
	case TDI_OBJ_CERTS:
		at = o->at.certs;
		break;
	case TDI_OBJ_REPORT:
		at = o->at.report;
		break;
	case TDI_OBJ_VCA:
		at = o->at.meas;
		at.len = o->vca_len;
		break;
	case TDI_OBJ_MEASUREMENTS:
		at = o->at.meas;
		at.offset += o->vca_len;
		at.len -= o->vca_len;
		break;
	case TDI_NR_OBJECTS:
		break;
	}
	*ret_len = at.len;
	return at.len ? o->buf + at.offset : NULL;
}
