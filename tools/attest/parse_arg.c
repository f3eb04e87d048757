// SPDX-License-Identifier: GPL-2.0
/* Parsing of arguments. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse_arg.h"

static bool number(const char **p, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return false;
	errno = 0;
	*ret = strtoull(*p, &end, 0);
	*p = end;
	return !errno;
}

static unsigned int suffix(const char **p)
{
	static const char suffixes[] = "KMGT";
	const char *found = **p ? strchr(suffixes, toupper((unsigned char)**p)) : NULL;

	if (!found)
		return 0;
	(*p)++;
	return 10 * (unsigned int)(found - suffixes + 1);
}

bool parse_bars(const char *text, struct tdisp_bars *ret)
{
	struct tdisp_bars bars = { 0 };
	const char *p = text;

	for (;;) {
		uint64_t index, size;
		unsigned int shift;

		if (!number(&p, &index) || index >= TDISP_NR_BARS || *p++ != ':' ||
		    !number(&p, &size))
			return false;
		shift = suffix(&p);
		if (!size || size > UINT64_MAX >> shift || bars.size[index])
			return false;
		bars.size[index] = size << shift;
		if (!*p)
			break;
		if (*p++ != ',')
			return false;
	}
	*ret = bars;
	return true;
}

bool parse_nonce(const char *text, uint8_t ret[32])
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdefABCDEF") != 64)
		return false;
	for (int i = 0; i < 32; i++) {
		char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };

		ret[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static bool two_digits(const char **p, int max, int *ret)
{
	if (!isdigit((unsigned char)(*p)[0]) || !isdigit((unsigned char)(*p)[1]))
		return false;
	*ret = ((*p)[0] - '0') * 10 + (*p)[1] - '0';
	*p += 2;
	return *ret <= max;
}

static bool literal(const char **p, char c)
{
	if (toupper((unsigned char)**p) != c)
		return false;
	(*p)++;
	return true;
}

static bool read_date(const char **p, struct tm *tm)
{
	int century, year;

	if (!two_digits(p, 99, &century) || !two_digits(p, 99, &year) || !literal(p, '-') ||
	    !two_digits(p, 12, &tm->tm_mon) || !literal(p, '-') ||
	    !two_digits(p, 31, &tm->tm_mday) || !tm->tm_mon || !tm->tm_mday)
		return false;
	tm->tm_year = century * 100 + year - 1900;
	tm->tm_mon--;
	return true;
}

static bool read_offset(const char **p, long *ret)
{
	int sign = **p == '-' ? -1 : 1, hours, minutes;

	*ret = 0;
	if (literal(p, 'Z'))
		return true;
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if (!two_digits(p, 23, &hours) || !literal(p, ':') || !two_digits(p, 59, &minutes))
		return false;
	*ret = sign * (hours * 3600L + minutes * 60L);
	return true;
}

bool parse_time(const char *text, time_t *ret)
{
	struct tm tm = { 0 }, check;
	const char *p = text;
	time_t time;
	long offset;

	if (strspn(text, "0123456789") == strlen(text) && text[0] && strlen(text) <= 12) {
		*ret = (time_t)strtoll(text, NULL, 10);
		return true;
	}
	if (!read_date(&p, &tm) || !(literal(&p, 'T') || literal(&p, ' ')) ||
	    !two_digits(&p, 23, &tm.tm_hour) || !literal(&p, ':') ||
	    !two_digits(&p, 59, &tm.tm_min) || !literal(&p, ':') ||
	    !two_digits(&p, 60, &tm.tm_sec))
		return false;
	if (literal(&p, '.')) {
		size_t digits = strspn(p, "0123456789");

		if (!digits)
			return false;
		p += digits;
	}
	if (!read_offset(&p, &offset) || *p)
		return false;
	check = tm;
	time = timegm(&check);
	/* There is no 31st of February. */
	if (check.tm_mday != tm.tm_mday && tm.tm_sec < 60)
		return false;
	*ret = time - offset;
	return true;
}
