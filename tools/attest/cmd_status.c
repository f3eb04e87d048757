// SPDX-License-Identifier: GPL-2.0
/* tdi status: the hold, the decision, and how each device stands. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gate.h"
#include "jsonw.h"
#include "parse_arg.h"
#include "text.h"

/**
 * enum standing - of a device, towards drivers
 * @STANDING_HELD: it gets none
 * @STANDING_ACCEPTED: it was accepted
 * @STANDING_SHARED: nobody holds it, and it is no part of the trust boundary
 */
enum standing { STANDING_HELD, STANDING_ACCEPTED, STANDING_SHARED };

static const char * const standing_names[] = { "held", "accepted", "shared" };

struct status_row {
	struct dev dev;
	enum standing standing;
	const char *exposed;			/* NULL: it was not */
	const struct gate_device *decided;	/* NULL: nothing was */
};

/**
 * struct status - all of it
 * @problem: why there is no decision to show, "" if there is one
 * @decision: at boot
 * @later: of devices that came later
 */
struct status {
	struct gate_hold hold;
	char problem[256];
	struct gate_decision decision;
	size_t nr_later;
	struct gate_decision *later;
	uint64_t now;
	size_t nr;
	struct status_row *row;
};

/* ---- collecting ---- */

/* True if there is one, of this boot. */
static bool read_decision(const struct sysfs *fs, const char *path, struct gate_decision *ret,
			  char *problem, size_t size)
{
	char why[192], boot_id[40];
	int rc = gate_result_read(path, ret, why, sizeof(why));

	if (rc == -ENOENT)
		util_format(problem, size, "nothing was decided in this boot");
	else if (rc)
		util_format(problem, size, "%s is not to be believed: %s", path, why);
	if (rc)
		return false;
	gate_boot_id(fs, boot_id);
	if (!strcmp(boot_id, ret->boot_id))
		return true;
	util_format(problem, size, "%s is of another boot", path);
	gate_decision_free(ret);
	return false;
}

static void read_later(const struct sysfs *fs, const char *path, const char *bdf,
		       struct status *status)
{
	struct gate_decision decision;
	char later[PATH_MAX], why[192];

	if (gate_result_path(path, bdf, later) ||
	    !read_decision(fs, later, &decision, why, sizeof(why)))
		return;
	if (strcmp(decision.only, bdf)) {
		gate_decision_free(&decision);
		return;
	}
	status->later = util_grow(status->later, status->nr_later + 1, sizeof(decision));
	status->later[status->nr_later++] = decision;
}

static const struct gate_device *in_decision(const struct gate_decision *decision, const char *bdf)
{
	for (size_t i = 0; i < decision->nr; i++)
		if (!strcmp(decision->device[i].bdf, bdf))
			return &decision->device[i];
	return NULL;
}

/* The last word about it. */
static const struct gate_device *decided(const struct status *status, const char *bdf)
{
	for (size_t i = 0; i < status->nr_later; i++)
		if (!strcmp(status->later[i].only, bdf))
			return in_decision(&status->later[i], bdf);
	return in_decision(&status->decision, bdf);
}

static bool is_shown(const struct gate_hold *hold, const struct dev *dev)
{
	return dev->is_tdi || dev->tee_io == TEE_IO_YES || gate_hold_has(hold, dev->bdf) ||
	       gate_hold_exposed(hold, dev->bdf);
}

static void add_row(const struct sysfs *fs, const char *path, const struct dev *dev,
		    struct status *status)
{
	struct status_row *row;

	read_later(fs, path, dev->bdf, status);
	status->row = util_grow(status->row, status->nr + 1, sizeof(*row));
	row = &status->row[status->nr++];
	*row = (struct status_row) { .dev = *dev };
	row->standing = gate_hold_has(&status->hold, dev->bdf) ? STANDING_HELD :
			dev->connected && attr_is(&dev->state, "RUN") ? STANDING_ACCEPTED :
			STANDING_SHARED;
	row->exposed = gate_hold_exposed(&status->hold, dev->bdf);
}

