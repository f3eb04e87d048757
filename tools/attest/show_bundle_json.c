// SPDX-License-Identifier: GPL-2.0
/* Writes saved evidence for programs. */
#include <stdio.h>
#include <string.h>

#include "dice.h"
#include "jsonw.h"
#include "show_bundle.h"

#define SHOW_SCHEMA_VERSION	1

/* Longer values are in the bundle itself. */
#define VALUE_MAX		256u

static void put_text(struct jsonw *w, const char *key, const char *text)
{
	jsonw_string(w, key, text[0] ? text : NULL);
}

static void put_time(struct jsonw *w, const char *key, bool ok, time_t time)
{
	char text[32];

	bundle_time_text(time, text);
	jsonw_string(w, key, ok ? text : NULL);
}

static void put_dice(struct jsonw *w, const struct crypto_cert *cert)
{
	struct dice dice;

	dice_read(cert, &dice);
	if (dice.form == DICE_NONE) {
		jsonw_null(w, "dice");
		return;
	}
	jsonw_object(w, "dice");
	jsonw_string(w, "form", dice_form_name(dice.form));
	if (dice.has_svn)
		jsonw_number(w, "svn", dice.svn);
	else
		jsonw_null(w, "svn");
	jsonw_array(w, "flags");
	for (unsigned int bit = 0; bit < DICE_FLAGS_NR; bit++)
		if (dice.flags & 1u << bit)
			jsonw_string(w, NULL, dice_flag_name(bit));
	jsonw_end_array(w);
	jsonw_hex(w, "fwid", dice.fwid.data, dice.fwid.len);
	jsonw_end_object(w);
}

