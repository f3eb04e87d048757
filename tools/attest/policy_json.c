// SPDX-License-Identifier: GPL-2.0
/*
 * Reads a policy. Every problem is collected, with the path to where it is; what
 * is not known is a problem.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <tdisp/spdm_meas.h>
#include <tdisp/spdm_vca.h>

#include "dice.h"
#include "json_check.h"
#include "json_read.h"
#include "measure.h"
#include "policy.h"

static struct policy *policy_of(struct json_reader *r)
{
	return r->doc;
}

/* ---- leaves ---- */

struct floor {
	bool *has;
	uint64_t *floor;
};

static void read_floor(struct json_reader *r, struct json_object *value, void *arg)
{
	const struct floor *floor = arg;

	*floor->has = json_number(r, value, UINT64_MAX, floor->floor);
}

static const struct json_word rule_words[] = {
	{ "required", RULE_REQUIRED }, { "by_version", RULE_BY_VERSION },
	{ "if_present", RULE_IF_PRESENT }, { "ignored", RULE_IGNORED },
};

static const struct json_word bit_words[] = {
	{ "any", BIT_ANY }, { "clear", BIT_CLEAR }, { "set", BIT_SET },
};

/* The second is the careful one; the values are those of a bool "allowed". */
static const struct json_word allow_words[] = { { "allowed", 1 }, { "refused", 0 } };

static void read_allow(struct json_reader *r, struct json_object *value, void *arg)
{
	int allowed = 0;

	json_read_word(r, value, JSON_WORDS(allow_words, &allowed));
	*(bool *)arg = allowed;
}

static void read_refuse(struct json_reader *r, struct json_object *value, void *arg)
{
	int allowed = 0;

	json_read_word(r, value, JSON_WORDS(allow_words, &allowed));
	*(bool *)arg = !allowed;
}

static void read_bit(struct json_reader *r, struct json_object *value, void *arg)
{
	int bit = BIT_ANY;

	json_read_word(r, value, JSON_WORDS(bit_words, &bit));
	*(enum policy_bit *)arg = (enum policy_bit)bit;
}

static void read_rule(struct json_reader *r, struct json_object *value, void *arg)
{
	int rule = RULE_REQUIRED;

	json_read_word(r, value, JSON_WORDS(rule_words, &rule));
	*(enum policy_rule *)arg = (enum policy_rule)rule;
}

static void read_value(struct json_reader *r, struct json_object *value, void *arg)
{
	struct values *values = arg;
	struct blob blob;

	if (!json_hex(r, value, &blob))
		return;
	values->value = util_grow(values->value, values->nr + 1, sizeof(blob));
	values->value[values->nr++] = blob;
}

static void read_values(struct json_reader *r, struct json_object *value, void *arg)
{
	json_read_each(r, value, read_value, arg);
}

static void read_text(struct json_reader *r, struct json_object *value, void *arg)
{
	struct texts *texts = arg;
	char *text;

	if (!json_is(r, value, json_type_string, "a text"))
		return;
	text = strdup(json_object_get_string(value));
	if (!text)
		abort();
	texts->text = util_grow(texts->text, texts->nr + 1, sizeof(*texts->text));
	texts->text[texts->nr++] = text;
}

static void read_texts(struct json_reader *r, struct json_object *value, void *arg)
{
	json_read_each(r, value, read_text, arg);
}

/* Names that stand for the bits of a mask, which starts empty. */
struct mask {
	uint32_t *ret;
	uint32_t (*bit_of)(const char *name);
	const char *what;
};

static void read_mask_bit(struct json_reader *r, struct json_object *value, void *arg)
{
	const struct mask *mask = arg;
	uint32_t bit;

	if (!json_is(r, value, json_type_string, mask->what))
		return;
	bit = mask->bit_of(json_object_get_string(value));
	if (bit)
		*mask->ret |= bit;
	else
		json_wrong(r, "must be %s that is supported", mask->what);
}

static void read_mask(struct json_reader *r, struct json_object *value, void *arg)
{
	const struct mask *mask = arg;

	*mask->ret = 0;
	json_read_each(r, value, read_mask_bit, arg);
}

static uint32_t version_of(const char *name)
{
	/* What 1.0 signs has no slot: it is not supported. */
	for (unsigned int minor = 1; policy_version_name(minor); minor++)
		if (!strcmp(policy_version_name(minor), name))
			return (uint32_t)BIT(minor);
	return 0;
}

