/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a relying party asks of evidence (tdi-policy(5), schema/policy.schema.json).
 *
 * A policy that says nothing is strict where strictness breaks no sound device.
 * Without a policy file measurements are not appraised at all: nobody said what
 * they should be.
 */
#ifndef ATTEST_POLICY_H
#define ATTEST_POLICY_H

#include <tdisp/spdm_wire.h>

#include "anchors.h"
#include "identity.h"
#include "json_read.h"
#include "verdict.h"

#define POLICY_SCHEMA_VERSION	1

/* How strictly a rule about the leaf certificate is taken. */
enum policy_rule {
	RULE_REQUIRED,		/* what the rule is about has to be there */
	RULE_BY_VERSION,	/* from SPDM 1.3 on it has to */
	RULE_IF_PRESENT,	/* if it is there, it has to be right */
	RULE_IGNORED,
};

/* What a bit has to be. */
enum policy_bit { BIT_ANY, BIT_CLEAR, BIT_SET };

enum policy_kind { KIND_ANY, KIND_DIGEST, KIND_RAW };

/* Which certificates a CRL has to be there for. */
enum policy_crl { CRL_AS_GIVEN, CRL_LEAF, CRL_ALL };

struct values {
	size_t nr;
	struct blob *value;
};

struct texts {
	size_t nr;
	char **text;
};

/* Masked comparison of a number. */
struct numbers {
	size_t nr;
	uint64_t *number;
};

/**
 * struct policy_block - what is asked of one measurement index
 * @used: anything at all
 * @required: it has to be there
 * @type: enum spdm_meas_type, -1 for any
 * @kind: digest or bit stream
 * @values: any of these, none for any value
 * @mask: bits that count, as long as the values; empty for all
 * @has_floor: it is a security version number, and not below @floor
 */
struct policy_block {
	bool used;
	bool required;
	int type;
	enum policy_kind kind;
	struct values values;
	struct blob mask;
	bool has_floor;
	uint64_t floor;
};

struct policy_mode {
	bool required;
	uint32_t operational;		/* SPDM_OP_MODE_*; all it is in must be among these */
	bool allow_debug;		/* is active */
	bool allow_past_debug;		/* was active since reset */
	bool allow_invasive_history;	/* was active since manufacturing */
};

struct policy_report {
	bool required;
	bool ignore_reserved;
	bool any_range_id;
	enum policy_bit no_fw_update;
	enum policy_bit dma;
	enum policy_bit pasid;
	enum policy_bit ats;
	enum policy_bit prs;
	enum policy_bit msix;
	enum policy_bit lnr;
	enum policy_bit tph;
	bool refuse_non_tee;
	bool refuse_updatable;
	struct values device_info;
};

struct policy_pci_id {
	bool required;
	struct numbers field[PCI_ID_NR];
};

struct policy_device_info {
	bool required;
	struct texts manufacturer;
	struct texts product;
	struct texts serial;
};

struct policy_dice {
	bool required;
	unsigned int forbidden;		/* DICE_* */
	bool has_floor;
	uint64_t floor;
	struct values fwid;
};

/* Whether a device is measured into a TPM when it is connected. */
enum policy_measure { MEASURE_OFF, MEASURE_OPTIONAL, MEASURE_REQUIRED };

/* @pcr, @verdict_pcr: -1 for what nobody said */
struct policy_tpm {
	enum policy_measure measure;
	int pcr;
	int verdict_pcr;
};

/**
 * struct policy - all of it
 * @from_file: somebody wrote it; else it is the built-in one
 * @text: the file's bytes, as policy_load() read them
 * @refuse_virtio_bypass: nothing is connected beside a virtio device that goes past
 *	the DMA API; about the machine, not about evidence
 * @asks_certs: it speaks of certificates, so some have to be there
 * @asks_measurements: it speaks of measurements
 * @versions: bit n: SPDM 1.n is allowed
 * @asym: SPDM_ASYM_* that are allowed
 * @hash: SPDM_HASH_* that are allowed
 * @bare_asym: for SPDM 1.1 without VCA: SPDM_ASYM_*, 0 for what the leaf's key is
 * @bare_hash: the same: SPDM_HASH_*, 0 for the hash that goes with the curve
 * @slots: bit n: certificate slot n is allowed
 * @trailing_nul: one zero byte after the signature is no reason to refuse
 * @refuse_other: measurements that no rule names
 * @meas_floor: for every security version without a rule of its own
 */
struct policy {
	bool from_file;
	struct blob text;
	bool asks_certs;
	bool asks_measurements;
	char description[256];
	bool emulated;
	bool refuse_virtio_bypass;
	struct anchors anchors;

	enum policy_rule key_usage;
	enum policy_rule basic_constraints;
	enum policy_rule eku;
	bool allow_device_model;
	bool allow_alias_model;
	struct policy_pci_id pci_id;
	struct policy_device_info device_info;
	struct policy_dice dice;
	enum policy_crl crl;

	uint32_t versions;
	uint32_t asym;
	uint32_t hash;
	uint32_t bare_asym;
	uint32_t bare_hash;
	bool alpha;
	uint32_t slots;
	bool trailing_nul;

	bool nonce_required;

	struct policy_block block[256];
	bool refuse_other;
	bool has_meas_floor;
	uint64_t meas_floor;
	struct policy_mode mode;

	struct policy_report report;
	bool required[CHECK_NR];

	struct policy_tpm tpm;
};

/* The built-in policy. */
void policy_default(struct policy *ret);

/**
 * policy_parse() - read a policy
 * @text: the JSON text
 * @dir: directory that the files it names are relative to; NULL: it may name none
 * @ret: set in any case; to be used only if there are no @errors
 * @errors: what is wrong, all of it
 *
 * Everything that is not known is wrong: a rule that is not understood would be
 * a rule that is not kept.
 *
 * Return: true if nothing is.
 */
bool policy_parse(struct bytes text, const char *dir, struct policy *ret,
		  struct policy_problems *errors);

/* policy_parse() of a file; complains and returns an exit status. */
enum tdi_exit policy_load(const char *path, struct policy *ret);

/* Says what a policy lets pass that its author may not have meant to. */
void policy_lint(const struct policy *policy, struct policy_problems *ret);

void policy_free(struct policy *policy);

/* Names as policies write them; NULL or 0 if there is none such. */
uint32_t policy_asym_of(const char *name);
uint32_t policy_hash_of(const char *name);
const char *policy_version_name(unsigned int minor);
#define POLICY_OP_MODES		6
const char *policy_op_mode_name(unsigned int bit);

#endif /* ATTEST_POLICY_H */
