// SPDX-License-Identifier: GPL-2.0
/* The chain: from the leaf to a pinned anchor. */
#include <string.h>

#include "der.h"
#include "dice.h"
#include "pem.h"
#include "verify.h"

#define OBJECT	"certificates"

/* ---- algorithms ---- */

static void algorithm_refused(struct verdict *verdict, size_t i, const char *what,
			      const char *name)
{
	struct check *check = verdict_add(verdict, CHECK_CERTS_ALGORITHMS, CHECK_REFUSED,
					  "unsupported %s: %s", what, name);

	check_expected(check,
		       "ECDSA P-256, P-384 or P-521, or RSA of 2048 to 4096 bits, with SHA-256, SHA-384 or SHA-512");
	check->index = (long)i;
}

static void check_algorithms(const struct certs *certs, struct verdict *verdict)
{
	for (size_t i = 0; i < certs->nr; i++) {
		const struct crypto_cert_info *info = &certs->info[i];

		if (info->key_bad) {
			struct check *check = verdict_add(verdict, CHECK_CERTS_FORM, CHECK_FAILED,
							  "a malformed key");

			check_expected(check, "a key of kind %s", info->key_name);
			check->index = (long)i;
		} else if (info->key == CRYPTO_KEY_OTHER) {
			algorithm_refused(verdict, i, "key", info->key_name);
		}
		if (!info->sig_supported)
			algorithm_refused(verdict, i, "signature", info->sig_name);
	}
}

/* ---- trust ---- */

/*
 * Anchors that policy names are the only ones; a file of roots then merely
 * supplies the certificates that fingerprints stand for.
 */
static struct crypto_trust *make_trust(const struct subject *subject, const struct policy *policy,
				       const struct certs *certs)
{
	const struct anchors *pinned = &policy->anchors, *roots = subject->roots;
	struct crypto_trust *trust = crypto_trust_new();

	for (size_t i = 0; i < pinned->nr; i++)
		crypto_trust_anchor(trust, pinned->cert[i]);
	for (size_t i = 0; roots && i < roots->nr; i++)
		if (!anchors_any(pinned) || anchors_has(pinned, roots->cert[i]))
			crypto_trust_anchor(trust, roots->cert[i]);
	/* What was sent is trusted if its fingerprint was pinned, which is no trust in it. */
	for (size_t i = 0; pinned->nr_fingerprints && i < certs->nr; i++)
		if (anchors_has(pinned, certs->cert[i]))
			crypto_trust_anchor(trust, certs->cert[i]);
	return trust;
}

static bool any_anchor(const struct subject *subject, const struct policy *policy)
{
	return anchors_any(&policy->anchors) || (subject->roots && subject->roots->nr);
}

static bool add_crl(struct crypto_trust *trust, struct bytes file)
{
	char kind[PEM_LABEL_SIZE];
	struct blob der;
	int nr = 0, rc;

	if (spdm_certs_form(file.data, file.len) == SPDM_CERTS_DER)
		return crypto_trust_crl(trust, file);
	while ((rc = pem_next(&file, kind, &der)) > 0) {
		bool ok = !strcmp(kind, "X509 CRL") && crypto_trust_crl(trust, blob_bytes(&der));

		blob_free(&der);
		if (!ok)
			return false;
		nr++;
	}
	return !rc && nr;
}

bool verify_is_crl(struct bytes file)
{
	struct crypto_trust *trust = crypto_trust_new();
	bool ok = add_crl(trust, file);

	crypto_trust_free(trust);
	return ok;
}

/* ---- what the library finds ---- */

struct walk {
	const struct certs *certs;
	struct verdict *verdict;
	bool anchored;
	bool unsupported;			/* some algorithm of the chain */
	bool uncovered[SPDM_CERTS_MAX + 1];	/* no CRL for it */
};

