// SPDX-License-Identifier: GPL-2.0
/* Writes for people what was tried on locked devices. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "text.h"

enum column {
	COL_DEVICE, COL_REGISTER, COL_EFFECT, COL_COUNT, COL_OFFSET, COL_VALUE, COL_TASK, COL_NR
};

struct row {
	const char *words;	/* in place of the columns but the first */
	char cell[COL_NR][128];
};

struct rows {
	size_t nr;
	struct row *row;
};

static struct row *add_row(struct rows *rows, const struct dev *dev)
{
	struct row *row;

	rows->row = util_grow(rows->row, rows->nr + 1, sizeof(*rows->row));
	row = &rows->row[rows->nr++];
	*row = (struct row) { 0 };
	util_format(row->cell[COL_DEVICE], sizeof(row->cell[0]), "%s", dev->bdf);
	return row;
}

static void entry_row(const struct audit_entry *entry, struct row *row)
{
	size_t size = sizeof(row->cell[0]);

	util_format(row->cell[COL_REGISTER], size, "%s", entry->name);
	util_format(row->cell[COL_EFFECT], size, "%s", audit_effect_id(entry->effect));
	util_format(row->cell[COL_COUNT], size, "%" PRIu64, entry->count);
	util_format(row->cell[COL_OFFSET], size, "0x%03x", entry->offset);
	util_format(row->cell[COL_VALUE], size, "0x%08x", entry->value);
	util_format(row->cell[COL_TASK], size, "%s", entry->task[0] ? entry->task : "-");
}

static void print_row(const struct row *row, const int *width)
{
	if (row->words) {
		printf("%-*s  %s\n", width[COL_DEVICE], row->cell[COL_DEVICE], row->words);
		return;
	}
	for (int c = 0; c < COL_TASK; c++)
		printf(c == COL_COUNT ? "%*s  " : "%-*s  ", width[c], row->cell[c]);
	puts(row->cell[COL_TASK]);
}

static void print_rows(const struct rows *rows)
{
	static const struct row head = {
		.cell = { "DEVICE", "REGISTER", "EFFECT", "COUNT", "OFFSET", "VALUE", "TASK" }
	};
	int width[COL_NR] = { 0 };
	bool entries = false;

	for (size_t i = 0; i < rows->nr; i++)
		entries |= !rows->row[i].words;
	for (int c = 0; c < COL_NR; c++) {
		width[c] = entries ? (int)strlen(head.cell[c]) : 0;
		for (size_t i = 0; i < rows->nr; i++)
			if ((int)strlen(rows->row[i].cell[c]) > width[c])
				width[c] = (int)strlen(rows->row[i].cell[c]);
	}
	if (entries)
		print_row(&head, width);
	for (size_t i = 0; i < rows->nr; i++)
		print_row(&rows->row[i], width);
}

/* What the effects in the table mean. */
static void legend(unsigned int effects)
{
	const char *before = "\n";

	for (int e = 0; e < AUDIT_NR_EFFECTS; e++) {
		if (!(effects & 1u << e))
			continue;
		printf("%s%s: %s\n", before, audit_effect_id((enum audit_effect)e),
		       audit_effect_words((enum audit_effect)e));
		before = "";
	}
}

void audit_text(const struct audit_model *model)
{
	struct rows rows = { 0 };
	unsigned int effects = 0;

	for (size_t i = 0; i < model->nr; i++) {
		const struct audit *audit = &model->row[i].audit;

		if (!audit->err && !audit->nr)
			add_row(&rows, &model->row[i].dev)->words = "nothing was tried";
		for (size_t e = 0; e < audit->nr; e++) {
			entry_row(&audit->entry[e], add_row(&rows, &model->row[i].dev));
			effects |= 1u << audit->entry[e].effect;
		}
	}
	print_rows(&rows);
	free(rows.row);
	legend(effects);
	if (!model->nr && model->tsms->nr)
		puts("No function is a TDI (tdi list --all says why).");
	else if (!model->nr)
		text_no_tsm();
	for (size_t i = 0; i < model->nr; i++)
		if (model->row[i].audit.err)
			util_complain("%s: %s", model->row[i].dev.bdf,
				      audit_error_words(&model->row[i].audit));
	text_warnings(model->warnings);
}
