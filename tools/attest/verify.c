// SPDX-License-Identifier: GPL-2.0
/* Taking evidence apart, and the order in which it is judged. */
#include <stdlib.h>
#include <string.h>

#include "verify.h"

/* ---- VCA ---- */

/* Only what cannot be right of any device is invalid; the rest is not supported. */
static void vca_refused(int rc, const struct tdisp_why *why, struct verdict *verdict)
{
	if (rc == -EBADMSG)
		verdict_add_why(verdict, CHECK_SPDM_VCA_FORM, CHECK_FAILED, "vca", why);
	else
		verdict_add_why(verdict, CHECK_SPDM_VERSION, CHECK_REFUSED, "vca", why);
}

/* The VCA apart, in front of the measurements, or in both places. */
static void read_vca(const struct subject *subject, const struct policy *policy,
		     struct parts *ret, struct verdict *verdict)
{
	unsigned int flags = policy->alpha ? SPDM_VCA_ALLOW_ALPHA : 0;
	bool leads = subject->measurements.len &&
		     spdm_vca_leads(subject->measurements.data, subject->measurements.len);
	struct tdisp_why why = { 0 };
	struct spdm_vca vca;
	int rc = 0;

	ret->pairs = subject->measurements;
	if (leads) {
		rc = spdm_vca_split(subject->measurements.data, subject->measurements.len, flags,
				    &vca, &why);
		if (!rc) {
			ret->vca_bytes = (struct bytes) { subject->measurements.data, vca.len };
			ret->pairs.data += vca.len;
			ret->pairs.len -= vca.len;
		} else {
			ret->pairs = (struct bytes) { 0 };
		}
	}
	if (!rc && subject->vca.data && leads) {
		bool same = crypto_equal(subject->vca, ret->vca_bytes);

		verdict_add(verdict, CHECK_SPDM_VCA_SAME, same ? CHECK_PASSED : CHECK_FAILED, "%s",
			    same ? "it is" : "they differ");
	} else if (!rc && subject->vca.data) {
		rc = spdm_vca_parse(subject->vca.data, subject->vca.len, flags, &vca, &why);
		ret->vca_bytes = subject->vca;
	}
	if (rc) {
		vca_refused(rc, &why, verdict);
		return;
	}
	if (!ret->vca_bytes.data)
		return;
	ret->has_vca = true;
	ret->vca = vca;
	verdict_add(verdict, CHECK_SPDM_VCA_FORM, CHECK_PASSED, "SPDM %s, %zu bytes",
		    spdm_version_name(vca.version), vca.len);
}

/* ---- algorithms ---- */

static void vca_algorithms(const struct policy *policy, struct parts *ret,
			   struct verdict *verdict)
{
	struct tdisp_why why = { 0 };
	struct check *check;
	int rc;

	/* Also of what is not supported: its sizes help to take the rest apart. */
	ret->asym = spdm_asym(ret->vca.base_asym);
	ret->hash = spdm_hash(ret->vca.base_hash);
	rc = spdm_vca_algorithms(&ret->vca, &ret->asym, &ret->hash, &why);
	if (rc) {
		verdict_add_why(verdict, CHECK_SPDM_ALGORITHMS,
				rc == -EOPNOTSUPP ? CHECK_REFUSED : CHECK_FAILED, "vca", &why);
		return;
	}
	if (!(policy->asym & ret->vca.base_asym) || !(policy->hash & ret->vca.base_hash)) {
		check = verdict_add(verdict, CHECK_SPDM_ALGORITHMS, CHECK_REFUSED, "%s, %s",
				    ret->asym->name, ret->hash->name);
		check_expected(check, "algorithms that policy allows");
		return;
	}
	ret->usable = true;
	verdict_add(verdict, CHECK_SPDM_ALGORITHMS, CHECK_PASSED, "%s, %s", ret->asym->name,
		    ret->hash->name);
}

static uint32_t hash_of_curve(unsigned int bits)
{
	return bits == 256 ? SPDM_HASH_SHA_256 : bits == 384 ? SPDM_HASH_SHA_384 :
	       bits == 521 ? SPDM_HASH_SHA_512 : 0;
}

static uint32_t asym_of_curve(unsigned int bits)
{
	return bits == 256 ? SPDM_ASYM_ECDSA_P256 : bits == 384 ? SPDM_ASYM_ECDSA_P384 :
	       bits == 521 ? SPDM_ASYM_ECDSA_P521 : 0;
}

/*
 * SPDM 1.1 does not sign the VCA, and platforms leave it out. A curve says how it
 * signs, and its hash goes with it; an RSA key does not say.
 */
