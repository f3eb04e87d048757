// SPDX-License-Identifier: GPL-2.0
/* tdi measure */
#include <string.h>

#include "approve.h"
#include "jsonw.h"
#include "words.h"

#define MEASURED_SCHEMA_VERSION	1

static int explain(const struct approve_result *result)
{
	switch (result->end) {
	case APPROVE_VERDICT:
		util_complain("not measured, for it is not verified: %s", result->reason);
		return (int)result->status;
	case APPROVE_TPM:
		util_complain("not measured: TPM %s: %s", tpm_problem_name(result->tpm.problem),
			      result->tpm.text);
		if (tpm_problem_advice(result->tpm.problem))
			util_complain("%s", tpm_problem_advice(result->tpm.problem));
		return TDI_EXIT_TPM;
	default:
		util_complain("%s: %s", result->reason, strerror(result->err));
		return result->err ? (int)tdi_exit_of(result->err) : TDI_EXIT_USAGE;
	}
}

static void put(const struct tool *tool, const struct inputs *in, const struct tpm_event *event)
{
	const char *log = in->measure.log ? in->measure.log : MEASURE_LOG_DEFAULT;
	const char *note = measure_pcr_note((unsigned int)in->measure.pcr);
	char path[128];
	struct jsonw w;

	util_escape(path, sizeof(path), log, strlen(log));
	if (!tool->json) {
		printf("%s: evidence of generation %s measured into PCR %d (%s)\n", event->device,
		       event->generation, in->measure.pcr, path);
		if (note)
			printf("NOTE: PCR %d: %s\n", in->measure.pcr, note);
		return;
	}
	jsonw_start(&w, stdout);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", MEASURED_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "measured");
	jsonw_string(&w, "bdf", event->device);
	jsonw_string(&w, "generation", event->generation);
	jsonw_number(&w, "pcr", (uint64_t)in->measure.pcr);
	jsonw_string(&w, "log", path);
	jsonw_hex(&w, "evidence", event->evidence.value, sizeof(event->evidence.value));
	jsonw_bool(&w, "emulated", bundle_is_emulated(&in->bundle));
	jsonw_end_object(&w);
}

static int run(const struct tool *tool, struct inputs *in, const char *bdf)
{
	struct approve_result result = { .end = APPROVE_DONE };
	struct approved approved = { 0 };
	struct tsm_list tsms;
	int status = TDI_EXIT_DONE;
	struct dev dev;
	bool ok;

	if (!tool_tsms(tool, &tsms))
		return TDI_EXIT_USAGE;
	if (!tool_tdi(tool, &tsms, bdf, &dev)) {
		tsm_list_free(&tsms);
		return TDI_EXIT_PLATFORM;
	}
	ok = approve_collect(&tool->fs, bdf, dev.tsm[0] ? tsm_find(&tsms, dev.tsm) : NULL, in,
			     &result);
	if (ok && !in->bundle.object[EVIDENCE_MEASUREMENTS].data) {
		util_complain("%s: there is no evidence: lock or connect the device first", bdf);
		status = TDI_EXIT_PLATFORM;
		ok = false;
	} else if (ok) {
		ok = approve_verify(in, &approved, &result);
		if (ok && !approve_measure(in, &approved, TPM_EVENT_MEASURE, &result.tpm)) {
			result.end = APPROVE_TPM;
			ok = false;
		}
	}
	if (ok)
		put(tool, in, &approved.event);
	else if (status == TDI_EXIT_DONE)
		status = explain(&result);
	blob_free(&approved.verdict);
	tsm_list_free(&tsms);
	return status;
}

/* Return: 0, an exit status, or -1 for "done already". */
static int take_options(const struct verb *verb, struct tool *tool, struct inputs *in, int argc,
			char **argv)
{
	static const struct option options[] = {
		TPM_OPTIONS,
		{ "policy", required_argument, NULL, 'p' },
		{ "roots", required_argument, NULL, 'R' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt, status = 0;

	while (!status && (opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			status = inputs_policy(in, optarg);
			break;
		case 'R':
			status = inputs_option(verb, in, opt, optarg);
			break;
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			return -1;
		default:
			status = inputs_tpm_option(verb, in, opt, optarg);
		}
	}
	return status;
}

int cmd_measure(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct inputs in;
	char bdf[BDF_SIZE];
	int status;

	inputs_init(&in);
	status = take_options(verb, tool, &in, argc, argv);
	if (!status)
		status = verb_device(verb, argc - optind, argv + optind, bdf);
	if (!status)
		status = inputs_tpm_finish(verb, &in);
	if (!status)
		status = run(tool, &in, bdf);
	inputs_free(&in);
	return status < 0 ? TDI_EXIT_DONE : status;
}