static const struct {
	enum check_id id;
	enum check_status status;
	const char *expected;
} problems[] = {
	[CRYPTO_BAD_PATH]	= { CHECK_CERTS_SIGNATURES, CHECK_FAILED, "a sound path" },
	[CRYPTO_BAD_ANCHOR]	= { CHECK_CERTS_ANCHOR, CHECK_FAILED, "a pinned trust anchor" },
	[CRYPTO_BAD_SIGNATURE]	= { CHECK_CERTS_SIGNATURES, CHECK_FAILED, "its issuer's signature" },
	[CRYPTO_BAD_KEY]	= { CHECK_CERTS_SIGNATURES, CHECK_FAILED, "a key that can be decoded" },
	[CRYPTO_BAD_TIME]	= { CHECK_CERTS_VALIDITY, CHECK_FAILED, "valid at that time" },
	[CRYPTO_BAD_CA]		= { CHECK_CERTS_CA, CHECK_FAILED, "a CA within its path length" },
	[CRYPTO_BAD_EXTENSION]	= { CHECK_CERTS_EXTENSIONS, CHECK_FAILED, "critical extensions that are known" },
	[CRYPTO_BAD_ALGORITHM]	= { CHECK_CERTS_ALGORITHMS, CHECK_REFUSED, "112 bits of security" },
	[CRYPTO_REVOKED]	= { CHECK_CERTS_CRL, CHECK_FAILED, "not revoked" },
	[CRYPTO_BAD_CRL]	= { CHECK_CERTS_CRL, CHECK_REFUSED, "a CRL that is valid, and its issuer's" },
};

/*
 * Was the library asked for what nobody says that it can do? Which algorithms it
 * knows depends on its version; the verdict must not.
 */
static bool beside_the_point(const struct walk *walk, enum crypto_problem kind, size_t depth)
{
	const struct certs *certs = walk->certs;

	if (kind == CRYPTO_BAD_ANCHOR)
		return walk->unsupported || !walk->anchored;
	if (!walk->unsupported || (kind != CRYPTO_BAD_SIGNATURE && kind != CRYPTO_BAD_PATH &&
				   kind != CRYPTO_BAD_KEY && kind != CRYPTO_BAD_ALGORITHM))
		return false;
	return depth >= certs->nr || !certs->info[depth].sig_supported ||
	       (kind != CRYPTO_BAD_SIGNATURE && certs->info[depth].key == CRYPTO_KEY_OTHER) ||
	       (depth + 1 < certs->nr && certs->info[depth + 1].key == CRYPTO_KEY_OTHER);
}

static void on_problem(void *ctx, enum crypto_problem kind, size_t depth, const char *text)
{
	struct walk *walk = ctx;
	struct check *check;
	char name[CRYPTO_NAME_SIZE];

	if (kind == CRYPTO_NO_CRL) {
		if (depth < ARRAY_SIZE(walk->uncovered))
			walk->uncovered[depth] = true;
		return;
	}
	if (beside_the_point(walk, kind, depth))
		return;
	name[0] = '\0';
	if (depth < walk->certs->nr)
		util_format(name, sizeof(name), "%s", walk->certs->info[depth].subject);
	check = verdict_add(walk->verdict, problems[kind].id, problems[kind].status, "%s%s%s%s",
			    text, name[0] ? " (" : "", name, name[0] ? ")" : "");
	check_expected(check, "%s", problems[kind].expected);
	check->index = (long)depth;
	check->object = NULL;
}

/* Extensions that this tool reads, or that only mark what it reads. */
static bool handled(struct bytes oid)
{
	return der_is(oid, OID_DMTF_SPDM) || der_is(oid, OID_DMTF_HARDWARE) ||
	       der_is(oid, OID_DMTF_MUTABLE) || der_is(oid, OID_TCG_TCB_INFO) ||
	       der_is(oid, OID_TCG_TCB_INFO_1) || der_is(oid, OID_TCG_MULTI_TCB_INFO) ||
	       der_is(oid, OID_TCG_UEID);
}

