// SPDX-License-Identifier: GPL-2.0
/* Bounded reads of files below /sys. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

static int vpath(const struct sysfs *fs, char *ret, const char *fmt, va_list ap)
{
	int rc = util_format(ret, PATH_MAX, "%s/", fs->sys);
	size_t used;

	if (rc)
		return rc;
	used = strlen(ret);
	return util_vformat(ret + used, PATH_MAX - used, fmt, ap);
}

/* Defines @path from the caller's format; for functions whose last argument is @fmt. */
#define FORMAT_PATH(fs, path, rc, fmt)			\
	do {						\
		va_list ap;				\
							\
		va_start(ap, fmt);			\
		(rc) = vpath(fs, path, fmt, ap);	\
		va_end(ap);				\
	} while (0)

int sysfs_path(const struct sysfs *fs, char *ret, const char *fmt, ...)
{
	int rc;

	FORMAT_PATH(fs, ret, rc, fmt);
	return rc;
}

/* Fills @buf unless the file ends before. */
static int read_all(int fd, void *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, (char *)buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

static int read_path(const char *path, void *buf, size_t size, size_t *ret_len)
{
	size_t len, more;
	char beyond;
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = read_all(fd, buf, size, &len);
	if (!rc && len == size) {
		rc = read_all(fd, &beyond, 1, &more);
		if (!rc && more)
			rc = -EFBIG;
	}
	close(fd);
	if (!rc || rc == -EFBIG)
		*ret_len = len;
	return rc;
}

int sysfs_read(const struct sysfs *fs, void *buf, size_t size, size_t *ret_len,
	       const char *fmt, ...)
{
	char path[PATH_MAX];
	int rc;

	FORMAT_PATH(fs, path, rc, fmt);
	return rc ? rc : read_path(path, buf, size, ret_len);
}

void sysfs_text(const struct sysfs *fs, struct attr *ret, const char *fmt, ...)
{
	char path[PATH_MAX], raw[sizeof(ret->text)];
	size_t len = 0;
	int rc;

	ret->text[0] = '\0';
	FORMAT_PATH(fs, path, rc, fmt);
	if (!rc)
		rc = read_path(path, raw, sizeof(raw), &len);
	ret->err = rc == -EFBIG ? 0 : -rc;
	if (ret->err)
		return;
	if (len && raw[len - 1] == '\n')
		len--;
	util_escape(ret->text, sizeof(ret->text), raw, len);
}

int sysfs_size(const struct sysfs *fs, uint64_t max, uint64_t *ret, const char *fmt, ...)
{
	char path[PATH_MAX], chunk[4096];
	uint64_t total = 0;
	size_t len;
	int fd, rc;

	FORMAT_PATH(fs, path, rc, fmt);
	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	do {
		rc = read_all(fd, chunk, sizeof(chunk), &len);
		if (rc)
			break;
		total += len;
		if (total > max)
			rc = -EFBIG;
	} while (!rc && len == sizeof(chunk));
	close(fd);
	if (!rc)
		*ret = total;
	return rc;
}

int sysfs_link(const struct sysfs *fs, char ret[NAME_SIZE], const char *fmt, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *name;
	ssize_t n;
	int rc;

	FORMAT_PATH(fs, path, rc, fmt);
	if (rc)
		return rc;
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	name = strrchr(target, '/');
	name = name ? name + 1 : target;
	if (!util_name_ok(name))
		return -EBADMSG;
	return util_format(ret, NAME_SIZE, "%s", name);
}

bool sysfs_exists(const struct sysfs *fs, const char *fmt, ...)
{
	char path[PATH_MAX];
	int rc;

	FORMAT_PATH(fs, path, rc, fmt);
	return !rc && !access(path, F_OK);
}

static int by_name(const void *a, const void *b)
{
	/* tsm2 before tsm10, nvme0n2 before nvme0n10 */
	return strverscmp(a, b);
}

int sysfs_names(const struct sysfs *fs, struct names *ret, const char *fmt, ...)
{
	struct names names = { 0 };
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int rc;

	FORMAT_PATH(fs, path, rc, fmt);
	if (rc)
		return rc;
	dir = opendir(path);
	if (!dir && errno != ENOENT)
		return -errno;
	while (dir && (entry = readdir(dir))) {
		if (!util_name_ok(entry->d_name))
			continue;
		names.name = util_grow(names.name, names.nr + 1, sizeof(names.name[0]));
		util_format(names.name[names.nr++], NAME_SIZE, "%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	if (names.nr)
		qsort(names.name, names.nr, sizeof(names.name[0]), by_name);
	*ret = names;
	return 0;
}

void sysfs_names_free(struct names *names)
{
	free(names->name);
	*names = (struct names) { 0 };
}
