// SPDX-License-Identifier: GPL-2.0
/* tools/attest/uevent.c: what the kernel's messages say of a TDI. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "../../tools/attest/uevent.h"

#define PATH	"/devices/pci0000:00/0000:00:02.0/0000:01:00.0"
#define OF(path)	"change@" path "\0ACTION=change\0DEVPATH=" path "\0"
#define PCI	"SUBSYSTEM=pci\0"
#define HEAD	OF(PATH) PCI
#define TAIL	"PCI_SLOT_NAME=0000:01:00.0\0SEQNUM=4711\0"
#define LOST	"TDI_EVENT=lost\0TDI_STATE=ERROR\0"
#define GOOD	HEAD LOST "TDI_REASON=the TSM says so\0" TAIL

/* From memory that ends where the message does, for the sanitizer. */
static enum uevent_kind parse(const char *msg, size_t len, struct uevent *event, char *why)
{
	char *copy = malloc(len ? len : 1);
	enum uevent_kind kind;

	assert_non_null(copy);
	memcpy(copy, msg, len);
	why[0] = '\0';
	kind = uevent_parse(copy, len, event, why);
	free(copy);
	return kind;
}

static void an_event_is_taken_apart(void **state)
{
	char why[UEVENT_WHY_SIZE];
	struct uevent event;

	(void)state;
	assert_int_equal(parse(GOOD, sizeof(GOOD) - 1, &event, why), UEVENT_TDI);
	assert_string_equal(event.bdf, "0000:01:00.0");
	assert_string_equal(event.event, "lost");
	assert_string_equal(event.state, "ERROR");
	assert_string_equal(event.reason, "the TSM says so");
}

#define REASON_AT	(sizeof(HEAD LOST "TDI_REASON=") - 1)
#define ROW(what, msg, ...)	{ what, msg, sizeof(msg) - 1, __VA_ARGS__ }

static const struct {
	const char *what;
	const char *msg;
	size_t len;
	const char *reason;
} good[] = {
	ROW("keys in another order",
	    HEAD "TDI_REASON=r\0TDI_STATE=ERROR\0SEQNUM=1\0TDI_EVENT=lost\0",
	    "r"),
	ROW("without a reason", HEAD LOST, ""),
	ROW("an empty reason", HEAD LOST "TDI_REASON=\0", ""),
	ROW("a reason with =", HEAD LOST "TDI_REASON=a=b\0", "a=b"),
	ROW("a hostile reason",
	    HEAD LOST "TDI_REASON=\x1b[2J\n\xff\\\0",
	    "\\x1b[2J\\x0a\\xff\\x5c"),
	ROW("a reason that looks like a key",
	    HEAD LOST "TDI_REASON=x TDI_EVENT=y\0",
	    "x TDI_EVENT=y"),
	ROW("keys that are unknown", HEAD LOST "TDI_NEW=1\0=\0TDI_REASON=\0", ""),
};

static void what_may_differ_does(void **state)
{
	char why[UEVENT_WHY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct uevent event;

		check_row(good[i].what, parse(good[i].msg, good[i].len, &event, why) ==
			  UEVENT_TDI);
		check_row(good[i].what, !strcmp(event.reason, good[i].reason));
		check_row(good[i].what, !strcmp(event.event, "lost"));
	}
}

static const struct {
	const char *what;
	const char *msg;
	size_t len;
} other[] = {
	{ "nothing", "", 0 },
	ROW("a zero byte", "\0"),
	ROW("many", "\0\0\0\0"),
	ROW("no zero byte", "change@/devices/x"),
	ROW("no =", "change@/devices/x\0ACTION\0nonsense\0"),
	ROW("another device", HEAD TAIL),
	ROW("another subsystem", OF("/x") "SUBSYSTEM=net\0" LOST),
	ROW("what root made up by writing to uevent",
	    HEAD "SYNTH_UUID=0\0SYNTH_ARG_TDI_EVENT=lost\0"),
	ROW("a key without a value", HEAD "TDI_EVENT\0TDI_STATE=ERROR\0"),
	ROW("a key that goes on", HEAD "TDI_EVENTS=lost\0TDI_STATE=ERROR\0"),
	ROW("udev's own", "libudev\0\xfe\xed\xca\xfe(\0\0\0(\0\0\0"),
};

static void other_messages_are_nobodys_mistake(void **state)
{
	char why[UEVENT_WHY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		struct uevent event, before;

		memset(&event, 0xa5, sizeof(event));
		before = event;
		check_row(other[i].what, parse(other[i].msg, other[i].len, &event, why) ==
			  UEVENT_OTHER);
		check_row(other[i].what, !memcmp(&event, &before, sizeof(event)));
		check_row(other[i].what, !why[0]);
	}
}

#define LONG32	"abcdefghijklmnopqrstuvwxyzabcdef"