static void put_certs(struct jsonw *w, const struct certs *certs, bool there)
{
	if (!there) {
		jsonw_null(w, "certificates");
		return;
	}
	jsonw_object(w, "certificates");
	jsonw_string(w, "form", certs_form_name(certs->form));
	jsonw_string(w, "model", certs->alias ? "alias" : "device");
	put_text(w, "pci_id", certs->identity.pci.text);
	jsonw_array(w, "chain");
	for (size_t i = 0; i < certs->nr; i++) {
		const struct crypto_cert_info *info = &certs->info[i];

		jsonw_object(w, NULL);
		put_text(w, "subject", info->subject);
		put_text(w, "issuer", info->issuer);
		put_text(w, "serial", info->serial);
		put_text(w, "key", info->key_name);
		put_text(w, "signed", info->sig_name);
		jsonw_bool(w, "ca", info->is_ca);
		put_time(w, "not_before", info->time_ok, info->not_before);
		put_time(w, "not_after", info->time_ok, info->not_after);
		put_dice(w, certs->cert[i]);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void put_vca(struct jsonw *w, const struct parts *parts)
{
	if (!parts->has_vca) {
		jsonw_null(w, "vca");
		return;
	}
	jsonw_object(w, "vca");
	jsonw_string(w, "version", spdm_version_name(parts->vca.version));
	jsonw_string(w, "signature", parts->asym ? parts->asym->name : NULL);
	jsonw_string(w, "hash", parts->hash ? parts->hash->name : NULL);
	jsonw_end_object(w);
}

static void put_value(struct jsonw *w, const struct parts *parts,
		      const struct spdm_meas_value *value)
{
	const u8 *bytes = parts->pairs.data;
	u64 svn;

	jsonw_object(w, NULL);
	jsonw_number(w, "index", value->index);
	jsonw_string(w, "type", value->is_dmtf ? spdm_meas_type_name(value->type) : NULL);
	jsonw_string(w, "kind", !value->is_dmtf ? NULL : value->is_raw ? "raw" : "digest");
	jsonw_number(w, "size", value->len);
	if (value->len <= VALUE_MAX)
		jsonw_hex(w, "value", bytes + value->value, value->len);
	else
		jsonw_null(w, "value");
	if (!spdm_meas_svn(bytes, value, &svn, NULL))
		jsonw_number(w, "svn", svn);
	else
		jsonw_null(w, "svn");
	jsonw_end_object(w);
}

static void put_measurements(struct jsonw *w, const struct parts *parts)
{
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;

	if (!parts->has_meas) {
		jsonw_null(w, "measurements");
		return;
	}
	jsonw_object(w, "measurements");
	jsonw_string(w, "version", spdm_version_name(parts->meas.version));
	jsonw_number(w, "requests", parts->meas.nr_pairs);
	jsonw_number(w, "slot", parts->meas.last.slot);
	jsonw_hex(w, "nonce", parts->pairs.data + parts->meas.last.req_nonce, SPDM_NONCE_SIZE);
	jsonw_array(w, "blocks");
	while (spdm_meas_next_value(parts->pairs.data, &parts->meas, &it, &value))
		put_value(w, parts, &value);
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void put_ranges(struct jsonw *w, const struct parts *parts, const struct subject *subject)
{
	const u8 *bytes = parts->report_bytes.data;
	bool placed = subject->has_bars &&
		      !tdisp_report_match(bytes, &parts->report, &subject->bars, NULL);

	jsonw_array(w, "ranges");
	for (u32 i = 0; i < parts->report.nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(bytes, &parts->report, i);

		jsonw_object(w, NULL);
		jsonw_number(w, "range_id", range.id);
		jsonw_number(w, "first_page", range.first_page);
		jsonw_number(w, "pages", range.nr_pages);
		if (placed)
			jsonw_number(w, "bar_offset", tdisp_report_bar_offset(bytes, &parts->report,
									      &subject->bars, i));
		else
			jsonw_null(w, "bar_offset");
		jsonw_bool(w, "msix_table", range.attr & TDISP_RANGE_MSIX_TABLE);
		jsonw_bool(w, "msix_pba", range.attr & TDISP_RANGE_MSIX_PBA);
		jsonw_bool(w, "non_tee", range.attr & TDISP_RANGE_NON_TEE);
		jsonw_bool(w, "updatable", range.attr & TDISP_RANGE_ATTR_UPDATABLE);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_report(struct jsonw *w, const struct parts *parts, const struct subject *subject)
{
	const struct tdisp_report *report = &parts->report;

	if (!parts->has_report) {
		jsonw_null(w, "report");
		return;
	}
	jsonw_object(w, "report");
	jsonw_bool(w, "no_fw_update", report->info & TDISP_INFO_NO_FW_UPDATE);
	jsonw_bool(w, "dma_without_pasid", report->info & TDISP_INFO_DMA_NO_PASID);
	jsonw_bool(w, "dma_with_pasid", report->info & TDISP_INFO_DMA_PASID);
	jsonw_bool(w, "ats", report->info & TDISP_INFO_ATS);
	jsonw_bool(w, "prs", report->info & TDISP_INFO_PRS);
	jsonw_number(w, "msix_control", report->msix_control);
	jsonw_number(w, "lnr_control", report->lnr_control);
	jsonw_number(w, "tph_control", report->tph_control);
	put_ranges(w, parts, subject);
	jsonw_number(w, "device_info_size", report->device_info_len);
	jsonw_end_object(w);
}

static void put_problems(struct jsonw *w, const struct verdict *verdict)
{
	jsonw_array(w, "problems");
	for (size_t i = 0; i < verdict->nr; i++) {
		const struct check *check = &verdict->check[i];

		if (check->status < CHECK_REFUSED)
			continue;
		jsonw_object(w, NULL);
		jsonw_string(w, "id", check_name(check->id));
		jsonw_string(w, "status", check_status_name(check->status));
		jsonw_string(w, "expected", check->expected);
		jsonw_string(w, "found", check->found);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

void show_bundle_json(const struct show_bundle_model *model)
{
	const struct bundle *bundle = model->subject->bundle;
	struct jsonw w;

	jsonw_start(&w, stdout);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", SHOW_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "evidence-shown");
	put_text(&w, "bdf", bundle->bdf);
	put_text(&w, "platform", bundle->platform);
	jsonw_bool(&w, "emulated", bundle_is_emulated(bundle));
	put_text(&w, "state", bundle->state);
	put_text(&w, "generation", bundle->generation);
	put_text(&w, "created", bundle->created);
	put_certs(&w, &model->parts->certs, model->parts->has_certs);
	put_vca(&w, model->parts);
	put_measurements(&w, model->parts);
	put_report(&w, model->parts, model->subject);
	put_problems(&w, model->verdict);
	jsonw_end_object(&w);
}
