// SPDX-License-Identifier: GPL-2.0
/*
 * Rules about the leaf certificate (DSP0274 1.3, 10.6.1; PCIe r6.1 6.31.3). Real
 * devices break some of them: which ones count, and how much, is policy's.
 */
#include <string.h>

#include "verify.h"

static void failed(struct verdict *verdict, enum check_id id, const char *expected,
		   const char *found)
{
	struct check *check = verdict_add(verdict, id, CHECK_FAILED, "%s", found);

	check_expected(check, "%s", expected);
}

static void refused(struct verdict *verdict, enum check_id id, const char *expected,
		    const char *found)
{
	struct check *check = verdict_add(verdict, id, CHECK_REFUSED, "%s", found);

	check_expected(check, "%s", expected);
}

static void passed(struct verdict *verdict, enum check_id id, const char *found)
{
	verdict_add(verdict, id, CHECK_PASSED, "%s", found);
}

static void skipped(struct verdict *verdict, enum check_id id, const char *why)
{
	verdict_add(verdict, id, CHECK_SKIPPED, "%s", why);
}

static void check_x509_version(const struct crypto_cert_info *leaf, struct verdict *verdict)
{
	if (leaf->version == 3 && !leaf->bad_extension)
		passed(verdict, CHECK_LEAF_VERSION, "v3");
	else if (leaf->version == 3)
		failed(verdict, CHECK_LEAF_VERSION, "well-formed extensions", "malformed ones");
	else
		failed(verdict, CHECK_LEAF_VERSION, "v3", leaf->version == 1 ? "v1" : "v2");
}

/* ---- what the key is ---- */

static bool key_fits(const struct crypto_cert_info *leaf, const struct spdm_alg *asym)
{
	switch (asym->kind) {
	case SPDM_ALG_ECDSA:
		return leaf->key == CRYPTO_KEY_EC && leaf->key_bits == asym->bits;
	case SPDM_ALG_RSASSA:
		return leaf->key == CRYPTO_KEY_RSA && leaf->key_bits == asym->bits;
	case SPDM_ALG_RSAPSS:
		return (leaf->key == CRYPTO_KEY_RSA || leaf->key == CRYPTO_KEY_RSA_PSS) &&
		       leaf->key_bits == asym->bits;
	default:
		return false;
	}
}

static void check_key(const struct parts *parts, struct verdict *verdict)
{
	const struct crypto_cert_info *leaf = &parts->certs.info[0];

	if (!parts->usable)
		skipped(verdict, CHECK_LEAF_KEY, "what was negotiated is not known or not supported");
	else if (key_fits(leaf, parts->asym))
		passed(verdict, CHECK_LEAF_KEY, leaf->key_name);
	else
		failed(verdict, CHECK_LEAF_KEY, parts->asym->name, leaf->key_name);
}

/* ---- what the key is for ---- */

static u8 version_of(const struct parts *parts)
{
	return parts->has_meas ? parts->meas.version : parts->has_vca ? parts->vca.version : 0;
}

/* Must the leaf have it? */
static bool rule_requires(enum policy_rule rule, u8 version)
{
	return rule == RULE_REQUIRED || (rule == RULE_BY_VERSION && version >= SPDM_VERSION_1_3);
}

static void check_key_usage(const struct policy *policy, const struct parts *parts,
			    struct verdict *verdict)
{
	const struct crypto_cert_info *leaf = &parts->certs.info[0];

	if (policy->key_usage == RULE_IGNORED)
		skipped(verdict, CHECK_LEAF_KEY_USAGE, "policy ignores it");
	else if (leaf->has_ku && leaf->ku & CRYPTO_KU_DIGITAL_SIGNATURE)
		passed(verdict, CHECK_LEAF_KEY_USAGE, "digitalSignature");
	else if (leaf->has_ku)
		failed(verdict, CHECK_LEAF_KEY_USAGE, "digitalSignature", "other uses");
	else if (rule_requires(policy->key_usage, version_of(parts)))
		failed(verdict, CHECK_LEAF_KEY_USAGE, "digitalSignature", "no keyUsage");
	else
		skipped(verdict, CHECK_LEAF_KEY_USAGE, "there is no keyUsage");
}