static void bare_algorithms(const struct policy *policy, struct parts *ret,
			    struct verdict *verdict)
{
	const struct crypto_cert_info *leaf = &ret->certs.info[0];
	uint32_t asym = policy->bare_asym, hash = policy->bare_hash;
	struct check *check;

	if (!asym && ret->has_certs && leaf->key == CRYPTO_KEY_EC)
		asym = asym_of_curve(leaf->key_bits);
	if (!hash && ret->has_certs && leaf->key == CRYPTO_KEY_EC)
		hash = hash_of_curve(leaf->key_bits);
	ret->asym = spdm_asym(asym);
	ret->hash = spdm_hash(hash);
	if (!asym || !hash) {
		if (ret->has_certs)
			verdict_add(verdict, CHECK_SPDM_ALGORITHMS, CHECK_SKIPPED,
				    "a key of kind %s does not say how it signs: give --vca, or spdm.without_vca in a policy",
				    leaf->key_name);
		else
			verdict_add(verdict, CHECK_SPDM_ALGORITHMS, CHECK_SKIPPED,
				    "without VCA they follow from the leaf's key: give --certs");
		return;
	}
	if (!(policy->asym & asym) || !(policy->hash & hash)) {
		check = verdict_add(verdict, CHECK_SPDM_ALGORITHMS, CHECK_REFUSED, "%s, %s",
				    ret->asym->name, ret->hash->name);
		check_expected(check, "algorithms that policy allows");
		return;
	}
	ret->usable = true;
	verdict_add(verdict, CHECK_SPDM_ALGORITHMS, CHECK_PASSED, "%s, %s, from %s",
		    ret->asym->name, ret->hash->name,
		    policy->bare_asym && policy->bare_hash ? "the policy" : "the leaf's key");
}

/* ---- measurements ---- */

static size_t signature_size(const struct parts *parts)
{
	const struct crypto_cert_info *leaf = &parts->certs.info[0];

	if (parts->asym)
		return parts->asym->size;
	/* To take it apart only; without VCA nothing later than 1.1 is verified. */
	if (!parts->has_certs)
		return 0;
	switch (leaf->key) {
	case CRYPTO_KEY_EC:
		return 2 * ((leaf->key_bits + 7u) / 8);
	case CRYPTO_KEY_RSA:
	case CRYPTO_KEY_RSA_PSS:
		return (leaf->key_bits + 7u) / 8;
	default:
		return 0;
	}
}

/*
 * One zero byte behind the signature has been met in the wild, where somebody
 * took the evidence for a text. Nothing else may follow.
 */
static void trailing(const struct policy *policy, const struct parts *parts,
		     const struct tdisp_why *why, struct verdict *verdict)
{
	size_t end = why->offset, more = parts->pairs.len - end;
	bool nul = more == 1 && !parts->pairs.data[end];
	enum check_status status = nul ? CHECK_REFUSED : CHECK_FAILED;
	struct check *check;

	if (nul && policy->trailing_nul)
		status = CHECK_PASSED;
	check = verdict_add(verdict, CHECK_MEAS_TRAILING, status,
			    status == CHECK_PASSED ? "one zero byte, which policy tolerates" :
			    nul ? "one zero byte" : "%zu more bytes", more);
	check_expected(check, "nothing");
	check->object = "measurements";
	check->offset = end;
}

static void read_measurements(const struct policy *policy, struct parts *ret,
			      struct verdict *verdict)
{
	size_t size = signature_size(ret), len = ret->pairs.len;
	struct tdisp_why why = { 0 };
	int rc;