static void collect(const struct sysfs *fs, const char *path, const struct dev_list *devs,
		    struct status *status)
{
	status->now = gate_millis();
	gate_hold_read(fs, &status->hold);
	read_decision(fs, path, &status->decision, status->problem, sizeof(status->problem));
	for (size_t i = 0; i < devs->nr; i++)
		if (is_shown(&status->hold, &devs->dev[i]))
			add_row(fs, path, &devs->dev[i], status);
	/* Only now do the decisions stay where they are. */
	for (size_t i = 0; i < status->nr; i++)
		status->row[i].decided = decided(status, status->row[i].dev.bdf);
}

static void status_free(struct status *status)
{
	gate_hold_free(&status->hold);
	gate_decision_free(&status->decision);
	for (size_t i = 0; i < status->nr_later; i++)
		gate_decision_free(&status->later[i]);
	free(status->later);
	free(status->row);
}

/* ---- what is told ---- */

static bool has_expired(const struct gate_decision *decision)
{
	time_t not_after;

	return decision->not_after[0] && parse_time(decision->not_after, &not_after) &&
	       time(NULL) > not_after;
}

static uint64_t age(const struct status *status)
{
	return status->now > status->decision.boottime ?
	       status->now - status->decision.boottime : 0;
}

static const char *hold_reason(const struct gate_hold *hold)
{
	if (hold->policy.err == ENOENT)
		return "the module tdi is not loaded, or knows no gate";
	if (hold->policy.err || hold->err)
		return strerror(hold->policy.err ? hold->policy.err : hold->err);
	return gate_hold_works(hold) ? "" : "nothing is held";
}

static const char *row_reason(const struct status_row *row)
{
	if (row->decided && row->decided->reason[0])
		return row->decided->reason;
	if (row->standing == STANDING_HELD)
		return "nothing was decided about it";
	return row->standing == STANDING_SHARED ? "nothing holds it" : "";
}

static void row_json(struct jsonw *w, const struct status_row *row)
{
	const char *reason = row_reason(row);

	jsonw_object(w, NULL);
	jsonw_string(w, "bdf", row->dev.bdf);
	jsonw_format(w, "id", "%04x:%04x", row->dev.vendor, row->dev.device);
	jsonw_string(w, "standing", standing_names[row->standing]);
	jsonw_string(w, "exposed", row->exposed);
	jsonw_string(w, "driver", row->dev.driver[0] ? row->dev.driver : NULL);
	jsonw_string(w, "verdict", row->decided ? gate_verdict_name(row->decided->verdict) : NULL);
	jsonw_string(w, "name", row->decided && row->decided->entry[0] ? row->decided->entry : NULL);
	jsonw_string(w, "reason", reason[0] ? reason : NULL);
	jsonw_end_object(w);
}

static void decision_json(struct jsonw *w, const struct status *status)
{
	const struct gate_decision *decision = &status->decision;

	jsonw_string(w, "decision_problem", status->problem[0] ? status->problem : NULL);
	if (status->problem[0]) {
		jsonw_null(w, "decision");
		return;
	}
	jsonw_object(w, "decision");
	jsonw_string(w, "verdict", decision->why.status ? "no" : "yes");
	jsonw_number(w, "exit_status", decision->why.status);
	jsonw_string(w, "reason", decision->why.reason[0] ? decision->why.reason : NULL);
	jsonw_string(w, "advice", decision->why.advice[0] ? decision->why.advice : NULL);
	jsonw_string(w, "decided_at", decision->time);
	jsonw_millis(w, "age_seconds", age(status));
	jsonw_string(w, "source", decision->credentials ? "credentials" : "directory");
	jsonw_string(w, "policy_sha256", decision->policy_sha256[0] ? decision->policy_sha256 : NULL);
	jsonw_string(w, "signer", decision->signer[0] ? decision->signer : NULL);
	jsonw_string(w, "not_after", decision->not_after[0] ? decision->not_after : NULL);
	jsonw_bool(w, "expired", has_expired(decision));
	jsonw_end_object(w);
}

