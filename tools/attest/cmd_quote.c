// SPDX-License-Identifier: GPL-2.0
/* tdi quote */
#include <errno.h>
#include <string.h>

#include "collect.h"
#include "inputs.h"
#include "jsonw.h"
#include "parse_arg.h"
#include "words.h"

#define QUOTED_SCHEMA_VERSION	1

/* What the command line asks for. */
struct job {
	const char *bdf;	/* NULL: the last one that was measured */
	const char *path;
	const char *ak;
	bool has_nonce;
	uint8_t nonce[32];
	struct measure measure;
};

static int complain_tpm(const struct tpm_error *err)
{
	util_complain("no quote: TPM %s: %s", tpm_problem_name(err->problem), err->text);
	if (tpm_problem_advice(err->problem))
		util_complain("%s", tpm_problem_advice(err->problem));
	return TDI_EXIT_TPM;
}

static void put(const struct tool *tool, const struct job *job, const struct bundle *bundle,
		uint32_t pcrs)
{
	char path[128];
	struct jsonw w;

	util_escape(path, sizeof(path), job->path, strlen(job->path));
	if (!tool->json) {
		printf("%s: evidence of generation %s and a quote of it saved in %s\n",
		       bundle->bdf, bundle->generation, path);
		if (bundle_is_emulated(bundle))
			printf("WARNING: %s\n", warning_text(WARN_EMULATED));
		return;
	}
	jsonw_start(&w, stdout);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", QUOTED_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "quoted");
	jsonw_string(&w, "bdf", bundle->bdf);
	jsonw_string(&w, "path", path);
	jsonw_string(&w, "generation", bundle->generation);
	jsonw_bool(&w, "emulated", bundle_is_emulated(bundle));
	jsonw_array(&w, "pcrs");
	for (unsigned int pcr = 0; pcr < EVENTLOG_PCRS; pcr++)
		if (pcrs >> pcr & 1)
			jsonw_number(&w, NULL, pcr);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}

/* The strongest that verifiers take. */
static bool choose_bank(const struct eventlog_banks *banks, enum crypto_hash *ret)
{
	static const enum crypto_hash wanted[] = { CRYPTO_SHA384, CRYPTO_SHA256, CRYPTO_SHA512 };

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		for (size_t b = 0; b < banks->nr; b++) {
			if (banks->hash[b] != wanted[i])
				continue;
			*ret = wanted[i];
			return true;
		}
	}
	return false;
}

/* The device shows what it showed when it was measured, or the quote is of the past. */
static int collect(const struct tool *tool, const struct tpm_event *event, struct bundle *ret)
{
	struct tsm_list tsms;
	struct tpm_event now;
	struct dev dev;
	int rc;

	if (!tool_tsms(tool, &tsms))
		return TDI_EXIT_USAGE;
	if (!tool_tdi(tool, &tsms, event->device, &dev)) {
		tsm_list_free(&tsms);
		return TDI_EXIT_PLATFORM;
	}
	collect_names(&dev, dev.tsm[0] ? tsm_find(&tsms, dev.tsm) : NULL, ret);
	tsm_list_free(&tsms);
	rc = collect_generation(&tool->fs, event->device, ret);
	if (rc) {
		util_complain("%s: cannot read the evidence: %s", event->device,
			      rc == -ESTALE ? "it keeps changing" : strerror(-rc));
		return rc == -ESTALE ? TDI_EXIT_EVIDENCE : (int)tdi_exit_of(-rc);
	}
	tpm_event_of_bundle(ret, &now);
	if (tpm_digest_equal(&now.evidence, &event->evidence) &&
	    !strcmp(now.generation, event->generation))
		return TDI_EXIT_DONE;
	util_complain("%s: the evidence is not the one that was measured: connect the device again, or \"tdi measure\" it",
		      event->device);
	return TDI_EXIT_EVIDENCE;
}

static bool take_object(const struct job *job, const struct tpm_digest *digest,
			enum bundle_tpm what, struct bundle *bundle)
{
	if (!digest->there)
		return true;
	if (!measure_object(&job->measure, digest, &bundle->tpm_file[what]))
		return false;
	bundle->tpm[what] = blob_bytes(&bundle->tpm_file[what]);
	return true;
}