/* ---- what it did not find ---- */

static void passed(struct verdict *verdict, enum check_id id, const char *text)
{
	if (!verdict_bad(verdict, id))
		verdict_add(verdict, id, CHECK_PASSED, "%s", text);
}

static void note_anchor(const struct crypto_path *path, struct parts *parts,
			struct verdict *verdict)
{
	struct crypto_cert_info info;

	if (!path->anchor || verdict_bad(verdict, CHECK_CERTS_ANCHOR))
		return;
	/* A name that leads there is no signature that does. */
	if (verdict_bad(verdict, CHECK_CERTS_SIGNATURES)) {
		verdict_add(verdict, CHECK_CERTS_ANCHOR, CHECK_SKIPPED,
			    "only names lead to one, not signatures");
		return;
	}
	crypto_cert_info(path->anchor, &info);
	fingerprint(path->anchor, parts->anchor_sha256);
	util_format(parts->anchor, sizeof(parts->anchor), "%s", info.subject);
	verdict_add(verdict, CHECK_CERTS_ANCHOR, CHECK_PASSED, "%s", info.subject);
}

static void check_path(const struct crypto_path *path, const struct parts *parts,
		       struct verdict *verdict)
{
	struct check *check;

	if (!parts->certs.ordered)
		return;
	if (path->anchor && !path->follows) {
		check = verdict_add(verdict, CHECK_CERTS_ORDER, CHECK_FAILED,
				    "another path was found");
		check_expected(check, "the path to the anchor is the chain that was sent");
		return;
	}
	verdict_add(verdict, CHECK_CERTS_ORDER, CHECK_PASSED, "%s",
		    parts->certs.nr > 1 ? "by name, and along the path" : "there is only one");
}

static void check_validity(const struct subject *subject, struct verdict *verdict)
{
	char time[32];

	bundle_time_text(subject->at, time);
	passed(verdict, CHECK_CERTS_VALIDITY, time);
}

/* Stricter than the library, which takes an old keyCertSign for a CA. */
static void check_ca(const struct certs *certs, const struct crypto_path *path,
		     struct verdict *verdict)
{
	struct check *check;

	for (size_t i = 1; i < certs->nr; i++) {
		const struct crypto_cert_info *info = &certs->info[i];

		/* An anchor is trusted for what it is. */
		if (path->anchor && i + 1 >= path->nr)
			break;
		if (info->has_bc && info->is_ca)
			continue;
		check = verdict_add(verdict, CHECK_CERTS_CA, CHECK_FAILED, "%s (%s)",
				    info->has_bc ? "not a CA" : "no basicConstraints", info->subject);
		check_expected(check, "a CA");
		check->index = (long)i;
	}
	passed(verdict, CHECK_CERTS_CA, "all of them");
}

static void check_crl(const struct subject *subject, const struct policy *policy,
		      const struct walk *walk, const struct crypto_path *path,
		      struct verdict *verdict)
{
	/* Nobody but itself could revoke the anchor. */
	size_t nr = path->nr ? path->nr - 1 : 0, covered = 0;
	struct check *check;

	if (verdict_bad(verdict, CHECK_CERTS_CRL))
		return;
	if (!subject->nr_crls) {
		verdict_add(verdict, CHECK_CERTS_CRL, CHECK_SKIPPED, "no --crl was given");
		return;
	}
	for (size_t i = 0; i < nr && i < ARRAY_SIZE(walk->uncovered); i++)
		covered += !walk->uncovered[i];
	if ((policy->crl == CRL_ALL && covered < nr) ||
	    (policy->crl == CRL_LEAF && (!nr || walk->uncovered[0])) || !covered) {
		check = verdict_add(verdict, CHECK_CERTS_CRL, CHECK_REFUSED,
				    "CRLs for %zu of %zu certificates", covered, nr);
		check_expected(check, "%s", policy->crl == CRL_ALL ? "CRLs for all" :
			       policy->crl == CRL_LEAF ? "a CRL for the leaf" :
			       "a CRL that is about one of them");
		return;
	}
	verdict_add(verdict, CHECK_CERTS_CRL, CHECK_PASSED, "CRLs for %zu of %zu certificates",
		    covered, nr);
}

