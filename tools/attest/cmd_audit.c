// SPDX-License-Identifier: GPL-2.0
/* tdi audit: what was tried on locked devices. */
#include <getopt.h>
#include <stdlib.h>

#include "tool.h"
#include "words.h"

static void add_row(const struct tool *tool, const struct dev *dev, struct audit_model *model)
{
	struct audit_row *row;

	model->row = util_grow(model->row, model->nr + 1, sizeof(*model->row));
	row = &model->row[model->nr++];
	row->dev = *dev;
	audit_read(&tool->fs, dev->bdf, &row->audit);
	if (dev->tsm[0])
		model->warnings |= warnings_of(dev, tsm_find(model->tsms, dev->tsm)) &
				   WARN_BIT(WARN_EMULATED);
}

static enum tdi_exit all_rows(const struct tool *tool, struct audit_model *model)
{
	struct dev_list devs;

	if (!tool_devices(tool, &devs))
		return TDI_EXIT_USAGE;
	for (size_t i = 0; i < devs.nr; i++)
		if (devs.dev[i].is_tdi)
			add_row(tool, &devs.dev[i], model);
	dev_list_free(&devs);
	return TDI_EXIT_DONE;
}

static enum tdi_exit named_rows(const struct verb *verb, const struct tool *tool, int argc,
				char **argv, struct audit_model *model)
{
	for (int i = 0; i < argc; i++) {
		char bdf[BDF_SIZE];
		struct dev dev;

		if (!verb_bdf(verb, argv[i], bdf))
			return TDI_EXIT_USAGE;
		if (!tool_tdi(tool, model->tsms, bdf, &dev))
			return TDI_EXIT_PLATFORM;
		add_row(tool, &dev, model);
	}
	return TDI_EXIT_DONE;
}

/* An audit with holes is not a success; the first hole gives the status. */
static enum tdi_exit status_of(const struct audit_model *model)
{
	for (size_t i = 0; i < model->nr; i++)
		if (model->row[i].audit.err)
			return tdi_exit_of(model->row[i].audit.err);
	return TDI_EXIT_DONE;
}

int cmd_audit(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct audit_model model = { 0 };
	struct tsm_list tsms;
	int status;

	if (!verb_json_only(verb, tool, argc, argv, &status))
		return status;
	if (!tool_tsms(tool, &tsms))
		return TDI_EXIT_USAGE;
	model.tsms = &tsms;
	status = optind < argc ? named_rows(verb, tool, argc - optind, argv + optind, &model) :
				 all_rows(tool, &model);
	if (status == TDI_EXIT_DONE) {
		tool_printer(tool)->audit(&model);
		status = status_of(&model);
	}
	for (size_t i = 0; i < model.nr; i++)
		audit_free(&model.row[i].audit);
	free(model.row);
	tsm_list_free(&tsms);
	return status;
}
