// SPDX-License-Identifier: GPL-2.0
/* Reading /sys/devices/tdi-gate. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate_hold.h"

#define LIST_MAX	65536

/* Reads a list into @buf, terminated; 0 or a positive errno. */
static int read_list(const struct sysfs *fs, const char *name, char *buf)
{
	size_t len = 0;
	int rc = sysfs_read(fs, buf, LIST_MAX - 1, &len, "devices/tdi-gate/%s", name);

	buf[rc ? 0 : len] = '\0';
	if (!rc && strlen(buf) != len)
		rc = -EPROTO;
	return -rc;
}

/* "BDF" or "BDF DRIVER", or "+N" for N more; false for anything else. */
static bool add_line(struct gate_hold *hold, char *line, bool exposed)
{
	char *driver = strchr(line, ' ');
	char bdf[BDF_SIZE];

	if (line[0] == '+')
		return !util_u64_parse(line + 1, exposed ? &hold->more_exposed : &hold->more_held);
	if (driver)
		*driver++ = '\0';
	if (!driver != !exposed || util_bdf_parse(line, bdf))
		return false;
	if (exposed) {
		struct gate_exposed *e;

		hold->exposed = util_grow(hold->exposed, hold->nr_exposed + 1, sizeof(*e));
		e = &hold->exposed[hold->nr_exposed++];
		util_format(e->bdf, sizeof(e->bdf), "%s", bdf);
		util_escape(e->driver, sizeof(e->driver), driver, strlen(driver));
		return true;
	}
	hold->held = util_grow(hold->held, hold->nr_held + 1, sizeof(*hold->held));
	util_format(hold->held[hold->nr_held++], BDF_SIZE, "%s", bdf);
	return true;
}

static int read_lines(const struct sysfs *fs, const char *name, struct gate_hold *hold,
		      bool exposed)
{
	char *buf = util_grow(NULL, LIST_MAX, 1), *save = NULL;
	int err = read_list(fs, name, buf);

	for (char *line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!add_line(hold, line, exposed))
			err = EPROTO;
	free(buf);
	return err;
}

void gate_hold_read(const struct sysfs *fs, struct gate_hold *ret)
{
	int err;

	*ret = (struct gate_hold) { .fs = fs };
	sysfs_text(fs, &ret->policy, "devices/tdi-gate/policy");
	if (ret->policy.err)
		return;
	err = read_lines(fs, "held", ret, false);
	ret->err = read_lines(fs, "exposed", ret, true);
	if (err)
		ret->err = err;
}

void gate_hold_free(struct gate_hold *hold)
{
	free(hold->held);
	free(hold->exposed);
	*hold = (struct gate_hold) { 0 };
}

bool gate_hold_works(const struct gate_hold *hold)
{
	return !hold->policy.err && !hold->err &&
	       (!strcmp(hold->policy.text, "all") || !strcmp(hold->policy.text, "listed"));
}

bool gate_hold_has(const struct gate_hold *hold, const char *bdf)
{
	for (size_t i = 0; i < hold->nr_held; i++)
		if (!strcmp(hold->held[i], bdf))
			return true;
	/* One of those that there was no room for? The link tells. */
	return hold->more_held &&
	       sysfs_exists(hold->fs, "devices/tdi-gate/consumer:pci:%s", bdf);
}

const char *gate_hold_exposed(const struct gate_hold *hold, const char *bdf)
{
	for (size_t i = 0; i < hold->nr_exposed; i++)
		if (!strcmp(hold->exposed[i].bdf, bdf))
			return hold->exposed[i].driver;
	return NULL;
}
