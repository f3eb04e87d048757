// SPDX-License-Identifier: GPL-2.0
/* tdi list */
#include <getopt.h>

#include "tool.h"

int cmd_list(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	struct list_model model = { 0 };
	struct tsm_list tsms;
	struct dev_list devs;
	int status = TDI_EXIT_DONE;
	int opt;

	while ((opt = getopt_long(argc, argv, "ah", options, NULL)) != -1) {
		switch (opt) {
		case 'a':
			model.all = true;
			break;
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			return TDI_EXIT_DONE;
		default:
			return verb_usage(verb, NULL);
		}
	}
	if (optind < argc)
		return verb_usage(verb, "list takes no device (tdi show BDF does)");

	if (!tool_inventory(tool, &tsms, &devs))
		return TDI_EXIT_USAGE;

	model.tsms = &tsms;
	model.devs = &devs;
	tool_printer(tool)->list(&model);

	/* A list with holes is not a success; the first hole gives the status. */
	for (size_t i = 0; i < devs.nr && status == TDI_EXIT_DONE; i++) {
		int err = dev_unreadable(&devs.dev[i]);

		if (err)
			status = tdi_exit_of(err);
	}
	dev_list_free(&devs);
	tsm_list_free(&tsms);
	return status;
}
