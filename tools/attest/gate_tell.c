// SPDX-License-Identifier: GPL-2.0
/* What the journal is told: a line for each device, and one for all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate.h"

/* sd-daemon(3) */
enum level { LEVEL_ERR = 3, LEVEL_WARNING = 4, LEVEL_NOTICE = 5, LEVEL_INFO = 6 };

/* Is stderr what systemd says the journal is? (systemd.exec(5), $JOURNAL_STREAM) */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev && st.st_ino == ino;
}

static void TDI_PRINTF(2, 3) say(enum level level, const char *fmt, ...)
{
	char text[1400];
	va_list ap;

	va_start(ap, fmt);
	util_vformat(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (is_journal())
		fprintf(stderr, "<%d>", level);
	fprintf(stderr, "tdi gate: %s\n", text);
}

static void tell_device(const struct gate_device *device)
{
	char name[BDF_SIZE + GATE_NAME_SIZE + 8];
	enum level level = device->verdict == GATE_ACCEPTED ? LEVEL_INFO :
			   device->verdict == GATE_HELD ? LEVEL_NOTICE :
			   device->required ? LEVEL_ERR : LEVEL_WARNING;

	if (device->bdf[0] && device->entry[0])
		util_format(name, sizeof(name), "%s (%s)", device->bdf, device->entry);
	else
		util_format(name, sizeof(name), "%s%s", device->bdf, device->entry);
	if (device->verdict == GATE_ACCEPTED)
		say(level, "%s: accepted%s, driver %s%s%s", name,
		    device->measured ? " and measured" : "",
		    device->driver[0] ? device->driver : "none yet",
		    device->exposed[0] ? "; exposed to a driver before the hold, which the policy allows: " : "",
		    device->exposed);
	else
		say(level, "%s: %s: %s%s%s", name, gate_verdict_name(device->verdict),
		    device->reason, device->advice[0] ? ". " : "", device->advice);
}

static unsigned int accepted(const struct gate_decision *decision)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < decision->nr; i++)
		nr += decision->device[i].verdict == GATE_ACCEPTED;
	return nr;
}

void gate_tell(const struct gate_decision *decision, bool again)
{
	const char *then = again ? "decided earlier in this boot: " : "";
	unsigned int nr = accepted(decision);

	for (size_t i = 0; i < decision->nr; i++)
		tell_device(&decision->device[i]);
	if (decision->why.status)
		say(LEVEL_ERR, "%sno (%s): %s%s%s%s", then,
		    decision->only[0] ? decision->only : "all devices", decision->why.reason,
		    decision->only[0] ? "" : ". tdi-devices.target is not reached",
		    decision->why.advice[0] ? ". " : "", decision->why.advice);
	else
		say(LEVEL_NOTICE, "%syes: %u device%s accepted in %llu.%03u s, by %s", then, nr,
		    nr == 1 ? "" : "s", (unsigned long long)(decision->millis / 1000),
		    (unsigned int)(decision->millis % 1000),
		    decision->signer[0] ? decision->signer : "nobody");
}
