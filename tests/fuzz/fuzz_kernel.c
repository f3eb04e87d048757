// SPDX-License-Identifier: GPL-2.0
/* What the kernel tells with other people's words in it: uevents, and the audit. */
#include "fuzz.h"
#include "../../tools/attest/audit.h"
#include "../../tools/attest/uevent.h"

static void must_be_plain(const char *text, size_t size)
{
	must(strlen(text) < size);
	for (; *text; text++)
		must(*text >= 0x20 && *text < 0x7f);
}

static void watch(const uint8_t *data, size_t len)
{
	char why[UEVENT_WHY_SIZE] = "";
	struct uevent event;

	fuzz_mark(&event, sizeof(event));
	if (uevent_parse(data, len, &event, why) != UEVENT_TDI) {
		must_be_marked(&event, sizeof(event));
		must_be_plain(why, sizeof(why));
		return;
	}
	must(len && len <= UEVENT_MAX);
	must(event.event[0] && event.state[0]);
	must_be_plain(event.bdf, sizeof(event.bdf));
	must_be_plain(event.event, sizeof(event.event));
	must_be_plain(event.state, sizeof(event.state));
	must_be_plain(event.reason, sizeof(event.reason));
}

static void audit(const uint8_t *data, size_t len)
{
	struct audit audit;

	audit_parse(data, len, &audit);
	must(!audit.err == !audit.why[0]);
	must(!audit.err || !audit.nr);
	must_be_plain(audit.why, sizeof(audit.why));
	for (size_t i = 0; i < audit.nr; i++) {
		must(audit.entry[i].name[0]);
		must(audit.entry[i].offset <= 0xfff);
		must_be_plain(audit.entry[i].name, sizeof(audit.entry[i].name));
		must_be_plain(audit.entry[i].task, sizeof(audit.entry[i].task));
	}
	audit_free(&audit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	watch(data, len);
	audit(data, len);
	return 0;
}
