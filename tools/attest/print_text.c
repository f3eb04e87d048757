// SPDX-License-Identifier: GPL-2.0
/* Writes the models for people. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "text.h"
#include "words.h"

static enum colour identity_colour(const char *identity)
{
	if (!strcmp(identity, "verified"))
		return GREEN;
	return !strcmp(identity, "unverified") ? YELLOW : PLAIN;
}

/* ---- list ---- */

enum column { COL_DEVICE, COL_ID, COL_DRIVER, COL_STATE, COL_DMA, COL_IDENTITY, COL_TSM, COL_NR };

struct row {
	char cell[COL_NR][80];
};

static void list_row(const struct dev *dev, bool have_tsm, struct row *ret)
{
	*ret = (struct row) { 0 };
	util_format(ret->cell[COL_DEVICE], sizeof(ret->cell[0]), "%s", dev->bdf);
	util_format(ret->cell[COL_ID], sizeof(ret->cell[0]), "%04x:%04x", dev->vendor, dev->device);
	util_format(ret->cell[COL_DRIVER], sizeof(ret->cell[0]), "%s",
		    dev->driver[0] ? dev->driver : "-");
	if (!dev->is_tdi) {
		util_format(ret->cell[COL_STATE], sizeof(ret->cell[0]), "not a TDI: %s",
			    no_tdi_words(dev, have_tsm));
		return;
	}
	util_format(ret->cell[COL_STATE], sizeof(ret->cell[0]), "%s", text_attr(&dev->state));
	util_format(ret->cell[COL_DMA], sizeof(ret->cell[0]), "%s", text_attr(&dev->dma));
	util_format(ret->cell[COL_IDENTITY], sizeof(ret->cell[0]), "%s", text_attr(&dev->identity));
	util_format(ret->cell[COL_TSM], sizeof(ret->cell[0]), "%s", dev->tsm[0] ? dev->tsm : "-");
}

static void print_row(const struct row *row, const int *width, bool head)
{
	int last = COL_NR - 1;

	while (!row->cell[last][0])
		last--;
	for (int c = 0; c <= last; c++) {
		const char *text = row->cell[c];
		enum colour colour = PLAIN;

		if (!head && last == COL_TSM && c == COL_STATE)
			colour = text_state_colour(text);
		if (!head && c == COL_IDENTITY)
			colour = identity_colour(text);
		/* A reason may run over the columns that it does not need. */
		text_coloured(colour, text, c == last ? 0 : width[c]);
		fputs(c == last ? "\n" : "  ", stdout);
	}
}

static void list_nothing(const struct list_model *model)
{
	size_t capable = 0, unknown = 0;

	for (size_t i = 0; i < model->devs->nr; i++) {
		capable += model->devs->dev[i].tee_io == TEE_IO_YES;
		unknown += model->devs->dev[i].tee_io == TEE_IO_UNKNOWN;
	}
	if (!model->tsms->nr)
		text_no_tsm();
	if (capable)
		printf("%zu of %zu PCI functions announce TEE-IO%s.\n", capable, model->devs->nr,
		       model->tsms->nr ? ", but no TSM claims one" : "");
	else if (unknown)
		printf("Only root can tell which of %zu PCI functions announce TEE-IO.\n",
		       model->devs->nr);
	else
		printf("None of %zu PCI functions announces TEE-IO%s.\n", model->devs->nr,
		       model->tsms->nr ? " (tdi list --all shows them)" : "");
}

/* Who does not come under any DMA mode, TDI or not. */
static void list_virtio(const struct virtio_list *list)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct virtio *virtio = &list->virtio[i];
		char name[VIRTIO_NAME_SIZE];

		virtio_name(virtio, name);
		if (virtio->err)
			printf("%s: whether it goes past the DMA API cannot be told (%s)\n", name,
			       util_errno_name(virtio->err));
		else if (virtio_bypasses(virtio))
			printf("%s did not negotiate ACCESS_PLATFORM: it goes past the DMA API.\n",
			       name);
	}
}