static uint32_t op_mode_of(const char *name)
{
	for (unsigned int bit = 0; bit < POLICY_OP_MODES; bit++)
		if (!strcmp(policy_op_mode_name(bit), name))
			return (uint32_t)BIT(bit);
	return 0;
}

static uint32_t dice_flag_of(const char *name)
{
	for (unsigned int bit = 0; bit < DICE_FLAGS_NR; bit++)
		if (!strcmp(dice_flag_name(bit), name))
			return (uint32_t)BIT(bit);
	return 0;
}

static uint32_t model_of(const char *name)
{
	return !strcmp(name, "device") ? 1 : !strcmp(name, "alias") ? 2 : 0;
}

/* ---- anchors ---- */

static void read_anchor_pem(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text;

	(void)arg;
	if (!json_is(r, value, json_type_string, "PEM"))
		return;
	text = json_object_get_string(value);
	if (anchors_add(&policy_of(r)->anchors, (struct bytes) { (const uint8_t *)text,
							      strlen(text) }) <= 0)
		json_wrong(r, "must be one or more certificates in PEM");
}

static void read_anchor_file(struct json_reader *r, struct json_object *value, void *arg)
{
	char path[PATH_MAX];
	struct blob blob;
	const char *name;
	int rc;

	(void)arg;
	if (!json_is(r, value, json_type_string, "a file's name"))
		return;
	name = json_object_get_string(value);
	if (!r->dir) {
		json_wrong(r, "must be \"pem\" or \"sha256\" here: nothing vouches for the file");
		return;
	}
	rc = util_format(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" : r->dir,
			 name[0] == '/' ? "" : "/", name);
	if (!rc)
		rc = blob_read(AT_FDCWD, path, &blob);
	if (rc) {
		json_wrong(r, "cannot read the file: %s", strerror(-rc));
		return;
	}
	if (anchors_add(&policy_of(r)->anchors, blob_bytes(&blob)) <= 0)
		json_wrong(r, "the file must hold one or more certificates, PEM or DER");
	blob_free(&blob);
}

static void read_anchor_sha256(struct json_reader *r, struct json_object *value, void *arg)
{
	struct blob blob;

	(void)arg;
	if (!json_hex(r, value, &blob))
		return;
	if (blob.len == FINGERPRINT_SIZE)
		anchors_add_fingerprint(&policy_of(r)->anchors, blob.data);
	else
		json_wrong(r, "must be the 32 bytes of a SHA-256 digest");
	blob_free(&blob);
}

static void read_anchor(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_key keys[] = {
		{ "pem", read_anchor_pem, NULL },
		{ "file", read_anchor_file, NULL },
		{ "sha256", read_anchor_sha256, NULL },
	};

	(void)arg;
	JSON_READ_OBJECT(r, value, keys);
	if (json_object_is_type(value, json_type_object) && json_object_object_length(value) != 1)
		json_wrong(r, "must have one of \"pem\", \"file\", \"sha256\"");
}

static void read_anchors(struct json_reader *r, struct json_object *value, void *arg)
{
	if (!json_is(r, value, json_type_array, "an array") || !json_object_array_length(value))
		return;
	policy_of(r)->asks_certs = true;
	json_read_each(r, value, read_anchor, arg);
}

/* ---- certificates ---- */

static void read_id(struct json_reader *r, struct json_object *value, void *arg)
{
	struct numbers *numbers = arg;
	enum pci_id_field field = (enum pci_id_field)(numbers - policy_of(r)->pci_id.field);
	const char *text;
	char *end;

	if (!json_is(r, value, json_type_string, "hexadecimal digits"))
		return;
	text = json_object_get_string(value);
	if (strlen(text) != (size_t)pci_id_digits(field) ||
	    strspn(text, "0123456789abcdefABCDEF") != strlen(text)) {
		json_wrong(r, "must be %d hexadecimal digits", pci_id_digits(field));
		return;
	}
	numbers->number = util_grow(numbers->number, numbers->nr + 1, sizeof(*numbers->number));
	numbers->number[numbers->nr++] = strtoull(text, &end, 16);
}

static void read_ids(struct json_reader *r, struct json_object *value, void *arg)
{
	json_read_each(r, value, read_id, arg);
}

