// SPDX-License-Identifier: GPL-2.0
/* Archives: reading with bounds, and writing what every tar reads. */
#define _GNU_SOURCE
#include <stddef.h>
#include <string.h>

#include "tar.h"
#include "util.h"

#define BLOCK	512u

struct header {
	char name[100];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6];
	char version[2];
	char owner[32];
	char group[32];
	char major[8];
	char minor[8];
	char prefix[155];
	char pad[12];
};

_Static_assert(sizeof(struct header) == BLOCK, "a tar header is a block");

static bool octal(const char *p, size_t len, uint64_t *ret)
{
	size_t i = 0, digits = 0;

	*ret = 0;
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++, digits++) {
		if (*ret >> 60)
			return false;
		*ret = *ret << 3 | (uint64_t)(p[i] - '0');
	}
	return digits && (i == len || !p[i] || p[i] == ' ');
}

/* The sum of all bytes, those of the sum itself taken for spaces. */
static unsigned int checksum(const struct header *h)
{
	const unsigned char *p = (const unsigned char *)h;
	unsigned int sum = 0;

	for (size_t i = 0; i < sizeof(*h); i++) {
		size_t at = offsetof(struct header, checksum);

		sum += i >= at && i < at + sizeof(h->checksum) ? ' ' : p[i];
	}
	return sum;
}

static bool header_ok(const struct header *h)
{
	uint64_t sum;

	/* "ustar" followed by a zero (POSIX) or a space (GNU) */
	return !memcmp(h->magic, "ustar", 5) && octal(h->checksum, sizeof(h->checksum), &sum) &&
	       sum == checksum(h);
}

bool tar_is(struct bytes file)
{
	return file.len >= BLOCK && header_ok((const struct header *)file.data);
}

static bool is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

static void base_name(const struct header *h, char name[TAR_NAME_SIZE])
{
	size_t len = strnlen(h->name, sizeof(h->name));
	const char *slash = memrchr(h->name, '/', len), *start = slash ? slash + 1 : h->name;

	len -= (size_t)(start - h->name);
	memcpy(name, start, len);
	name[len] = '\0';
}

int tar_next(struct bytes *file, char name[TAR_NAME_SIZE], struct bytes *ret)
{
	for (;;) {
		const struct header *h = (const struct header *)file->data;
		uint64_t size, blocks;

		if (!file->len)
			return 0;
		if (file->len < BLOCK)
			return -1;
		/* Two blocks of zeros are the end; one will do. */
		if (is_zero(file->data, BLOCK))
			return 0;
		if (!header_ok(h) || !octal(h->size, sizeof(h->size), &size))
			return -1;
		file->data += BLOCK;
		file->len -= BLOCK;
		if (size > file->len)
			return -1;
		blocks = (size + BLOCK - 1) / BLOCK * BLOCK;
		*ret = (struct bytes) { file->data, size };
		/* The last block may lack its padding. */
		if (blocks > file->len)
			blocks = file->len;
		file->data += blocks;
		file->len -= blocks;
		switch (h->type) {
		case '0':
		case '\0':
			base_name(h, name);
			return 1;
		case '5':	/* directory */
		case 'x':	/* POSIX attributes: times and such */
		case 'g':
			break;
		default:
			return -1;
		}
	}
}

static void put(FILE *f, const void *data, size_t len)
{
	if (len)
		fwrite(data, 1, len, f);
}

void tar_put(FILE *f, const char *name, time_t time, struct bytes data)
{
	static const char zeros[BLOCK];
	struct header h = { .type = '0', .magic = "ustar", .version = { '0', '0' } };

	util_format(h.name, sizeof(h.name), "%s", name);
	util_format(h.mode, sizeof(h.mode), "0000644");
	util_format(h.uid, sizeof(h.uid), "0000000");
	util_format(h.gid, sizeof(h.gid), "0000000");
	util_format(h.size, sizeof(h.size), "%011llo", (unsigned long long)data.len);
	util_format(h.mtime, sizeof(h.mtime), "%011llo", (unsigned long long)time);
	util_format(h.checksum, sizeof(h.checksum), "%06o", checksum(&h));
	h.checksum[7] = ' ';
	put(f, &h, sizeof(h));
	put(f, data.data, data.len);
	put(f, zeros, (BLOCK - data.len % BLOCK) % BLOCK);
}

void tar_end(FILE *f)
{
	static const char zeros[2 * BLOCK];

	put(f, zeros, sizeof(zeros));
}
