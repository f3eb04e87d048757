// SPDX-License-Identifier: GPL-2.0
/* Writes the verdict for people. */
#include <stdio.h>
#include <string.h>

#include "verdict_print.h"

const char *verdict_word(enum tdi_exit status)
{
	switch (status) {
	case TDI_EXIT_DONE:
		return "verified";
	case TDI_EXIT_EVIDENCE:
		return "invalid";
	default:
		return "refused";
	}
}

static const char *label(const struct verdict *verdict, const struct check *check)
{
	switch (check->status) {
	case CHECK_PASSED:
		return "passed";
	case CHECK_SKIPPED:
		return verdict->required[check->id] ? "MISSING" : "skipped";
	case CHECK_REFUSED:
		return "REFUSED";
	case CHECK_FAILED:
		return "FAILED";
	}
	return "";
}

static void put_place(const struct check *check)
{
	if (!check->object && check->index < 0)
		return;
	fputs(" [", stdout);
	if (check->index >= 0)
		printf("index %ld", check->index);
	if (check->object)
		printf("%s%s, byte %zu", check->index >= 0 ? ", " : "", check->object,
		       check->offset);
	putchar(']');
}

static void put_check(const struct verdict *verdict, const struct check *check)
{
	bool bad = check->status >= CHECK_REFUSED;

	printf("  %-8s %-29s ", label(verdict, check), check_name(check->id));
	if (check->status == CHECK_PASSED)
		printf("%s: %s", check_text(check->id), check->found);
	else if (bad && check->expected[0])
		printf("expected %s; found %s", check->expected, check->found);
	else
		fputs(check->found, stdout);
	if (bad)
		put_place(check);
	putchar('\n');
}

static void put_checks(const struct verdict *verdict)
{
	for (int id = 0; id < CHECK_NR; id++) {
		for (size_t i = 0; i < verdict->nr; i++)
			if ((int)verdict->check[i].id == id)
				put_check(verdict, &verdict->check[i]);
		if (verdict->unlisted[id])
			printf("           %-29s and %zu more\n", check_name((enum check_id)id),
			       verdict->unlisted[id]);
	}
}

static void put_scope(const struct subject *subject)
{
	const struct {
		const char *name;
		bool there;
	} objects[] = {
		{ "certificates", subject->certs.data },
		{ "VCA", subject->vca.data },
		{ "measurements", subject->measurements.data },
		{ "interface report", subject->report.data },
	};
	const char *separator = "";

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		if (!objects[i].there)
			continue;
		printf("%s%s", separator, objects[i].name);
		separator = ", ";
	}
}

static size_t count(const struct verdict *verdict, enum check_status status)
{
	size_t nr = 0;

	for (size_t i = 0; i < verdict->nr; i++)
		nr += verdict->check[i].status == status;
	for (int id = 0; id < CHECK_NR; id++)
		nr += verdict->worst[id] == status ? verdict->unlisted[id] : 0;
	return nr;
}

static size_t missing(const struct verdict *verdict)
{
	size_t nr = 0;

	for (int id = 0; id < CHECK_NR; id++)
		nr += verdict->required[id] && verdict->counted[id] &&
		      verdict->worst[id] == CHECK_SKIPPED;
	return nr;
}

static void put_sum(const struct verdict_model *model)
{
	const struct verdict *verdict = model->verdict;

	switch (verdict_exit(verdict)) {
	case TDI_EXIT_DONE:
		fputs("VERIFIED: ", stdout);
		put_scope(model->subject);
		break;
	case TDI_EXIT_EVIDENCE:
		printf("NOT VERIFIED: the evidence is invalid: %zu failed, %zu refused, %zu missing",
		       count(verdict, CHECK_FAILED), count(verdict, CHECK_REFUSED),
		       missing(verdict));
		break;
	default:
		printf("NOT VERIFIED: %zu refused, %zu missing", count(verdict, CHECK_REFUSED),
		       missing(verdict));
		break;
	}
	putchar('\n');
}

/* What "verified" does not mean. */
static void put_notes(const struct verdict_model *model)
{
	const struct verdict *verdict = model->verdict;

	if (verdict_exit(verdict) != TDI_EXIT_DONE || !model->parts->has_meas)
		return;
	if (!model->policy_path)
		puts("NOTE: Without --policy nobody said which firmware is the right one.");
	if (!verdict_passed(verdict, model->parts->tpm.present ? CHECK_TPM_NONCE :
								 CHECK_MEAS_NONCE))
		puts("NOTE: Without --nonce the evidence may be an old one.");
	if (model->parts->tpm.present && !model->parts->tpm.pinned)
		puts("NOTE: Without --ak nobody says that the quote is a TPM's.");
}

static void put_device(const struct parts *parts)
{
	const struct identity *id = &parts->certs.identity;

	if (!parts->has_certs)
		return;
	printf("leaf      %s\n", parts->certs.info[0].subject);
	if (id->device.well_formed)
		printf("device    %s %s, serial %s\n", id->device.manufacturer, id->device.product,
		       id->device.serial);
	if (id->pci.well_formed)
		printf("device    %s\n", id->pci.text);
	if (parts->anchor[0])
		printf("anchor    %s\n", parts->anchor);
}

void verdict_text(const struct verdict_model *model)
{
	const struct bundle *bundle = model->subject->bundle;
	char time[32];

	bundle_time_text(model->subject->at, time);
	printf("policy    %s\ntime      %s\n",
	       !model->policy_path ? "built in" :
	       model->policy->description[0] ? model->policy->description : model->policy_path,
	       time);
	if (bundle)
		printf("evidence  %s, platform %s, saved %s\n", bundle->bdf[0] ? bundle->bdf : "-",
		       bundle->platform[0] ? bundle->platform : "unknown",
		       bundle->created[0] ? bundle->created : "-");
	put_device(model->parts);
	puts("checks");
	put_checks(model->verdict);
	if (model->parts->emulated)
		puts("WARNING: The platform is emulated: it protects nothing.");
	put_sum(model);
	put_notes(model);
}
