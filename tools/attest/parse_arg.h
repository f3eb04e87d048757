/* SPDX-License-Identifier: GPL-2.0 */
/* Arguments of "tdi verify" and "tdi policy" in their written forms. */
#ifndef ATTEST_PARSE_ARG_H
#define ATTEST_PARSE_ARG_H

#include <stdint.h>
#include <time.h>

#include <tdisp/report.h>

#include "util.h"

/* "0:16K,2:16K,4:8K": BAR index and size, with K, M, G or T; false if it is not. */
bool parse_bars(const char *text, struct tdisp_bars *ret);

/* 64 hexadecimal digits. */
bool parse_nonce(const char *text, uint8_t ret[32]);

/* RFC 3339 ("2026-11-20T10:00:00Z", offsets too), or seconds since 1970. */
bool parse_time(const char *text, time_t *ret);

#endif /* ATTEST_PARSE_ARG_H */
