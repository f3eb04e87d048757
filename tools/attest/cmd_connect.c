// SPDX-License-Identifier: GPL-2.0
/* tdi connect, tdi disconnect: the command line. */
#include <getopt.h>
#include <stdlib.h>

#include "connect.h"
#include "words.h"

#define WAIT_MS_DEFAULT		10000u
#define WAIT_SECONDS_MAX	3600u

static bool parse_seconds(const char *text, unsigned int *ret_ms)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || n > WAIT_SECONDS_MAX)
		return false;
	*ret_ms = (unsigned int)n * 1000;
	return true;
}

/* True if the verb should run; else @ret_status, after help or a complaint. */
static bool parse(const struct verb *verb, struct tool *tool, int argc, char **argv,
		  struct connect_job *job, int *ret_status)
{
	static const struct option options[] = {
		{ "tsm", required_argument, NULL, 't' },
		{ "no-driver", no_argument, NULL, 'n' },
		{ "force", no_argument, NULL, 'f' },
		{ "wait", required_argument, NULL, 'w' },
		{ "policy", required_argument, NULL, 'p' },
		{ "roots", required_argument, NULL, 'R' },
		TPM_OPTIONS,
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	*ret_status = TDI_EXIT_USAGE;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 't':
			if (!util_name_ok(optarg)) {
				verb_usage(verb, "--tsm: not a name");
				return false;
			}
			job->tsm = optarg;
			break;
		case 'n':
			job->no_driver = true;
			break;
		case 'f':
			job->force = true;
			break;
		case 'w':
			if (!parse_seconds(optarg, &job->wait_ms)) {
				verb_usage(verb, "--wait: seconds, up to %u", WAIT_SECONDS_MAX);
				return false;
			}
			break;
		case 'p':
		case 'R':
			if (!job->connect) {
				verb_usage(verb, "--policy and --roots are connect's");
				return false;
			}
			job->verify = true;
			*ret_status = opt == 'p' ? inputs_policy(job->inputs, optarg) :
				      inputs_option(verb, job->inputs, opt, optarg);
			if (*ret_status != TDI_EXIT_DONE)
				return false;
			break;
		case 'T':
		case 'L':
		case 'P':
			if (!job->connect) {
				verb_usage(verb, "--tcti, --tpm-log and --pcr are connect's");
				return false;
			}
			*ret_status = inputs_tpm_option(verb, job->inputs, opt, optarg);
			if (*ret_status != TDI_EXIT_DONE)
				return false;
			*ret_status = TDI_EXIT_USAGE;
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
	*ret_status = verb_device(verb, argc - optind, argv + optind, job->bdf);
	if (*ret_status == TDI_EXIT_DONE)
		*ret_status = inputs_tpm_finish(verb, job->inputs);
	return *ret_status == TDI_EXIT_DONE;
}

static int run(struct tool *tool, const struct verb *verb, const struct connect_job *job)
{
	struct verb_model model = { .verb = verb->name, .bdf = job->bdf };
	struct tsm_list tsms;

	if (!tool_tsms(tool, &tsms))
		return TDI_EXIT_USAGE;
	model.have_tsm = tsms.nr;
	connect_run(job, &tsms, &model);
	if (model.after_valid && model.after.is_tdi)
		model.warnings |= warnings_of(&model.after, model.tsm);
	tool_printer(tool)->verb(&model);
	block_uses_free(&model.uses);
	tsm_list_free(&tsms);
	return model.status;
}

static int cmd(const struct verb *verb, struct tool *tool, int argc, char **argv, bool connect)
{
	struct inputs inputs;
	struct connect_job job = {
		.fs = &tool->fs, .connect = connect, .wait_ms = WAIT_MS_DEFAULT,
		.inputs = &inputs,
	};
	int status;

	inputs_init(&inputs);
	if (parse(verb, tool, argc, argv, &job, &status))
		status = run(tool, verb, &job);
	inputs_free(&inputs);
	return status;
}

int cmd_connect(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	return cmd(verb, tool, argc, argv, true);
}

int cmd_disconnect(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	return cmd(verb, tool, argc, argv, false);
}