/* ---- RootHash ---- */

static bool hash_of_size(size_t size, enum crypto_hash *ret)
{
	for (int h = CRYPTO_SHA256; h <= CRYPTO_SHA512; h++) {
		if (crypto_hash_size((enum crypto_hash)h) == size) {
			*ret = (enum crypto_hash)h;
			return true;
		}
	}
	return false;
}

/* The root is the first certificate, or else the anchor that stands for it. */
static void check_root_hash(const struct parts *parts, const struct crypto_path *path,
			    struct verdict *verdict)
{
	const struct certs *certs = &parts->certs;
	const struct crypto_cert *root = NULL;
	uint8_t digest[CRYPTO_HASH_MAX];
	enum crypto_hash hash;
	struct check *check;
	struct bytes der;

	if (!certs->root_hash.len) {
		verdict_add(verdict, CHECK_CERTS_ROOT_HASH, CHECK_SKIPPED,
			    "there is none in %s", certs_form_name(certs->form));
		return;
	}
	if (certs->info[certs->nr - 1].self_issued)
		root = certs->cert[certs->nr - 1];
	else
		root = path->anchor;
	if (!root) {
		verdict_add(verdict, CHECK_CERTS_ROOT_HASH, CHECK_SKIPPED,
			    "the root was not sent, and no anchor was found");
		return;
	}
	if ((parts->has_vca && !parts->usable) || !hash_of_size(certs->root_hash.len, &hash)) {
		verdict_add(verdict, CHECK_CERTS_ROOT_HASH, CHECK_SKIPPED,
			    "its hash is not supported");
		return;
	}
	der = crypto_cert_der(root);
	if (crypto_digest(hash, &der, 1, digest) &&
	    crypto_equal((struct bytes) { digest, crypto_hash_size(hash) }, certs->root_hash)) {
		verdict_add(verdict, CHECK_CERTS_ROOT_HASH, CHECK_PASSED, "it does");
		return;
	}
	check = verdict_add(verdict, CHECK_CERTS_ROOT_HASH, CHECK_FAILED, "another certificate's");
	check_expected(check, "the root certificate's hash");
	check->object = OBJECT;
	check->offset = sizeof(struct spdm_cert_chain);
}

/* ---- DICE ---- */

static bool one_of(const struct values *values, struct bytes found)
{
	for (size_t i = 0; i < values->nr; i++)
		if (crypto_equal(blob_bytes(&values->value[i]), found))
			return true;
	return false;
}

static void dice_refused(struct verdict *verdict, size_t i, const char *expected,
			 const char *found)
{
	struct check *check = verdict_add(verdict, CHECK_CERTS_DICE, CHECK_REFUSED, "%s", found);

	check_expected(check, "%s", expected);
	check->index = (long)i;
}

static void check_layer(const struct policy_dice *policy, const struct dice *dice, size_t i,
			struct verdict *verdict)
{
	for (unsigned int bit = 0; bit < DICE_FLAGS_NR; bit++)
		if (dice->flags & policy->forbidden & (1u << bit))
			dice_refused(verdict, i, "flags that policy allows", dice_flag_name(bit));
	if (policy->has_floor && dice->has_svn && dice->svn < policy->floor)
		dice_refused(verdict, i, "a security version not below the floor", "an older one");
	/* The layer that the leaf's key belongs to is the one that is compared. */
	if (!i && policy->fwid.nr && !one_of(&policy->fwid, dice->fwid))
		dice_refused(verdict, i, "a firmware id that policy knows",
			     dice->fwid.len ? "another" : "none");
}

static void check_dice(const struct policy *policy, const struct certs *certs,
		       struct verdict *verdict)
{
	size_t layers = 0, unknown = 0;
	struct dice leaf = { 0 };

