// SPDX-License-Identifier: GPL-2.0
/* tdi show */
#include <errno.h>
#include <getopt.h>

#include "show_bundle.h"
#include "tool.h"
#include "words.h"

/* The TSM that has the device, or the only one there is. */
static const struct tsm *tsm_of(const struct tsm_list *tsms, const struct dev *dev)
{
	if (dev->tsm[0])
		return tsm_find(tsms, dev->tsm);
	return tsms->nr == 1 ? &tsms->tsm[0] : NULL;
}

/* The kernel did the same checks; this only explains what it published. */
static void explain_report(const struct evidence *evidence, struct report_model *ret)
{
	*ret = (struct report_model) { .present = evidence->report };
	if (!ret->present)
		return;
	if (tdisp_report_parse(evidence->report, evidence->report_len, &ret->report,
			       &ret->parse_why))
		return;
	tdisp_report_match(evidence->report, &ret->report, &evidence->bars, &ret->match_why);
}

static unsigned int report_warnings(const struct report_model *report)
{
	return (report->parse_why.check ? WARN_BIT(WARN_MALFORMED) : 0) |
	       (report->match_why.check ? WARN_BIT(WARN_MISMATCH) : 0);
}

/* The first thing that keeps "tdi show" from having shown a sound device. */
static enum tdi_exit status_of(const struct show_model *model)
{
	const struct evidence *evidence = model->evidence;
	int err = dev_unreadable(model->dev);

	if (!err)
		err = dma_unreadable(model->dma);
	if (!err)
		err = recovery_unreadable(model->recovery);
	if (err)
		return tdi_exit_of(err);
	if (model->warnings & (WARN_BIT(WARN_MALFORMED) | WARN_BIT(WARN_MISMATCH) |
			       WARN_BIT(WARN_CHANGING)))
		return TDI_EXIT_EVIDENCE;
	if (evidence->nonce_err == EBADMSG)
		return TDI_EXIT_EVIDENCE;
	for (int i = 0; i < EVIDENCE_NR; i++)
		/* Evidence is root's: not to see it is no failure. */
		if (evidence->size_err[i] && evidence->size_err[i] != EACCES)
			return evidence->size_err[i] == EFBIG ? TDI_EXIT_EVIDENCE :
								tdi_exit_of(evidence->size_err[i]);
	return TDI_EXIT_DONE;
}

static int show(const struct tool *tool, const struct tsm_list *tsms, const char *bdf)
{
	struct evidence evidence;
	struct dev dev;
	struct recovery recovery;
	struct dma dma;
	struct show_model model = {
		.dev = &dev, .dma = &dma, .recovery = &recovery, .evidence = &evidence,
	};
	int status;

	if (!tool_tdi(tool, tsms, bdf, &dev))
		return TDI_EXIT_PLATFORM;

	dma_read(&tool->fs, bdf, &dma);
	recovery_read(&tool->fs, bdf, &recovery);
	evidence_read(&tool->fs, bdf, &evidence);
	model.tsm = tsm_of(tsms, &dev);
	explain_report(&evidence, &model.report);
	model.warnings = warnings_of(&dev, model.tsm) | dma_warnings(&dma) | report_warnings(&model.report) |
			 (evidence.changing ? WARN_BIT(WARN_CHANGING) : 0);
	tool_printer(tool)->show(&model);
	status = status_of(&model);
	evidence_free(&evidence);
	return status;
}

int cmd_show(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct tsm_list tsms;
	char bdf[BDF_SIZE];
	int status;

	if (!verb_json_only(verb, tool, argc, argv, &status))
		return status;
	if (argc - optind == 1 && show_is_path(argv[optind]))
		return show_bundle(tool, argv[optind]);
	status = verb_device(verb, argc - optind, argv + optind, bdf);
	if (status)
		return status;

	if (!tool_tsms(tool, &tsms))
		return TDI_EXIT_USAGE;
	status = show(tool, &tsms, bdf);
	tsm_list_free(&tsms);
	return status;
}