static void take_quote(struct tpm_quoted *quoted, struct bundle *bundle)
{
	const struct {
		enum bundle_tpm what;
		struct blob *from;
	} parts[] = {
		{ BUNDLE_QUOTE, &quoted->attest }, { BUNDLE_SIGNATURE, &quoted->signature },
		{ BUNDLE_AK, &quoted->public }, { BUNDLE_EK_CERT, &quoted->ek_cert },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		bundle->tpm_file[parts[i].what] = *parts[i].from;
		if (parts[i].from->len)
			bundle->tpm[parts[i].what] = blob_bytes(parts[i].from);
		*parts[i].from = (struct blob) { 0 };
	}
}

static int quote(const struct tool *tool, const struct job *job, struct measured *m,
		 struct bundle *bundle)
{
	struct tpm_quoted quoted = { 0 };
	struct tpm_event event;
	struct tpm_error err;
	enum crypto_hash bank;
	int status, rc;

	if (!measure_last(&m->log, job->bdf, &event)) {
		util_complain("%s was measured", job->bdf ? "nothing of this device" :
							    "no device");
		return TDI_EXIT_PLATFORM;
	}
	status = collect(tool, &event, bundle);
	if (status)
		return status;
	if (!take_object(job, &event.policy, BUNDLE_POLICY, bundle) ||
	    !take_object(job, &event.verdict, BUNDLE_VERDICT, bundle)) {
		util_complain("policy or verdict are no longer beside the event log");
		return TDI_EXIT_USAGE;
	}
	if (!choose_bank(&m->banks, &bank)) {
		tpm_fail(&err, TPM_UNFIT, "the TPM has no PCR bank of SHA-2");
		return complain_tpm(&err);
	}
	if (!tpm_quote(m->tpm, job->ak, bank, m->log.pcrs,
		       (struct bytes) { job->nonce, sizeof(job->nonce) }, &quoted, &err))
		return complain_tpm(&err);
	take_quote(&quoted, bundle);
	bundle->tpm[BUNDLE_EVENTLOG] = blob_bytes(&m->file);
	if (!measure_steady(m, &err))
		return complain_tpm(&err);
	rc = bundle_write(job->path, bundle, time(NULL));
	if (rc) {
		util_complain("cannot save the quote: %s", strerror(-rc));
		return TDI_EXIT_USAGE;
	}
	put(tool, job, bundle, m->log.pcrs);
	return TDI_EXIT_DONE;
}

static int run(const struct tool *tool, const struct job *job)
{
	struct bundle bundle = { 0 };
	struct measured m;
	struct tpm_error err;
	int status;

	if (!measure_open(&job->measure, 0, &m, &err))
		return complain_tpm(&err);
	status = quote(tool, job, &m, &bundle);
	bundle_free(&bundle);
	measure_close(&m);
	return status;
}

/* Return: 0, an exit status, or -1 for "done already". */
static int take_options(const struct verb *verb, struct tool *tool, struct job *job, int argc,
			char **argv)
{
	static const struct option options[] = {
		{ "nonce", required_argument, NULL, 'n' },
		{ "out", required_argument, NULL, 'o' },
		{ "output", required_argument, NULL, 'o' },
		{ "ak", required_argument, NULL, 'k' },
		{ "tcti", required_argument, NULL, 'T' },
		{ "tpm-log", required_argument, NULL, 'L' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		switch (opt) {
		case 'n':
			job->has_nonce = parse_nonce(optarg, job->nonce);
			if (!job->has_nonce)
				return verb_usage(verb, "--nonce: must be 64 hexadecimal digits");
			break;
		case 'o':
			job->path = optarg;
			break;
		case 'k':
			job->ak = optarg;
			break;
		case 'T':
			job->measure.tcti = optarg;
			break;
		case 'L':
			job->measure.log = optarg;
			break;
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			return -1;
		default:
			return verb_usage(verb, NULL);
		}
	}
	if (!job->has_nonce)
		return verb_usage(verb, "which nonce? Give --nonce");
	if (!job->path || !job->path[0])
		return verb_usage(verb, "where to? Give --out");
	return 0;
}

int cmd_quote(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct job job = { .measure = { .pcr = -1, .verdict_pcr = -1 } };
	char bdf[BDF_SIZE];
	int status;

	status = take_options(verb, tool, &job, argc, argv);
	if (!status && argc > optind) {
		status = verb_device(verb, argc - optind, argv + optind, bdf);
		job.bdf = bdf;
	}
	if (!status)
		status = run(tool, &job);
	return status < 0 ? TDI_EXIT_DONE : status;
}
