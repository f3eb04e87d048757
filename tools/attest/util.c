// SPDX-License-Identifier: GPL-2.0
/* Small helpers without state: strings, PCI addresses, memory. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit.h"
#include "util.h"

int util_vformat(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int util_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = util_vformat(buf, size, fmt, ap);
	va_end(ap);
	return rc;
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

void util_escape(char *dst, size_t size, const void *src, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = src;
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		size_t need = is_plain(p[i]) ? 1 : 4;
		/* Until the last byte is in, keep room for the dots. */
		size_t spare = i + 1 < len ? 4 : 1;

		if (size - used < need + spare) {
			memcpy(dst + used, "...", 3);
			used += 3;
			break;
		}
		if (need == 1) {
			dst[used++] = (char)p[i];
			continue;
		}
		dst[used++] = '\\';
		dst[used++] = 'x';
		dst[used++] = hex[p[i] >> 4];
		dst[used++] = hex[p[i] & 15];
	}
	dst[used] = '\0';
}

bool util_name_ok(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= NAME_SIZE || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_plain((unsigned char)name[i]) || name[i] == '/' || name[i] == '"')
			return false;
	return true;
}

/* Hexadecimal digits, at least one and at most @max of them; moves *@p. */
static bool hex_field(const char **p, unsigned int min, unsigned int max, unsigned long *ret)
{
	unsigned int n = 0;

	*ret = 0;
	for (; n < max && isxdigit((unsigned char)**p); n++, (*p)++) {
		int c = tolower((unsigned char)**p);

		*ret = *ret << 4 | (unsigned long)(isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	return n >= min;
}

static bool literal(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

bool util_is_emulated(const char *platform)
{
	return !strcmp(platform, "emulated") || !strncmp(platform, "emulated:", 9);
}

static bool bus_slot_fn(const char *p, unsigned long *bus, unsigned long *slot, unsigned long *fn)
{
	return hex_field(&p, 1, 2, bus) && literal(&p, ':') &&
	       hex_field(&p, 1, 2, slot) && literal(&p, '.') &&
	       hex_field(&p, 1, 1, fn) && !*p && *slot <= 0x1f && *fn <= 7;
}

int util_bdf_parse(const char *text, char ret[BDF_SIZE])
{
	unsigned long domain = 0, bus, slot, fn;
	const char *p = text;

	if (!bus_slot_fn(text, &bus, &slot, &fn) &&
	    !(hex_field(&p, 4, 8, &domain) && literal(&p, ':') &&
	      bus_slot_fn(p, &bus, &slot, &fn)))
		return -EINVAL;
	return util_format(ret, BDF_SIZE, "%04lx:%02lx:%02lx.%lx", domain, bus, slot, fn);
}

int util_u64_parse(const char *text, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (*text < '0' || *text > '9' || value > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*ret = value;
	return 0;
}

void *util_grow(void *array, size_t nr, size_t size)
{
	void *ret = reallocarray(array, nr, size);

	if (!ret) {
		util_complain("out of memory");
		exit(TDI_EXIT_USAGE);
	}
	return ret;
}

void util_complain(const char *fmt, ...)
{
	va_list ap;

	/* What was said before comes before. */
	fflush(stdout);
	fputs("tdi: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

const char *util_errno_name(int err)
{
	static char other[24];
	const char *name = strerrorname_np(err);

	if (name)
		return name;
	util_format(other, sizeof(other), "errno %d", err);
	return other;
}