	for (size_t i = 0; i < certs->nr; i++) {
		struct dice dice;

		dice_read(certs->cert[i], &dice);
		layers += dice.form != DICE_NONE;
		unknown += dice.form == DICE_UNKNOWN;
		if (!i)
			leaf = dice;
		if (dice.form != DICE_NONE && dice.form != DICE_UNKNOWN)
			check_layer(&policy->dice, &dice, i, verdict);
	}
	if (policy->dice.required && !layers)
		dice_refused(verdict, 0, "DICE layers", "none");
	if (policy->dice.required && unknown)
		dice_refused(verdict, 0, "DICE layers in a known form", "another form");
	if (policy->dice.has_floor && layers && !leaf.has_svn)
		dice_refused(verdict, 0, "a security version", "none");
	if (verdict_bad(verdict, CHECK_CERTS_DICE))
		return;
	if (!layers || layers == unknown)
		verdict_add(verdict, CHECK_CERTS_DICE, CHECK_SKIPPED, layers ?
			    "in no form that is known here" : "no certificate has one");
	else
		verdict_add(verdict, CHECK_CERTS_DICE, CHECK_PASSED, "%zu layer%s, the leaf's: %s",
			    layers, layers == 1 ? "" : "s", dice_form_name(leaf.form));
}

/* ---- all of it ---- */

static void skip(struct verdict *verdict, enum check_id id, const char *why)
{
	if (!verdict->counted[id])
		verdict_add(verdict, id, CHECK_SKIPPED, "%s", why);
}

static void judge_path(const struct subject *subject, const struct policy *policy,
		       struct parts *parts, struct verdict *verdict)
{
	const struct certs *certs = &parts->certs;
	struct walk walk = {
		.certs = certs, .verdict = verdict,
		.anchored = any_anchor(subject, policy),
		.unsupported = verdict_bad(verdict, CHECK_CERTS_ALGORITHMS),
	};
	struct crypto_trust *trust = make_trust(subject, policy, certs);
	struct crypto_path path;

	for (size_t i = 0; i < subject->nr_crls; i++)
		if (!add_crl(trust, blob_bytes(&subject->crls[i])))
			verdict_add(verdict, CHECK_CERTS_CRL, CHECK_REFUSED,
				    "a file that is no CRL");
	crypto_chain_verify(trust, certs->cert, certs->nr, subject->at, handled, on_problem,
			    &walk, &path);
	if (!walk.unsupported)
		note_anchor(&path, parts, verdict);
	if (!walk.anchored)
		skip(verdict, CHECK_CERTS_ANCHOR,
		     "no trust anchor: give --roots, or anchors in a policy");
	if (walk.unsupported) {
		skip(verdict, CHECK_CERTS_ANCHOR, "an algorithm of the chain is not supported");
		skip(verdict, CHECK_CERTS_SIGNATURES,
		     "an algorithm of the chain is not supported");
	} else if (path.anchor) {
		passed(verdict, CHECK_CERTS_SIGNATURES, "all of them");
	} else {
		skip(verdict, CHECK_CERTS_SIGNATURES, "there is no path to an anchor");
	}
	check_path(&path, parts, verdict);
	check_validity(subject, verdict);
	check_ca(certs, &path, verdict);
	passed(verdict, CHECK_CERTS_EXTENSIONS, "none");
	passed(verdict, CHECK_CERTS_ALGORITHMS, certs->info[0].key_name);
	check_crl(subject, policy, &walk, &path, verdict);
	check_root_hash(parts, &path, verdict);
	crypto_trust_free(trust);
}

void verify_certs(const struct subject *subject, const struct policy *policy, struct parts *parts,
		  struct verdict *verdict)
{
	check_algorithms(&parts->certs, verdict);
	judge_path(subject, policy, parts, verdict);
	check_dice(policy, &parts->certs, verdict);
}
