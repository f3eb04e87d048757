// SPDX-License-Identifier: GPL-2.0
/* Turning evidence into a policy. */
#include <stdlib.h>
#include <string.h>

#include "jsonw.h"
#include "policy_init.h"

/* Longer values (manifests) are not written: a person could not read the policy. */
#define VALUE_MAX	256u

static void put_array_text(struct jsonw *w, const char *key, const char *text)
{
	jsonw_array(w, key);
	jsonw_string(w, NULL, text);
	jsonw_end_array(w);
}

/* ---- anchors ---- */

/* A JSON text of PEM: the lines' ends are escapes. */
static void put_pem(struct jsonw *w, struct bytes der)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t size = der.len * 3 / 2 + 128, used;
	char *text = util_grow(NULL, size, 1);

	util_format(text, size, "-----BEGIN CERTIFICATE-----");
	used = strlen(text);
	for (size_t i = 0; i < der.len; i += 3) {
		unsigned int left = der.len - i < 3 ? (unsigned int)(der.len - i) : 3;
		unsigned int bits = (unsigned int)der.data[i] << 16 |
				    (left > 1 ? (unsigned int)der.data[i + 1] << 8 : 0) |
				    (left > 2 ? (unsigned int)der.data[i + 2] : 0);

		if (i % 48 == 0)
			text[used++] = '\n';
		text[used++] = digits[bits >> 18];
		text[used++] = digits[bits >> 12 & 63];
		text[used++] = left > 1 ? digits[bits >> 6 & 63] : '=';
		text[used++] = left > 2 ? digits[bits & 63] : '=';
	}
	util_format(text + used, size - used, "\n-----END CERTIFICATE-----\n");
	jsonw_object(w, NULL);
	jsonw_string(w, "pem", text);
	jsonw_end_object(w);
	free(text);
}

static bool is_anchor(const struct crypto_cert *cert, const struct parts *parts)
{
	uint8_t fp[FINGERPRINT_SIZE];

	fingerprint(cert, fp);
	return !memcmp(fp, parts->anchor_sha256, sizeof(fp));
}

/* The anchor that the chain ends in; else the root that came along, for want of one. */
static void put_anchors(struct jsonw *w, const struct subject *subject,
			const struct parts *parts, bool anchored)
{
	const struct certs *certs = &parts->certs;

	jsonw_array(w, "anchors");
	for (size_t i = 0; anchored && subject->roots && i < subject->roots->nr; i++) {
		if (is_anchor(subject->roots->cert[i], parts)) {
			put_pem(w, crypto_cert_der(subject->roots->cert[i]));
			break;
		}
	}
	if (!anchored && certs->info[certs->nr - 1].self_issued)
		put_pem(w, crypto_cert_der(certs->cert[certs->nr - 1]));
	jsonw_end_array(w);
}

/* ---- certificates ---- */

static void put_id_field(struct jsonw *w, const struct pci_id *id, enum pci_id_field field)
{
	if (id->has[field])
		jsonw_format(w, pci_id_name(field), "%0*llx", pci_id_digits(field),
			     (unsigned long long)id->value[field]);
}

/* The kind of device; which one of its kind is left to whoever wants just that. */
static void put_identity(struct jsonw *w, const struct identity *id)
{
	if (id->pci.well_formed) {
		jsonw_object(w, "pci_id");
		put_id_field(w, &id->pci, PCI_ID_VENDOR);
		put_id_field(w, &id->pci, PCI_ID_DEVICE);
		put_id_field(w, &id->pci, PCI_ID_CLASS);
		put_id_field(w, &id->pci, PCI_ID_SUBVENDOR);
		put_id_field(w, &id->pci, PCI_ID_SUBDEVICE);
		jsonw_end_object(w);
	}
	if (id->device.well_formed) {
		jsonw_object(w, "device_info");
		jsonw_string(w, "manufacturer", id->device.manufacturer);
		jsonw_string(w, "product", id->device.product);
		jsonw_end_object(w);
	}
}

static void put_certificates(struct jsonw *w, const struct parts *parts)
{
	const struct crypto_cert_info *leaf = &parts->certs.info[0];

	jsonw_object(w, "certificates");
	jsonw_string(w, "key_usage", leaf->has_ku ? "required" : "if_present");
	jsonw_string(w, "basic_constraints", leaf->has_bc ? "required" : "if_present");
	jsonw_string(w, "extended_key_usage",
		     parts->certs.identity.responder ? "required" : "if_present");
	put_array_text(w, "models", parts->certs.alias ? "alias" : "device");
	put_identity(w, &parts->certs.identity);
	jsonw_end_object(w);
}

/* ---- SPDM ---- */

static void put_spdm(struct jsonw *w, const struct parts *parts)
{
	jsonw_object(w, "spdm");
	put_array_text(w, "versions", spdm_version_name(parts->meas.version));
	put_array_text(w, "signatures", parts->asym->name);
	put_array_text(w, "hashes", parts->hash->name);
	jsonw_array(w, "slots");
	jsonw_number(w, NULL, parts->meas.last.slot);
	jsonw_end_array(w);
	jsonw_end_object(w);
}

/* ---- measurements ---- */

static void put_block(struct jsonw *w, const struct parts *parts,
		      const struct spdm_meas_value *value)
{
	const u8 *bytes = parts->pairs.data;
	u64 svn;

	jsonw_object(w, NULL);
	jsonw_number(w, "index", value->index);
	if (value->is_dmtf && strcmp(spdm_meas_type_name(value->type), "unknown"))
		jsonw_string(w, "type", spdm_meas_type_name(value->type));
	if (value->is_dmtf)
		jsonw_string(w, "kind", value->is_raw ? "raw" : "digest");
	if (value->is_dmtf && !spdm_meas_svn(bytes, value, &svn, NULL)) {
		jsonw_number(w, "svn_min", svn);
	} else if (value->len <= VALUE_MAX) {
		jsonw_array(w, "values");
		jsonw_hex(w, NULL, bytes + value->value, value->len);
		jsonw_end_array(w);
	}
	jsonw_end_object(w);
}

