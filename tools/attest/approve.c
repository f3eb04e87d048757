// SPDX-License-Identifier: GPL-2.0
/* Accepting a device on the word of this program. */
#include "approve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collect.h"
#include "verdict_print.h"

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
	subject->local = true;
}

/* What measuring needs of a verdict. */
static void keep_verdict(const struct inputs *in, const struct parts *parts,
			 const struct verdict *verdict, struct approved *ret)
{
	const struct verdict_model model = {
		.subject = &in->subject, .policy = &in->policy, .policy_path = in->policy_path,
		.parts = parts, .verdict = verdict,
	};
	struct tpm_event *event = &ret->event;
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	tpm_event_of_bundle(&in->bundle, event);
	event->policy = tpm_digest(blob_bytes(&in->policy.text));
	event->anchor.there = parts->anchor[0];
	if (event->anchor.there)
		memcpy(event->anchor.value, parts->anchor_sha256, sizeof(event->anchor.value));
	util_format(event->word, sizeof(event->word), "%s", verdict_word(verdict_exit(verdict)));
	f = open_memstream(&text, &len);
	if (!f)
		return;
	verdict_json_to(f, &model);
	if (!fclose(f))
		ret->verdict = (struct blob) { (uint8_t *)text, len };
	event->verdict = tpm_digest(blob_bytes(&ret->verdict));
}

bool approve_measure(struct inputs *in, struct approved *approved, enum tpm_event_kind kind,
		     struct tpm_error *err)
{
	const struct measure_objects objects = {
		.policy = blob_bytes(&in->policy.text), .verdict = blob_bytes(&approved->verdict),
	};

	approved->event.kind = kind;
	return measure_event(&in->measure, &approved->event, &objects, err);
}

bool approve_verify(struct inputs *in, struct approved *approved, struct approve_result *ret)
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
	keep_verdict(in, &parts, &verdict, approved);
	parts_free(&parts);
	verdict_free(&verdict);
	return ret->status == TDI_EXIT_DONE;
}

bool approve_collect(const struct sysfs *fs, const char *bdf, const struct tsm *tsm,
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

/* Before the device is accepted: nobody uses one that was not measured. */
static bool measured(struct inputs *in, struct approved *approved, struct approve_result *ret)
{
	if (in->policy.tpm.measure == MEASURE_OFF)
		return true;
	ret->measured = approve_measure(in, approved, TPM_EVENT_ACCEPT, &ret->tpm);
	if (ret->measured || in->policy.tpm.measure == MEASURE_OPTIONAL)
		return true;
	ret->end = APPROVE_TPM;
	return false;
}

/* It was measured, and then not accepted: the log is not to say that it was. */
static void take_back(struct inputs *in, struct approved *approved, struct approve_result *ret)
{
	ret->measured = false;
	if (!approve_measure(in, approved, TPM_EVENT_VOID, &ret->tpm))
		util_complain("the event log says that the device was accepted, which it was not: %s",
			      ret->tpm.text);
}

void approve(const struct sysfs *fs, const char *bdf, const struct tsm *tsm,
	     struct inputs *in, struct approve_result *ret)
{
	struct approved approved = { 0 };
	char generation[64];
	bool opened, ok;

	*ret = (struct approve_result) { .end = APPROVE_DONE };
	if (!step(fs, bdf, "lock", tsm->name, ret))
		return;
	ok = approve_collect(fs, bdf, tsm, in, ret) && approve_verify(in, &approved, ret);
	/* What is approved and accepted is what was looked at, by its number. */
	if (ok && util_format(generation, sizeof(generation), "generation=%s",
			      in->bundle.generation))
		ok = false;
	if (ok)
		ok = step(fs, bdf, "approve", generation, ret) &&
		     measured(in, &approved, ret) &&
		     step(fs, bdf, "accept", generation, ret);
	/* First: to unlock waits for the host, and who waits may be killed. */
	if (!ok && ret->measured)
		take_back(in, &approved, ret);
	if (!ok)
		store(fs, bdf, "unlock", tsm->name, &opened);
	blob_free(&approved.verdict);
}
