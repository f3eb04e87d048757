/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writes JSON as it goes: no tree, so nothing can silently be left out when
 * memory is short, and no evidence is held twice.
 *
 * Text must be ASCII: what comes from outside goes through util_escape() first.
 */
#ifndef ATTEST_JSONW_H
#define ATTEST_JSONW_H

#include <stdint.h>
#include <stdio.h>

#include "util.h"

struct jsonw {
	FILE *f;
	int depth;
	bool empty;	/* nothing in the innermost object or array yet */
};

void jsonw_start(struct jsonw *w, FILE *f);

/* @key NULL: an element of an array. */
void jsonw_object(struct jsonw *w, const char *key);
void jsonw_array(struct jsonw *w, const char *key);
void jsonw_end_object(struct jsonw *w);
void jsonw_end_array(struct jsonw *w);

/* @text NULL is JSON's null. */
void jsonw_string(struct jsonw *w, const char *key, const char *text);
void jsonw_format(struct jsonw *w, const char *key, const char *fmt, ...) TDI_PRINTF(3, 4);
void jsonw_number(struct jsonw *w, const char *key, uint64_t value);
/* Thousandths, as a number with three decimals. */
void jsonw_millis(struct jsonw *w, const char *key, uint64_t millis);
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);
void jsonw_hex(struct jsonw *w, const char *key, const void *data, size_t len);

#endif /* ATTEST_JSONW_H */
