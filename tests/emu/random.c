// SPDX-License-Identifier: GPL-2.0
/* Random bytes for nonces and keys that may have to be the same in every run. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "emu.h"
#include "random.h"

static bool seeded;
static uint64_t state;

void random_seed(const char *hex)
{
	/* FNV-1a: every digit counts, and any text will do. */
	state = 0xcbf29ce484222325ull;
	for (; *hex; hex++)
		state = (state ^ (uint8_t)*hex) * 0x100000001b3ull;
	seeded = true;
}

/* SplitMix64: all 2^64 values before one comes again. */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void emu_random(void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		size_t part = len < 8 ? len : 8;
		uint64_t val;

		if (seeded)
			val = next();
		else if (getrandom(&val, sizeof(val), 0) != sizeof(val))
			abort();
		memcpy(p, &val, part);
		p += part;
		len -= part;
	}
}
