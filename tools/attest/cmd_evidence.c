// SPDX-License-Identifier: GPL-2.0
/* tdi evidence */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "collect.h"
#include "jsonw.h"
#include "tool.h"
#include "words.h"

#define EVIDENCE_SCHEMA_VERSION	1

struct evidence_model {
	const char *bdf;
	const char *path;
	const struct bundle *bundle;
};

static bool any_object(const struct bundle *bundle)
{
	for (int o = 0; o < EVIDENCE_NR; o++)
		if (bundle->object[o].data)
			return true;
	return false;
}

static void put_json(const struct evidence_model *model)
{
	char path[128];
	struct jsonw w;

	util_escape(path, sizeof(path), model->path, strlen(model->path));
	jsonw_start(&w, stdout);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", EVIDENCE_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "evidence-saved");
	jsonw_string(&w, "bdf", model->bdf);
	jsonw_string(&w, "path", path);
	jsonw_string(&w, "generation", model->bundle->generation);
	jsonw_bool(&w, "emulated", bundle_is_emulated(model->bundle));
	jsonw_object(&w, "sizes");
	for (int o = 0; o < EVIDENCE_NR; o++)
		jsonw_number(&w, evidence_name((enum evidence_object)o),
			     model->bundle->object[o].len);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
}

static void put_text(const struct evidence_model *model)
{
	char path[128];

	util_escape(path, sizeof(path), model->path, strlen(model->path));
	printf("%s: evidence of generation %s saved in %s\n", model->bdf,
	       model->bundle->generation, path);
	for (int o = 0; o < EVIDENCE_NR; o++)
		printf("  %-14s %zu bytes\n", evidence_name((enum evidence_object)o),
		       model->bundle->object[o].len);
	if (bundle_is_emulated(model->bundle))
		printf("WARNING: %s\n", warning_text(WARN_EMULATED));
}

static int save(const struct tool *tool, const char *bdf, const char *path, struct bundle *bundle)
{
	struct evidence_model model = { bdf, path, bundle };
	int rc = collect_generation(&tool->fs, bdf, bundle);

	if (rc) {
		util_complain("%s: cannot read the evidence: %s", bdf,
			      rc == -ESTALE ? "it keeps changing" : strerror(-rc));
		return rc == -ESTALE ? TDI_EXIT_EVIDENCE : tdi_exit_of(-rc);
	}
	if (!any_object(bundle)) {
		util_complain("%s: there is no evidence: lock or connect the device first", bdf);
		return TDI_EXIT_PLATFORM;
	}
	rc = bundle_write(path, bundle, time(NULL));
	if (rc) {
		util_complain("cannot save the evidence: %s", strerror(-rc));
		return TDI_EXIT_USAGE;
	}
	if (tool->json)
		put_json(&model);
	else
		put_text(&model);
	return TDI_EXIT_DONE;
}

static int run(const struct tool *tool, const char *bdf, const char *path)
{
	struct bundle bundle = { 0 };
	struct tsm_list tsms;
	struct dev dev;
	int status;

	if (dev_read(&tool->fs, bdf, &dev)) {
		util_complain("%s: no such PCI device", bdf);
		return TDI_EXIT_PLATFORM;
	}
	if (!dev.is_tdi) {
		util_complain("%s: not a TDI: %s", bdf, no_tdi_words(&dev, true));
		return TDI_EXIT_PLATFORM;
	}
	if (!tool_tsms(tool, &tsms))
		return TDI_EXIT_USAGE;
	collect_names(&dev, dev.tsm[0] ? tsm_find(&tsms, dev.tsm) :
		 tsms.nr == 1 ? &tsms.tsm[0] : NULL, &bundle);
	status = save(tool, bdf, path, &bundle);
	bundle_free(&bundle);
	tsm_list_free(&tsms);
	return status;
}

int cmd_evidence(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	const char *path = NULL;
	char bdf[BDF_SIZE];
	int opt, status;

	while ((opt = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			path = optarg;
			break;
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			return TDI_EXIT_DONE;
		default:
			return verb_usage(verb, NULL);
		}
	}
	status = verb_device(verb, argc - optind, argv + optind, bdf);
	if (status)
		return status;
	if (!path || !path[0])
		return verb_usage(verb, "where to? Give -o");
	return run(tool, bdf, path);
}