static const struct {
	const char *what;
	const char *msg;
	size_t len;
	const char *why;
} bad[] = {
	ROW("truncated in a value",
	    HEAD LOST "TDI_REASON=a",
	    "message: expected a zero byte at its end, found \"a\""),
	ROW("truncated in the event",
	    HEAD "TDI_EVENT=lo",
	    "message: expected a zero byte at its end, found \"o\""),
	ROW("truncated between lines",
	    HEAD "TDI_EVENT=lost\0",
	    "TDI_STATE: expected a value, found \"\""),
	ROW("no =", HEAD LOST "nonsense\0", "a line: expected KEY=VALUE, found \"nonsense\""),
	ROW("an empty line", HEAD LOST "\0", "a line: expected KEY=VALUE, found \"\""),
	ROW("an event twice",
	    HEAD LOST "TDI_EVENT=recovered\0",
	    "TDI_EVENT: expected it once, found \"recovered\""),
	ROW("a subsystem twice",
	    HEAD LOST "SUBSYSTEM=net\0",
	    "SUBSYSTEM: expected it once, found \"net\""),
	ROW("an empty event",
	    HEAD "TDI_EVENT=\0TDI_STATE=RUN\0",
	    "TDI_EVENT: expected a word, found \"\""),
	ROW("a hostile event",
	    HEAD "TDI_EVENT=\x1b[2J\0TDI_STATE=RUN\0",
	    "TDI_EVENT: expected a word, found \"\\x1b[2J\""),
	ROW("an event too long",
	    HEAD "TDI_EVENT=" LONG32 "\0TDI_STATE=RUN\0",
	    "TDI_EVENT: expected a word, found \"" LONG32 "\""),
	ROW("a hostile state",
	    HEAD "TDI_EVENT=lost\0TDI_STATE=R UN\0",
	    "TDI_STATE: expected a word, found \"R UN\""),
	ROW("an empty state",
	    HEAD "TDI_EVENT=lost\0TDI_STATE=\0",
	    "TDI_STATE: expected a word, found \"\""),
	ROW("no header",
	    "\0ACTION=change\0DEVPATH=" PATH "\0" PCI LOST,
	    "first line: expected ACTION@DEVPATH, found \"\""),
	ROW("a header that differs",
	    "change@/x\0ACTION=change\0DEVPATH=" PATH "\0" PCI LOST,
	    "first line: expected ACTION@DEVPATH, found \"change@/x\""),
	ROW("no header but a key",
	    "ACTION=change\0DEVPATH=" PATH "\0" PCI LOST,
	    "ACTION: expected a value, found \"\""),
	ROW("no subsystem", OF(PATH) LOST, "SUBSYSTEM: expected a value, found \"\""),
	ROW("another action",
	    "add@" PATH "\0ACTION=add\0DEVPATH=" PATH "\0" PCI LOST,
	    "ACTION: expected change, found \"add\""),
	ROW("a path of no function",
	    OF("/x/nvme0") PCI LOST,
	    "DEVPATH: expected the path of a PCI function, found \"/x/nvme0\""),
	ROW("a path of no path",
	    OF("0000:01:00.0") PCI LOST,
	    "DEVPATH: expected the path of a PCI function, found \"0000:01:00.0\""),
	ROW("a path in short",
	    OF("/1:0.0") PCI LOST,
	    "DEVPATH: expected the path of a PCI function, found \"/1:0.0\""),
	ROW("an empty path",
	    OF("") PCI LOST,
	    "DEVPATH: expected the path of a PCI function, found \"\""),
};

static void a_refusal_names_what_was_expected_and_found(void **state)
{
	char why[UEVENT_WHY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct uevent event, before;

		memset(&event, 0xa5, sizeof(event));
		before = event;
		check_row(bad[i].what, parse(bad[i].msg, bad[i].len, &event, why) ==
			  UEVENT_MALFORMED);
		assert_string_equal(why, bad[i].why);
		check_row(bad[i].what, !memcmp(&event, &before, sizeof(event)));
	}
}

/* Whole messages are few among their prefixes, and none is read beyond its end. */
static void a_message_cut_anywhere_is_never_another_one(void **state)
{
	char why[UEVENT_WHY_SIZE];

	(void)state;
	for (size_t len = 0; len < sizeof(GOOD) - 1; len++) {
		struct uevent event = { 0 };
		enum uevent_kind kind = parse(GOOD, len, &event, why);

		if (kind != UEVENT_TDI)
			continue;
		/* Cut between two lines: what is left is true. */
		assert_true(!GOOD[len - 1]);
		assert_string_equal(event.event, "lost");
		assert_string_equal(event.state, "ERROR");
	}
}

static void one_changed_byte_is_survived(void **state)
{
	char msg[sizeof(GOOD) - 1], why[UEVENT_WHY_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(msg); i++) {
		for (unsigned int c = 0; c < 256; c++) {
			struct uevent event;

			memcpy(msg, GOOD, sizeof(msg));
			msg[i] = (char)c;
			if (parse(msg, sizeof(msg), &event, why) == UEVENT_TDI)
				assert_true(strlen(event.bdf) >= 12);
		}
	}
}

static void what_is_too_long_is_refused_or_cut(void **state)
{
	static char msg[2 * UEVENT_MAX];
	char why[UEVENT_WHY_SIZE];
	struct uevent event;

	(void)state;
	memcpy(msg, GOOD, sizeof(GOOD) - 1);
	/* Short of the limit, the reason is cut and says so. */
	memset(msg + REASON_AT, 'x', sizeof(msg) - REASON_AT);
	msg[UEVENT_MAX - 1] = '\0';
	assert_int_equal(parse(msg, UEVENT_MAX, &event, why), UEVENT_TDI);
	assert_int_equal(strlen(event.reason), sizeof(event.reason) - 1);
	assert_string_equal(event.reason + sizeof(event.reason) - 5, "x...");
	assert_int_equal(parse(msg, UEVENT_MAX + 1, &event, why), UEVENT_MALFORMED);
	assert_non_null(strstr(why, "expected at most 8192 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_taken_apart),
		cmocka_unit_test(what_may_differ_does),
		cmocka_unit_test(other_messages_are_nobodys_mistake),
		cmocka_unit_test(a_refusal_names_what_was_expected_and_found),
		cmocka_unit_test(a_message_cut_anywhere_is_never_another_one),
		cmocka_unit_test(one_changed_byte_is_survived),
		cmocka_unit_test(what_is_too_long_is_refused_or_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