	if (!size) {
		verdict_add(verdict, CHECK_MEAS_FORM, CHECK_SKIPPED,
			    "how long the signature is follows from the VCA or the leaf's key");
		return;
	}
	if (ret->has_vca && len && ret->pairs.data[0] != ret->vca.version) {
		struct check *check = verdict_add(verdict, CHECK_MEAS_FORM, CHECK_FAILED, "0x%02x",
						  ret->pairs.data[0]);

		check_expected(check, "the version that VCA agreed on: 0x%02x", ret->vca.version);
		check->object = "measurements";
		return;
	}
	rc = spdm_meas_parse(ret->pairs.data, len, size, &ret->meas, &why);
	if (rc == -E2BIG && why.offset < len) {
		trailing(policy, ret, &why, verdict);
		len = why.offset;
		rc = spdm_meas_parse(ret->pairs.data, len, size, &ret->meas, &why);
	} else if (!rc) {
		verdict_add(verdict, CHECK_MEAS_TRAILING, CHECK_PASSED, "none");
	}
	if (rc) {
		/* A later 1.x may be genuine; another major version is garbage. */
		bool later = rc == -EOPNOTSUPP && ret->pairs.data[0] >> 4 == 1;

		verdict_add_why(verdict, later ? CHECK_SPDM_VERSION : CHECK_MEAS_FORM,
				later ? CHECK_REFUSED : CHECK_FAILED, "measurements", &why);
		return;
	}
	ret->has_meas = true;
	if (ret->has_vca && spdm_meas_match(ret->pairs.data, &ret->meas, &ret->vca, &why)) {
		verdict_add_why(verdict, CHECK_MEAS_FORM, CHECK_FAILED, "measurements", &why);
		return;
	}
	verdict_add(verdict, CHECK_MEAS_FORM, CHECK_PASSED,
		    "SPDM %s, %u request%s, %u measurement%s",
		    spdm_version_name(ret->meas.version), ret->meas.nr_pairs,
		    ret->meas.nr_pairs == 1 ? "" : "s", ret->meas.nr_blocks,
		    ret->meas.nr_blocks == 1 ? "" : "s");
}

/* The version of the first message, for what depends on it before it is parsed. */
static u8 transcript_version(const struct parts *parts)
{
	return parts->has_vca ? parts->vca.version : parts->pairs.len ? parts->pairs.data[0] : 0;
}

static void check_version(const struct policy *policy, const struct parts *parts,
			  struct verdict *verdict)
{
	u8 version = transcript_version(parts);
	struct check *check;

	if (verdict_bad(verdict, CHECK_SPDM_VERSION) || !version)
		return;
	if (version >> 4 == 1 && policy->versions & BIT(version & 0xf)) {
		verdict_add(verdict, CHECK_SPDM_VERSION, CHECK_PASSED, "SPDM %s",
			    spdm_version_name(version));
		return;
	}
	check = verdict_add(verdict, CHECK_SPDM_VERSION, CHECK_REFUSED, "SPDM %u.%u",
			    version >> 4, version & 0xf);
	check_expected(check, "a version that policy allows");
}

/* ---- report ---- */

#define REPORT_INFO	offsetof(struct tdisp_report_hdr, interface_info)
#define REPORT_RSVD	offsetof(struct tdisp_report_hdr, rsvd)
#define REPORT_RANGES	sizeof(struct tdisp_report_hdr)
#define REPORT_RANGE	sizeof(struct tdisp_report_range)

static void clear_bits(u8 *p, unsigned int bits)
{
	p[0] &= (u8)~bits;
	p[1] &= (u8)~(bits >> 8);
}

static u16 bits_at(const struct blob *report, size_t offset, unsigned int bits)
{
	return (u16)(get_unaligned_le16(report->data + offset) & bits);
}

static void reserved_found(struct verdict *verdict, size_t offset, long index, u16 bits)
{
	struct check *check = verdict_add(verdict, CHECK_REPORT_RESERVED, CHECK_REFUSED, "0x%04x",
					  bits);

	check_expected(check, "0");
	check->object = "report";
	check->offset = offset;
	check->index = index;
}

/*
 * The parser refuses reserved bits like any other malformed report, as a kernel
 * has to. A person wants to know which it is: bits of a later standard, or
 * garbage. So they are counted and taken out of a copy, and the rest is parsed.
 */
static void without_reserved(struct bytes report, bool ignore, struct blob *ret,
			     struct verdict *verdict)
{
	size_t nr = get_unaligned_le32(report.data +
				       offsetof(struct tdisp_report_hdr, mmio_range_count));
	size_t fit = (report.len - REPORT_RANGES) / REPORT_RANGE;
	u16 bits;

	*ret = (struct blob) { util_grow(NULL, report.len, 1), report.len };
	memcpy(ret->data, report.data, report.len);
	bits = bits_at(ret, REPORT_INFO, TDISP_INFO_RSVD);
	if (bits && !ignore)
		reserved_found(verdict, REPORT_INFO, -1, bits);
	clear_bits(ret->data + REPORT_INFO, TDISP_INFO_RSVD);
	bits = bits_at(ret, REPORT_RSVD, 0xffff);
	if (bits && !ignore)
		reserved_found(verdict, REPORT_RSVD, -1, bits);
	clear_bits(ret->data + REPORT_RSVD, 0xffff);
	for (size_t i = 0; i < nr && i < fit; i++) {
		size_t at = REPORT_RANGES + i * REPORT_RANGE +
			    offsetof(struct tdisp_report_range, attr);

		bits = bits_at(ret, at, TDISP_RANGE_RSVD);
		if (bits && !ignore)
			reserved_found(verdict, at, (long)i, bits);
		clear_bits(ret->data + at, TDISP_RANGE_RSVD);
	}
}

