// SPDX-License-Identifier: GPL-2.0
/* Reading what the arguments name. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "parse_arg.h"

void inputs_init(struct inputs *in)
{
	*in = (struct inputs) {
		.subject.at = time(NULL),
		.measure = { .pcr = -1, .verdict_pcr = -1 },
	};
	policy_default(&in->policy);
}

static int complain_file(const char *path, const char *what)
{
	char shown[128];

	util_escape(shown, sizeof(shown), path, strlen(path));
	util_complain("%s: %s", shown, what);
	return TDI_EXIT_USAGE;
}

static int read_file(const char *path, struct blob *ret)
{
	int rc;

	blob_free(ret);
	rc = blob_read(AT_FDCWD, path, ret);
	return rc ? complain_file(path, strerror(-rc)) : 0;
}

static int read_roots(const char *path, struct anchors *ret)
{
	struct blob blob = { 0 };
	int status = read_file(path, &blob);

	if (!status && anchors_add(ret, blob_bytes(&blob)) <= 0)
		status = complain_file(path, "must hold one or more certificates, PEM or DER");
	blob_free(&blob);
	return status;
}

static int read_crl(const char *path, struct inputs *in)
{
	struct blob blob = { 0 };
	int status = read_file(path, &blob);

	if (status)
		return status;
	if (!verify_is_crl(blob_bytes(&blob))) {
		blob_free(&blob);
		return complain_file(path, "must hold a CRL, PEM or DER");
	}
	in->crls = util_grow(in->crls, in->nr_crls + 1, sizeof(blob));
	in->crls[in->nr_crls++] = blob;
	return 0;
}

int inputs_policy(struct inputs *in, const char *path)
{
	struct policy policy;
	int status = policy_load(path, &policy);

	if (status)
		return status;
	policy_free(&in->policy);
	in->policy = policy;
	in->policy_path = path;
	return 0;
}

int inputs_ak(struct inputs *in, const char *path)
{
	int status = read_file(path, &in->ak);

	in->subject.ak = blob_bytes(&in->ak);
	return status;
}

void inputs_take_bundle(const struct bundle *bundle, struct subject *subject)
{
	subject->bundle = bundle;
	subject->certs = bundle->object[EVIDENCE_CERTIFICATES];
	subject->vca = bundle->object[EVIDENCE_VCA];
	subject->measurements = bundle->object[EVIDENCE_MEASUREMENTS];
	subject->report = bundle->object[EVIDENCE_REPORT];
	if (!subject->has_bars && bundle->has_bars) {
		subject->has_bars = true;
		subject->bars = bundle->bars;
	}
}

/* A bundle that cannot be taken apart is evidence that is not valid. */
static int open_bundle(const char *path, struct inputs *in)
{
	int rc = bundle_open(path, &in->bundle, in->why, sizeof(in->why));

	if (rc && rc != -EBADMSG)
		return complain_file(path, strerror(-rc));
	in->bundle_error = rc ? in->why : NULL;
	if (!rc)
		inputs_take_bundle(&in->bundle, &in->subject);
	return 0;
}

int inputs_option(const struct verb *verb, struct inputs *in, int opt, const char *arg)
{
	struct subject *subject = &in->subject;

	switch (opt) {
	case 'c':
		return read_file(arg, &in->certs);
	case 'm':
		return read_file(arg, &in->measurements);
	case 'v':
		return read_file(arg, &in->vca);
	case 'r':
		return read_file(arg, &in->report);
	case 'R':
		return read_roots(arg, &in->roots);
	case 'C':
		return read_crl(arg, in);
	case 'b':
		subject->has_bars = parse_bars(arg, &subject->bars);
		return subject->has_bars ? 0 :
		       verb_usage(verb, "--bars: must be like 0:16K,2:16K,4:8K");
	case 'n':
		subject->has_nonce = parse_nonce(arg, subject->nonce);
		return subject->has_nonce ? 0 :
		       verb_usage(verb, "--nonce: must be 64 hexadecimal digits");
	case 'a':
		return parse_time(arg, &subject->at) ? 0 :
		       verb_usage(verb,
				  "--at: must be like 2026-11-20T10:00:00Z, or seconds since 1970");
	default:
		return verb_usage(verb, NULL);
	}
}

int inputs_finish(const struct verb *verb, struct inputs *in, int argc, char **argv)
{
	bool any = in->certs.data || in->vca.data || in->measurements.data || in->report.data;
	struct subject *subject = &in->subject;

	if (argc > 1)
		return verb_usage(verb, "one bundle at a time");
	if (argc && any)
		return verb_usage(verb, "a bundle has all objects: give it, or them");
	if (!argc && !any)
		return verb_usage(verb, "which evidence?");
	subject->certs = blob_bytes(&in->certs);
	subject->vca = blob_bytes(&in->vca);
	subject->measurements = blob_bytes(&in->measurements);
	subject->report = blob_bytes(&in->report);
	subject->roots = &in->roots;
	subject->crls = in->crls;
	subject->nr_crls = in->nr_crls;
	return argc ? open_bundle(argv[0], in) : 0;
}

int inputs_tpm_option(const struct verb *verb, struct inputs *in, int opt, const char *arg)
{
	struct measure *measure = &in->measure;
	const char *why;
	uint64_t pcr;

	switch (opt) {
	case 'T':
		measure->tcti = arg;
		return 0;
	case 'L':
		measure->log = arg;
		return arg[0] ? 0 : verb_usage(verb, "--tpm-log: which file?");
	case 'P':
		if (util_u64_parse(arg, &pcr) || pcr >= EVENTLOG_PCRS)
			return verb_usage(verb, "--pcr: must be a number below %d", EVENTLOG_PCRS);
		why = measure_pcr_refused((unsigned int)pcr);
		if (why)
			return verb_usage(verb, "--pcr: PCR %u is not for this: %s",
					  (unsigned int)pcr, why);
		measure->pcr = (int)pcr;
		return 0;
	default:
		return verb_usage(verb, NULL);
	}
}

int inputs_tpm_finish(const struct verb *verb, struct inputs *in)
{
	const struct policy_tpm *tpm = &in->policy.tpm;
	struct measure *measure = &in->measure;

	if (measure->pcr >= 0 && tpm->pcr >= 0 && measure->pcr != tpm->pcr)
		return verb_usage(verb, "--pcr: the policy says PCR %d", tpm->pcr);
	if (measure->pcr < 0)
		measure->pcr = tpm->pcr;
	if (measure->pcr < 0)
		measure->pcr = MEASURE_PCR_DEFAULT;
	measure->verdict_pcr = tpm->verdict_pcr;
	if (measure->verdict_pcr == measure->pcr)
		return verb_usage(verb, "--pcr: the policy wants verdicts alone in that PCR");
	return 0;
}

void inputs_free(struct inputs *in)
{
	blob_free(&in->certs);
	blob_free(&in->vca);
	blob_free(&in->measurements);
	blob_free(&in->report);
	blob_free(&in->ak);
	for (size_t i = 0; i < in->nr_crls; i++)
		blob_free(&in->crls[i]);
	free(in->crls);
	anchors_free(&in->roots);
	bundle_free(&in->bundle);
	policy_free(&in->policy);
}
