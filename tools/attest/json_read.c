// SPDX-License-Identifier: GPL-2.0
/* What readers of policies share. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "json_read.h"

void policy_problems_free(struct policy_problems *problems)
{
	free(problems->problem);
	*problems = (struct policy_problems) { 0 };
}

void json_wrong(struct json_reader *r, const char *fmt, ...)
{
	struct policy_problems *errors = r->errors;
	struct policy_problem *p;
	va_list ap;

	errors->problem = util_grow(errors->problem, errors->nr + 1, sizeof(*p));
	p = &errors->problem[errors->nr++];
	util_format(p->path, sizeof(p->path), "%s", r->path);
	va_start(ap, fmt);
	util_vformat(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
}

size_t json_enter(struct json_reader *r, const char *name, size_t index)
{
	size_t len = strlen(r->path);
	char shown[64];

	if (name) {
		util_escape(shown, sizeof(shown), name, strlen(name));
		util_format(r->path + len, sizeof(r->path) - len, "%s%s", len ? "." : "", shown);
	} else {
		util_format(r->path + len, sizeof(r->path) - len, "[%zu]", index);
	}
	return len;
}

void json_leave(struct json_reader *r, size_t len)
{
	r->path[len] = '\0';
}

bool json_is(struct json_reader *r, struct json_object *value, enum json_type type,
	     const char *what)
{
	if (json_object_is_type(value, type))
		return true;
	json_wrong(r, "must be %s", what);
	return false;
}

void json_read_object(struct json_reader *r, struct json_object *value,
		      const struct json_key *keys, size_t nr)
{
	if (!json_is(r, value, json_type_object, "an object"))
		return;
	json_object_object_foreach(value, name, member) {
		size_t back = json_enter(r, name, 0), i = 0;

		while (i < nr && strcmp(keys[i].name, name))
			i++;
		if (i < nr)
			keys[i].read(r, member, keys[i].arg);
		else
			json_wrong(r, "no such key");
		json_leave(r, back);
	}
}

void json_read_each(struct json_reader *r, struct json_object *value,
		    void (*read)(struct json_reader *r, struct json_object *value, void *arg),
		    void *arg)
{
	size_t nr;

	if (!json_object_is_type(value, json_type_array)) {
		read(r, value, arg);
		return;
	}
	nr = json_object_array_length(value);
	if (!nr)
		json_wrong(r, "must not be empty: it would allow nothing");
	for (size_t i = 0; i < nr; i++) {
		size_t back = json_enter(r, NULL, i);

		read(r, json_object_array_get_idx(value, i), arg);
		json_leave(r, back);
	}
}

void json_read_bool(struct json_reader *r, struct json_object *value, void *arg)
{
	if (json_is(r, value, json_type_boolean, "true or false"))
		*(bool *)arg = json_object_get_boolean(value);
}

bool json_number(struct json_reader *r, struct json_object *value, uint64_t max, uint64_t *ret)
{
	const char *text, *end;
	char *stop;

	/* A number, or a text for what is too long for other readers of JSON. */
	if (json_object_is_type(value, json_type_int)) {
		text = json_object_to_json_string(value);
	} else if (json_object_is_type(value, json_type_string)) {
		text = json_object_get_string(value);
	} else {
		json_wrong(r, "must be a number");
		return false;
	}
	end = text + strlen(text);
	errno = 0;
	*ret = strtoull(text, &stop, 0);
	if (text[0] < '0' || text[0] > '9' || stop != end || errno || *ret > max) {
		json_wrong(r, "must be a number from 0 to %llu", (unsigned long long)max);
		return false;
	}
	return true;
}

void json_read_word(struct json_reader *r, struct json_object *value, void *arg)
{
	const struct json_words *words = arg;
	const char *text;
	char all[160] = "";

	if (!json_is(r, value, json_type_string, "a text"))
		return;
	text = json_object_get_string(value);
	for (size_t i = 0; i < words->nr; i++) {
		if (!strcmp(words->word[i].name, text)) {
			*words->ret = words->word[i].value;
			return;
		}
	}
	for (size_t i = 0; i < words->nr; i++)
		util_format(all + strlen(all), sizeof(all) - strlen(all), "%s\"%s\"",
			    i ? ", " : "", words->word[i].name);
	json_wrong(r, "must be one of %s", all);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool json_hex(struct json_reader *r, struct json_object *value, struct blob *ret)
{
	const char *text;
	size_t len;

	if (!json_is(r, value, json_type_string, "bytes in hexadecimal"))
		return false;
	text = json_object_get_string(value);
	len = strlen(text);
	ret->data = util_grow(NULL, len / 2 + 1, 1);
	ret->len = len / 2;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0) {
			len = 1;
			break;
		}
		ret->data[i] = (uint8_t)(high << 4 | low);
	}
	if (len % 2) {
		blob_free(ret);
		json_wrong(r, "must be bytes in hexadecimal, two digits each");
		return false;
	}
	return true;
}
