// SPDX-License-Identifier: GPL-2.0
/* tdi gate: the command line, and the decision of earlier. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"

#define TIMEOUT_MAX	3600u

struct arguments {
	struct gate_job job;
	const char *result;
	char only[BDF_SIZE];
};

static bool parse_timeout(const char *text, unsigned int *ret)
{
	uint64_t n;

	if (util_u64_parse(text, &n) || !n || n > TIMEOUT_MAX)
		return false;
	*ret = (unsigned int)n;
	return true;
}

/* True if the verb should run; else @ret_status, after help or a complaint. */
static bool parse(const struct verb *verb, struct tool *tool, int argc, char **argv,
		  struct arguments *args, int *ret_status)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "dir", required_argument, NULL, 'D' },
		{ "credentials", required_argument, NULL, 'C' },
		{ "result", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 't' },
		{ "no-hold", no_argument, NULL, 'n' },
		{ "tcti", required_argument, NULL, 'T' },
		{ "tpm-log", required_argument, NULL, 'L' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	*ret_status = TDI_EXIT_USAGE;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			if (!verb_bdf(verb, optarg, args->only))
				return false;
			args->job.only = args->only;
			break;
		case 'D':
			args->job.dir = optarg;
			break;
		case 'C':
			args->job.credentials = optarg;
			break;
		case 'r':
			args->result = optarg;
			break;
		case 't':
			if (parse_timeout(optarg, &args->job.timeout))
				break;
			verb_usage(verb, "--timeout: seconds, from 1 to %u", TIMEOUT_MAX);
			return false;
		case 'n':
			args->job.no_hold = true;
			break;
		case 'T':
			args->job.tcti = optarg;
			break;
		case 'L':
			args->job.tpm_log = optarg;
			break;
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			*ret_status = TDI_EXIT_DONE;
			return false;
		default:
			*ret_status = verb_usage(verb, NULL);
			return false;
		}
	}
	/* Who says where it is does not mean systemd's credentials. */
	if (!args->job.dir && !args->job.credentials)
		args->job.credentials = getenv("CREDENTIALS_DIRECTORY");
	if (!args->job.dir)
		args->job.dir = GATE_DIR_DEFAULT;
	if (optind == argc)
		return true;
	*ret_status = verb_usage(verb, "no arguments but options");
	return false;
}

/* It was yes: is it still? Nothing but the kernel knows. */
static void still_so(const struct sysfs *fs, struct gate_decision *decision)
{
	for (size_t i = 0; !decision->why.status && i < decision->nr; i++) {
		const struct gate_device *device = &decision->device[i];

		if (device->verdict != GATE_ACCEPTED || !device->required ||
		    dev_is_connected(fs, device->bdf))
			continue;
		gate_fail(&decision->why, TDI_EXIT_PLATFORM,
			  "It was lost or disconnected since; \"tdi show\" tells how it stands.",
			  "%s: expected it to be accepted still, found that it is not",
			  device->bdf);
	}
}

/* True if it was decided before in this boot, or if something else claims so. */
static bool decided_before(const struct sysfs *fs, const char *path, struct gate_decision *ret,
			   int *ret_status)
{
	char why[192], boot_id[40];
	int rc = gate_result_read(path, ret, why, sizeof(why));

	*ret_status = TDI_EXIT_USAGE;
	if (rc == -ENOENT)
		return false;
	if (rc) {
		util_complain("gate: %s: expected what root wrote in this boot, found that %s. Look who did; remove it to decide anew",
			      path, why);
		return true;
	}
	gate_boot_id(fs, boot_id);
	if (ret->only[0] || strcmp(boot_id, ret->boot_id)) {
		gate_decision_free(ret);
		return false;
	}
	still_so(fs, ret);
	*ret_status = (int)ret->why.status;
	return true;
}

static int decide(const struct gate_job *job, struct gate_decision *ret)
{
	int rc;

	gate_decide(job, ret);
	rc = gate_result_write(job->result, ret);
	if (!rc)
		return (int)ret->why.status;
	util_complain("gate: cannot write %s: %s", job->result, strerror(-rc));
	if (!ret->why.status)
		gate_fail(&ret->why, TDI_EXIT_USAGE, NULL,
			  "result: expected to write the decision down, found that it cannot be");
	return (int)ret->why.status;
}

int cmd_gate(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct arguments args = {
		.job = { .fs = &tool->fs },
		.result = GATE_RESULT_DEFAULT,
	};
	struct gate_decision decision = { 0 };
	char path[PATH_MAX];
	bool before;
	int status;

	if (!parse(verb, tool, argc, argv, &args, &status))
		return status;
	if (args.job.only ? gate_result_path(args.result, args.only, path) :
			    util_format(path, sizeof(path), "%s", args.result))
		return verb_usage(verb, "--result: too long");
	args.job.result = path;
	before = !args.job.only && decided_before(&tool->fs, path, &decision, &status);
	if (!before)
		status = decide(&args.job, &decision);
	if (decision.time[0]) {
		gate_tell(&decision, before);
		if (tool->json)
			gate_result_json(stdout, &decision);
	}
	gate_decision_free(&decision);
	return status;
}