static void status_json(const struct status *status)
{
	const char *reason = hold_reason(&status->hold);
	struct jsonw w;

	jsonw_start(&w, stdout);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", TDI_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "status");
	jsonw_object(&w, "hold");
	jsonw_string(&w, "policy", status->hold.policy.err ? NULL : status->hold.policy.text);
	jsonw_bool(&w, "works", gate_hold_works(&status->hold));
	jsonw_string(&w, "reason", reason[0] ? reason : NULL);
	jsonw_end_object(&w);
	decision_json(&w, status);
	jsonw_array(&w, "devices");
	for (size_t i = 0; i < status->nr; i++)
		row_json(&w, &status->row[i]);
	jsonw_end_array(&w);
	/* What is required and not there has no address to be listed by. */
	jsonw_array(&w, "absent");
	for (size_t i = 0; i < status->decision.nr; i++)
		if (status->decision.device[i].verdict == GATE_ABSENT)
			jsonw_string(&w, NULL, status->decision.device[i].entry);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}

static void row_text(const struct status_row *row)
{
	const char *reason = row_reason(row);

	printf("%s  %04x:%04x  ", row->dev.bdf, row->dev.vendor, row->dev.device);
	text_coloured(row->standing == STANDING_ACCEPTED ? GREEN :
		      row->standing == STANDING_HELD ? YELLOW : RED,
		      standing_names[row->standing], 8);
	printf("  %s", row->dev.driver[0] ? row->dev.driver : "-");
	if (row->decided && row->decided->entry[0])
		printf("  (%s)", row->decided->entry);
	if (row->exposed)
		printf("  EXPOSED to %s before the hold", row->exposed);
	putchar('\n');
	if (reason[0])
		printf("    %s\n", reason);
}

static void decision_text(const struct status *status)
{
	const struct gate_decision *decision = &status->decision;
	uint64_t seconds = age(status) / 1000;

	fputs("decision:  ", stdout);
	if (status->problem[0]) {
		printf("none: %s\n", status->problem);
		return;
	}
	text_coloured(decision->why.status ? RED : GREEN, decision->why.status ? "no" : "yes", 0);
	printf(", %s, %llu s ago\n", decision->time, (unsigned long long)seconds);
	if (decision->why.status)
		printf("           %s\n", decision->why.reason);
	if (decision->why.status && decision->why.advice[0])
		printf("           %s\n", decision->why.advice);
	printf("signer:    %s\n", decision->signer[0] ? decision->signer : "none that is pinned");
	if (decision->has_policy)
		printf("policy:    %s, from %s, until %s%s\n", decision->policy_sha256,
		       decision->credentials ? "credentials" : "this machine's directory",
		       decision->not_after, has_expired(decision) ? ", EXPIRED" : "");
	for (size_t i = 0; i < decision->nr; i++)
		if (decision->device[i].verdict == GATE_ABSENT)
			printf("absent:    %s: %s\n", decision->device[i].entry,
			       decision->device[i].reason);
}

static void status_text(const struct status *status)
{
	const char *reason = hold_reason(&status->hold);

	printf("hold:      %s%s%s\n", status->hold.policy.err ? "none" : status->hold.policy.text,
	       reason[0] ? ": " : "", reason);
	decision_text(status);
	for (size_t i = 0; i < status->nr; i++)
		row_text(&status->row[i]);
}

static int show(const struct tool *tool, const char *path)
{
	struct status status = { 0 };
	struct dev_list devs;

	if (!tool_devices(tool, &devs))
		return TDI_EXIT_USAGE;
	collect(&tool->fs, path, &devs, &status);
	if (tool->json)
		status_json(&status);
	else
		status_text(&status);
	status_free(&status);
	dev_list_free(&devs);
	return TDI_EXIT_DONE;
}

int cmd_status(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	static const struct option options[] = {
		{ "result", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	const char *path = GATE_RESULT_DEFAULT;
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 'r':
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
	if (optind < argc)
		return verb_usage(verb, "no arguments but options");
	return show(tool, path);
}
