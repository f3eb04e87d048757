// SPDX-License-Identifier: GPL-2.0
/* Writes saved evidence for people: certificates as a tree, the rest as tables. */
#include <stdio.h>
#include <string.h>

#include "der.h"
#include "dice.h"
#include "show_bundle.h"
#include "words.h"

/* ---- certificates ---- */

static void put_dates(const struct crypto_cert_info *info, const char *indent)
{
	char from[32], to[32];

	if (!info->time_ok)
		return;
	bundle_time_text(info->not_before, from);
	bundle_time_text(info->not_after, to);
	printf("%s  valid   %.10s to %.10s\n", indent, from, to);
}

static void put_dice(const struct crypto_cert *cert, const char *indent)
{
	struct dice dice;

	dice_read(cert, &dice);
	if (dice.form == DICE_NONE)
		return;
	printf("%s  DICE    %s", indent, dice_form_name(dice.form));
	if (dice.has_svn)
		printf(", SVN %llu", (unsigned long long)dice.svn);
	for (unsigned int bit = 0; bit < DICE_FLAGS_NR; bit++)
		if (dice.flags & 1u << bit)
			printf(", %s", dice_flag_name(bit));
	if (dice.fwid.len) {
		fputs(", FWID ", stdout);
		for (size_t i = 0; i < 8 && i < dice.fwid.len; i++)
			printf("%02x", dice.fwid.data[i]);
		fputs("...", stdout);
	}
	putchar('\n');
}

static void put_leaf(const struct certs *certs, const char *indent)
{
	const struct identity *id = &certs->identity;

	if (id->pci.present)
		printf("%s  PCI     %s%s\n", indent, id->pci.text,
		       id->pci.well_formed ? "" : " (malformed)");
	if (id->device.well_formed)
		printf("%s  device  %s %s, serial %s\n", indent, id->device.manufacturer,
		       id->device.product, id->device.serial);
	if (id->responder || id->requester)
		printf("%s  for     %s%s%s\n", indent, id->responder ? "SPDM responder" : "",
		       id->responder && id->requester ? ", " : "",
		       id->requester ? "SPDM requester" : "");
}

static void put_certs(const struct certs *certs)
{
	char indent[2 * SPDM_CERTS_MAX + 4];

	printf("certificates: %s, %s model\n", certs_form_name(certs->form),
	       certs->alias ? "alias" : "device");
	for (size_t i = certs->nr; i-- > 0;) {
		const struct crypto_cert_info *info = &certs->info[i];
		size_t depth = certs->nr - 1 - i;

		memset(indent, ' ', 2 * depth + 2);
		indent[2 * depth + 2] = '\0';
		printf("%s%s%s%s\n", indent, depth ? "`-" : "", info->subject,
		       info->self_issued ? " (self-signed)" : "");
		if (depth)
			memcpy(indent + 2 * depth + 2, "  ", 3);
		printf("%s  key     %s%s\n", indent, info->key_name, info->is_ca ? ", CA" : "");
		printf("%s  signed  %s\n", indent, info->sig_name);
		put_dates(info, indent);
		put_dice(certs->cert[i], indent);
		if (!i)
			put_leaf(certs, indent);
	}
	putchar('\n');
}

/* ---- measurements ---- */

#define VALUE_SHOWN	24u

static void put_value(const struct parts *parts, const struct spdm_meas_value *value)
{
	const u8 *bytes = parts->pairs.data;
	struct spdm_meas_mode mode;
	u64 svn;

	if (!spdm_meas_svn(bytes, value, &svn, NULL)) {
		printf("%llu\n", (unsigned long long)svn);
		return;
	}
	if (!spdm_meas_device_mode(bytes, value, &mode, NULL)) {
		for (unsigned int bit = 0; bit < POLICY_OP_MODES; bit++)
			if (mode.op_state & BIT(bit))
				printf("%s ", policy_op_mode_name(bit));
		if (mode.dev_state & (SPDM_DEV_MODE_DEBUG | SPDM_DEV_MODE_INVASIVE))
			fputs("DEBUG ACTIVE ", stdout);
		if (mode.dev_state & (SPDM_DEV_MODE_WAS_DEBUG | SPDM_DEV_MODE_WAS_INVASIVE))
			fputs("(debug since reset) ", stdout);
		if (mode.dev_state & SPDM_DEV_MODE_EVER_INVASIVE)
			fputs("(invasive debug since manufacturing)", stdout);
		putchar('\n');
		return;
	}
	for (size_t i = 0; i < value->len && i < VALUE_SHOWN; i++)
		printf("%02x", bytes[value->value + i]);
	printf("%s\n", value->len > VALUE_SHOWN ? "..." : "");
}

static void put_measurements(const struct parts *parts)
{
	struct spdm_meas_iter it = { 0 };
	struct spdm_meas_value value;

	printf("measurements: SPDM %s, %u request%s, slot %u\n",
	       spdm_version_name(parts->meas.version), parts->meas.nr_pairs,
	       parts->meas.nr_pairs == 1 ? "" : "s", parts->meas.last.slot);
	printf("  %-5s  %-28s %-6s %6s  VALUE\n", "INDEX", "TYPE", "KIND", "BYTES");
	while (spdm_meas_next_value(parts->pairs.data, &parts->meas, &it, &value)) {
		printf("  %-5u  %-28s %-6s %6zu  ", value.index,
		       value.is_dmtf ? spdm_meas_type_name(value.type) : "another specification's",
		       !value.is_dmtf ? "-" : value.is_raw ? "raw" : "digest", value.len);
		put_value(parts, &value);
	}
	putchar('\n');
}

