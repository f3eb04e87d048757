// SPDX-License-Identifier: GPL-2.0
/* Evidence of a device, as the kernel publishes it. */
#include "collect.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Readings that are tried before "it keeps changing". */
#define GENERATION_TRIES	3

static int read_object(const struct sysfs *fs, const char *bdf, enum evidence_object object,
		       struct bundle *ret)
{
	struct blob *file = &ret->file[object];
	char path[PATH_MAX];
	int rc;

	blob_free(file);
	ret->object[object] = (struct bytes) { 0 };
	rc = sysfs_path(fs, path, "bus/pci/devices/%s/tsm/%s", bdf, evidence_name(object));
	if (!rc)
		rc = blob_read(AT_FDCWD, path, file);
	/* An attribute that reads empty has nothing published. */
	if (!rc && file->len)
		ret->object[object] = blob_bytes(file);
	return rc == -ENOENT ? 0 : rc;
}

static bool any_bar(const struct tdisp_bars *bars)
{
	for (int i = 0; i < TDISP_NR_BARS; i++)
		if (bars->size[i])
			return true;
	return false;
}

int collect_generation(const struct sysfs *fs, const char *bdf, struct bundle *ret)
{
	struct attr before, after;

	for (int i = 0; i < GENERATION_TRIES; i++) {
		struct evidence evidence;
		int rc = 0;

		sysfs_text(fs, &before, "bus/pci/devices/%s/tsm/generation", bdf);
		for (int o = 0; !rc && o < EVIDENCE_NR; o++)
			rc = read_object(fs, bdf, (enum evidence_object)o, ret);
		if (rc)
			return rc;
		evidence_read(fs, bdf, &evidence);
		ret->has_nonce = !evidence.nonce_err &&
				 evidence.nonce_len == sizeof(ret->nonce);
		memcpy(ret->nonce, evidence.nonce, sizeof(ret->nonce));
		ret->bars = evidence.bars;
		ret->has_bars = any_bar(&evidence.bars);
		evidence_free(&evidence);
		sysfs_text(fs, &after, "bus/pci/devices/%s/tsm/generation", bdf);
		if (!before.err && !after.err && !strcmp(before.text, after.text)) {
			util_format(ret->generation, sizeof(ret->generation), "%.30s", after.text);
			return 0;
		}
		if (after.err)
			return -after.err;
	}
	return -ESTALE;
}

void collect_names(const struct dev *dev, const struct tsm *tsm, struct bundle *ret)
{
	util_format(ret->bdf, sizeof(ret->bdf), "%s", dev->bdf);
	ret->vendor = dev->vendor;
	ret->device = dev->device;
	ret->class = dev->class;
	util_format(ret->state, sizeof(ret->state), "%.30s", dev->state.err ? "" : dev->state.text);
	if (!tsm)
		return;
	util_format(ret->tsm, sizeof(ret->tsm), "%s", tsm->name);
	util_format(ret->platform, sizeof(ret->platform), "%.60s",
		    tsm->platform.err ? "" : tsm->platform.text);
}
