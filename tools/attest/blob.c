// SPDX-License-Identifier: GPL-2.0
/* Reading files whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blob.h"
#include "util.h"

#define BLOB_STEP	65536u

/* Room for one byte more than is expected tells the end without growing. */
static size_t first_room(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || st.st_size <= 0 || st.st_size > BLOB_MAX)
		return BLOB_STEP;
	return (size_t)st.st_size + 1;
}

static int read_all(int fd, struct blob *ret)
{
	struct blob blob = { 0 };
	size_t room = first_room(fd);
	ssize_t n;

	blob.data = util_grow(NULL, room, 1);
	for (;;) {
		if (blob.len == room) {
			if (room > BLOB_MAX) {
				free(blob.data);
				return -EFBIG;
			}
			room += room / 2;
			blob.data = util_grow(blob.data, room, 1);
		}
		n = read(fd, blob.data + blob.len, room - blob.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = errno;

			free(blob.data);
			return -err;
		}
		if (!n)
			break;
		blob.len += (size_t)n;
	}
	if (blob.len > BLOB_MAX) {
		free(blob.data);
		return -EFBIG;
	}
	/* Exactly its size, so that a sanitizer sees one byte too far. */
	blob.data = util_grow(blob.data, blob.len ? blob.len : 1, 1);
	*ret = blob;
	return 0;
}

int blob_read(int dirfd, const char *path, struct blob *ret)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int rc;

	if (fd < 0)
		return -errno;
	rc = read_all(fd, ret);
	close(fd);
	return rc;
}

int blob_read_regular(int dirfd, const char *path, size_t max, struct blob *ret)
{
	/* Nothing waits for a pipe's other end. */
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	else if ((uint64_t)st.st_size > max)
		rc = -EFBIG;
	if (!rc)
		rc = read_all(fd, ret);
	close(fd);
	if (!rc && ret->len > max) {
		blob_free(ret);
		rc = -EFBIG;
	}
	return rc;
}

void blob_free(struct blob *blob)
{
	free(blob->data);
	*blob = (struct blob) { 0 };
}

void blob_append(struct blob *blob, const void *data, size_t len)
{
	if (!len)
		return;
	blob->data = util_grow(blob->data, blob->len + len, 1);
	memcpy(blob->data + blob->len, data, len);
	blob->len += len;
}
