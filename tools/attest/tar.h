/* SPDX-License-Identifier: GPL-2.0 */
/* As much of ustar archives (POSIX.1-1988) as a bundle needs. */
#ifndef ATTEST_TAR_H
#define ATTEST_TAR_H

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "blob.h"

#define TAR_NAME_SIZE	101

/* Do these bytes start with an archive's header? */
bool tar_is(struct bytes file);

/**
 * tar_next() - the next regular file
 * @file: what is left of the archive; moves on
 * @name: set to its name, all directories taken off
 * @ret: set to its contents, inside the archive
 *
 * Return: 1; 0 at the end; -1 if the archive is malformed, or holds what is
 * neither file nor directory.
 */
int tar_next(struct bytes *file, char name[TAR_NAME_SIZE], struct bytes *ret);

/* Appends a file; errors show in ferror(). */
void tar_put(FILE *f, const char *name, time_t time, struct bytes data);
void tar_end(FILE *f);

#endif /* ATTEST_TAR_H */
