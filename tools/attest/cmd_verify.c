// SPDX-License-Identifier: GPL-2.0
/* tdi verify */
#include "inputs.h"
#include "verdict_print.h"

static int run(const struct tool *tool, const struct inputs *in)
{
	struct verdict verdict = { 0 };
	struct parts parts = { 0 };
	struct verdict_model model = {
		.subject = &in->subject, .policy = &in->policy, .policy_path = in->policy_path,
		.parts = &parts, .verdict = &verdict,
	};
	int status;

	/* A bundle that cannot be taken apart is evidence that is not valid. */
	if (in->bundle_error)
		verdict_add(&verdict, CHECK_BUNDLE_FORM, CHECK_FAILED, "%s", in->bundle_error);
	else
		verify(&in->subject, &in->policy, &parts, &verdict);
	if (tool->json)
		verdict_json(&model);
	else
		verdict_text(&model);
	status = verdict_exit(&verdict);
	parts_free(&parts);
	verdict_free(&verdict);
	return status;
}

/* Return: 0, an exit status, or -1 for "done already". */
static int take_options(const struct verb *verb, struct tool *tool, struct inputs *in, int argc,
			char **argv)
{
	static const struct option options[] = {
		INPUT_OPTIONS,
		{ "ak", required_argument, NULL, 'k' },
		{ "policy", required_argument, NULL, 'p' },
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
		case 'k':
			status = inputs_ak(in, optarg);
			break;
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			return -1;
		default:
			status = inputs_option(verb, in, opt, optarg);
		}
	}
	return status;
}

int cmd_verify(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct inputs in;
	int status;

	inputs_init(&in);
	status = take_options(verb, tool, &in, argc, argv);
	if (!status)
		status = inputs_finish(verb, &in, argc - optind, argv + optind);
	if (!status)
		status = run(tool, &in);
	inputs_free(&in);
	return status < 0 ? TDI_EXIT_DONE : status;
}
