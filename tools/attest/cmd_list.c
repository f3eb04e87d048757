// SPDX-License-Identifier: GPL-2.0
/* tdi list */
#include <getopt.h>

#include "tool.h"

/* A list with holes is not a success; the first hole gives the status. */
static enum tdi_exit status_of(const struct list_model *model)
{
	for (size_t i = 0; i < model->devs->nr; i++) {
		int err = dev_unreadable(&model->devs->dev[i]);

		if (err)
			return tdi_exit_of(err);
	}
	for (size_t i = 0; i < model->virtio->nr; i++)
		if (model->virtio->virtio[i].err)
			return tdi_exit_of(model->virtio->virtio[i].err);
	return TDI_EXIT_DONE;
}

static int list(const struct tool *tool, struct list_model *model)
{
	struct virtio_list virtio;
	int status;

	if (!tool_virtio(tool, model->devs, &virtio))
		return TDI_EXIT_USAGE;
	model->virtio = &virtio;
	tool_printer(tool)->list(model);
	status = status_of(model);
	virtio_list_free(&virtio);
	return status;
}

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
	int status, opt;

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
	status = list(tool, &model);
	dev_list_free(&devs);
	tsm_list_free(&tsms);
	return status;
}
