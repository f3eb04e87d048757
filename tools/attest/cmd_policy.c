// SPDX-License-Identifier: GPL-2.0
/* tdi policy init, tdi policy check */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "gate_source.h"
#include "inputs.h"
#include "jsonw.h"
#include "policy_init.h"

#define CHECK_SCHEMA_VERSION	1

/* ---- init ---- */

/* Findings that keep evidence from being a model for a policy. */
static int complain_findings(const struct verdict *verdict)
{
	int status = TDI_EXIT_DONE;

	for (size_t i = 0; i < verdict->nr; i++) {
		const struct check *check = &verdict->check[i];
		bool unsupported = check->status == CHECK_REFUSED &&
				   (check->id == CHECK_CERTS_ALGORITHMS ||
				    check->id == CHECK_SPDM_ALGORITHMS ||
				    check->id == CHECK_SPDM_VERSION);

		if (check->status != CHECK_FAILED && !unsupported)
			continue;
		util_complain("%s: expected %s; found %s", check_name(check->id), check->expected,
			      check->found);
		if (check->status == CHECK_FAILED)
			status = TDI_EXIT_EVIDENCE;
		else if (!status)
			status = TDI_EXIT_POLICY;
	}
	return status;
}

/* What the written policy lets pass, for its author to think about. */
static void advise(const char *text, size_t len)
{
	struct policy_problems problems;
	struct policy policy;

	if (policy_parse((struct bytes) { (const uint8_t *)text, len }, ".", &policy, &problems)) {
		policy_problems_free(&problems);
		policy_lint(&policy, &problems);
	}
	for (size_t i = 0; i < problems.nr; i++)
		util_complain("note: %s: %s", problems.problem[i].path, problems.problem[i].text);
	policy_problems_free(&problems);
	policy_free(&policy);
}

static int write_out(const char *path, const char *text, size_t len)
{
	FILE *f = stdout;
	int fd, rc = 0;

	if (path) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		f = fd < 0 ? NULL : fdopen(fd, "w");
	}
	if (!f) {
		util_complain("cannot create the policy: %s", strerror(errno));
		return TDI_EXIT_USAGE;
	}
	if (fwrite(text, 1, len, f) != len)
		rc = -EIO;
	if (path && fclose(f))
		rc = -EIO;
	if (!rc)
		return TDI_EXIT_DONE;
	util_complain("cannot write the policy");
	return TDI_EXIT_USAGE;
}

static int write_policy(const struct inputs *in, const struct parts *parts, bool anchored,
			const char *path)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int status = TDI_EXIT_USAGE;

	if (f) {
		policy_init(f, &in->subject, parts, anchored);
		if (!fclose(f)) {
			status = write_out(path, text, len);
			advise(text, len);
		}
	}
	free(text);
	return status;
}

static int init_from(const struct inputs *in, const char *path)
{
	struct verdict verdict = { 0 };
	struct parts parts = { 0 };
	bool anchored;
	int status;

	if (in->bundle_error) {
		util_complain("bundle.form: %s", in->bundle_error);
		return TDI_EXIT_EVIDENCE;
	}
	verify(&in->subject, &in->policy, &parts, &verdict);
	anchored = verdict_passed(&verdict, CHECK_CERTS_ANCHOR);
	status = complain_findings(&verdict);
	if (!status) {
		if (parts.has_certs && !anchored)
			util_complain("note: no --roots were given: that the root which came along is genuine is for you to find out");
		status = write_policy(in, &parts, anchored, path);
	}
	parts_free(&parts);
	verdict_free(&verdict);
	return status;
}