static void check_basic_constraints(const struct policy *policy, const struct parts *parts,
				    struct verdict *verdict)
{
	const struct crypto_cert_info *leaf = &parts->certs.info[0];

	if (policy->basic_constraints == RULE_IGNORED)
		skipped(verdict, CHECK_LEAF_BASIC_CONSTRAINTS, "policy ignores it");
	else if (leaf->has_bc && !leaf->is_ca)
		passed(verdict, CHECK_LEAF_BASIC_CONSTRAINTS, "CA:FALSE");
	else if (leaf->has_bc)
		failed(verdict, CHECK_LEAF_BASIC_CONSTRAINTS, "CA:FALSE", "CA:TRUE");
	else if (rule_requires(policy->basic_constraints, version_of(parts)))
		failed(verdict, CHECK_LEAF_BASIC_CONSTRAINTS, "CA:FALSE", "no basicConstraints");
	else
		skipped(verdict, CHECK_LEAF_BASIC_CONSTRAINTS, "there are no basicConstraints");
}

/*
 * Keys of responders and of requesters are told apart by two purposes of DMTF's. A
 * leaf with neither is no better and no worse than one without the extension.
 */
static void check_eku(const struct policy *policy, const struct parts *parts,
		      struct verdict *verdict)
{
	const struct identity *id = &parts->certs.identity;

	if (policy->eku == RULE_IGNORED)
		skipped(verdict, CHECK_LEAF_EKU, "policy ignores it");
	else if (id->bad_eku)
		failed(verdict, CHECK_LEAF_EKU, "a well-formed extendedKeyUsage", "a malformed one");
	else if (id->responder)
		passed(verdict, CHECK_LEAF_EKU, "responder authentication");
	else if (id->requester)
		failed(verdict, CHECK_LEAF_EKU, "responder authentication",
		       "requester authentication only");
	else if (rule_requires(policy->eku, version_of(parts)))
		refused(verdict, CHECK_LEAF_EKU, "responder authentication",
			id->has_eku ? "other purposes" : "no extendedKeyUsage");
	else if (id->has_eku)
		passed(verdict, CHECK_LEAF_EKU, "neither of SPDM's purposes");
	else
		skipped(verdict, CHECK_LEAF_EKU, "there is no extendedKeyUsage");
}

static void check_model(const struct policy *policy, const struct parts *parts,
			struct verdict *verdict)
{
	bool alias = parts->certs.alias;

	if (alias ? policy->allow_alias_model : policy->allow_device_model)
		passed(verdict, CHECK_CERTS_MODEL, alias ? "alias" : "device");
	else
		refused(verdict, CHECK_CERTS_MODEL, "a model that policy allows",
			alias ? "alias" : "device");
}

/* ---- who the device is ---- */

static bool number_in(const struct numbers *numbers, uint64_t value)
{
	for (size_t i = 0; i < numbers->nr; i++)
		if (numbers->number[i] == value)
			return true;
	return !numbers->nr;
}

static bool match_policy_id(const struct policy_pci_id *want, const struct pci_id *id,
			    struct verdict *verdict)
{
	bool ok = true;

	for (int f = 0; f < PCI_ID_NR; f++) {
		struct check *check;

		if (!want->field[f].nr || (id->has[f] && number_in(&want->field[f], id->value[f])))
			continue;
		ok = false;
		check = verdict_add(verdict, CHECK_LEAF_PCI_ID, CHECK_REFUSED, "%s", id->text);
		check_expected(check, "%s %0*llx%s", pci_id_name((enum pci_id_field)f),
			       pci_id_digits((enum pci_id_field)f),
			       (unsigned long long)want->field[f].number[0],
			       want->field[f].nr > 1 ? " or another that policy names" : "");
	}
	return ok;
}

/* The hypervisor made up what config space showed; the certificate says what it is. */
static bool match_bundle_id(const struct bundle *bundle, const struct pci_id *id,
			    struct verdict *verdict)
{
	struct check *check;

