// SPDX-License-Identifier: GPL-2.0
/* Writes the verdict for programs. */
#include <stdio.h>
#include <string.h>

#include "eventlog.h"
#include "verdict_print.h"

static void put_text(struct jsonw *w, const char *key, const char *text)
{
	jsonw_string(w, key, text && text[0] ? text : NULL);
}

static void put_check(struct jsonw *w, const struct verdict *verdict, const struct check *check)
{
	jsonw_object(w, NULL);
	jsonw_string(w, "id", check_name(check->id));
	jsonw_string(w, "status", check_status_name(check->status));
	jsonw_bool(w, "required", verdict->required[check->id]);
	jsonw_string(w, "claim", check_text(check->id));
	put_text(w, "expected", check->expected);
	put_text(w, "found", check->found);
	if (check->index >= 0)
		jsonw_number(w, "index", (uint64_t)check->index);
	else
		jsonw_null(w, "index");
	jsonw_string(w, "object", check->object);
	if (check->object)
		jsonw_number(w, "offset", check->offset);
	else
		jsonw_null(w, "offset");
	jsonw_end_object(w);
}

static void put_checks(struct jsonw *w, const struct verdict *verdict)
{
	size_t unlisted = 0;

	jsonw_array(w, "checks");
	for (int id = 0; id < CHECK_NR; id++) {
		for (size_t i = 0; i < verdict->nr; i++)
			if ((int)verdict->check[i].id == id)
				put_check(w, verdict, &verdict->check[i]);
		unlisted += verdict->unlisted[id];
	}
	jsonw_end_array(w);
	jsonw_number(w, "findings_not_listed", unlisted);
}

static void put_pci_id(struct jsonw *w, const struct pci_id *id)
{
	if (!id->well_formed) {
		jsonw_null(w, "pci_id");
		return;
	}
	jsonw_object(w, "pci_id");
	for (int f = 0; f < PCI_ID_NR; f++) {
		if (id->has[f])
			jsonw_format(w, pci_id_name((enum pci_id_field)f), "%0*llx",
				     pci_id_digits((enum pci_id_field)f),
				     (unsigned long long)id->value[f]);
		else
			jsonw_null(w, pci_id_name((enum pci_id_field)f));
	}
	jsonw_end_object(w);
}

static void put_device(struct jsonw *w, const struct parts *parts)
{
	const struct certs *certs = &parts->certs;
	const struct device_info *info = &certs->identity.device;

	if (!parts->has_certs) {
		jsonw_null(w, "device");
		return;
	}
	jsonw_object(w, "device");
	put_text(w, "subject", certs->info[0].subject);
	put_text(w, "serial", certs->info[0].serial);
	put_text(w, "key", certs->info[0].key_name);
	jsonw_string(w, "model", certs->alias ? "alias" : "device");
	put_pci_id(w, &certs->identity.pci);
	if (info->well_formed) {
		jsonw_object(w, "device_info");
		jsonw_string(w, "manufacturer", info->manufacturer);
		jsonw_string(w, "product", info->product);
		jsonw_string(w, "serial", info->serial);
		jsonw_end_object(w);
	} else {
		jsonw_null(w, "device_info");
	}
	jsonw_end_object(w);
}

static void put_anchor(struct jsonw *w, const struct parts *parts)
{
	if (!parts->anchor[0]) {
		jsonw_null(w, "anchor");
		return;
	}
	jsonw_object(w, "anchor");
	jsonw_string(w, "subject", parts->anchor);
	jsonw_hex(w, "sha256", parts->anchor_sha256, sizeof(parts->anchor_sha256));
	jsonw_end_object(w);
}

static void put_spdm(struct jsonw *w, const struct parts *parts)
{
	if (!parts->has_meas && !parts->has_vca) {
		jsonw_null(w, "spdm");
		return;
	}
	jsonw_object(w, "spdm");
	jsonw_string(w, "version", spdm_version_name(parts->has_meas ? parts->meas.version :
						     parts->vca.version));
	jsonw_string(w, "signature", parts->asym ? parts->asym->name : NULL);
	jsonw_string(w, "hash", parts->hash ? parts->hash->name : NULL);
	if (parts->has_meas) {
		jsonw_number(w, "slot", parts->meas.last.slot);
		jsonw_hex(w, "nonce", parts->pairs.data + parts->meas.last.req_nonce,
			  SPDM_NONCE_SIZE);
		jsonw_number(w, "measurements", parts->meas.nr_blocks);
	} else {
		jsonw_null(w, "slot");
		jsonw_null(w, "nonce");
		jsonw_null(w, "measurements");
	}
	jsonw_end_object(w);
}

