// SPDX-License-Identifier: GPL-2.0
/* Writes for people who still bounces, and the pool. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "text.h"

/* ---- the table ---- */

enum column {
	COL_DEVICE, COL_DRIVER, COL_MODE,
	COL_BOUNCED, COL_MAPPINGS, COL_LIVE, COL_SHARED,	/* numbers */
	COL_WHY, COL_NR
};

struct row {
	char cell[COL_NR][DMA_WHY_SIZE];
};

static bool is_number(int col)
{
	return col >= COL_BOUNCED && col <= COL_SHARED;
}

static void stat_cell(const struct bounce_row *from, enum dma_stat stat, char ret[DMA_WHY_SIZE])
{
	if (from->kind != BOUNCE_TDI || !dma_stat_known(&from->dma, stat))
		util_format(ret, DMA_WHY_SIZE, "-");
	else if (stat == DMA_BOUNCED_BYTES)
		text_about(from->dma.stat[stat], ret);
	else
		util_format(ret, DMA_WHY_SIZE, "%" PRIu64, from->dma.stat[stat]);
}

static void fill_row(const struct bounce_row *from, struct row *ret)
{
	const struct dev *dev = from->dev;
	bool tdi = from->kind == BOUNCE_TDI;

	*ret = (struct row) { 0 };
	util_format(ret->cell[COL_DEVICE], DMA_WHY_SIZE, "%s", dev->bdf);
	util_format(ret->cell[COL_DRIVER], DMA_WHY_SIZE, "%s", dev->driver[0] ? dev->driver : "-");
	util_format(ret->cell[COL_MODE], DMA_WHY_SIZE, "%.40s", tdi ? text_attr(&dev->dma) : "kernel");
	stat_cell(from, DMA_BOUNCED_BYTES, ret->cell[COL_BOUNCED]);
	stat_cell(from, DMA_BOUNCED_MAPPINGS, ret->cell[COL_MAPPINGS]);
	stat_cell(from, DMA_LIVE, ret->cell[COL_LIVE]);
	stat_cell(from, DMA_SHARED_PAGES, ret->cell[COL_SHARED]);
	util_format(ret->cell[COL_WHY], DMA_WHY_SIZE, "%s", from->why);
}

static void print_row(const struct row *row, const int *width, bool head)
{
	for (int c = 0; c < COL_NR; c++) {
		const char *text = row->cell[c];

		if (c == COL_WHY)
			puts(text);
		else if (is_number(c))
			printf("%*s  ", width[c], text);
		else
			text_coloured(!head && c == COL_MODE ? text_dma_colour(text) : PLAIN, text,
				      width[c]);
		if (c < COL_BOUNCED)
			fputs("  ", stdout);
	}
}

static void table(const struct bounce_model *model)
{
	static const struct row head = {
		{ "DEVICE", "DRIVER", "MODE", "BOUNCED", "MAPPINGS", "LIVE", "SHARED", "WHY" }
	};
	struct row *rows = util_grow(NULL, model->nr, sizeof(*rows));
	int width[COL_NR];

	for (int c = 0; c < COL_NR; c++)
		width[c] = (int)strlen(head.cell[c]);
	for (size_t i = 0; i < model->nr; i++) {
		fill_row(&model->row[i], &rows[i]);
		for (int c = 0; c < COL_NR; c++)
			if ((int)strlen(rows[i].cell[c]) > width[c])
				width[c] = (int)strlen(rows[i].cell[c]);
	}
	print_row(&head, width, true);
	for (size_t i = 0; i < model->nr; i++)
		print_row(&rows[i], width, false);
	free(rows);
}

/* ---- what the table cannot say ---- */

static void notes(const struct bounce_model *model)
{
	bool kernel = false;

	for (size_t i = 0; i < model->nr; i++)
		kernel |= model->row[i].kind != BOUNCE_TDI;
	if (kernel)
		puts("\nkernel: no TDI; the kernel does not count what it bounces for such a function.");
	for (size_t i = 0; i < model->virtio.nr; i++) {
		const struct virtio *virtio = &model->virtio.virtio[i];
		char name[VIRTIO_NAME_SIZE];

		if (!virtio_bypasses(virtio))
			continue;
		virtio_name(virtio, name);
		printf("%s did not negotiate ACCESS_PLATFORM: it goes past the DMA API and is in nobody's count.\n",
		       name);
	}
	for (size_t i = 0; i < model->nr; i++)
		if (model->row[i].dma.stat[DMA_LEAKED_PAGES])
			printf("%s leaked %" PRIu64 " pages.\n", model->row[i].dev->bdf,
			       model->row[i].dma.stat[DMA_LEAKED_PAGES]);
}