	if (!bundle || !bundle->vendor ||
	    (id->value[PCI_ID_VENDOR] == bundle->vendor &&
	     id->value[PCI_ID_DEVICE] == bundle->device))
		return true;
	check = verdict_add(verdict, CHECK_LEAF_PCI_ID, CHECK_REFUSED, "%s", id->text);
	check_expected(check, "what config space showed: %04x:%04x", bundle->vendor,
		       bundle->device);
	return false;
}

static void check_pci_id(const struct subject *subject, const struct policy *policy,
			 const struct parts *parts, struct verdict *verdict)
{
	const struct pci_id *id = &parts->certs.identity.pci;
	bool required = policy->pci_id.required, ok;

	if (parts->certs.identity.bad_san) {
		failed(verdict, CHECK_LEAF_PCI_ID, "a well-formed subjectAltName", "a malformed one");
		return;
	}
	if (!id->present) {
		if (required)
			refused(verdict, CHECK_LEAF_PCI_ID, "a PCI-SIG identity", "none");
		else
			skipped(verdict, CHECK_LEAF_PCI_ID, "the leaf has no PCI-SIG identity");
		return;
	}
	if (!id->well_formed) {
		if (required)
			refused(verdict, CHECK_LEAF_PCI_ID, "a well-formed PCI-SIG identity",
				id->text);
		else
			verdict_add(verdict, CHECK_LEAF_PCI_ID, CHECK_SKIPPED, "malformed: %s",
				    id->text);
		return;
	}
	ok = match_policy_id(&policy->pci_id, id, verdict);
	ok = match_bundle_id(subject->bundle, id, verdict) && ok;
	if (ok)
		passed(verdict, CHECK_LEAF_PCI_ID, id->text);
}

static bool text_in(const struct texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->nr; i++)
		if (!strcmp(texts->text[i], text))
			return true;
	return !texts->nr;
}

static bool match_text(const struct texts *want, const char *what, const char *found,
		       struct verdict *verdict)
{
	struct check *check;
	char shown[80];

	if (text_in(want, found))
		return true;
	util_escape(shown, sizeof(shown), want->text[0], strlen(want->text[0]));
	check = verdict_add(verdict, CHECK_LEAF_DEVICE_INFO, CHECK_REFUSED, "%s", found);
	check_expected(check, "%s %s%s", what, shown,
		       want->nr > 1 ? " or another that policy names" : "");
	return false;
}

static void check_device_info(const struct policy *policy, const struct parts *parts,
			      struct verdict *verdict)
{
	const struct policy_device_info *want = &policy->device_info;
	const struct device_info *info = &parts->certs.identity.device;
	bool ok;

	if (!info->present || !info->well_formed) {
		const char *found = info->present ? "a malformed one" :
						    "the leaf has no DMTF identity";

		if (want->required)
			refused(verdict, CHECK_LEAF_DEVICE_INFO, "a DMTF identity", found);
		else
			skipped(verdict, CHECK_LEAF_DEVICE_INFO, found);
		return;
	}
	ok = match_text(&want->manufacturer, "manufacturer", info->manufacturer, verdict);
	ok = match_text(&want->product, "product", info->product, verdict) && ok;
	ok = match_text(&want->serial, "serial", info->serial, verdict) && ok;
	if (ok)
		verdict_add(verdict, CHECK_LEAF_DEVICE_INFO, CHECK_PASSED, "%s:%s:%s",
			    info->manufacturer, info->product, info->serial);
}

void verify_leaf(const struct subject *subject, const struct policy *policy,
		 const struct parts *parts, struct verdict *verdict)
{
	check_x509_version(&parts->certs.info[0], verdict);
	check_key(parts, verdict);
	check_key_usage(policy, parts, verdict);
	check_basic_constraints(policy, parts, verdict);
	check_eku(policy, parts, verdict);
	check_model(policy, parts, verdict);
	check_pci_id(subject, policy, parts, verdict);
	check_device_info(policy, parts, verdict);
}
