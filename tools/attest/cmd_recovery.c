// SPDX-License-Identifier: GPL-2.0
/* tdi recovery: what the kernel does about a device in ERROR. */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "tool.h"
#include "words.h"

static void TDI_PRINTF(4, 5) fail(struct recovery_model *model, enum tdi_exit status, int err,
				  const char *fmt, ...)
{
	va_list ap;

	model->end = RECOVERY_UNDONE;
	model->status = status;
	model->err = err;
	va_start(ap, fmt);
	util_vformat(model->reason, sizeof(model->reason), fmt, ap);
	va_end(ap);
}

/* False after a failure. */
static bool look(const struct tool *tool, struct recovery_model *model)
{
	const struct choice *policy = &model->recovery.policy;

	recovery_read(&tool->fs, model->bdf, &model->recovery);
	if (!policy->err)
		return true;
	if (policy->err == ENOENT)
		fail(model, tdi_exit_of(ENOENT), ENOENT,
		     "the module tdi that is loaded knows none (it has no tsm/recovery)");
	else
		fail(model, tdi_exit_of(policy->err), policy->err, "cannot read tsm/recovery: %s",
		     policy->err == EPROTO ? "expected words, the chosen one in brackets" :
					     strerror(policy->err));
	return false;
}

static bool is_offered(struct recovery_model *model, const char *word)
{
	const struct choice *policy = &model->recovery.policy;
	char shown[64], choices[CHOICE_TEXT_SIZE];

	for (size_t i = 0; i < policy->nr; i++)
		if (!strcmp(policy->word[i], word))
			return true;
	util_escape(shown, sizeof(shown), word, strlen(word));
	choice_text(policy, choices);
	fail(model, TDI_EXIT_USAGE, EINVAL, "expected one of %s, found \"%s\"", choices, shown);
	return false;
}

/* The kernel refused: its reason may be in "result". */
static void fail_kernel(const struct tool *tool, struct recovery_model *model, int err)
{
	static const char prefix[] = "recovery: ";
	struct attr result;
	bool ours;

	sysfs_text(&tool->fs, &result, "bus/pci/devices/%s/tsm/result", model->bdf);
	ours = !strncmp(result.text, prefix, sizeof(prefix) - 1);
	fail(model, tdi_exit_of(err), err, "%s", ours ? result.text + sizeof(prefix) - 1 :
							strerror(err));
	model->advice = tdi_advice(err);
}

static void set(const struct tool *tool, struct recovery_model *model, const char *word)
{
	char path[PATH_MAX];
	bool opened = false;
	int rc;

	if (!strcmp(recovery_chosen(&model->recovery), word)) {
		model->end = RECOVERY_UNCHANGED;
		return;
	}
	rc = util_format(path, sizeof(path), "bus/pci/devices/%s/tsm/recovery", model->bdf);
	if (!rc)
		rc = sysfs_store(&tool->fs, path, word, &opened);
	if (rc && opened) {
		fail_kernel(tool, model, -rc);
		return;
	}
	if (rc) {
		fail(model, TDI_EXIT_USAGE, -rc, "cannot open tsm/recovery: %s", strerror(-rc));
		model->advice = rc == -EACCES || rc == -EPERM ? "This takes root." : NULL;
		return;
	}
	/* The kernel said yes: believe what it shows, not what it said. */
	if (!look(tool, model))
		return;
	model->end = RECOVERY_SET;
	if (strcmp(recovery_chosen(&model->recovery), word))
		fail(model, TDI_EXIT_PLATFORM, EIO, "the kernel reported success, but shows %s",
		     recovery_chosen(&model->recovery)[0] ? recovery_chosen(&model->recovery) :
							    "no choice");
}

static int recovery(const struct tool *tool, const struct tsm_list *tsms, const char *bdf,
		    const char *word)
{
	struct recovery_model model = { .bdf = bdf };
	struct dev dev;

	if (!tool_tdi(tool, tsms, bdf, &dev))
		return TDI_EXIT_PLATFORM;
	if (dev.tsm[0])
		model.warnings = warnings_of(&dev, tsm_find(tsms, dev.tsm)) &
				 WARN_BIT(WARN_EMULATED);
	if (look(tool, &model) && word && is_offered(&model, word))
		set(tool, &model, word);
	/* To set a policy is not to count; who asks for the counters wants them. */
	if (model.status == TDI_EXIT_DONE && !word && recovery_unreadable(&model.recovery))
		model.status = tdi_exit_of(recovery_unreadable(&model.recovery));
	tool_printer(tool)->recovery(&model);
	return model.status;
}

int cmd_recovery(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	const char *word = NULL;
	struct tsm_list tsms;
	char bdf[BDF_SIZE];
	int status, left;

	if (!verb_json_only(verb, tool, argc, argv, &status))
		return status;
	left = argc - optind;
	if (left > 2)
		return verb_usage(verb, "one device and one policy at a time");
	if (left == 2)
		word = argv[optind + 1];
	status = verb_device(verb, left ? 1 : 0, argv + optind, bdf);
	if (status)
		return status;
	if (!tool_tsms(tool, &tsms))
		return TDI_EXIT_USAGE;
	status = recovery(tool, &tsms, bdf, word);
	tsm_list_free(&tsms);
	return status;
}
