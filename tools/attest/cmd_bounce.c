// SPDX-License-Identifier: GPL-2.0
/* tdi bounce: who still bounces, and how large a pool that takes. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"
#include "words.h"

#define PCI_BASE_CLASS_BRIDGE	0x06

static bool is_tsm(const struct sysfs *fs, const struct tsm_list *tsms, const char *bdf)
{
	for (size_t i = 0; i < tsms->nr; i++)
		if (sysfs_exists(fs, "bus/pci/devices/%s/tsm/%s", bdf, tsms->tsm[i].name))
			return true;
	return false;
}

/* A bridge masters the bus for those behind it. */
static bool can_do_dma(const struct dev *dev)
{
	if (dev->is_tdi)
		return true;
	return dev->class >> 16 != PCI_BASE_CLASS_BRIDGE && (dev->bus_master || dev->driver[0]);
}

static void tdi_row(const struct sysfs *fs, struct bounce_row *row)
{
	enum dma_why why = dma_why(row->dev);
	bool works;

	row->kind = BOUNCE_TDI;
	dma_read(fs, row->dev->bdf, &row->dma);
	row->why_id = dma_why_id(why);
	dma_why_text(row->dev, &row->dma, row->why);
	works = row->dev->driver[0] || row->dma.stat[DMA_LIVE];
	/* What cannot be told is not ruled out. */
	row->may_bounce = works && !row->bypass &&
			  (attr_is(&row->dev->dma, "bounce") || why == DMA_WHY_UNREADABLE ||
			   why == DMA_WHY_NEWER);
}

static void other_row(const struct sysfs *fs, const struct tsm_list *tsms, struct bounce_row *row)
{
	const struct dev *dev = row->dev;

	row->kind = is_tsm(fs, tsms, dev->bdf) ? BOUNCE_TSM : BOUNCE_KERNEL;
	if (row->kind == BOUNCE_TSM) {
		row->why_id = "tsm";
		util_format(row->why, sizeof(row->why), "the TSM's own function");
	} else if (row->bypass) {
		row->why_id = "virtio-bypass";
		util_format(row->why, sizeof(row->why), "virtio without ACCESS_PLATFORM");
	} else {
		row->why_id = no_tdi_id(dev, tsms->nr);
		util_format(row->why, sizeof(row->why), "no TDI: %s%s", no_tdi_words(dev, tsms->nr),
			    dev->bus_master ? "" : "; bus mastering is off");
	}
	row->may_bounce = row->kind == BOUNCE_KERNEL && !row->bypass && dev->bus_master &&
			  dev->driver[0];
}

static void rows_read(const struct sysfs *fs, const struct dev_list *devs,
		      struct bounce_model *model)
{
	for (size_t i = 0; i < devs->nr; i++) {
		const struct dev *dev = &devs->dev[i];
		struct bounce_row *row;

		if (!can_do_dma(dev))
			continue;
		model->row = util_grow(model->row, model->nr + 1, sizeof(*model->row));
		row = &model->row[model->nr++];
		*row = (struct bounce_row) { .dev = dev };
		row->bypass = virtio_bypasses_at(&model->virtio, dev->bdf);
		if (dev->is_tdi)
			tdi_row(fs, row);
		else
			other_row(fs, model->tsms, row);
		model->bouncers += row->may_bounce;
	}
}

static unsigned int warnings(const struct bounce_model *model)
{
	unsigned int ret = 0;

	for (size_t i = 0; i < model->tsms->nr; i++)
		if (tsm_is_emulated(&model->tsms->tsm[i]))
			ret |= WARN_BIT(WARN_EMULATED);
	for (size_t i = 0; i < model->nr; i++)
		ret |= dma_warnings(&model->row[i].dma);
	return ret;
}

/* The first thing that could not be read, but for what root alone can. */
static enum tdi_exit status_of(const struct bounce_model *model)
{
	for (size_t i = 0; i < model->nr; i++) {
		const struct bounce_row *row = &model->row[i];
		int err = row->dev->dma.err;

		if (!err && row->dev->state.err != EACCES)
			err = row->dev->state.err;
		if (!err)
			err = dma_unreadable(&row->dma);
		if (err)
			return tdi_exit_of(err);
	}
	return model->pool.status == POOL_UNREADABLE ? TDI_EXIT_USAGE : TDI_EXIT_DONE;
}

static int bounce(const struct tool *tool, const struct tsm_list *tsms, const struct dev_list *devs)
{
	struct bounce_model model = { .tsms = tsms };
	const struct sysfs *fs = &tool->fs;
	int rc;

	if (!tool_virtio(tool, devs, &model.virtio))
		return TDI_EXIT_USAGE;
	rows_read(fs, devs, &model);
	model.cpus = pool_cpus(fs);
	pool_read(fs, &model.pool);
	pool_advise(&model.pool, model.bouncers, model.cpus, &model.advice);
	if (model.advice.slabs)
		util_format(model.parameter, sizeof(model.parameter), "swiotlb=%llu%s",
			    (unsigned long long)model.advice.slabs,
			    pool_is_forced(fs) ? ",force" : "");
	model.warnings = warnings(&model);
	tool_printer(tool)->bounce(&model);
	rc = status_of(&model);
	free(model.row);
	virtio_list_free(&model.virtio);
	return rc;
}

int cmd_bounce(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct tsm_list tsms;
	struct dev_list devs;
	int status;

	if (!verb_json_only(verb, tool, argc, argv, &status))
		return status;
	if (optind < argc)
		return verb_usage(verb, "bounce takes no device (tdi show BDF does)");

	if (!tool_inventory(tool, &tsms, &devs))
		return TDI_EXIT_USAGE;
	status = bounce(tool, &tsms, &devs);
	dev_list_free(&devs);
	tsm_list_free(&tsms);
	return status;
}
