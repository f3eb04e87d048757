// SPDX-License-Identifier: GPL-2.0
/*
 * Reads the gate's policy. It is signed, and still nothing in it is taken for granted:
 * what is not known is a problem, and so is what can be meant in two ways.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "gate_policy.h"
#include "json_check.h"
#include "parse_arg.h"

#define DAY	(24 * 60 * 60)

/* A policy that holds for longer than this cannot be called back. */
#define LONG_VALIDITY	(366L * DAY)

static struct gate *gate_of(struct json_reader *r)
{
	return r->doc;
}

/* A text without a zero in it, which would end it early for who reads it later. */
static const char *text_of(struct json_reader *r, struct json_object *value)
{
	const char *text;

	if (!json_is(r, value, json_type_string, "a text"))
		return NULL;
	text = json_object_get_string(value);
	if (strlen(text) == (size_t)json_object_get_string_len(value))
		return text;
	json_wrong(r, "holds a zero byte");
	return NULL;
}

/* @arg: char [GATE_NAME_SIZE] */
static void read_name(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text = text_of(r, value);

	if (!text)
		return;
	if (!text[0] || strlen(text) >= GATE_NAME_SIZE / 2)
		json_wrong(r, "must be a text of 1 to %d bytes", GATE_NAME_SIZE / 2 - 1);
	else
		util_escape(arg, GATE_NAME_SIZE, text, strlen(text));
}

static void read_description(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text = text_of(r, value);

	(void)arg;
	if (text)
		util_escape(gate_of(r)->description, sizeof(gate_of(r)->description), text,
			    strlen(text));
}

/* RFC 3339 alone: a number could be meant in two ways. */
static void read_time(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text = text_of(r, value);

	if (!text)
		return;
	if (!strchr(text, '-') || !parse_time(text, arg))
		json_wrong(r, "must be a time like 2026-11-20T10:00:00Z");
	else if (arg == &gate_of(r)->not_before)
		gate_of(r)->has_not_before = true;
}

/* A number in decimal, and as a number. */
static void read_count(struct json_reader *r, struct json_object *value, unsigned int max,
		       unsigned int *ret)
{
	uint64_t number;

	if (!json_is(r, value, json_type_int, "a number") || !json_number(r, value, max, &number))
		return;
	if (number)
		*ret = (unsigned int)number;
	else
		json_wrong(r, "must be a number from 1 to %u", max);
}

static void read_timeout(struct json_reader *r, struct json_object *value, void *arg)
{
	read_count(r, value, GATE_TIMEOUT_MAX, arg);
}

static void read_devices_count(struct json_reader *r, struct json_object *value, void *arg)
{
	read_count(r, value, GATE_COUNT_MAX, arg);
}

static void read_exposed(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = { { "allowed", 1 }, { "refused", 0 } };
	int allowed = 0;

	json_read_word(r, value, JSON_WORDS(words, &allowed));
	*(bool *)arg = allowed;
}

static void read_schema_version(struct json_reader *r, struct json_object *value, void *arg)
{
	uint64_t version;

	(void)arg;
	if (json_number(r, value, UINT64_MAX, &version) && version != GATE_SCHEMA_VERSION)
		json_wrong(r, "must be %d: this program knows no other", GATE_SCHEMA_VERSION);
}

static void read_kind(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text = text_of(r, value);

	(void)arg;
	if (text && strcmp(text, "gate"))
		json_wrong(r, "must be \"gate\"");
}

/* ---- devices ---- */

