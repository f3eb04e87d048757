/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files below /sys (or below the directory that stands for it), with bounds.
 *
 * Paths are given as formats relative to the root. Every function returns 0 or
 * a negative errno.
 */
#ifndef ATTEST_SYSFS_H
#define ATTEST_SYSFS_H

#include <limits.h>
#include <stdint.h>

#include "util.h"

/* Where the kernel's views are. */
struct sysfs {
	const char *sys;
	const char *proc;
};

/* A text attribute: escaped, first 1000 bytes or so, without its newline. */
struct attr {
	int err;		/* 0, or the positive errno of the failed read */
	char text[1024];	/* "" after an error */
};

/* Entries of a directory, sorted, without those that are no names. */
struct names {
	size_t nr;
	char (*name)[NAME_SIZE];
};

/**
 * sysfs_path() - the full path of a file
 * @ret: at least PATH_MAX bytes
 */
int sysfs_path(const struct sysfs *fs, char *ret, const char *fmt, ...) TDI_PRINTF(3, 4);

/**
 * sysfs_read() - read a file, but no more than fits
 * @buf: where to
 * @size: how much at most
 * @ret_len: set on success and on -EFBIG
 *
 * Return: -EFBIG when the file is longer; @buf then holds its first @size bytes.
 */
int sysfs_read(const struct sysfs *fs, void *buf, size_t size, size_t *ret_len,
	       const char *fmt, ...) TDI_PRINTF(5, 6);

/* Reads a text attribute; errors go to @ret->err. */
void sysfs_text(const struct sysfs *fs, struct attr *ret, const char *fmt, ...) TDI_PRINTF(3, 4);

/**
 * sysfs_size() - length of a file by reading it
 * @max: give up beyond it with -EFBIG
 *
 * The length that stat() tells of a sysfs file means nothing.
 */
int sysfs_size(const struct sysfs *fs, uint64_t max, uint64_t *ret,
	       const char *fmt, ...) TDI_PRINTF(4, 5);

/* Last component of what a symbolic link points to, if it is a plain name. */
int sysfs_link(const struct sysfs *fs, char ret[NAME_SIZE], const char *fmt, ...) TDI_PRINTF(3, 4);

bool sysfs_exists(const struct sysfs *fs, const char *fmt, ...) TDI_PRINTF(2, 3);

/* A missing directory has no entries; release with sysfs_names_free(). */
int sysfs_names(const struct sysfs *fs, struct names *ret, const char *fmt, ...) TDI_PRINTF(3, 4);
void sysfs_names_free(struct names *names);

/**
 * sysfs_store() - write a text to a file in a single write()
 * @path: relative to the root
 * @text: what to write
 * @ret_opened: false when the file could not even be opened: the error then is
 *		about the caller's rights or a missing file, and the kernel has
 *		not acted
 *
 * The one function that changes anything; tests put a model kernel in its place.
 */
int sysfs_store(const struct sysfs *fs, const char *path, const char *text, bool *ret_opened);

#endif /* ATTEST_SYSFS_H */