/* ---- VCA, report ---- */

static void put_vca(const struct spdm_vca *vca, const struct parts *parts)
{
	printf("VCA: SPDM %s, signature %s, hash %s", spdm_version_name(vca->version),
	       parts->asym ? parts->asym->name : "unknown",
	       parts->hash ? parts->hash->name : "unknown");
	if (vca->best_version > vca->version)
		printf(" (the device also knows SPDM %s)", spdm_version_name(vca->best_version));
	puts("\n");
}

static void put_attributes(u16 attr)
{
	static const struct {
		u16 bit;
		const char *text;
	} attributes[] = {
		{ TDISP_RANGE_MSIX_TABLE, "MSI-X table" },
		{ TDISP_RANGE_MSIX_PBA, "MSI-X PBA" },
		{ TDISP_RANGE_NON_TEE, "non-TEE" },
		{ TDISP_RANGE_ATTR_UPDATABLE, "updatable" },
	};
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		if (!(attr & attributes[i].bit))
			continue;
		printf("%s%s", separator, attributes[i].text);
		separator = ", ";
	}
	puts(*separator ? "" : "-");
}

static void put_report(const struct parts *parts, const struct subject *subject)
{
	const struct tdisp_report *report = &parts->report;
	const u8 *bytes = parts->report_bytes.data;
	bool placed = subject->has_bars &&
		      !tdisp_report_match(bytes, report, &subject->bars, NULL);
	const struct {
		u16 bit;
		const char *text;
	} infos[] = {
		{ TDISP_INFO_NO_FW_UPDATE, "firmware cannot be updated while locked" },
		{ TDISP_INFO_DMA_NO_PASID, "DMA without PASID" },
		{ TDISP_INFO_DMA_PASID, "DMA with PASID" },
		{ TDISP_INFO_ATS, "ATS enabled" },
		{ TDISP_INFO_PRS, "PRS enabled" },
	};

	puts("interface report:");
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++)
		printf("  %-42s %s\n", infos[i].text, report->info & infos[i].bit ? "yes" : "no");
	printf("  %-42s %s\n", "MSI-X table locked", report->msix_control ? "yes" : "no");
	printf("  %-42s %s\n", "LNR, TPH", report->lnr_control || report->tph_control ? "on" : "off");
	printf("  %-3s %-18s %10s  %-12s ATTRIBUTES\n", "ID", "FIRST PAGE", "SIZE", "IN BAR");
	for (u32 i = 0; i < report->nr_ranges; i++) {
		struct tdisp_range range = tdisp_report_range(bytes, report, i);

		printf("  %-3u 0x%-16llx %8lluK  ", range.id, (unsigned long long)range.first_page,
		       (unsigned long long)range.nr_pages * 4);
		if (placed)
			printf("0x%-10llx ", (unsigned long long)
			       tdisp_report_bar_offset(bytes, report, &subject->bars, i));
		else
			printf("%-12s ", "?");
		put_attributes(range.attr);
	}
	if (report->device_info_len)
		printf("  %u bytes of device-specific information\n", report->device_info_len);
	putchar('\n');
}

/* ---- all of it ---- */

static void put_metadata(const struct bundle *bundle)
{
	printf("device      %s, %04x:%04x\n", bundle->bdf[0] ? bundle->bdf : "-", bundle->vendor,
	       bundle->device);
	printf("platform    %s%s%s\n", bundle->platform[0] ? bundle->platform : "unknown",
	       bundle->tsm[0] ? ", " : "", bundle->tsm);
	printf("state       %s\n", bundle->state[0] ? bundle->state : "-");
	printf("generation  %s\n", bundle->generation[0] ? bundle->generation : "-");
	printf("saved       %s\n\n", bundle->created[0] ? bundle->created : "-");
}

static void put_problems(const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->nr; i++) {
		const struct check *check = &verdict->check[i];

		if (check->status >= CHECK_REFUSED)
			printf("%s: %s: expected %s; found %s\n",
			       check->status == CHECK_FAILED ? "MALFORMED" : "note",
			       check_name(check->id), check->expected, check->found);
	}
}

void show_bundle_text(const struct show_bundle_model *model)
{
	const struct parts *parts = model->parts;

	put_metadata(model->subject->bundle);
	if (parts->has_certs)
		put_certs(&parts->certs);
	if (parts->has_vca)
		put_vca(&parts->vca, parts);
	if (parts->has_meas)
		put_measurements(parts);
	if (parts->has_report)
		put_report(parts, model->subject);
	put_problems(model->verdict);
	if (bundle_is_emulated(model->subject->bundle))
		printf("WARNING: %s\n", warning_text(WARN_EMULATED));
	puts("Nothing of this was verified: tdi verify does that.");
}