static void put_blocks(struct jsonw *w, const struct parts *parts)
{
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;
	bool seen[256] = { 0 };

	jsonw_array(w, "blocks");
	while (spdm_meas_next_value(parts->pairs.data, &parts->meas, &it, &value)) {
		/* A block that comes again is the same; the parser saw to it. */
		if (seen[value.index] ||
		    (value.is_dmtf && value.type == SPDM_MEAS_DEVICE_MODE))
			continue;
		seen[value.index] = true;
		put_block(w, parts, &value);
	}
	jsonw_end_array(w);
}

static const char *allowed(bool it_is_so)
{
	return it_is_so ? "allowed" : "refused";
}

static void put_operational(struct jsonw *w, u32 state)
{
	if (!(state & (BIT(POLICY_OP_MODES) - 1)))
		return;
	jsonw_array(w, "operational");
	for (unsigned int bit = 0; bit < POLICY_OP_MODES; bit++)
		if (state & BIT(bit))
			jsonw_string(w, NULL, policy_op_mode_name(bit));
	jsonw_end_array(w);
}

static void put_mode(struct jsonw *w, const struct parts *parts)
{
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;
	struct spdm_meas_mode mode;

	while (spdm_meas_next_value(parts->pairs.data, &parts->meas, &it, &value)) {
		if (spdm_meas_device_mode(parts->pairs.data, &value, &mode, NULL))
			continue;
		jsonw_object(w, "device_mode");
		jsonw_bool(w, "required", true);
		put_operational(w, mode.op_state);
		jsonw_string(w, "debug", allowed(mode.dev_state &
						 (SPDM_DEV_MODE_DEBUG | SPDM_DEV_MODE_INVASIVE)));
		jsonw_string(w, "past_debug", allowed(mode.dev_state &
						      (SPDM_DEV_MODE_WAS_DEBUG |
						       SPDM_DEV_MODE_WAS_INVASIVE)));
		jsonw_string(w, "invasive_history", allowed(mode.dev_state &
							    SPDM_DEV_MODE_EVER_INVASIVE));
		jsonw_end_object(w);
		return;
	}
}

/* ---- report ---- */

static void put_bit(struct jsonw *w, const char *key, bool set)
{
	jsonw_string(w, key, set ? "set" : "clear");
}

static void put_report(struct jsonw *w, const struct parts *parts)
{
	const struct tdisp_report *report = &parts->report;
	bool other_id = false, non_tee = false, updatable = false;

	for (u32 i = 0; i < report->nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(parts->report_bytes.data, report, i);

		other_id |= range.id >= TDISP_NR_BARS;
		non_tee |= range.attr & TDISP_RANGE_NON_TEE;
		updatable |= range.attr & TDISP_RANGE_ATTR_UPDATABLE;
	}
	jsonw_object(w, "report");
	jsonw_string(w, "reserved", allowed(parts->report_copy.data));
	jsonw_string(w, "range_ids", other_id ? "any" : "bars");
	put_bit(w, "no_fw_update", report->info & TDISP_INFO_NO_FW_UPDATE);
	put_bit(w, "dma_without_pasid", report->info & TDISP_INFO_DMA_NO_PASID);
	put_bit(w, "dma_with_pasid", report->info & TDISP_INFO_DMA_PASID);
	put_bit(w, "ats", report->info & TDISP_INFO_ATS);
	put_bit(w, "prs", report->info & TDISP_INFO_PRS);
	put_bit(w, "msix_locked", report->msix_control);
	put_bit(w, "lnr", report->lnr_control);
	put_bit(w, "tph", report->tph_control);
	jsonw_string(w, "non_tee_ranges", allowed(non_tee));
	jsonw_string(w, "updatable_ranges", allowed(updatable));
	jsonw_end_object(w);
}

/* ---- all of it ---- */

void policy_init(FILE *f, const struct subject *subject, const struct parts *parts,
		 bool anchored)
{
	char time[32];
	struct jsonw w;

	bundle_time_text(subject->at, time);
	jsonw_start(&w, f);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", POLICY_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "policy");
	jsonw_format(&w, "description", "made of evidence in hand, %s: read it, and mend it", time);
	jsonw_string(&w, "emulated", allowed(parts->emulated));
	/* Evidence says nothing of the machine: the default, to be seen. */
	jsonw_string(&w, "virtio_bypass", allowed(true));
	if (parts->has_certs) {
		put_anchors(&w, subject, parts, anchored);
		put_certificates(&w, parts);
	}
	if (parts->has_meas && parts->usable) {
		put_spdm(&w, parts);
		jsonw_object(&w, "freshness");
		jsonw_string(&w, "nonce", subject->has_nonce ? "required" : "optional");
		jsonw_end_object(&w);
		jsonw_object(&w, "measurements");
		put_blocks(&w, parts);
		jsonw_string(&w, "other", "refused");
		put_mode(&w, parts);
		jsonw_end_object(&w);
	}
	if (parts->has_report)
		put_report(&w, parts);
	/* Nor of this. */
	jsonw_object(&w, "tpm");
	jsonw_string(&w, "measure", "off");
	jsonw_end_object(&w);
	jsonw_array(&w, "required_checks");
	if (parts->has_report && subject->has_bars)
		jsonw_string(&w, NULL, check_name(CHECK_REPORT_BARS));
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}
