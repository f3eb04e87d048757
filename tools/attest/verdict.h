/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was checked and how it ended: the one model behind the text, the JSON
 * and the exit status of "tdi verify".
 *
 * The rule: "verified" needs a passed check for everything that is required,
 * and no check that failed or was refused. What was not looked at is never
 * verified.
 */
#ifndef ATTEST_VERDICT_H
#define ATTEST_VERDICT_H

#include <tdisp/why.h>

#include "exit.h"
#include "util.h"

/*
 * Every check there is: its name for scripts and policies, never changed once it
 * is out, and what holds when it passes. The order is the order of the output.
 */
#define VERDICT_CHECKS(_) \
	_(BUNDLE_FORM, "bundle.form", "the bundle is complete and consistent") \
	_(BUNDLE_NONCE, "bundle.nonce", "the device signed the nonce that the bundle names") \
	_(PLATFORM, "platform.emulated", "the platform is a real one, or policy allows emulated ones") \
	_(TPM_FORM, "tpm.form", "the TPM's part of the bundle is complete and well formed") \
	_(TPM_AK, "tpm.ak", "the quote's key is the given one, and an attestation key") \
	_(TPM_SIGNATURE, "tpm.signature", "the key signed the quote") \
	_(TPM_NONCE, "tpm.nonce", "the quote answers the given nonce") \
	_(TPM_PCR, "tpm.pcr", "the quoted PCRs are what the event log gives") \
	_(TPM_EVENT, "tpm.event", "the log's last event about the device is of this evidence, policy and verdict") \
	_(CERTS_FORM, "certs.form", "the certificates are well formed") \
	_(CERTS_ORDER, "certs.order", "each certificate was issued by the one before it") \
	_(CERTS_ROOT_HASH, "certs.root_hash", "RootHash names the root certificate") \
	_(CERTS_ALGORITHMS, "certs.algorithms", "keys and signatures of the chain are of a supported kind") \
	_(CERTS_ANCHOR, "certs.anchor", "the chain ends in a pinned trust anchor") \
	_(CERTS_SIGNATURES, "certs.signatures", "every certificate's signature verifies") \
	_(CERTS_VALIDITY, "certs.validity", "every certificate is valid at that time") \
	_(CERTS_CA, "certs.ca", "every issuer is a CA, and path lengths hold") \
	_(CERTS_EXTENSIONS, "certs.extensions", "no critical extension is unknown") \
	_(CERTS_CRL, "certs.crl", "no certificate is revoked") \
	_(CERTS_MODEL, "certs.model", "the certificate model is one that policy allows") \
	_(LEAF_VERSION, "leaf.version", "the leaf is an X.509 v3 certificate") \
	_(LEAF_KEY, "leaf.key", "the leaf's key is of the negotiated kind") \
	_(LEAF_KEY_USAGE, "leaf.key_usage", "the leaf's key may sign") \
	_(LEAF_BASIC_CONSTRAINTS, "leaf.basic_constraints", "the leaf is not a CA") \
	_(LEAF_EKU, "leaf.extended_key_usage", "the leaf's key may authenticate a responder") \
	_(LEAF_PCI_ID, "leaf.pci_id", "the PCI-SIG identity in the leaf is the expected one") \
	_(LEAF_DEVICE_INFO, "leaf.device_info", "the DMTF identity in the leaf is the expected one") \
	_(CERTS_DICE, "certs.dice", "the DICE layers are in an allowed state") \
	_(SPDM_VCA_FORM, "spdm.vca.form", "VCA is well formed") \
	_(SPDM_VCA_SAME, "spdm.vca.same", "VCA inside the transcript is the one given apart") \
	_(SPDM_VERSION, "spdm.version", "policy allows the SPDM version") \
	_(SPDM_ALGORITHMS, "spdm.algorithms", "the negotiated algorithms are supported, and policy allows them") \
	_(MEAS_FORM, "spdm.measurements.form", "the measurement transcript is well formed") \
	_(MEAS_TRAILING, "spdm.measurements.trailing", "no bytes follow the signature") \
	_(MEAS_SLOT, "spdm.measurements.slot", "requests and responses are about one certificate slot") \
	_(MEAS_NONCE, "spdm.measurements.nonce", "the device signed the given nonce") \
	_(MEAS_SIGNATURE, "spdm.measurements.signature", "the leaf's key signed the measurements") \
	_(MEAS_REQUIRED, "measurements.required", "every required measurement is there") \
	_(MEAS_VALUE, "measurements.value", "the measurement has an allowed value") \
	_(MEAS_KIND, "measurements.kind", "the measurement is of the expected kind") \
	_(MEAS_SVN, "measurements.svn", "the security version is not below the floor") \
	_(MEAS_MODE, "measurements.device_mode", "the device is in an allowed mode") \
	_(MEAS_OTHER, "measurements.other", "every measurement is one that policy knows") \
	_(REPORT_FORM, "report.form", "the interface report is well formed") \
	_(REPORT_RESERVED, "report.reserved", "the report's reserved bits are 0") \
	_(REPORT_BARS, "report.bars", "the report's ranges lie in the function's BARs") \
	_(REPORT_RANGE_ID, "report.range_id", "every range belongs to a BAR") \
	_(REPORT_FW_UPDATE, "report.no_fw_update", "firmware updates are as policy wants them") \
	_(REPORT_DMA, "report.dma_without_pasid", "DMA without PASID is as policy wants it") \
	_(REPORT_PASID, "report.dma_with_pasid", "DMA with PASID is as policy wants it") \
	_(REPORT_ATS, "report.ats", "ATS is as policy wants it") \
	_(REPORT_PRS, "report.prs", "PRS is as policy wants it") \
	_(REPORT_MSIX, "report.msix_locked", "the MSI-X table is locked as policy wants it") \
	_(REPORT_LNR, "report.lnr", "LNR is as policy wants it") \
	_(REPORT_TPH, "report.tph", "TPH is as policy wants it") \
	_(REPORT_NON_TEE, "report.non_tee_ranges", "ranges outside the TEE are as policy wants them") \
	_(REPORT_UPDATABLE, "report.updatable_ranges", "ranges with updatable attributes are as policy wants them") \
	_(REPORT_DEVICE_INFO, "report.device_info", "the device-specific information has an allowed value")

