// SPDX-License-Identifier: GPL-2.0
/* Block devices of a PCI function and who uses them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "block.h"

/* Deeper stacks of dm on md on dm are a loop, not a configuration. */
#define MAX_STACK	8

struct block {
	char name[NAME_SIZE];
	unsigned int major, minor;
	bool disk;
};

struct blocks {
	size_t nr;
	struct block *block;
};

static bool has_block(const struct blocks *blocks, const char *name)
{
	for (size_t i = 0; i < blocks->nr; i++)
		if (!strcmp(blocks->block[i].name, name))
			return true;
	return false;
}

static void add_block(const struct sysfs *fs, struct blocks *blocks, const char *name, bool own)
{
	struct block *block;
	struct attr dev;

	if (has_block(blocks, name))
		return;
	blocks->block = util_grow(blocks->block, blocks->nr + 1, sizeof(*blocks->block));
	block = &blocks->block[blocks->nr++];
	*block = (struct block) { 0 };
	util_format(block->name, sizeof(block->name), "%s", name);
	block->disk = own && !sysfs_exists(fs, "class/block/%s/partition", name);
	sysfs_text(fs, &dev, "class/block/%s/dev", name);
	if (dev.err || sscanf(dev.text, "%u:%u", &block->major, &block->minor) != 2)
		block->major = block->minor = 0;
}

/*
 * With NVMe multipath the disk hangs off the subsystem, and only a hidden path
 * to it (nvme0c1n2 for nvme0n2) is below the controller.
 */
static bool multipath_head(const char *name, char ret[NAME_SIZE])
{
	unsigned int subsys, ctrl, ns;
	int used = 0;

	if (sscanf(name, "nvme%uc%un%u%n", &subsys, &ctrl, &ns, &used) != 3 || name[used])
		return false;
	return !util_format(ret, NAME_SIZE, "nvme%un%u", subsys, ns);
}

static void add_partitions(const struct sysfs *fs, struct blocks *blocks, const char *disk)
{
	struct names names;

	if (sysfs_names(fs, &names, "class/block/%s", disk))
		return;
	for (size_t i = 0; i < names.nr; i++)
		if (sysfs_exists(fs, "class/block/%s/%s/partition", disk, names.name[i]))
			add_block(fs, blocks, names.name[i], true);
	sysfs_names_free(&names);
}

/* Disks and partitions that are below the function in the device tree. */
static int own_blocks(const struct sysfs *fs, const char *bdf, struct blocks *ret)
{
	char path[PATH_MAX], dev[PATH_MAX], block[PATH_MAX], head[NAME_SIZE];
	struct names names;
	size_t len;
	int rc;

	*ret = (struct blocks) { 0 };
	rc = sysfs_path(fs, path, "bus/pci/devices/%s", bdf);
	if (rc)
		return rc;
	if (!realpath(path, dev))
		return -errno;
	len = strlen(dev);

	rc = sysfs_names(fs, &names, "class/block");
	if (rc)
		return rc;
	for (size_t i = 0; i < names.nr; i++) {
		if (sysfs_path(fs, path, "class/block/%s", names.name[i]) ||
		    !realpath(path, block) || strncmp(block, dev, len) || block[len] != '/')
			continue;
		add_block(fs, ret, names.name[i], true);
		if (multipath_head(names.name[i], head) &&
		    sysfs_exists(fs, "class/block/%s", head)) {
			add_block(fs, ret, head, true);
			add_partitions(fs, ret, head);
		}
	}
	sysfs_names_free(&names);
	return 0;
}

static void add_use(struct uses *uses, const char *block, enum use_kind kind, const char *where)
{
	struct use *use;

	uses->use = util_grow(uses->use, uses->nr + 1, sizeof(*uses->use));
	use = &uses->use[uses->nr++];
	*use = (struct use) { .kind = kind };
	util_format(use->block, sizeof(use->block), "%s", block);
	util_escape(use->where, sizeof(use->where), where, strlen(where));
}

/* Devices stacked on ours join the list, so their mounts are found as well. */
static void find_holders(const struct sysfs *fs, struct blocks *blocks, struct uses *uses)
{
	size_t from = 0;

	for (int depth = 0; depth < MAX_STACK && from < blocks->nr; depth++) {
		size_t to = blocks->nr;

		for (; from < to; from++) {
			/* A copy: the array moves when it grows. */
			struct block block = blocks->block[from];
			struct names names;

			if (sysfs_names(fs, &names, "class/block/%s/holders", block.name))
				continue;
			for (size_t i = 0; i < names.nr; i++) {
				add_use(uses, block.name, USE_HELD, names.name[i]);
				add_block(fs, blocks, names.name[i], false);
			}
			sysfs_names_free(&names);
		}
	}
}