static void text_list(const struct list_model *model)
{
	static const struct row head = {
		{ "DEVICE", "ID", "DRIVER", "STATE", "DMA", "IDENTITY", "TSM" }
	};
	struct row *rows = NULL;
	int width[COL_NR] = { 0 };
	unsigned int warnings = 0;
	size_t nr = 0, tdis = 0;

	for (size_t i = 0; i < model->devs->nr; i++) {
		const struct dev *dev = &model->devs->dev[i];

		tdis += dev->is_tdi;
		if (!dev->is_tdi && !model->all)
			continue;
		rows = util_grow(rows, nr + 1, sizeof(*rows));
		list_row(dev, model->tsms->nr, &rows[nr++]);
		if (dev->is_tdi && dev->tsm[0])
			warnings |= warnings_of(dev, tsm_find(model->tsms, dev->tsm)) &
				    WARN_BIT(WARN_EMULATED);
	}
	for (int c = 0; c < COL_NR; c++) {
		width[c] = (int)strlen(head.cell[c]);
		for (size_t i = 0; i < nr; i++)
			if ((int)strlen(rows[i].cell[c]) > width[c] &&
			    (c < COL_STATE || rows[i].cell[COL_TSM][0]))
				width[c] = (int)strlen(rows[i].cell[c]);
	}
	if (nr)
		print_row(&head, width, true);
	for (size_t i = 0; i < nr; i++)
		print_row(&rows[i], width, false);
	free(rows);
	if (!tdis)
		list_nothing(model);
	list_virtio(model->virtio);
	text_warnings(warnings);
}

/* ---- show ---- */

static void label(const char *name)
{
	printf("%-12s", name);
}

static void attr_line(const char *name, const struct attr *attr, enum colour colour,
		      const char *words)
{
	label(name);
	if (attr->err) {
		printf("? (%s)\n", strerror(attr->err));
		return;
	}
	text_coloured(colour, attr->text[0] ? attr->text : "-", 0);
	if (words[0])
		printf(": %s", words);
	putchar('\n');
}

static void tsm_line(const struct show_model *model)
{
	label("TSM");
	if (!model->tsm) {
		puts(model->dev->tsm[0] ? model->dev->tsm : "-");
		return;
	}
	printf("%s, platform %s%s%s\n", model->tsm->name, text_attr(&model->tsm->platform),
	       tsm_is_emulated(model->tsm) ? ": protects nothing" : "",
	       model->dev->tsm[0] ? "" : " (has not locked this device)");
}

static void evidence_lines(const struct evidence *evidence)
{
	attr_line("Generation", &evidence->generation, PLAIN,
		  attr_is(&evidence->generation, "0") ? "no evidence" : "");
	label("Nonce");
	if (evidence->nonce_err)
		printf("? (%s)", strerror(evidence->nonce_err));
	else if (!evidence->nonce_len)
		putchar('-');
	else
		for (size_t i = 0; i < evidence->nonce_len; i++)
			printf("%02x", evidence->nonce[i]);
	putchar('\n');
	for (int o = 0; o < EVIDENCE_NR; o++) {
		label(o ? "" : "Evidence");
		printf("%-14s", evidence_name((enum evidence_object)o));
		if (evidence->size_err[o])
			printf("? (%s)\n", strerror(evidence->size_err[o]));
		else
			printf("%" PRIu64 " bytes\n", evidence->size[o]);
	}
}

static void info_line(const struct tdisp_report *report, u16 bit, const char *what,
		      const char *set, const char *clear)
{
	printf("  %-18s %s\n", what, report->info & bit ? set : clear);
}

static void range_line(const struct show_model *model, u32 i)
{
	const struct evidence *evidence = model->evidence;
	const struct tdisp_report *report = &model->report.report;
	struct tdisp_range range = tdisp_report_range(evidence->report, report, i);
	char offset[32] = "?", size[TEXT_SIZE];

	/* Where in the BAR is only known once the whole report matches. */
	if (!model->report.match_why.check)
		util_format(offset, sizeof(offset), "0x%" PRIx64,
			    tdisp_report_bar_offset(evidence->report, report, &evidence->bars, i));
	text_size((u64)range.nr_pages << TDISP_PAGE_SHIFT, size);
	printf("  %3u  %-12s %10s  %-7s %s%s%s\n", range.id, offset, size,
	       range.attr & TDISP_RANGE_NON_TEE ? "shared" : "private",
	       range.attr & TDISP_RANGE_MSIX_TABLE ? " MSI-X table" : "",
	       range.attr & TDISP_RANGE_MSIX_PBA ? " MSI-X PBA" : "",
	       range.attr & TDISP_RANGE_ATTR_UPDATABLE ? " updatable" : "");
}