static void read_report(const struct subject *subject, const struct policy *policy,
			struct parts *ret, struct verdict *verdict)
{
	struct tdisp_why why = { 0 };
	int rc;

	ret->report_bytes = subject->report;
	rc = tdisp_report_parse(subject->report.data, subject->report.len, &ret->report, &why);
	if (!rc) {
		verdict_add(verdict, CHECK_REPORT_RESERVED, CHECK_PASSED, "0");
	} else if (subject->report.len >= TDISP_REPORT_MIN &&
		   subject->report.len <= TDISP_REPORT_MAX) {
		without_reserved(subject->report, policy->report.ignore_reserved,
				 &ret->report_copy, verdict);
		ret->report_bytes = blob_bytes(&ret->report_copy);
		rc = tdisp_report_parse(ret->report_copy.data, ret->report_copy.len, &ret->report,
					&why);
	}
	if (rc) {
		verdict_add_why(verdict, CHECK_REPORT_FORM, CHECK_FAILED, "report", &why);
		return;
	}
	ret->has_report = true;
	if (!verdict->counted[CHECK_REPORT_RESERVED])
		verdict_add(verdict, CHECK_REPORT_RESERVED, CHECK_PASSED,
			    "ignored, as policy wants");
	verdict_add(verdict, CHECK_REPORT_FORM, CHECK_PASSED, "%u MMIO range%s, %u bytes of its own",
		    ret->report.nr_ranges, ret->report.nr_ranges == 1 ? "" : "s",
		    ret->report.device_info_len);
}

/* ---- the whole ---- */

/* Whatever the certificates are known to be hashed with. */
static size_t hash_size(const struct parts *parts)
{
	return parts->has_vca && parts->hash ? parts->hash->size : 0;
}

void parts_read(const struct subject *subject, const struct policy *policy, struct parts *ret,
		struct verdict *verdict)
{
	*ret = (struct parts) { 0 };
	read_vca(subject, policy, ret, verdict);
	if (ret->has_vca)
		vca_algorithms(policy, ret, verdict);
	if (subject->certs.data)
		ret->has_certs = certs_read(subject->certs, hash_size(ret), subject->roots,
					    &ret->certs, verdict);
	if (ret->pairs.data) {
		u8 version = transcript_version(ret);

		if (!ret->has_vca && version == SPDM_VERSION_1_1)
			bare_algorithms(policy, ret, verdict);
		else if (!ret->has_vca && version > SPDM_VERSION_1_1)
			verdict_add(verdict, CHECK_SPDM_VCA_FORM, CHECK_SKIPPED,
				    "from SPDM 1.2 on the VCA is part of what is signed: give --vca");
		read_measurements(policy, ret, verdict);
	}
	check_version(policy, ret, verdict);
	if (subject->report.data)
		read_report(subject, policy, ret, verdict);
}

void parts_free(struct parts *parts)
{
	certs_free(&parts->certs);
	blob_free(&parts->report_copy);
	crypto_key_free(parts->tpm.key.key);
	*parts = (struct parts) { 0 };
}

/*
 * What has to pass: what is there, what the policy speaks of, and what it names. A
 * bundle is evidence of a device, and whole or not enough.
 */
static void set_required(const struct subject *subject, const struct policy *policy,
			 bool has_nonce, struct verdict *verdict)
{
	bool whole = subject->bundle;
	bool measurements = whole || policy->asks_measurements || subject->measurements.data ||
			    subject->vca.data || has_nonce;
	bool certs = measurements || policy->asks_certs || subject->certs.data;
	bool report = whole || policy->report.required || subject->report.data;
	bool *required = verdict->required;

	memcpy(required, policy->required, sizeof(policy->required));
	if (certs) {
		required[CHECK_CERTS_FORM] = true;
		required[CHECK_CERTS_ORDER] = true;
		required[CHECK_CERTS_ALGORITHMS] = true;
		required[CHECK_CERTS_ANCHOR] = true;
		required[CHECK_CERTS_SIGNATURES] = true;
		required[CHECK_CERTS_VALIDITY] = true;
		required[CHECK_CERTS_CA] = true;
	}
	if (measurements) {
		required[CHECK_SPDM_VERSION] = true;
		required[CHECK_SPDM_ALGORITHMS] = true;
		required[CHECK_MEAS_FORM] = true;
		required[CHECK_LEAF_KEY] = true;
		required[CHECK_MEAS_SIGNATURE] = true;
		required[CHECK_MEAS_NONCE] |= policy->nonce_required || has_nonce;
	}
	if (report)
		required[CHECK_REPORT_FORM] = true;
	if (subject->has_bars && report)
		required[CHECK_REPORT_BARS] = true;
}

