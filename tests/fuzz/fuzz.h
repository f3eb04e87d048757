/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What fuzz targets share. A target is a file fuzz_NAME.c with one function, for
 * libFuzzer; its first seeds are written by seeds.c. The sanitizers look for reads
 * astray; a target itself looks for answers that cannot be true.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tdisp/why.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define must(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: must: %s\n", __FILE__, __LINE__, #cond); \
			abort(); \
		} \
	} while (0)

/* An output before a call, to see that a failure leaves it alone. */
#define FUZZ_MARK	0xa5

static inline void fuzz_mark(void *p, size_t len)
{
	memset(p, FUZZ_MARK, len);
}

static inline void must_be_marked(const void *p, size_t len)
{
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i < len; i++)
		must(b[i] == FUZZ_MARK);
}

/* A refusal's reason: there is one, and it is in the object. */
static inline void must_be_reason(const struct tdisp_why *why, size_t len)
{
	must(why->check);
	must(strlen(why->check) > 0);
	must(why->offset <= len);
}

#endif /* FUZZ_H */
