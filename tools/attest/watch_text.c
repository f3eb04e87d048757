// SPDX-License-Identifier: GPL-2.0
/* Writes for people what happens to TDIs, a line each. */
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "text.h"

#define LINE	"%-20s  %-12s  "
/* "not-recovered", "CONFIG_UNLOCKED" */
#define EVENT_WIDTH	13
#define STATE_WIDTH	15

static enum colour event_colour(const char *event)
{
	if (!strcmp(event, "lost") || !strcmp(event, "not-recovered"))
		return RED;
	return !strcmp(event, "recovered") || !strcmp(event, "accepted") ? GREEN : PLAIN;
}

void watch_text_start(void)
{
	printf(LINE "%-*s  %-*s  %s\n", "TIME", "DEVICE", EVENT_WIDTH, "EVENT", STATE_WIDTH,
	       "STATE", "REASON");
}

void watch_text(const struct watch_model *model)
{
	const struct uevent *event = model->event;

	if (!event) {
		util_complain("%s: an event was missed: %s", model->time, model->missed);
		return;
	}
	printf(LINE, model->time, event->bdf);
	text_coloured(event_colour(event->event), event->event, EVENT_WIDTH);
	fputs("  ", stdout);
	text_coloured(text_state_colour(event->state), event->state, STATE_WIDTH);
	printf("  %s\n", event->reason[0] ? event->reason : "-");
}