static void read_pci_id(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy_pci_id *id = arg;
	struct json_key keys[PCI_ID_NR + 1] = { { "required", json_read_bool, &id->required } };

	/* To name what it must be is to ask for it. */
	id->required = true;
	for (int f = 0; f < PCI_ID_NR; f++)
		keys[f + 1] = (struct json_key) { pci_id_name((enum pci_id_field)f), read_ids,
					     &id->field[f] };
	JSON_READ_OBJECT(r, value, keys);
}

static void read_device_info(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy_device_info *info = arg;
	const struct json_key keys[] = {
		{ "required", json_read_bool, &info->required },
		{ "manufacturer", read_texts, &info->manufacturer },
		{ "product", read_texts, &info->product },
		{ "serial", read_texts, &info->serial },
	};

	info->required = true;
	JSON_READ_OBJECT(r, value, keys);
}

static void read_dice(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy_dice *dice = arg;
	const struct json_key keys[] = {
		{ "required", json_read_bool, &dice->required },
		{ "forbidden_flags", read_mask,
		  &(struct mask) { &dice->forbidden, dice_flag_of, "a DICE flag" } },
		{ "svn_min", read_floor, &(struct floor) { &dice->has_floor, &dice->floor } },
		{ "fwid", read_values, &dice->fwid },
	};

	dice->required = true;
	JSON_READ_OBJECT(r, value, keys);
}

static void read_crl(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = {
		{ "as_given", CRL_AS_GIVEN }, { "leaf", CRL_LEAF }, { "all", CRL_ALL },
	};
	int crl = CRL_ALL;

	(void)arg;
	json_read_word(r, value, JSON_WORDS(words, &crl));
	policy_of(r)->crl = (enum policy_crl)crl;
	if (crl != CRL_AS_GIVEN)
		policy_of(r)->required[CHECK_CERTS_CRL] = true;
}

static void read_models(struct json_reader *r, struct json_object *value, void *arg)
{
	uint32_t models = 0;

	(void)arg;
	read_mask(r, value, &(struct mask) { &models, model_of, "a certificate model" });
	policy_of(r)->allow_device_model = models & 1;
	policy_of(r)->allow_alias_model = models & 2;
}

static void read_certificates(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy *policy = policy_of(r);
	const struct json_key keys[] = {
		{ "key_usage", read_rule, &policy->key_usage },
		{ "basic_constraints", read_rule, &policy->basic_constraints },
		{ "extended_key_usage", read_rule, &policy->eku },
		{ "models", read_models, NULL },
		{ "pci_id", read_pci_id, &policy->pci_id },
		{ "device_info", read_device_info, &policy->device_info },
		{ "dice", read_dice, &policy->dice },
		{ "crl", read_crl, NULL },
	};

	(void)arg;
	policy->asks_certs = true;
	JSON_READ_OBJECT(r, value, keys);
}

/* ---- spdm ---- */

static void read_slot(struct json_reader *r, struct json_object *value, void *arg)
{
	uint64_t slot;

	(void)arg;
	if (json_number(r, value, 7, &slot))
		policy_of(r)->slots |= (uint32_t)BIT(slot);
}

static void read_slots(struct json_reader *r, struct json_object *value, void *arg)
{
	policy_of(r)->slots = 0;
	json_read_each(r, value, read_slot, arg);
}

static void read_without_vca(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy *policy = policy_of(r);
	const struct json_key keys[] = {
		{ "signature", read_mask,
		  &(struct mask) { &policy->bare_asym, policy_asym_of, "a signature algorithm" } },
		{ "hash", read_mask,
		  &(struct mask) { &policy->bare_hash, policy_hash_of, "a hash" } },
	};

	(void)arg;
	JSON_READ_OBJECT(r, value, keys);
	/* Nothing is tried until something fits. */
	if (policy->bare_asym & (policy->bare_asym - 1) || policy->bare_hash & (policy->bare_hash - 1))
		json_wrong(r, "must name one signature algorithm and one hash, not several");
}

static void read_spdm(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy *policy = policy_of(r);
	const struct json_key keys[] = {
		{ "versions", read_mask,
		  &(struct mask) { &policy->versions, version_of, "an SPDM version" } },
		{ "signatures", read_mask,
		  &(struct mask) { &policy->asym, policy_asym_of, "a signature algorithm" } },
		{ "hashes", read_mask, &(struct mask) { &policy->hash, policy_hash_of, "a hash" } },
		{ "alpha", read_allow, &policy->alpha },
		{ "without_vca", read_without_vca, NULL },
		{ "slots", read_slots, NULL },
		{ "trailing_nul", read_allow, &policy->trailing_nul },
	};

	(void)arg;
	policy->asks_measurements = true;
	JSON_READ_OBJECT(r, value, keys);
}

