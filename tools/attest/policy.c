// SPDX-License-Identifier: GPL-2.0
/* The built-in policy, the names that policies use, and advice about weak ones. */
#include <stdlib.h>
#include <string.h>

#include <tdisp/spdm_vca.h>

#include "measure.h"
#include "policy.h"

void policy_default(struct policy *ret)
{
	*ret = (struct policy) {
		.key_usage = RULE_REQUIRED,
		.basic_constraints = RULE_BY_VERSION,
		.eku = RULE_IF_PRESENT,
		.allow_device_model = true,
		.allow_alias_model = true,
		.versions = BIT(1) | BIT(2) | BIT(3) | BIT(4),
		.asym = ~0u,
		.hash = ~0u,
		.slots = 0xff,
		.mode = { .operational = ~0u },
		.report = {
			.no_fw_update = BIT_SET,
			.pasid = BIT_CLEAR,
			.ats = BIT_CLEAR,
			.prs = BIT_CLEAR,
			.lnr = BIT_CLEAR,
			.tph = BIT_CLEAR,
		},
		.tpm = { .measure = MEASURE_OFF, .pcr = -1, .verdict_pcr = -1 },
	};
}

static void values_free(struct values *values)
{
	for (size_t i = 0; i < values->nr; i++)
		blob_free(&values->value[i]);
	free(values->value);
	*values = (struct values) { 0 };
}

static void texts_free(struct texts *texts)
{
	for (size_t i = 0; i < texts->nr; i++)
		free(texts->text[i]);
	free(texts->text);
	*texts = (struct texts) { 0 };
}

void policy_free(struct policy *policy)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy->block); i++) {
		values_free(&policy->block[i].values);
		blob_free(&policy->block[i].mask);
	}
	for (int f = 0; f < PCI_ID_NR; f++)
		free(policy->pci_id.field[f].number);
	texts_free(&policy->device_info.manufacturer);
	texts_free(&policy->device_info.product);
	texts_free(&policy->device_info.serial);
	values_free(&policy->dice.fwid);
	values_free(&policy->report.device_info);
	anchors_free(&policy->anchors);
	blob_free(&policy->text);
	*policy = (struct policy) { 0 };
}

/* ---- names ---- */

/* The bit whose algorithm is supported and has this name. */
static uint32_t bit_of(const struct spdm_alg *(*look_up)(u32 sel), const char *name)
{
	for (unsigned int n = 0; n < 32; n++) {
		const struct spdm_alg *alg = look_up((u32)BIT(n));

		if (alg && alg->kind != SPDM_ALG_OTHER && !strcmp(alg->name, name))
			return (uint32_t)BIT(n);
	}
	return 0;
}

uint32_t policy_asym_of(const char *name)
{
	return bit_of(spdm_asym, name);
}

uint32_t policy_hash_of(const char *name)
{
	return bit_of(spdm_hash, name);
}

const char *policy_version_name(unsigned int minor)
{
	static const char * const names[] = { "1.0", "1.1", "1.2", "1.3", "1.4" };

	return minor < ARRAY_SIZE(names) ? names[minor] : NULL;
}

const char *policy_op_mode_name(unsigned int bit)
{
	static const char * const names[POLICY_OP_MODES] = {
		"manufacturing", "validation", "normal", "recovery", "rma", "decommissioned",
	};

	return bit < POLICY_OP_MODES ? names[bit] : NULL;
}

/* ---- advice ---- */

static void advise(struct policy_problems *problems, const char *path, const char *text)
{
	struct policy_problem *p;

	problems->problem = util_grow(problems->problem, problems->nr + 1, sizeof(*p));
	p = &problems->problem[problems->nr++];
	util_format(p->path, sizeof(p->path), "%s", path);
	util_format(p->text, sizeof(p->text), "%s", text);
}

static bool any_value(const struct policy *policy)
{
	for (size_t i = 0; i < ARRAY_SIZE(policy->block); i++)
		if (policy->block[i].values.nr || policy->block[i].has_floor)
			return true;
	return policy->has_meas_floor;
}

void policy_lint(const struct policy *policy, struct policy_problems *ret)
{
	*ret = (struct policy_problems) { 0 };
	if (!anchors_any(&policy->anchors))
		advise(ret, "anchors", "no trust anchor: every verification needs --roots");
	if (policy->emulated)
		advise(ret, "emulated", "evidence of emulated platforms, which protect nothing, will do");
	if (!policy->refuse_virtio_bypass)
		advise(ret, "virtio_bypass",
		       "tdi connect goes on beside virtio devices that go past the DMA API");
	if (!any_value(policy))
		advise(ret, "measurements.blocks",
		       "no measurement has a value or a floor: any firmware will do");
	if (policy->mode.allow_debug)
		advise(ret, "measurements.device_mode.debug",
		       "devices under debug will do: whoever debugs them reads what they hold");
	if (!policy->nonce_required)
		advise(ret, "freshness.nonce",
		       "evidence need not be fresh: what a device once signed can be shown again");
	if (policy->report.no_fw_update != BIT_SET)
		advise(ret, "report.no_fw_update",
		       "firmware may change after it was measured");
	if (policy->report.ats == BIT_ANY || policy->report.ats == BIT_SET)
		advise(ret, "report.ats",
		       "with ATS the device may translate addresses itself");
	if (policy->key_usage == RULE_IGNORED || policy->eku == RULE_IGNORED)
		advise(ret, "certificates", "keys that are meant for something else will do");
	if (policy->trailing_nul)
		advise(ret, "spdm.trailing_nul", "a byte that nobody signed is tolerated");
	if (policy->tpm.measure == MEASURE_OFF)
		advise(ret, "tpm", "what tdi connect accepts is not measured: nobody far away can tell");
	else if (policy->tpm.measure == MEASURE_OPTIONAL)
		advise(ret, "tpm.measure", "a device is connected although it could not be measured");
	for (int i = 0; i < 2; i++) {
		int pcr = i ? policy->tpm.verdict_pcr : policy->tpm.pcr;
		const char *note = pcr < 0 ? NULL : measure_pcr_note((unsigned int)pcr);

		if (note)
			advise(ret, i ? "tpm.verdict_pcr" : "tpm.pcr", note);
	}
}
