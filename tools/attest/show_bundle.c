// SPDX-License-Identifier: GPL-2.0
/* tdi show of saved evidence. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "show_bundle.h"

bool show_is_path(const char *arg)
{
	char bdf[BDF_SIZE];

	return util_bdf_parse(arg, bdf) && !access(arg, F_OK);
}

static int show(const struct tool *tool, const struct bundle *bundle)
{
	struct subject subject = {
		.certs = bundle->object[EVIDENCE_CERTIFICATES],
		.vca = bundle->object[EVIDENCE_VCA],
		.measurements = bundle->object[EVIDENCE_MEASUREMENTS],
		.report = bundle->object[EVIDENCE_REPORT],
		.has_bars = bundle->has_bars,
		.bars = bundle->bars,
		.bundle = bundle,
		.at = time(NULL),
	};
	struct verdict verdict = { 0 };
	struct policy policy;
	struct parts parts;
	struct show_bundle_model model = { &subject, &parts, &verdict };
	int status = TDI_EXIT_DONE;

	policy_default(&policy);
	/* What is only shown may be of a draft. */
	policy.alpha = true;
	parts_read(&subject, &policy, &parts, &verdict);
	for (int id = 0; id < CHECK_NR; id++)
		if (verdict.counted[id] && verdict.worst[id] == CHECK_FAILED)
			status = TDI_EXIT_EVIDENCE;
	if (tool->json)
		show_bundle_json(&model);
	else
		show_bundle_text(&model);
	parts_free(&parts);
	verdict_free(&verdict);
	policy_free(&policy);
	return status;
}

int show_bundle(const struct tool *tool, const char *path)
{
	char why[192], shown[128];
	struct bundle bundle;
	int rc = bundle_open(path, &bundle, why, sizeof(why)), status;

	if (rc) {
		util_escape(shown, sizeof(shown), path, strlen(path));
		util_complain("%s: %s", shown, rc == -EBADMSG ? why : strerror(-rc));
		return rc == -EBADMSG ? TDI_EXIT_EVIDENCE : TDI_EXIT_USAGE;
	}
	status = show(tool, &bundle);
	bundle_free(&bundle);
	return status;
}