static void read_nonce(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = { { "required", 1 }, { "optional", 0 } };
	int required = 1;

	(void)arg;
	json_read_word(r, value, JSON_WORDS(words, &required));
	policy_of(r)->nonce_required = required;
	policy_of(r)->asks_measurements |= required;
}

static void read_freshness(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_key keys[] = { { "nonce", read_nonce, NULL } };

	(void)arg;
	JSON_READ_OBJECT(r, value, keys);
}

/* ---- measurements ---- */

static void read_index(struct json_reader *r, struct json_object *value, void *arg)
{
	uint64_t index;

	/* Where it goes has to be known before the rest is read: see read_block(). */
	(void)arg;
	if (json_number(r, value, 0xfe, &index) && !index)
		json_wrong(r, "must be a number from 1 to 254");
}

static void read_type(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text;

	if (!json_is(r, value, json_type_string, "a text"))
		return;
	text = json_object_get_string(value);
	for (u8 type = 0; type <= SPDM_MEAS_TYPE_MASK; type++) {
		if (!strcmp(spdm_meas_type_name(type), text) && strcmp(text, "unknown")) {
			*(int *)arg = type;
			return;
		}
	}
	json_wrong(r, "must be a measurement type, as tdi show writes it");
}

static void read_kind(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = {
		{ "any", KIND_ANY }, { "digest", KIND_DIGEST }, { "raw", KIND_RAW },
	};
	int kind = KIND_ANY;

	json_read_word(r, value, JSON_WORDS(words, &kind));
	*(enum policy_kind *)arg = (enum policy_kind)kind;
}

static void read_mask_bytes(struct json_reader *r, struct json_object *value, void *arg)
{
	json_hex(r, value, arg);
}

static void check_block(struct json_reader *r, const struct policy_block *block)
{
	if (block->mask.len && !block->values.nr)
		json_wrong(r, "a mask needs values");
	for (size_t i = 0; block->mask.len && i < block->values.nr; i++) {
		const struct blob *value = &block->values.value[i];

		if (value->len != block->mask.len)
			json_wrong(r, "values and mask must be of one length");
		for (size_t b = 0; b < value->len && b < block->mask.len; b++) {
			if (value->data[b] & ~block->mask.data[b]) {
				json_wrong(r, "a value has bits that the mask takes away: nothing equals it");
				break;
			}
		}
	}
	if (block->has_floor && block->type >= 0 && block->type != SPDM_MEAS_FW_SVN)
		json_wrong(r, "svn_min goes with security version numbers only");
	if (block->has_floor && block->kind == KIND_DIGEST)
		json_wrong(r, "svn_min goes with raw measurements only");
}

static void read_block(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy_block *block;
	struct json_object *member;
	uint64_t index;

	(void)arg;
	if (!json_is(r, value, json_type_object, "an object"))
		return;
	if (!json_object_object_get_ex(value, "index", &member) || !json_number(r, member, 0xfe, &index)) {
		json_wrong(r, "must have an index");
		return;
	}
	block = &policy_of(r)->block[index];
	if (block->used) {
		json_wrong(r, "there is a rule for this index already");
		return;
	}
	*block = (struct policy_block) { .used = true, .required = true, .type = -1 };
	JSON_READ_OBJECT(r, value, ((const struct json_key[]) {
		{ "index", read_index, NULL },
		{ "required", json_read_bool, &block->required },
		{ "type", read_type, &block->type },
		{ "kind", read_kind, &block->kind },
		{ "values", read_values, &block->values },
		{ "mask", read_mask_bytes, &block->mask },
		{ "svn_min", read_floor, &(struct floor) { &block->has_floor, &block->floor } },
	}));
	check_block(r, block);
}

static void read_blocks(struct json_reader *r, struct json_object *value, void *arg)
{
	if (json_is(r, value, json_type_array, "an array") && json_object_array_length(value))
		json_read_each(r, value, read_block, arg);
}