static void print_why(const char *what, const struct tdisp_why *why)
{
	printf("%s: %s", what, why->check);
	if (why->index != TDISP_WHY_NO_INDEX)
		printf(", element %u", why->index);
	printf(", at byte %zu: expected 0x%" PRIx64 ", found 0x%" PRIx64 "\n", why->offset,
	       why->expected, why->found);
}

static void text_report(const struct show_model *model)
{
	const struct report_model *m = &model->report;
	const struct tdisp_report *report = &m->report;

	if (!m->present)
		return;
	putchar('\n');
	if (m->parse_why.check) {
		print_why("Interface report: MALFORMED", &m->parse_why);
		return;
	}
	if (m->match_why.check)
		print_why("Interface report: DOES NOT MATCH the device's BARs", &m->match_why);
	else
		puts("Interface report: matches the device's BARs");

	/* Bit 0 is the odd one: set means that updates are not permitted. */
	info_line(report, TDISP_INFO_NO_FW_UPDATE, "firmware updates",
		  "not permitted while locked", "PERMITTED while locked");
	info_line(report, TDISP_INFO_DMA_NO_PASID, "DMA without PASID", "may be issued", "not issued");
	info_line(report, TDISP_INFO_DMA_PASID, "DMA with PASID", "may be issued", "not issued");
	info_line(report, TDISP_INFO_ATS, "ATS", "on", "off");
	info_line(report, TDISP_INFO_PRS, "PRS", "on", "off");
	printf("  %-18s 0x%04x%s\n", "MSI-X control", report->msix_control,
	       report->msix_control ? " (table locked)" : " (no MSI-X, or its table is not locked)");
	printf("  %-18s 0x%08x\n", "TPH control", report->tph_control);
	printf("  %-18s 0x%04x\n", "LNR control", report->lnr_control);
	printf("  %-18s %u bytes\n", "device's own info", report->device_info_len);
	printf("  %u MMIO range%s\n", report->nr_ranges, report->nr_ranges == 1 ? "" : "s");
	if (!report->nr_ranges)
		return;
	printf("  %3s  %-12s %10s  %-7s  %s\n", "BAR", "OFFSET", "SIZE", "ACCESS", "ATTRIBUTES");
	for (u32 i = 0; i < report->nr_ranges; i++)
		range_line(model, i);
}

/* A line without its end. */
static void choice_start(const char *name, const struct choice *choice)
{
	char text[CHOICE_TEXT_SIZE];

	label(name);
	choice_text(choice, text);
	if (choice->err)
		printf("? (%s)", strerror(choice->err));
	else
		fputs(choice->nr ? text : "-", stdout);
}

static void dma_lines(const struct show_model *model)
{
	static const char * const words[DMA_NR_STATS] = {
		[DMA_LIVE]		= "mappings live",
		[DMA_BOUNCED_BYTES]	= "bytes bounced",
		[DMA_BOUNCED_MAPPINGS]	= "mappings bounced",
		[DMA_SHARED_PAGES]	= "coherent pages shared",
		[DMA_LEAKED_PAGES]	= "pages leaked",
	};
	const struct dma *dma = model->dma;
	const struct dev *dev = model->dev;
	char text[DMA_WHY_SIZE];

	attr_line("DMA", &dev->dma, text_dma_colour(dev->dma.text), dma_words(&dev->dma));
	dma_why_text(dev, dma, text);
	label("  because");
	puts(text);
	/* An older module has neither file: then there is nothing to say. */
	if (dma->mode.err != ENOENT) {
		choice_start("  dma_mode", &dma->mode);
		if (dma->mode.chosen >= 0 && !dev->connected)
			printf(": accept switches to %s", dma->mode.word[dma->mode.chosen]);
		putchar('\n');
	}
	if (dma->stats_err == ENOENT)
		return;
	label("  counted");
	if (dma->stats_err)
		printf("? (%s)", strerror(dma->stats_err));
	for (int s = 0, nr = 0; s < DMA_NR_STATS; s++)
		if (dma_stat_known(dma, (enum dma_stat)s))
			printf("%s%" PRIu64 " %s", nr++ ? ", " : "", dma->stat[s], words[s]);
	putchar('\n');
}

static void recovery_lines(const struct recovery *recovery)
{
	const char *words = recovery_words(recovery_chosen(recovery));
	char counts[RECOVERY_COUNTS_SIZE];

	/* An older module has neither file. */
	if (recovery->policy.err != ENOENT) {
		choice_start("Recovery", &recovery->policy);
		printf(words[0] ? ": %s\n" : "%s\n", words);
	}
	if (recovery->stats_err == ENOENT)
		return;
	recovery_counts(recovery, counts);
	label("  counted");
	if (recovery->stats_err)
		printf("? (%s)\n", strerror(recovery->stats_err));
	else
		puts(counts);
}

