// SPDX-License-Identifier: GPL-2.0
/* Writes for people how a TDI recovers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "text.h"

void recovery_text(const struct recovery_model *model)
{
	const struct recovery *recovery = &model->recovery;
	const char *chosen = recovery_chosen(recovery);
	char choices[CHOICE_TEXT_SIZE], counts[RECOVERY_COUNTS_SIZE];

	if (model->end == RECOVERY_UNDONE) {
		util_complain("%s: recovery: %s (%s)", model->bdf, model->reason,
			      util_errno_name(model->err));
		if (model->advice)
			fprintf(stderr, "  %s\n", model->advice);
		return;
	}
	if (model->end == RECOVERY_SET)
		printf("%s: recovery is %s now\n", model->bdf, chosen);
	else if (model->end == RECOVERY_UNCHANGED)
		printf("%s: recovery is %s already\n", model->bdf, chosen);
	choice_text(&recovery->policy, choices);
	printf("%s: recovery %s", model->bdf, choices[0] ? choices : "-");
	printf(recovery_words(chosen)[0] ? ": %s\n" : "%s\n", recovery_words(chosen));
	recovery_counts(recovery, counts);
	if (recovery->stats_err && recovery->stats_err != ENOENT)
		util_complain("%s: cannot read tsm/recovery_stats: %s", model->bdf,
			      strerror(recovery->stats_err));
	else if (counts[0])
		printf("%s: %s\n", model->bdf, counts);
	text_warnings(model->warnings);
}