static void read_mode(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy_mode *mode = arg;
	const struct json_key keys[] = {
		{ "required", json_read_bool, &mode->required },
		{ "operational", read_mask,
		  &(struct mask) { &mode->operational, op_mode_of, "an operational mode" } },
		{ "debug", read_allow, &mode->allow_debug },
		{ "past_debug", read_allow, &mode->allow_past_debug },
		{ "invasive_history", read_allow, &mode->allow_invasive_history },
	};

	JSON_READ_OBJECT(r, value, keys);
}

static void read_measurements(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy *policy = policy_of(r);
	const struct json_key keys[] = {
		{ "blocks", read_blocks, NULL },
		{ "other", read_refuse, &policy->refuse_other },
		{ "svn_min", read_floor,
		  &(struct floor) { &policy->has_meas_floor, &policy->meas_floor } },
		{ "device_mode", read_mode, &policy->mode },
	};

	(void)arg;
	policy->asks_measurements = true;
	JSON_READ_OBJECT(r, value, keys);
}

/* ---- report ---- */

static void read_range_ids(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = { { "bars", 0 }, { "any", 1 } };
	int any = 0;

	json_read_word(r, value, JSON_WORDS(words, &any));
	*(bool *)arg = any;
}

static void read_report(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy_report *report = arg;
	const struct json_key keys[] = {
		{ "required", json_read_bool, &report->required },
		{ "reserved", read_allow, &report->ignore_reserved },
		{ "range_ids", read_range_ids, &report->any_range_id },
		{ "no_fw_update", read_bit, &report->no_fw_update },
		{ "dma_without_pasid", read_bit, &report->dma },
		{ "dma_with_pasid", read_bit, &report->pasid },
		{ "ats", read_bit, &report->ats },
		{ "prs", read_bit, &report->prs },
		{ "msix_locked", read_bit, &report->msix },
		{ "lnr", read_bit, &report->lnr },
		{ "tph", read_bit, &report->tph },
		{ "non_tee_ranges", read_refuse, &report->refuse_non_tee },
		{ "updatable_ranges", read_refuse, &report->refuse_updatable },
		{ "device_info", read_values, &report->device_info },
	};

	/* A policy that has an opinion on the report wants to see one. */
	report->required = true;
	JSON_READ_OBJECT(r, value, keys);
}

/* ---- TPM ---- */

static void read_measure(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = {
		{ "required", MEASURE_REQUIRED }, { "optional", MEASURE_OPTIONAL },
		{ "off", MEASURE_OFF },
	};
	int measure = MEASURE_REQUIRED;

	json_read_word(r, value, JSON_WORDS(words, &measure));
	*(enum policy_measure *)arg = (enum policy_measure)measure;
}

static void read_pcr(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *why;
	uint64_t pcr;

	if (!json_number(r, value, EVENTLOG_PCRS - 1, &pcr))
		return;
	why = measure_pcr_refused((unsigned int)pcr);
	if (why)
		json_wrong(r, "PCR %u is not for this: %s", (unsigned int)pcr, why);
	else
		*(int *)arg = (int)pcr;
}

static void read_tpm(struct json_reader *r, struct json_object *value, void *arg)
{
	struct policy_tpm *tpm = arg;
	const struct json_key keys[] = {
		{ "measure", read_measure, &tpm->measure },
		{ "pcr", read_pcr, &tpm->pcr },
		{ "verdict_pcr", read_pcr, &tpm->verdict_pcr },
	};

	tpm->measure = MEASURE_REQUIRED;
	JSON_READ_OBJECT(r, value, keys);
	if (tpm->verdict_pcr >= 0 &&
	    tpm->verdict_pcr == (tpm->pcr < 0 ? MEASURE_PCR_DEFAULT : tpm->pcr))
		json_wrong(r, "verdict_pcr must be another PCR than pcr: %s",
			   "what is measured there is to be known beforehand");
}

/* ---- the whole ---- */

static void read_required(struct json_reader *r, struct json_object *value, void *arg)
{
	enum check_id id;

	(void)arg;
	if (!json_is(r, value, json_type_string, "a check's name"))
		return;
	id = check_by_name(json_object_get_string(value));
	if (id == CHECK_NR)
		json_wrong(r, "no such check");
	else
		policy_of(r)->required[id] = true;
}

static void read_required_checks(struct json_reader *r, struct json_object *value, void *arg)
{
	if (json_is(r, value, json_type_array, "an array") && json_object_array_length(value))
		json_read_each(r, value, read_required, arg);
}