static int policy_init_verb(const struct verb *verb, int argc, char **argv)
{
	static const struct option options[] = {
		INPUT_OPTIONS,
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	const char *path = NULL;
	struct inputs in;
	int opt, status = 0;

	inputs_init(&in);
	while (!status && (opt = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			path = optarg;
			break;
		case 'h':
			verb_help(verb);
			inputs_free(&in);
			return TDI_EXIT_DONE;
		default:
			status = inputs_option(verb, &in, opt, optarg);
		}
	}
	if (!status)
		status = inputs_finish(verb, &in, argc - optind, argv + optind);
	if (!status)
		status = init_from(&in, path);
	inputs_free(&in);
	return status;
}

/* ---- check ---- */

static void put_problems(struct jsonw *w, const char *key, const struct policy_problems *problems)
{
	jsonw_array(w, key);
	for (size_t i = 0; i < problems->nr; i++) {
		jsonw_object(w, NULL);
		jsonw_string(w, "path", problems->problem[i].path);
		jsonw_string(w, "text", problems->problem[i].text);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void check_json(const struct policy_problems *errors, const struct policy_problems *warnings)
{
	struct jsonw w;

	jsonw_start(&w, stdout);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", CHECK_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "policy-check");
	jsonw_bool(&w, "valid", !errors->nr);
	put_problems(&w, "errors", errors);
	put_problems(&w, "warnings", warnings);
	jsonw_end_object(&w);
}

static void check_text_out(const char *path, const struct policy_problems *errors,
			   const struct policy_problems *warnings)
{
	for (size_t i = 0; i < errors->nr; i++)
		printf("error: %s%s%s\n", errors->problem[i].path,
		       errors->problem[i].path[0] ? ": " : "", errors->problem[i].text);
	for (size_t i = 0; i < warnings->nr; i++)
		printf("warning: %s: %s\n", warnings->problem[i].path, warnings->problem[i].text);
	printf("%s: %s\n", path, errors->nr ? "not a valid policy" : "a valid policy");
}

static void directory_of(const char *path, char ret[PATH_MAX])
{
	char *slash;

	if (util_format(ret, PATH_MAX, "%s", path))
		ret[0] = '\0';
	slash = strrchr(ret, '/');
	if (slash)
		slash[slash == ret] = '\0';
	else
		util_format(ret, PATH_MAX, ".");
}

/* The policies that the gate's names, beside it: are they what it means? */
static void check_named(const struct gate *gate, const char *dir, struct policy_problems *errors)
{
	for (size_t i = 0; i < gate->nr; i++) {
		const struct gate_entry *entry = &gate->entry[i];
		struct json_reader r = { .errors = errors };
		struct policy policy = { 0 };
		struct blob blob = { 0 };
		struct gate_failure why;
		char path[PATH_MAX];
		int rc;

		util_format(r.path, sizeof(r.path), "devices[%zu].policy", i);
		rc = util_format(path, sizeof(path), "%s/%s", dir, entry->policy);
		if (!rc)
			rc = blob_read_regular(AT_FDCWD, path, GATE_FILE_MAX, &blob);
		if (rc)
			json_wrong(&r, "%s: %s", entry->policy, strerror(-rc));
		else if (!gate_policy_digest_ok(entry, blob_bytes(&blob), &why) ||
			 !gate_policy_parse(entry, blob_bytes(&blob), &policy, &why))
			json_wrong(&r, "%s", why.reason);
		policy_free(&policy);
		blob_free(&blob);
	}
}

static bool check_gate(struct bytes text, const char *dir, struct policy_problems *errors,
		       struct policy_problems *warnings)
{
	struct gate gate;

	if (gate_parse(text, &gate, errors)) {
		gate_lint(&gate, warnings);
		check_named(&gate, dir, errors);
	}
	gate_free(&gate);
	return !errors->nr;
}

static bool check_policy(struct bytes text, const char *dir, struct policy_problems *errors,
			 struct policy_problems *warnings)
{
	struct policy policy;
	bool ok = policy_parse(text, dir, &policy, errors);

	if (ok)
		policy_lint(&policy, warnings);
	policy_free(&policy);
	return ok;
}

static int check_file(const struct tool *tool, const char *path)
{
	struct policy_problems errors, warnings = { 0 };
	char dir[PATH_MAX], shown[128];
	struct blob blob;
	int rc = blob_read(AT_FDCWD, path, &blob);
	bool ok;

	util_escape(shown, sizeof(shown), path, strlen(path));
	if (rc) {
		util_complain("%s: %s", shown, strerror(-rc));
		return TDI_EXIT_USAGE;
	}
	directory_of(path, dir);
	ok = gate_is_one(blob_bytes(&blob)) ?
	     check_gate(blob_bytes(&blob), dir, &errors, &warnings) :
	     check_policy(blob_bytes(&blob), dir, &errors, &warnings);
	if (tool->json)
		check_json(&errors, &warnings);
	else
		check_text_out(shown, &errors, &warnings);
	policy_problems_free(&errors);
	policy_problems_free(&warnings);
	blob_free(&blob);
	return ok ? TDI_EXIT_DONE : TDI_EXIT_USAGE;
}

static int policy_check_verb(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	int status;

	if (!verb_json_only(verb, tool, argc, argv, &status))
		return status;
	if (argc - optind != 1)
		return verb_usage(verb, "one policy at a time");
	return check_file(tool, argv[optind]);
}

int cmd_policy(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "init"))
		return policy_init_verb(verb, argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "check"))
		return policy_check_verb(verb, tool, argc - 1, argv + 1);
	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		verb_help(verb);
		return TDI_EXIT_DONE;
	}
	return verb_usage(verb, "init or check?");
}