static void text_show(const struct show_model *model)
{
	const struct dev *dev = model->dev;

	label("Device");
	printf("%s  %04x:%04x  class %06x\n", dev->bdf, dev->vendor, dev->device, dev->class);
	label("Driver");
	puts(dev->driver[0] ? dev->driver : "-");
	attr_line("State", &dev->state, text_state_colour(dev->state.text), "");
	dma_lines(model);
	recovery_lines(model->recovery);
	attr_line("Identity", &dev->identity, identity_colour(dev->identity.text),
		  identity_words(&dev->identity));
	tsm_line(model);
	evidence_lines(model->evidence);
	attr_line("Last verb", &model->evidence->result, PLAIN, "");
	text_report(model);
	if (model->warnings)
		putchar('\n');
	text_warnings(model->warnings);
}

/* ---- connect, disconnect ---- */

static void driver_lines(const struct verb_model *model)
{
	if (!model->unbound) {
		if (model->end == VERB_DONE && !model->driver[0])
			printf("%s: no driver was bound, none is now (to bind one: echo %s > /sys/bus/pci/drivers_probe)\n",
			       model->bdf, model->bdf);
		return;
	}
	if (model->rebound) {
		printf("%s: driver %s is bound again\n", model->bdf, model->driver);
		return;
	}
	if (model->left_alone && model->end != VERB_FAILED && model->status == TDI_EXIT_DONE) {
		printf("%s: driver %s was unbound; the device has no driver now\n", model->bdf,
		       model->driver);
		return;
	}
	if (model->left_alone)
		util_complain("%s: driver %s was NOT bound again: the device is not in a state for it (tdi show %s)",
			      model->bdf, model->driver, model->bdf);
	else if (model->driver_after[0] && !strcmp(model->driver_after, model->driver))
		util_complain("%s: driver %s is bound again, but not all of its disks came back",
			      model->bdf, model->driver);
	else
		util_complain("%s: driver %s could NOT be bound again: %s (bound now: %s)", model->bdf,
			      model->driver, strerror(model->driver_err),
			      model->driver_after[0] ? model->driver_after : "none");
}

static void verb_done(const struct verb_model *model)
{
	const struct dev *dev = &model->after;
	bool connect = !strcmp(model->verb, "connect");

	if (model->end == VERB_UNCHANGED)
		printf("%s: %s already\n", model->bdf, connect ? "connected" : "not connected");
	else
		printf("%s: %s %s\n", model->bdf, connect ? "connected to" : "disconnected from",
		       model->tsm->name);
	printf("%s: state %s, DMA %s", model->bdf, text_attr(&dev->state), text_attr(&dev->dma));
	if (dma_words(&dev->dma)[0])
		printf(" (%s)", dma_words(&dev->dma));
	putchar('\n');
	if (connect)
		printf("%s: identity %s\n", model->bdf, text_attr(&dev->identity));
	if (model->tpm.wanted && model->tpm.measured)
		printf("%s: measured into PCR %u\n", model->bdf, model->tpm.pcr);
	else if (model->tpm.wanted && model->end != VERB_UNCHANGED)
		printf("%s: NOT measured: TPM %s: %s\n", model->bdf,
		       tpm_problem_name(model->tpm.error.problem), model->tpm.error.text);
}

static void text_verb(const struct verb_model *model)
{
	if (model->end == VERB_FAILED) {
		util_complain("%s: %s failed: %s (%s)", model->bdf, model->verb, model->reason,
			      util_errno_name(model->err));
		for (size_t i = 0; !model->unbound && i < model->uses.nr; i++)
			fprintf(stderr, "  %s: %s %s\n", model->uses.use[i].block,
				use_kind_name(model->uses.use[i].kind), model->uses.use[i].where);
		if (model->advice)
			fprintf(stderr, "  %s\n", model->advice);
	} else {
		verb_done(model);
	}
	driver_lines(model);
	text_warnings(model->warnings);
}

const struct printer printer_text = {
	.list = text_list,
	.show = text_show,
	.bounce = bounce_text,
	.audit = audit_text,
	.recovery = recovery_text,
	.watch_start = watch_text_start,
	.watch = watch_text,
	.verb = text_verb,
};
