/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file's bytes in memory. Read once, whole and before anybody looks: what is
 * checked is then what is used, whoever writes to the file meanwhile.
 */
#ifndef ATTEST_BLOB_H
#define ATTEST_BLOB_H

#include <stddef.h>
#include <stdint.h>

/* Longer files are not evidence of a device. */
#define BLOB_MAX	(32u << 20)

/* Bytes that somebody else owns. */
struct bytes {
	const uint8_t *data;
	size_t len;
};

struct blob {
	uint8_t *data;
	size_t len;
};

/**
 * blob_read() - read a file
 * @dirfd: where a relative @path starts, or AT_FDCWD
 * @path: the file; pipes and sysfs attributes will do
 * @ret: set on success; release with blob_free()
 *
 * Return: 0 or a negative errno; -EFBIG beyond BLOB_MAX.
 */
int blob_read(int dirfd, const char *path, struct blob *ret);

/* The same of a regular file, no longer than @max: -EINVAL and -EFBIG for others, unread. */
int blob_read_regular(int dirfd, const char *path, size_t max, struct blob *ret);

void blob_free(struct blob *blob);

/* Makes it longer; ends the program when memory is out. */
void blob_append(struct blob *blob, const void *data, size_t len);

static inline struct bytes blob_bytes(const struct blob *blob)
{
	return (struct bytes) { blob->data, blob->len };
}

#endif /* ATTEST_BLOB_H */
