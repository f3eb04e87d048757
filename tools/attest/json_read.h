/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading policies from JSON: every problem is collected, with the path to where it
 * is; what is not known is a problem.
 */
#ifndef ATTEST_JSON_READ_H
#define ATTEST_JSON_READ_H

#include <json-c/json.h>

#include "blob.h"
#include "util.h"

/**
 * struct policy_problem - what is wrong with, or weak in, a policy
 * @path: where, as "measurements.blocks[2].mask"
 */
struct policy_problem {
	char path[128];
	char text[256];
};

struct policy_problems {
	size_t nr;
	struct policy_problem *problem;
};

void policy_problems_free(struct policy_problems *problems);

/**
 * struct json_reader - where the reader is, and what it has found wrong
 * @doc: what is being filled
 * @dir: directory that the files it names are relative to; NULL: it may name none
 */
struct json_reader {
	void *doc;
	const char *dir;
	struct policy_problems *errors;
	char path[128];
};

/* One known key of an object. */
struct json_key {
	const char *name;
	void (*read)(struct json_reader *r, struct json_object *value, void *arg);
	void *arg;
};

struct json_word {
	const char *name;
	int value;
};

struct json_words {
	const struct json_word *word;
	size_t nr;
	int *ret;
};

#define JSON_ARRAY_SIZE(list)	(sizeof(list) / sizeof((list)[0]))
#define JSON_WORDS(list, result) \
	(&(struct json_words) { list, JSON_ARRAY_SIZE(list), result })

void json_wrong(struct json_reader *r, const char *fmt, ...) TDI_PRINTF(2, 3);

/* Goes down by @name, or by index if it is NULL; returns where to come back to. */
size_t json_enter(struct json_reader *r, const char *name, size_t index);
void json_leave(struct json_reader *r, size_t len);

/* Is it of that type? Else that is wrong. */
bool json_is(struct json_reader *r, struct json_object *value, enum json_type type,
	     const char *what);

/* Each member by its key; one that has none is wrong. */
void json_read_object(struct json_reader *r, struct json_object *value,
		      const struct json_key *keys, size_t nr);

#define JSON_READ_OBJECT(r, value, keys) \
	json_read_object(r, value, keys, JSON_ARRAY_SIZE(keys))

/* Calls @read for a value, or for each of an array of them, which must not be empty. */
void json_read_each(struct json_reader *r, struct json_object *value,
		    void (*read)(struct json_reader *r, struct json_object *value, void *arg),
		    void *arg);

/* @arg: a bool */
void json_read_bool(struct json_reader *r, struct json_object *value, void *arg);

/* @arg: struct json_words */
void json_read_word(struct json_reader *r, struct json_object *value, void *arg);

bool json_number(struct json_reader *r, struct json_object *value, uint64_t max, uint64_t *ret);

/* Bytes in hexadecimal; "" is none. */
bool json_hex(struct json_reader *r, struct json_object *value, struct blob *ret);

#endif /* ATTEST_JSON_READ_H */