static void put_pcrs(struct jsonw *w, uint32_t pcrs)
{
	jsonw_array(w, "pcrs");
	for (unsigned int pcr = 0; pcr < 32; pcr++)
		if (pcrs >> pcr & 1)
			jsonw_number(w, NULL, pcr);
	jsonw_end_array(w);
}

static void put_digest(struct jsonw *w, const char *key, const struct tpm_digest *digest)
{
	if (digest->there)
		jsonw_hex(w, key, digest->value, sizeof(digest->value));
	else
		jsonw_null(w, key);
}

static void put_event(struct jsonw *w, const struct tpm_parts *tpm)
{
	static const char * const kinds[] = { "accept", "measure", "void" };
	const struct tpm_event *event = &tpm->event;

	if (!tpm->has_event) {
		jsonw_null(w, "event");
		return;
	}
	jsonw_object(w, "event");
	jsonw_string(w, "kind", kinds[event->kind]);
	put_digest(w, "evidence", &event->evidence);
	put_digest(w, "report", &event->report);
	put_digest(w, "policy", &event->policy);
	put_digest(w, "anchor", &event->anchor);
	jsonw_string(w, "verdict", event->word);
	put_digest(w, "verdict_digest", &event->verdict);
	jsonw_end_object(w);
}

static void put_tpm(struct jsonw *w, const struct tpm_parts *tpm)
{
	uint8_t digest[32];

	if (!tpm->has_quote || !tpm->has_key || !crypto_key_sha256(tpm->key.key, digest)) {
		jsonw_null(w, "tpm");
		return;
	}
	jsonw_object(w, "tpm");
	jsonw_hex(w, "ak_sha256", digest, sizeof(digest));
	jsonw_hex(w, "ak_name", tpm->key.name, tpm->key.name_len);
	jsonw_bool(w, "ak_pinned", tpm->pinned);
	jsonw_string(w, "ak_hierarchy", tpm->hierarchy);
	jsonw_string(w, "bank", eventlog_hash_name(tpm->quote.bank));
	put_pcrs(w, tpm->quote.pcrs);
	jsonw_number(w, "resets", tpm->quote.resets);
	jsonw_number(w, "restarts", tpm->quote.restarts);
	jsonw_number(w, "clock", tpm->quote.clock);
	jsonw_format(w, "firmware", "%016llx", (unsigned long long)tpm->quote.firmware);
	jsonw_number(w, "events", tpm->events);
	put_event(w, tpm);
	jsonw_end_object(w);
}

static void put_scope(struct jsonw *w, const struct subject *subject)
{
	jsonw_array(w, "objects");
	if (subject->certs.data)
		jsonw_string(w, NULL, "certificates");
	if (subject->vca.data)
		jsonw_string(w, NULL, "vca");
	if (subject->measurements.data)
		jsonw_string(w, NULL, "measurements");
	if (subject->report.data)
		jsonw_string(w, NULL, "report");
	jsonw_end_array(w);
}

static void put_policy(struct jsonw *w, const struct verdict_model *model)
{
	char path[128];

	if (!model->policy_path) {
		jsonw_null(w, "policy");
		return;
	}
	util_escape(path, sizeof(path), model->policy_path, strlen(model->policy_path));
	jsonw_object(w, "policy");
	jsonw_string(w, "file", path);
	put_text(w, "description", model->policy->description);
	jsonw_end_object(w);
}

static void put_platform(struct jsonw *w, const struct bundle *bundle, const struct parts *parts)
{
	put_text(w, "bdf", bundle ? bundle->bdf : NULL);
	put_text(w, "platform", bundle ? bundle->platform : NULL);
	if (bundle || parts->emulated)
		jsonw_bool(w, "emulated", parts->emulated);
	else
		jsonw_null(w, "emulated");
	put_text(w, "generation", bundle ? bundle->generation : NULL);
}

void verdict_json_to(FILE *f, const struct verdict_model *model)
{
	enum tdi_exit status = verdict_exit(model->verdict);
	char time[32];
	struct jsonw w;

	bundle_time_text(model->subject->at, time);
	jsonw_start(&w, f);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", VERDICT_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "verdict");
	jsonw_string(&w, "verdict", verdict_word(status));
	jsonw_number(&w, "exit_status", (uint64_t)status);
	jsonw_string(&w, "time", time);
	put_policy(&w, model);
	put_scope(&w, model->subject);
	put_platform(&w, model->subject->bundle, model->parts);
	put_device(&w, model->parts);
	put_anchor(&w, model->parts);
	put_spdm(&w, model->parts);
	put_tpm(&w, &model->parts->tpm);
	put_checks(&w, model->verdict);
	jsonw_end_object(&w);
}

void verdict_json(const struct verdict_model *model)
{
	verdict_json_to(stdout, model);
}
