/* SPDX-License-Identifier: GPL-2.0 */
/* Small helpers without state: strings, PCI addresses, memory. */
#ifndef ATTEST_UTIL_H
#define ATTEST_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "0000:01:00.0", with room for the 32-bit domains that some bridges invent. */
#define BDF_SIZE	20

/* A name in sysfs: device, driver, TSM, block device. */
#define NAME_SIZE	64

#define TDI_PRINTF(fmt, args)	__attribute__((__format__(__printf__, fmt, args)))

/**
 * util_format() - snprintf() that treats truncation as an error
 *
 * Return: 0, or -ENAMETOOLONG with @buf holding what fits.
 */
int util_format(char *buf, size_t size, const char *fmt, ...) TDI_PRINTF(3, 4);
int util_vformat(char *buf, size_t size, const char *fmt, va_list ap) TDI_PRINTF(3, 0);

/**
 * util_escape() - make bytes from outside fit to be shown
 * @dst: the text, always terminated
 * @size: its size, at least 8
 * @src: any bytes
 * @len: their number
 *
 * Printable ASCII stays as it is, the rest (and the backslash) becomes \xNN:
 * nothing from outside moves a terminal's cursor or breaks JSON. What does not
 * fit ends in "...".
 */
void util_escape(char *dst, size_t size, const void *src, size_t len);

/* True for what may become part of a path and of output: no '/', no controls. */
bool util_name_ok(const char *name);

/*
 * Does a platform say of itself that it protects nothing? "emulated", or "emulated:sev-tio"
 * where the calls are another's.
 */
bool util_is_emulated(const char *platform);

/**
 * util_bdf_parse() - normalise a PCI address
 * @text: "0000:01:00.0" or "01:00.0", any case
 * @ret: set on success
 *
 * Return: 0 or -EINVAL.
 */
int util_bdf_parse(const char *text, char ret[BDF_SIZE]);

/* Decimal digits and nothing else; 0 or -EINVAL. */
int util_u64_parse(const char *text, uint64_t *ret);

/* realloc() of an array that ends the program when memory is out. */
void *util_grow(void *array, size_t nr, size_t size);

/* "tdi: ..." on stderr. */
void util_complain(const char *fmt, ...) TDI_PRINTF(1, 2);

/* "ENOKEY", or "errno 4711". Good until the next call. */
const char *util_errno_name(int err);

#endif /* ATTEST_UTIL_H */