static bool hex_digits(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static void read_id(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text = text_of(r, value);

	if (!text)
		return;
	if (strlen(text) == 4 && hex_digits(text))
		*(unsigned int *)arg = (unsigned int)strtoul(text, NULL, 16);
	else
		json_wrong(r, "must be 4 hexadecimal digits");
}

static void read_class(struct json_reader *r, struct json_object *value, void *arg)
{
	struct gate_entry *entry = arg;
	const char *text = text_of(r, value);
	size_t len;

	if (!text)
		return;
	len = strlen(text);
	if ((len != 2 && len != 4 && len != 6) || !hex_digits(text)) {
		json_wrong(r, "must be the first 2, 4 or all 6 hexadecimal digits of a class code");
		return;
	}
	entry->class = (unsigned int)strtoul(text, NULL, 16);
	entry->class_digits = (unsigned int)len;
}

static void read_address(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text = text_of(r, value);

	if (text && util_bdf_parse(text, arg))
		json_wrong(r, "must be a PCI address like 0000:01:00.0");
}

bool gate_file_name_ok(const char *name)
{
	size_t len = strlen(name);

	/* Not hidden, not "..", and fit to be part of a credential's name. */
	return len && len < GATE_NAME_SIZE && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
	       len;
}

static void read_file_name(struct json_reader *r, struct json_object *value, void *arg)
{
	const char *text = text_of(r, value);

	if (!text)
		return;
	if (gate_file_name_ok(text))
		util_format(arg, GATE_NAME_SIZE, "%s", text);
	else
		json_wrong(r, "must be a file's name without a directory: letters, digits, . _ -");
}

static void read_sha256(struct json_reader *r, struct json_object *value, void *arg)
{
	struct blob blob = { 0 };

	if (!text_of(r, value) || !json_hex(r, value, &blob))
		return;
	if (blob.len == GATE_SHA256_SIZE)
		memcpy(arg, blob.data, GATE_SHA256_SIZE);
	else
		json_wrong(r, "must be the 32 bytes of a SHA-256 digest");
	blob_free(&blob);
}

static void need(struct json_reader *r, struct json_object *value, const char *name)
{
	if (!json_object_object_get_ex(value, name, NULL))
		json_wrong(r, "must have \"%s\"", name);
}

static void check_entry(struct json_reader *r, const struct gate_entry *entry)
{
	const struct gate *gate = gate_of(r);

	if (!entry->bdf[0])
		return;
	if (entry->count > 1)
		json_wrong(r, "there is one device at an address, not %u", entry->count);
	for (const struct gate_entry *e = gate->entry; e < entry; e++)
		if (!strcmp(e->bdf, entry->bdf))
			json_wrong(r, "there is an entry for %s already", entry->bdf);
}

static void read_entry(struct json_reader *r, struct json_object *value, void *arg)
{
	static const char * const needed[] = {
		"name", "vendor", "device", "policy", "policy_sha256",
	};
	struct gate *gate = gate_of(r);
	struct gate_entry *entry;

	(void)arg;
	if (!json_is(r, value, json_type_object, "an object"))
		return;
	gate->entry = util_grow(gate->entry, gate->nr + 1, sizeof(*entry));
	entry = &gate->entry[gate->nr++];
	*entry = (struct gate_entry) { .count = 1, .required = true };
	JSON_READ_OBJECT(r, value, ((const struct json_key[]) {
		{ "name", read_name, entry->name },
		{ "vendor", read_id, &entry->vendor },
		{ "device", read_id, &entry->device },
		{ "class", read_class, entry },
		{ "address", read_address, entry->bdf },
		{ "count", read_devices_count, &entry->count },
		{ "required", json_read_bool, &entry->required },
		{ "policy", read_file_name, entry->policy },
		{ "policy_sha256", read_sha256, entry->sha256 },
	}));
	for (size_t i = 0; i < JSON_ARRAY_SIZE(needed); i++)
		need(r, value, needed[i]);
	check_entry(r, entry);
}

static void read_devices(struct json_reader *r, struct json_object *value, void *arg)
{
	(void)arg;
	if (!json_is(r, value, json_type_array, "an array"))
		return;
	if (json_object_array_length(value) > GATE_DEVICES_MAX) {
		json_wrong(r, "must not have more than %u entries", GATE_DEVICES_MAX);
		return;
	}
	/* None: a machine that accepts no device at all. */
	if (json_object_array_length(value))
		json_read_each(r, value, read_entry, NULL);
}

/* ---- the whole ---- */

static void read_gate(struct json_reader *r, struct json_object *doc)
{
	static const char * const needed[] = { "schema_version", "kind", "not_after", "devices" };
	struct gate *gate = gate_of(r);
	const struct json_key keys[] = {
		{ "schema_version", read_schema_version, NULL },
		{ "kind", read_kind, NULL },
		{ "description", read_description, NULL },
		{ "not_before", read_time, &gate->not_before },
		{ "not_after", read_time, &gate->not_after },
		{ "timeout", read_timeout, &gate->timeout },
		{ "exposed", read_exposed, &gate->allow_exposed },
		{ "devices", read_devices, NULL },
	};

	JSON_READ_OBJECT(r, doc, keys);
	for (size_t i = 0; i < JSON_ARRAY_SIZE(needed); i++)
		need(r, doc, needed[i]);
	if (gate->has_not_before && gate->not_after < gate->not_before)
		json_wrong(r, "not_after must not be before not_before: it would never be valid");
}

bool gate_parse(struct bytes text, struct gate *ret, struct policy_problems *errors)
{
	struct json_reader r = { .doc = ret, .errors = errors };
	struct json_object *doc;
	char why[128];

	*errors = (struct policy_problems) { 0 };
	*ret = (struct gate) { .timeout = GATE_TIMEOUT_DEFAULT };
	if (text.len > GATE_FILE_MAX) {
		json_wrong(&r, "too long: %zu bytes, at most %u", text.len, GATE_FILE_MAX);
		return false;
	}
	doc = json_check_parse(text, why, sizeof(why));
	if (!doc) {
		json_wrong(&r, "%s", why);
		return false;
	}
	if (json_object_is_type(doc, json_type_object))
		read_gate(&r, doc);
	else
		json_wrong(&r, "must be an object");
	json_object_put(doc);
	return !errors->nr;
}

void gate_free(struct gate *gate)
{
	free(gate->entry);
	*gate = (struct gate) { 0 };
}

bool gate_is_one(struct bytes text)
{
	struct json_object *doc, *kind;
	char why[128];
	bool is;

	if (text.len > GATE_FILE_MAX)
		return false;
	doc = json_check_parse(text, why, sizeof(why));
	is = doc && json_object_is_type(doc, json_type_object) &&
	     json_object_object_get_ex(doc, "kind", &kind) &&
	     json_object_is_type(kind, json_type_string) &&
	     !strcmp(json_object_get_string(kind), "gate");
	json_object_put(doc);
	return is;
}

void gate_lint(const struct gate *gate, struct policy_problems *ret)
{
	struct json_reader r = { .errors = ret };
	bool required = false;

	*ret = (struct policy_problems) { 0 };
	for (size_t i = 0; i < gate->nr; i++)
		required |= gate->entry[i].required;
	util_format(r.path, sizeof(r.path), "devices");
	if (!required)
		json_wrong(&r, "none is required: the decision is yes without any device");
	util_format(r.path, sizeof(r.path), "exposed");
	if (gate->allow_exposed)
		json_wrong(&r, "allowed: a driver may have given a device secrets before it was held");
	util_format(r.path, sizeof(r.path), "not_after");
	if (gate->not_after - (gate->has_not_before ? gate->not_before : time(NULL)) > LONG_VALIDITY)
		json_wrong(&r, "more than a year: until then whoever has an older policy can use it");
}

bool gate_matches(const struct gate_entry *entry, const char *bdf, unsigned int vendor,
		  unsigned int device, unsigned int class)
{
	return entry->vendor == vendor && entry->device == device &&
	       (!entry->bdf[0] || !strcmp(entry->bdf, bdf)) &&
	       (!entry->class_digits ||
		entry->class == class >> 4 * (6 - entry->class_digits));
}
