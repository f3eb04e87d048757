// SPDX-License-Identifier: GPL-2.0
/* tools/attest/gate_json.c: the boot gate's policy, where a boot is not needed to see it. */
#include <string.h>

#include "unit.h"

#include "../../tools/attest/gate_policy.h"

#define HEAD	"{\"schema_version\":1,\"kind\":\"gate\",\"not_after\":\"2027-01-01T00:00:00Z\","
#define SHA	"00000000000000000000000000000000000000000000000000000000000000ff"
#define ENTRY	"\"name\":\"disk\",\"vendor\":\"1B36\",\"device\":\"0010\",\"policy\":\"disk.json\"," \
		"\"policy_sha256\":\"" SHA "\""

static bool parse(const char *text, struct gate *ret)
{
	struct policy_problems errors;
	bool ok = gate_parse((struct bytes) { (const uint8_t *)text, strlen(text) }, ret, &errors);

	assert_int_equal(ok, !errors.nr);
	policy_problems_free(&errors);
	return ok;
}

static void what_is_not_said_is_the_careful_one(void **state)
{
	struct gate gate;

	(void)state;
	assert_true(parse(HEAD "\"devices\":[{" ENTRY "}]}", &gate));
	assert_int_equal(gate.timeout, GATE_TIMEOUT_DEFAULT);
	assert_false(gate.allow_exposed);
	assert_false(gate.has_not_before);
	assert_int_equal(gate.not_after, 1798761600);
	assert_int_equal(gate.nr, 1);
	assert_true(gate.entry[0].required);
	assert_int_equal(gate.entry[0].count, 1);
	assert_int_equal(gate.entry[0].vendor, 0x1b36);
	assert_int_equal(gate.entry[0].sha256[GATE_SHA256_SIZE - 1], 0xff);
	assert_string_equal(gate.entry[0].bdf, "");
	gate_free(&gate);
	/* It may accept nothing, but has to say so. */
	assert_true(parse(HEAD "\"devices\":[]}", &gate));
	gate_free(&gate);
	assert_false(parse(HEAD "\"timeout\":1}", &gate));
	gate_free(&gate);
}

static const struct {
	const char *what;
	const char *more;		/* in the entry */
	unsigned int vendor, device;	/* of 0000:01:00.0, an NVMe disk */
	bool matches;
} matches[] = {
	{ "the same",		"",				0x1b36, 0x10, true },
	{ "another vendor",	"",				0x1b37, 0x10, false },
	{ "another device",	"",				0x1b36, 0x11, false },
	{ "base class",		",\"class\":\"01\"",		0x1b36, 0x10, true },
	{ "another base class",	",\"class\":\"02\"",		0x1b36, 0x10, false },
	{ "sub-class",		",\"class\":\"0108\"",		0x1b36, 0x10, true },
	{ "another sub-class",	",\"class\":\"0106\"",		0x1b36, 0x10, false },
	{ "whole class",	",\"class\":\"010802\"",	0x1b36, 0x10, true },
	{ "another interface",	",\"class\":\"010801\"",	0x1b36, 0x10, false },
	{ "class zero",		",\"class\":\"00\"",		0x1b36, 0x10, false },
	{ "the address",	",\"address\":\"1:0.0\"",	0x1b36, 0x10, true },
	{ "another address",	",\"address\":\"1:0.1\"",	0x1b36, 0x10, false },
	{ "another domain",	",\"address\":\"0001:01:00.0\"",	0x1b36, 0x10, false },
};

static void an_entry_is_for_what_fits_in_everything_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		char text[1024];
		struct gate gate;

		util_format(text, sizeof(text), HEAD "\"devices\":[{" ENTRY "%s}]}", matches[i].more);
		check_row(matches[i].what, parse(text, &gate));
		check_row(matches[i].what,
			  gate_matches(&gate.entry[0], "0000:01:00.0", matches[i].vendor,
				       matches[i].device, 0x010802) == matches[i].matches);
		gate_free(&gate);
	}
}

static void only_plain_names_are_files(void **state)
{
	static const char * const good[] = { "disk.json", "a", "A-b_c.9", "-" };
	static const char * const bad[] = {
		"", ".", "..", ".x", "a/b", "/a", "../a", "a b", "a\n", "\xc3\xa9", "a:b", "a%b",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		check_row(good[i], gate_file_name_ok(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_row(bad[i], !gate_file_name_ok(bad[i]));
}

static void advice_is_given_for_what_is_weak(void **state)
{
	struct policy_problems advice;
	struct gate gate;

	(void)state;
	assert_true(parse(HEAD "\"not_before\":\"2026-12-01T00:00:00Z\",\"devices\":[{" ENTRY "}]}",
			  &gate));
	gate_lint(&gate, &advice);
	assert_int_equal(advice.nr, 0);
	policy_problems_free(&advice);
	gate_free(&gate);
	assert_true(parse(HEAD "\"not_before\":\"2025-12-01T00:00:00Z\",\"exposed\":\"allowed\","
			  "\"devices\":[{" ENTRY ",\"required\":false}]}", &gate));
	gate_lint(&gate, &advice);
	assert_int_equal(advice.nr, 3);
	policy_problems_free(&advice);
	gate_free(&gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_said_is_the_careful_one),
		cmocka_unit_test(an_entry_is_for_what_fits_in_everything_it_says),
		cmocka_unit_test(only_plain_names_are_files),
		cmocka_unit_test(advice_is_given_for_what_is_weak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