/* ---- the pool ---- */

static void pool_line(const char *what, uint64_t slabs, const char *words)
{
	char size[TEXT_SIZE];

	text_about(slabs * POOL_SLAB_SIZE, size);
	printf("  %-11s %9s  %" PRIu64 " slab%s%s\n", what, size, slabs, slabs == 1 ? "" : "s", words);
}

static void pool_lines(const struct pool *pool)
{
	puts("\nBounce pool (swiotlb), measured");
	switch (pool->status) {
	case POOL_MEASURED:
		pool_line("size", pool->size, " of 2 KiB");
		pool_line("used now", pool->used, "");
		pool_line("high water", pool->high_water, ", since boot or since it was reset");
		return;
	case POOL_NONE:
		puts("  none: this kernel cannot bounce");
		return;
	case POOL_NO_DEBUGFS:
		puts("  unknown, needs debugfs (mount -t debugfs none /sys/kernel/debug)");
		return;
	case POOL_NOT_ROOT:
		puts("  unknown, root can tell");
		return;
	default:
		printf("  unknown: %s\n", strerror(pool->err));
	}
}

static void bouncers(const struct bounce_model *model)
{
	const char *sep = ": ";

	if (!model->bouncers) {
		puts("  No PCI function bounces any more.");
		return;
	}
	printf("  May still bounce");
	for (size_t i = 0; i < model->nr; i++) {
		if (!model->row[i].may_bounce)
			continue;
		printf("%s%s", sep, model->row[i].dev->bdf);
		sep = ", ";
	}
	puts(".");
}

static void reasoning(const struct bounce_model *model)
{
	const struct pool_advice *advice = &model->advice;
	char floor[TEXT_SIZE], now[TEXT_SIZE], want[TEXT_SIZE];
	uint64_t high = model->pool.high_water;

	text_about(advice->floor * POOL_SLAB_SIZE, floor);
	text_about(high * POOL_SLAB_SIZE, now);
	text_about(high * POOL_SLAB_SIZE * (100 + POOL_HEADROOM_PERCENT) / 100, want);
	if (advice->reason == POOL_NOBODY) {
		printf("  %s is the least that a kernel makes do with on %u CPU%s.\n", floor,
		       model->cpus, model->cpus == 1 ? "" : "s");
		puts("  But a device bounces until it is connected: bind its driver only then, or keep");
		printf("  room for it (high water %s).\n", now);
	} else {
		if (advice->stray)
			printf("  Yet %" PRIu64 " slabs are in use: by whom is not known.\n",
			       model->pool.used);
		printf("  High water %s and %u %% headroom make %s; swiotlb rounds up to a power of two,\n",
		       now, POOL_HEADROOM_PERCENT, want);
		printf("  and less than %s is not worth it.\n", advice->floor > 1024 ? floor : "2 MiB");
		if (advice->full)
			puts("  The pool was full, or nearly so: the need may be higher than the mark.");
	}
	puts("  To measure a workload: echo 0 > /sys/kernel/debug/swiotlb/io_tlb_used_hiwater, run");
	puts("  it, and look again. Coherent memory is not in the pool.");
}

static void advice_lines(const struct bounce_model *model)
{
	char size[TEXT_SIZE], now[TEXT_SIZE];

	puts("\nAdvice, not measured");
	if (!model->advice.slabs) {
		if (model->pool.status != POOL_NONE)
			bouncers(model);
		puts(model->pool.status == POOL_NONE ? "  none: there is no pool to size" :
		     "  How large a pool that takes cannot be told without the figures above.");
		return;
	}
	text_about(model->advice.slabs * POOL_SLAB_SIZE, size);
	text_about(model->pool.size * POOL_SLAB_SIZE, now);
	if (model->advice.slabs == model->pool.size)
		printf("  %s  %s, as now\n", model->parameter, size);
	else
		printf("  %s  %s instead of %s\n", model->parameter, size, now);
	bouncers(model);
	reasoning(model);
}

void bounce_text(const struct bounce_model *model)
{
	size_t tdis = 0;

	for (size_t i = 0; i < model->nr; i++)
		tdis += model->row[i].kind == BOUNCE_TDI;
	if (!model->tsms->nr)
		text_no_tsm();
	else if (!tdis)
		puts("No function is a TDI (tdi list --all says why).");
	if (model->nr)
		table(model);
	else
		puts("No PCI function can do DMA.");
	notes(model);
	pool_lines(&model->pool);
	advice_lines(model);
	if (model->warnings)
		putchar('\n');
	text_warnings(model->warnings);
}