/* "/dev/nvme0n1" or "/dev/mapper/x": only plain names can be told from the text. */
static bool is_dev_path(const char *path, const char *name)
{
	return !strncmp(path, "/dev/", 5) && !strcmp(path + 5, name);
}

/* mountinfo: id parent major:minor root point options [optional...] - type source ... */
static void mount_line(char *line, const struct blocks *blocks, struct uses *uses)
{
	char *field[5] = { NULL }, *source = NULL, *save = NULL, *word;
	unsigned int major, minor;
	int n = 0, past = -1;

	for (word = strtok_r(line, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		if (n < 5)
			field[n++] = word;
		else if (past < 0 && !strcmp(word, "-"))
			past = 0;
		else if (past >= 0 && ++past == 2)
			source = word;
	}
	if (n < 5 || sscanf(field[2], "%u:%u", &major, &minor) != 2)
		return;
	for (size_t i = 0; i < blocks->nr; i++) {
		const struct block *block = &blocks->block[i];

		/* btrfs and the like have a number of their own: go by the source */
		if ((block->major && block->major == major && block->minor == minor) ||
		    (source && is_dev_path(source, block->name)))
			add_use(uses, block->name, USE_MOUNTED, field[4]);
	}
}

static void swap_line(char *line, const struct blocks *blocks, struct uses *uses)
{
	line[strcspn(line, " \t\n")] = '\0';
	for (size_t i = 0; i < blocks->nr; i++)
		if (is_dev_path(line, blocks->block[i].name))
			add_use(uses, blocks->block[i].name, USE_SWAP, "");
}

static int each_line(const struct sysfs *fs, const char *name,
		     void (*fn)(char *, const struct blocks *, struct uses *),
		     const struct blocks *blocks, struct uses *uses)
{
	char path[PATH_MAX], *line = NULL;
	size_t size = 0;
	FILE *f;
	int rc;

	rc = util_format(path, sizeof(path), "%s/%s", fs->proc, name);
	if (rc)
		return rc;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (getline(&line, &size, f) >= 0)
		fn(line, blocks, uses);
	rc = ferror(f) ? -EIO : 0;
	free(line);
	fclose(f);
	return rc;
}

/* An exclusive open fails while anybody, in any namespace, has the disk or a part. */
static void try_exclusive(const struct blocks *blocks, struct uses *uses)
{
	for (size_t i = 0; i < blocks->nr; i++) {
		const struct block *block = &blocks->block[i];
		char path[PATH_MAX];
		struct stat st;
		int fd;

		if (!block->disk || util_format(path, sizeof(path), "/dev/%s", block->name) ||
		    stat(path, &st) || !S_ISBLK(st.st_mode) ||
		    st.st_rdev != makedev(block->major, block->minor))
			continue;
		fd = open(path, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
		else if (errno == EBUSY)
			add_use(uses, block->name, USE_CLAIMED, "");
	}
}

int block_uses(const struct sysfs *fs, const char *bdf, struct uses *ret)
{
	struct blocks blocks;
	int rc;

	*ret = (struct uses) { 0 };
	rc = own_blocks(fs, bdf, &blocks);
	if (rc)
		return rc;
	if (!blocks.nr)
		return 0;

	find_holders(fs, &blocks, ret);
	rc = each_line(fs, "self/mountinfo", mount_line, &blocks, ret);
	if (!rc) {
		rc = each_line(fs, "swaps", swap_line, &blocks, ret);
		/* A kernel without swap has no such file. */
		if (rc == -ENOENT)
			rc = 0;
	}
	/* What has a name already needs no second finding without one. */
	if (!rc && !ret->nr)
		try_exclusive(&blocks, ret);
	free(blocks.block);
	if (rc)
		block_uses_free(ret);
	return rc;
}

void block_uses_free(struct uses *uses)
{
	free(uses->use);
	*uses = (struct uses) { 0 };
}

const char *use_kind_name(enum use_kind kind)
{
	static const char * const names[] = {
		[USE_MOUNTED]	= "mounted",
		[USE_SWAP]	= "swap",
		[USE_HELD]	= "held",
		[USE_CLAIMED]	= "claimed",
	};

	return names[kind];
}

size_t block_disks(const struct sysfs *fs, const char *bdf)
{
	struct blocks blocks;
	size_t nr = 0;

	if (own_blocks(fs, bdf, &blocks))
		return 0;
	for (size_t i = 0; i < blocks.nr; i++)
		nr += blocks.block[i].disk;
	free(blocks.block);
	return nr;
}
