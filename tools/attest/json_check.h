/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON from files, strictly: what a lenient reader would take one way and
 * another reader another way is refused.
 */
#ifndef ATTEST_JSON_CHECK_H
#define ATTEST_JSON_CHECK_H

#include "blob.h"

struct json_object;

/* Longer texts are neither policies nor metadata. */
#define JSON_CHECK_MAX	(4u << 20)

/**
 * json_check_parse() - parse a whole text
 * @text: not terminated
 * @why: set to a reason on failure
 * @size: its size
 *
 * Strict: no comments, no bytes after the value, no key twice in an object.
 *
 * Return: the value, to be released with json_object_put(), or NULL.
 */
struct json_object *json_check_parse(struct bytes text, char *why, size_t size);

#endif /* ATTEST_JSON_CHECK_H */
