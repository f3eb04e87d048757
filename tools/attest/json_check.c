// SPDX-License-Identifier: GPL-2.0
/* A strict front to json-c. */
#include <json-c/json.h>
#include <string.h>

#include "json_check.h"
#include "util.h"

#define DEPTH_MAX	16

/*
 * json-c keeps the last of two equal keys and says nothing. In a text that it has
 * accepted, a string is a key if a colon follows: counting them per object and
 * comparing with what was kept finds a key that was there twice.
 */
struct keys {
	const char *p;
	const char *end;
};

static void skip_string(struct keys *k)
{
	for (k->p++; k->p < k->end && *k->p != '"'; k->p++)
		if (*k->p == '\\')
			k->p++;
	k->p++;
}

static bool colon_follows(const struct keys *k)
{
	const char *p = k->p;

	while (p < k->end && strchr(" \t\r\n", *p))
		p++;
	return p < k->end && *p == ':';
}

static size_t keys_in_text(struct bytes text)
{
	struct keys k = { (const char *)text.data, (const char *)text.data + text.len };
	size_t nr = 0;

	while (k.p < k.end) {
		if (*k.p != '"') {
			k.p++;
			continue;
		}
		skip_string(&k);
		nr += colon_follows(&k);
	}
	return nr;
}

static size_t keys_in_tree(struct json_object *value)
{
	size_t nr = 0;

	if (json_object_is_type(value, json_type_array)) {
		size_t len = json_object_array_length(value);

		for (size_t i = 0; i < len; i++)
			nr += keys_in_tree(json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, name, member) {
			(void)name;
			nr += 1 + keys_in_tree(member);
		}
	}
	return nr;
}

static bool only_space(struct bytes text, size_t from)
{
	while (from < text.len && strchr(" \t\r\n", text.data[from]))
		from++;
	return from == text.len;
}

struct json_object *json_check_parse(struct bytes text, char *why, size_t size)
{
	struct json_tokener *tok;
	struct json_object *value = NULL;
	enum json_tokener_error err;
	size_t end;

	if (!text.len || text.len > JSON_CHECK_MAX) {
		util_format(why, size, text.len ? "too long" : "empty");
		return NULL;
	}
	if (memchr(text.data, 0, text.len)) {
		util_format(why, size, "holds a zero byte");
		return NULL;
	}
	tok = json_tokener_new_ex(DEPTH_MAX);
	if (!tok) {
		util_format(why, size, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tok, (const char *)text.data, (int)text.len);
	err = json_tokener_get_error(tok);
	end = json_tokener_get_parse_end(tok);
	if (err != json_tokener_success) {
		util_format(why, size, "not JSON: %s at byte %zu",
			    err == json_tokener_continue ? "it ends too early" :
			    json_tokener_error_desc(err), end);
	} else if (!value) {
		err = json_tokener_error_parse_unexpected;
		util_format(why, size, "null");
	} else if (!only_space(text, end)) {
		err = json_tokener_error_parse_unexpected;
		util_format(why, size, "something follows the end at byte %zu", end);
	} else if (keys_in_text(text) != keys_in_tree(value)) {
		err = json_tokener_error_parse_unexpected;
		util_format(why, size, "a key is there twice");
	}
	json_tokener_free(tok);
	if (err == json_tokener_success)
		return value;
	json_object_put(value);
	return NULL;
}