static void read_schema_version(struct json_reader *r, struct json_object *value, void *arg)
{
	uint64_t version;

	(void)arg;
	if (json_number(r, value, UINT64_MAX, &version) && version != POLICY_SCHEMA_VERSION)
		json_wrong(r, "must be %d: this program knows no other", POLICY_SCHEMA_VERSION);
}

static void read_kind_of_file(struct json_reader *r, struct json_object *value, void *arg)
{
	(void)arg;
	if (!json_is(r, value, json_type_string, "\"policy\""))
		return;
	if (strcmp(json_object_get_string(value), "policy"))
		json_wrong(r, "must be \"policy\"");
}

static void read_description(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text;

	(void)arg;
	if (!json_is(r, value, json_type_string, "a text"))
		return;
	text = json_object_get_string(value);
	util_escape(policy_of(r)->description, sizeof(policy_of(r)->description), text, strlen(text));
}

static void read_policy(struct json_reader *r, struct json_object *doc)
{
	struct policy *policy = policy_of(r);
	struct json_object *member;
	const struct json_key keys[] = {
		{ "schema_version", read_schema_version, NULL },
		{ "kind", read_kind_of_file, NULL },
		{ "description", read_description, NULL },
		{ "emulated", read_allow, &policy->emulated },
		{ "virtio_bypass", read_refuse, &policy->refuse_virtio_bypass },
		{ "anchors", read_anchors, NULL },
		{ "certificates", read_certificates, NULL },
		{ "spdm", read_spdm, NULL },
		{ "freshness", read_freshness, NULL },
		{ "measurements", read_measurements, NULL },
		{ "report", read_report, &policy->report },
		{ "required_checks", read_required_checks, NULL },
		{ "tpm", read_tpm, &policy->tpm },
	};

	JSON_READ_OBJECT(r, doc, keys);
	if (!json_object_object_get_ex(doc, "schema_version", &member) ||
	    !json_object_object_get_ex(doc, "kind", &member))
		json_wrong(r, "must have \"schema_version\": %d and \"kind\": \"policy\"",
		      POLICY_SCHEMA_VERSION);
}

/* What a policy asks for without being told to. */
static void file_defaults(struct policy *policy)
{
	policy->from_file = true;
	policy->mode.operational = SPDM_OP_MODE_NORMAL;
	policy->nonce_required = true;
}

bool policy_parse(struct bytes text, const char *dir, struct policy *ret,
		  struct policy_problems *errors)
{
	struct json_reader r = { .doc = ret, .dir = dir, .errors = errors };
	struct json_object *doc;
	char why[128];

	*errors = (struct policy_problems) { 0 };
	policy_default(ret);
	file_defaults(ret);
	doc = json_check_parse(text, why, sizeof(why));
	if (!doc) {
		json_wrong(&r, "%s", why);
		return false;
	}
	if (json_object_is_type(doc, json_type_object))
		read_policy(&r, doc);
	else
		json_wrong(&r, "must be an object");
	json_object_put(doc);
	return !errors->nr;
}

static enum tdi_exit complain(const char *path, const struct policy_problems *errors)
{
	for (size_t i = 0; i < errors->nr; i++) {
		const struct policy_problem *p = &errors->problem[i];

		util_complain("%s: %s%s%s", path, p->path, p->path[0] ? ": " : "", p->text);
	}
	return TDI_EXIT_USAGE;
}

enum tdi_exit policy_load(const char *path, struct policy *ret)
{
	struct policy_problems errors;
	enum tdi_exit status = TDI_EXIT_DONE;
	char dir[PATH_MAX], *slash;
	struct blob blob;
	int rc;

	rc = util_format(dir, sizeof(dir), "%s", path);
	if (!rc)
		rc = blob_read(AT_FDCWD, path, &blob);
	if (rc) {
		util_complain("%s: %s", path, strerror(-rc));
		return TDI_EXIT_USAGE;
	}
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	else
		util_format(dir, sizeof(dir), ".");
	if (!policy_parse(blob_bytes(&blob), dir, ret, &errors)) {
		status = complain(path, &errors);
		policy_free(ret);
	}
	if (status == TDI_EXIT_DONE) {
		ret->text = blob;
		blob = (struct blob) { 0 };
	}
	policy_problems_free(&errors);
	blob_free(&blob);
	return status;
}
