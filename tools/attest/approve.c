// SPDX-License-Identifier: GPL-2.0
/* Accepting a device on the word of this program. */
#include "approve.h"

#include <errno.h>
#include <string.h>

#include "collect.h"

static int store(const struct sysfs *fs, const char *bdf, const char *file, const char *text,
		 bool *opened)
{
	char path[PATH_MAX];
	int rc = util_format(path, sizeof(path), "bus/pci/devices/%s/tsm/%s", bdf, file);

	return rc ? rc : sysfs_store(fs, path, text, opened);
}

/* One step of the kernel's; false after a refusal. */
static bool step(const struct sysfs *fs, const char *bdf, const char *file, const char *text,
		 struct approve_result *ret)
{
	bool opened = false;
	int rc = store(fs, bdf, file, text, &opened);

	if (!rc)
		return true;
	ret->end = opened ? APPROVE_KERNEL : APPROVE_IO;
	ret->file = file;
	ret->err = -rc;
	util_format(ret->reason, sizeof(ret->reason), "cannot open tsm/%s", file);
	return false;
}

/* The first finding that stands in the way, for a person. */
static void explain(const struct verdict *verdict, struct approve_result *ret)
{
	enum check_status worst = CHECK_SKIPPED;
	const struct check *first = NULL;

	for (size_t i = 0; i < verdict->nr; i++) {
		const struct check *check = &verdict->check[i];

		if (check->status == CHECK_SKIPPED && !verdict_missing(verdict, check->id))
			continue;
		if (check->status != CHECK_PASSED && (!first || check->status > worst)) {
			first = check;
			worst = check->status;
		}
	}
	if (!first)
		util_format(ret->reason, sizeof(ret->reason), "not verified");
	else if (first->expected[0])
		util_format(ret->reason, sizeof(ret->reason), "%s: expected %s, found %s",
			    check_name(first->id), first->expected, first->found);
	else
		util_format(ret->reason, sizeof(ret->reason), "%s: %s", check_name(first->id),
			    first->found);
}

/* The kernel's nonce is fresh and its own: here it may be asked for. */
static void set_subject(struct inputs *in)
{
	struct subject *subject = &in->subject;

	inputs_take_bundle(&in->bundle, subject);
	subject->has_nonce = in->bundle.has_nonce;
	memcpy(subject->nonce, in->bundle.nonce, sizeof(subject->nonce));
	subject->roots = &in->roots;
}

static bool verified(struct inputs *in, struct approve_result *ret)
{
	struct verdict verdict = { 0 };
	struct parts parts = { 0 };

	set_subject(in);
	verify(&in->subject, &in->policy, &parts, &verdict);
	ret->status = verdict_exit(&verdict);
	if (ret->status != TDI_EXIT_DONE) {
		ret->end = APPROVE_VERDICT;
		ret->err = ret->status == TDI_EXIT_POLICY ? ENOKEY : EKEYREJECTED;
		explain(&verdict, ret);
	}
	parts_free(&parts);
	verdict_free(&verdict);
	return ret->status == TDI_EXIT_DONE;
}

static bool collected(const struct sysfs *fs, const char *bdf, const struct tsm *tsm,
		      struct inputs *in, struct approve_result *ret)
{
	struct dev dev;
	int rc = dev_read(fs, bdf, &dev);

	if (!rc) {
		collect_names(&dev, tsm, &in->bundle);
		rc = collect_generation(fs, bdf, &in->bundle);
	}
	if (!rc)
		return true;
	ret->end = APPROVE_IO;
	ret->err = -rc;
	util_format(ret->reason, sizeof(ret->reason), "cannot read the evidence");
	return false;
}

void approve(const struct sysfs *fs, const char *bdf, const struct tsm *tsm,
	     struct inputs *in, struct approve_result *ret)
{
	char generation[64];
	bool opened, ok;

	*ret = (struct approve_result) { .end = APPROVE_DONE };
	if (!step(fs, bdf, "lock", tsm->name, ret))
		return;
	ok = collected(fs, bdf, tsm, in, ret) && verified(in, ret);
	/* What is approved and accepted is what was looked at, by its number. */
	if (ok && util_format(generation, sizeof(generation), "generation=%s",
			      in->bundle.generation))
		ok = false;
	if (ok)
		ok = step(fs, bdf, "approve", generation, ret) &&
		     step(fs, bdf, "accept", generation, ret);
	if (!ok)
		store(fs, bdf, "unlock", tsm->name, &opened);
}