/*
 * In the guest itself nothing is measured yet. Elsewhere a TPM's word has to be there
 * if the policy or --ak ask for it, and to be right if it is; and a nonce is worth
 * nothing that is signed by nobody knows whom.
 */
static void set_required_tpm(const struct subject *subject, const struct policy *policy,
			     struct verdict *verdict)
{
	bool quoted = subject->bundle && bundle_is_quoted(subject->bundle);
	bool wanted = policy->tpm.measure == MEASURE_REQUIRED || subject->ak.data;
	bool fresh = policy->nonce_required || subject->has_nonce;
	bool *required = verdict->required;

	if (subject->local) {
		for (int id = CHECK_TPM_FORM; id <= CHECK_TPM_EVENT; id++)
			required[id] = false;
		return;
	}
	if (!quoted && !wanted)
		return;
	required[CHECK_TPM_FORM] = true;
	required[CHECK_TPM_SIGNATURE] = true;
	required[CHECK_TPM_PCR] = true;
	required[CHECK_TPM_EVENT] = true;
	required[CHECK_TPM_AK] |= wanted || fresh;
	required[CHECK_TPM_NONCE] |= fresh;
}

/*
 * The emulator's certificates say so themselves, whatever became of the bundle
 * that they came in. Who pinned its root may still not have meant to.
 */
static bool certs_say_emulated(const struct certs *certs)
{
	for (size_t i = 0; i < certs->nr; i++)
		if (strstr(certs->info[i].subject, "(emulated)"))
			return true;
	return false;
}

static void check_platform(const struct bundle *bundle, const struct policy *policy,
			   struct parts *parts, struct verdict *verdict)
{
	struct check *check;

	parts->emulated = (bundle && bundle_is_emulated(bundle)) ||
			  (parts->has_certs && certs_say_emulated(&parts->certs));
	if (!parts->emulated) {
		if (bundle)
			verdict_add(verdict, CHECK_PLATFORM, CHECK_PASSED, "%s",
				    bundle->platform[0] ? bundle->platform : "unknown");
		return;
	}
	check = verdict_add(verdict, CHECK_PLATFORM,
			    policy->emulated ? CHECK_PASSED : CHECK_REFUSED,
			    "emulated: it protects nothing");
	check_expected(check, policy->emulated ? "whatever policy allows" :
						 "a platform that protects");
}

/*
 * Here --nonce is what the TPM was to sign. What the device was to sign the guest drew;
 * if a TPM that is known vouches for the guest's word, that is the nonce to ask for.
 */
static void take_tpm(const struct subject *asked, struct subject *subject, struct tpm_parts *ret,
		     struct verdict *verdict)
{
	verify_tpm(asked, ret, verdict);
	subject->has_nonce = ret->vouched && ret->pinned && ret->event.nonce.there;
	memcpy(subject->nonce, ret->event.nonce.value, sizeof(subject->nonce));
}

void verify(const struct subject *asked, const struct policy *policy, struct parts *ret,
	    struct verdict *verdict)
{
	bool quoted = !asked->local && asked->bundle && bundle_is_quoted(asked->bundle);
	struct subject own = *asked, *subject = &own;
	struct tpm_parts tpm = { 0 };

	set_required(asked, policy, asked->has_nonce, verdict);
	set_required_tpm(asked, policy, verdict);
	if (quoted)
		take_tpm(asked, subject, &tpm, verdict);
	if (subject->bundle)
		verdict_add(verdict, CHECK_BUNDLE_FORM, CHECK_PASSED, "generation %s",
			    subject->bundle->generation[0] ? subject->bundle->generation : "unknown");
	parts_read(subject, policy, ret, verdict);
	ret->tpm = tpm;
	check_platform(subject->bundle, policy, ret, verdict);
	if (ret->has_certs) {
		verify_certs(subject, policy, ret, verdict);
		verify_leaf(subject, policy, ret, verdict);
	}
	if (ret->pairs.data || subject->has_nonce)
		verify_transcript(subject, policy, ret, verdict);
	if (ret->has_meas)
		verify_measurements(policy, ret, verdict);
	if (ret->has_report)
		verify_report(subject, policy, ret, verdict);
	verdict_finish(verdict);
}