enum check_id {
#define VERDICT_ENUM(id, name, text) CHECK_##id,
	VERDICT_CHECKS(VERDICT_ENUM)
#undef VERDICT_ENUM
	CHECK_NR
};

/**
 * enum check_status - how a check ended
 * @CHECK_PASSED: it holds
 * @CHECK_SKIPPED: nobody looked, and the reason says why
 * @CHECK_REFUSED: the evidence may be genuine; policy does not want it, or this
 *	program cannot judge it
 * @CHECK_FAILED: the evidence is not valid
 */
enum check_status {
	CHECK_PASSED,
	CHECK_SKIPPED,
	CHECK_REFUSED,
	CHECK_FAILED,
};

/* Of one check, this many findings are kept; the rest is counted. */
#define VERDICT_FINDINGS	16

/**
 * struct check - one finding
 * @index: measurement index, range or certificate, or -1
 * @object: which object @offset is about, NULL for none
 * @expected: "" where there is nothing to expect
 * @found: what there was; of a skipped check, why it was skipped
 */
struct check {
	enum check_id id;
	enum check_status status;
	long index;
	const char *object;
	size_t offset;
	char expected[192];
	char found[256];
};

/**
 * struct verdict - all findings
 * @nr: how many there are in @check, in the order in which they came
 * @counted: findings by check, also those beyond VERDICT_FINDINGS
 * @unlisted: how many of them are not in @check
 * @worst: the worst of them, also of those
 * @required: what must have passed
 * @spare: what verdict_add() gives when a check has enough findings
 */
struct verdict {
	size_t nr;
	struct check *check;
	size_t counted[CHECK_NR];
	size_t unlisted[CHECK_NR];
	enum check_status worst[CHECK_NR];
	bool required[CHECK_NR];
	struct check spare;
};

void verdict_free(struct verdict *verdict);

const char *check_name(enum check_id id);
const char *check_text(enum check_id id);
/* "passed", "skipped", "refused", "failed" */
const char *check_status_name(enum check_status status);

/* The check of a name, or CHECK_NR. */
enum check_id check_by_name(const char *name);

/**
 * verdict_add() - record a finding
 * @fmt: text for &struct check.found
 *
 * Text from outside must have gone through util_escape().
 *
 * Return: the finding, to add an index, an offset or what was expected; valid
 * until the next one is added.
 */
struct check *verdict_add(struct verdict *verdict, enum check_id id, enum check_status status,
			  const char *fmt, ...) TDI_PRINTF(4, 5);

/* Says what would have been right. */
void check_expected(struct check *check, const char *fmt, ...) TDI_PRINTF(2, 3);

/**
 * verdict_add_why() - record what a parser of guest/lib found
 * @object: what it parsed, a literal
 */
struct check *verdict_add_why(struct verdict *verdict, enum check_id id,
			      enum check_status status, const char *object,
			      const struct tdisp_why *why);

/* True if the check was made and only passed. */
bool verdict_passed(const struct verdict *verdict, enum check_id id);
/* True if the check failed or was refused at least once. */
bool verdict_bad(const struct verdict *verdict, enum check_id id);
/* True if it is required and did not pass. */
bool verdict_missing(const struct verdict *verdict, enum check_id id);

/**
 * verdict_finish() - say of what is required and was never looked at, that it was not
 *
 * To be called once, after the last check.
 */
void verdict_finish(struct verdict *verdict);

/**
 * verdict_exit() - what it comes to
 *
 * Return: TDI_EXIT_DONE for verified; TDI_EXIT_EVIDENCE if a check failed;
 * TDI_EXIT_POLICY if one was refused, or a required one could not be made.
 */
enum tdi_exit verdict_exit(const struct verdict *verdict);

#endif /* ATTEST_VERDICT_H */
