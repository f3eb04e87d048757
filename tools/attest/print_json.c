// SPDX-License-Identifier: GPL-2.0
/*
 * Writes the models as JSON (schema/). The only file that knows json-c.
 *
 * A member that could not be read is null and named in "unreadable"; no member is
 * ever left out.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "words.h"

/* A tree with silent holes is worse than none. */
static struct json_object *have(struct json_object *obj)
{
	if (!obj) {
		util_complain("out of memory");
		exit(TDI_EXIT_USAGE);
	}
	return obj;
}

/* @value NULL is JSON's null. */
static void add(struct json_object *obj, const char *key, struct json_object *value)
{
	if (json_object_object_add(obj, key, value))
		have(NULL);
}

static void append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value))
		have(NULL);
}

static struct json_object *object(void)
{
	return have(json_object_new_object());
}

static struct json_object *array(void)
{
	return have(json_object_new_array());
}

static struct json_object *string(const char *text)
{
	return have(json_object_new_string(text));
}

static struct json_object *boolean(bool value)
{
	return have(json_object_new_boolean(value));
}

static struct json_object *number(u64 value)
{
	return have(json_object_new_uint64(value));
}

/* "" is null */
static struct json_object *name(const char *text)
{
	return text[0] ? string(text) : NULL;
}

static struct json_object *hex(unsigned int value, int digits)
{
	char text[16];

	util_format(text, sizeof(text), "0x%0*x", digits, value);
	return string(text);
}

static void add_attr(struct json_object *obj, struct json_object *unreadable, const char *key,
		     const struct attr *attr)
{
	add(obj, key, attr->err ? NULL : name(attr->text));
	if (attr->err)
		add(unreadable, key, string(util_errno_name(attr->err)));
}

static struct json_object *warnings_json(unsigned int warnings)
{
	struct json_object *ret = array();

	for (int w = 0; w < WARN_NR; w++) {
		struct json_object *obj;

		if (!(warnings & WARN_BIT(w)))
			continue;
		obj = object();
		add(obj, "id", string(warning_id((enum warning)w)));
		add(obj, "text", string(warning_text((enum warning)w)));
		append(ret, obj);
	}
	return ret;
}

static struct json_object *tsm_json(const struct tsm *tsm)
{
	struct json_object *obj = object();

	add(obj, "name", string(tsm->name));
	add(obj, "platform", tsm->platform.err ? NULL : name(tsm->platform.text));
	return obj;
}

static struct json_object *dev_json(const struct dev *dev, bool have_tsm)
{
	struct json_object *obj = object(), *unreadable = object();

	add(obj, "bdf", string(dev->bdf));
	add(obj, "vendor_id", hex(dev->vendor, 4));
	add(obj, "device_id", hex(dev->device, 4));
	add(obj, "class", hex(dev->class, 6));
	add(obj, "driver", name(dev->driver));
	add(obj, "tee_io", dev->tee_io == TEE_IO_UNKNOWN ? NULL : boolean(dev->tee_io == TEE_IO_YES));
	add(obj, "tdi", boolean(dev->is_tdi));
	add(obj, "why_no_tdi", dev->is_tdi ? NULL : string(no_tdi_id(dev, have_tsm)));
	add_attr(obj, unreadable, "state", &dev->state);
	add_attr(obj, unreadable, "dma", &dev->dma);
	add_attr(obj, unreadable, "identity", &dev->identity);
	add(obj, "tsm", name(dev->tsm));
	add(obj, "connected", boolean(dev->connected));
	add(obj, "unreadable", unreadable);
	return obj;
}

static struct json_object *stats_json(const struct dma *dma)
{
	struct json_object *obj;

	if (dma->stats_err)
		return NULL;
	obj = object();
	for (int s = 0; s < DMA_NR_STATS; s++)
		add(obj, dma_stat_name((enum dma_stat)s),
		    dma_stat_known(dma, (enum dma_stat)s) ? number(dma->stat[s]) : NULL);
	return obj;
}

static struct json_object *why_dma_json(const char *id, const char *text)
{
	struct json_object *obj = object();

	add(obj, "id", string(id));
	add(obj, "text", string(text));
	return obj;
}

/* A file that an older module does not have is null, and not unreadable. */
static void add_choice(struct json_object *obj, struct json_object *unreadable,
		       const struct choice *choice)
{
	struct json_object *choices = choice->err ? NULL : array();

	for (size_t i = 0; i < choice->nr; i++)
		append(choices, string(choice->word[i]));
	add(obj, "choices", choices);
	add(obj, "chosen", choice->chosen < 0 ? NULL : string(choice->word[choice->chosen]));
	if (choice->err && choice->err != ENOENT)
		add(unreadable, "choices", string(util_errno_name(choice->err)));
}

static struct json_object *dma_json(const struct dev *dev, const struct dma *dma)
{
	struct json_object *obj = object(), *unreadable = object();
	char text[DMA_WHY_SIZE];

	add_attr(obj, unreadable, "mode", &dev->dma);
	dma_why_text(dev, dma, text);
	add(obj, "why", why_dma_json(dma_why_id(dma_why(dev)), text));
	add_choice(obj, unreadable, &dma->mode);
	add(obj, "stats", stats_json(dma));
	if (dma->stats_err && dma->stats_err != ENOENT)
		add(unreadable, "stats", string(util_errno_name(dma->stats_err)));
	add(obj, "unreadable", unreadable);
	return obj;
}

/* NULL of an older module. */
static struct json_object *recovery_json(const struct recovery *recovery)
{
	struct json_object *obj, *unreadable, *stats = NULL;

	if (recovery_missing(recovery))
		return NULL;
	obj = object();
	unreadable = object();
	add_choice(obj, unreadable, &recovery->policy);
	if (!recovery->stats_err)
		stats = object();
	for (int s = 0; stats && s < RECOVERY_NR_STATS; s++)
		add(stats, recovery_stat_name((enum recovery_stat)s),
		    recovery_stat_known(recovery, (enum recovery_stat)s) ?
		    number(recovery->stat[s]) : NULL);
	add(obj, "stats", stats);
	if (recovery->stats_err && recovery->stats_err != ENOENT)
		add(unreadable, "stats", string(util_errno_name(recovery->stats_err)));
	add(obj, "unreadable", unreadable);
	return obj;
}

static struct json_object *document(const char *kind)
{
	struct json_object *obj = object();

	add(obj, "schema_version", number(TDI_SCHEMA_VERSION));
	add(obj, "kind", string(kind));
	return obj;
}

/* Takes @obj. */
static void put_as(struct json_object *obj, int flags)
{
	const char *text = json_object_to_json_string_ext(obj, flags | JSON_C_TO_STRING_SPACED |
							       JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!text)
		have(NULL);
	puts(text);
	json_object_put(obj);
}

static void put(struct json_object *obj)
{
	put_as(obj, JSON_C_TO_STRING_PRETTY);
}

/* ---- list ---- */

static struct json_object *virtio_json(const struct virtio *virtio)
{
	struct json_object *obj = object();

	add(obj, "name", string(virtio->name));
	add(obj, "bdf", name(virtio->bdf));
	add(obj, "driver", string(virtio->driver));
	add(obj, "access_platform", virtio->err ? NULL : boolean(virtio->access_platform));
	return obj;
}

static struct json_object *virtio_list_json(const struct virtio_list *list)
{
	struct json_object *ret = array();

	for (size_t i = 0; i < list->nr; i++)
		append(ret, virtio_json(&list->virtio[i]));
	return ret;
}

static void json_list(const struct list_model *model)
{
	struct json_object *doc = document("list"), *tsms = array(), *devs = array();

	for (size_t i = 0; i < model->tsms->nr; i++)
		append(tsms, tsm_json(&model->tsms->tsm[i]));
	for (size_t i = 0; i < model->devs->nr; i++)
		if (model->devs->dev[i].is_tdi || model->all)
			append(devs, dev_json(&model->devs->dev[i], model->tsms->nr));
	add(doc, "tsms", tsms);
	add(doc, "devices", devs);
	add(doc, "virtio", virtio_list_json(model->virtio));
	put(doc);
}

/* ---- show ---- */

static struct json_object *why_json(const struct tdisp_why *why)
{
	struct json_object *obj;

	if (!why->check)
		return NULL;
	obj = object();
	add(obj, "check", string(why->check));
	add(obj, "offset", number(why->offset));
	add(obj, "index", why->index == TDISP_WHY_NO_INDEX ? NULL : number(why->index));
	add(obj, "expected", number(why->expected));
	add(obj, "found", number(why->found));
	return obj;
}

static struct json_object *range_json(const struct show_model *model, u32 i)
{
	const struct evidence *evidence = model->evidence;
	const struct tdisp_report *report = &model->report.report;
	struct tdisp_range range = tdisp_report_range(evidence->report, report, i);
	struct json_object *obj = object();

	add(obj, "range_id", number(range.id));
	add(obj, "first_page", number(range.first_page));
	add(obj, "pages", number(range.nr_pages));
	add(obj, "bar_offset", model->report.match_why.check ? NULL :
	    number(tdisp_report_bar_offset(evidence->report, report, &evidence->bars, i)));
	add(obj, "size", number((u64)range.nr_pages << TDISP_PAGE_SHIFT));
	add(obj, "non_tee", boolean(range.attr & TDISP_RANGE_NON_TEE));
	add(obj, "msix_table", boolean(range.attr & TDISP_RANGE_MSIX_TABLE));
	add(obj, "msix_pba", boolean(range.attr & TDISP_RANGE_MSIX_PBA));
	add(obj, "updatable", boolean(range.attr & TDISP_RANGE_ATTR_UPDATABLE));
	return obj;
}

/* Booleans are named after what the set bit means. */
static struct json_object *report_json(const struct show_model *model)
{
	const struct report_model *m = &model->report;
	const struct tdisp_report *report = &m->report;
	struct json_object *obj, *info, *ranges;

	if (!m->present)
		return NULL;
	obj = object();
	add(obj, "malformed", why_json(&m->parse_why));
	add(obj, "mismatch", why_json(&m->match_why));
	if (m->parse_why.check) {
		add(obj, "interface_info", NULL);
		add(obj, "msix_control", NULL);
		add(obj, "lnr_control", NULL);
		add(obj, "tph_control", NULL);
		add(obj, "device_info_size", NULL);
		add(obj, "ranges", array());
		return obj;
	}
	info = object();
	add(info, "value", hex(report->info, 4));
	add(info, "no_firmware_update", boolean(report->info & TDISP_INFO_NO_FW_UPDATE));
	add(info, "dma_without_pasid", boolean(report->info & TDISP_INFO_DMA_NO_PASID));
	add(info, "dma_with_pasid", boolean(report->info & TDISP_INFO_DMA_PASID));
	add(info, "ats", boolean(report->info & TDISP_INFO_ATS));
	add(info, "prs", boolean(report->info & TDISP_INFO_PRS));
	add(obj, "interface_info", info);
	add(obj, "msix_control", number(report->msix_control));
	add(obj, "lnr_control", number(report->lnr_control));
	add(obj, "tph_control", number(report->tph_control));
	add(obj, "device_info_size", number(report->device_info_len));
	ranges = array();
	for (u32 i = 0; i < report->nr_ranges; i++)
		append(ranges, range_json(model, i));
	add(obj, "ranges", ranges);
	return obj;
}

static struct json_object *generation_json(const struct attr *attr)
{
	char *end;
	unsigned long long n = strtoull(attr->text, &end, 10);

	if (attr->err || attr->text[0] < '0' || attr->text[0] > '9' || *end)
		return NULL;
	return number(n);
}

static struct json_object *nonce_json(const struct evidence *evidence)
{
	char text[2 * EVIDENCE_NONCE_SIZE + 1] = "";

	if (evidence->nonce_err)
		return NULL;
	for (size_t i = 0; i < evidence->nonce_len; i++)
		util_format(text + 2 * i, 3, "%02x", evidence->nonce[i]);
	return name(text);
}

static void json_show(const struct show_model *model)
{
	const struct evidence *evidence = model->evidence;
	struct json_object *doc = document("show"), *sizes = object(), *unreadable = object();

	add(doc, "device", dev_json(model->dev, model->tsm));
	add(doc, "dma", dma_json(model->dev, model->dma));
	add(doc, "recovery", recovery_json(model->recovery));
	add(doc, "tsm", model->tsm ? tsm_json(model->tsm) : NULL);
	add(doc, "generation", generation_json(&evidence->generation));
	add(doc, "nonce", nonce_json(evidence));
	for (int o = 0; o < EVIDENCE_NR; o++) {
		const char *key = evidence_name((enum evidence_object)o);

		add(sizes, key, evidence->size_err[o] ? NULL : number(evidence->size[o]));
		if (evidence->size_err[o])
			add(unreadable, key, string(util_errno_name(evidence->size_err[o])));
	}
	if (evidence->generation.err)
		add(unreadable, "generation", string(util_errno_name(evidence->generation.err)));
	if (evidence->nonce_err)
		add(unreadable, "nonce", string(util_errno_name(evidence->nonce_err)));
	add(doc, "evidence_sizes", sizes);
	add(doc, "report", report_json(model));
	add_attr(doc, unreadable, "result", &evidence->result);
	add(doc, "unreadable", unreadable);
	add(doc, "warnings", warnings_json(model->warnings));
	put(doc);
}

/* ---- bounce ---- */

static struct json_object *row_json(const struct bounce_row *row)
{
	struct json_object *obj = object();

	add(obj, "bdf", string(row->dev->bdf));
	add(obj, "driver", name(row->dev->driver));
	add(obj, "bus_master", boolean(row->dev->bus_master));
	add(obj, "tdi", boolean(row->kind == BOUNCE_TDI));
	add(obj, "may_bounce", boolean(row->may_bounce));
	add(obj, "why", why_dma_json(row->why_id, row->why));
	add(obj, "dma", row->kind == BOUNCE_TDI ? dma_json(row->dev, &row->dma) : NULL);
	return obj;
}

static struct json_object *pool_json(const struct pool *pool)
{
	struct json_object *obj = object();
	bool known = pool->status == POOL_MEASURED;

	add(obj, "status", string(pool_status_id(pool->status)));
	add(obj, "error", pool->err ? string(util_errno_name(pool->err)) : NULL);
	add(obj, "slab_size", number(POOL_SLAB_SIZE));
	add(obj, "slabs", known ? number(pool->size) : NULL);
	add(obj, "used", known ? number(pool->used) : NULL);
	add(obj, "high_water", known ? number(pool->high_water) : NULL);
	return obj;
}

static struct json_object *advice_json(const struct bounce_model *model)
{
	const struct pool_advice *advice = &model->advice;
	struct json_object *obj = object();

	add(obj, "reason", string(pool_reason_id(advice->reason)));
	add(obj, "parameter", name(model->parameter));
	add(obj, "slabs", advice->slabs ? number(advice->slabs) : NULL);
	add(obj, "least_slabs", number(advice->floor));
	add(obj, "headroom_percent", number(POOL_HEADROOM_PERCENT));
	add(obj, "pool_was_full", boolean(advice->full));
	add(obj, "used_by_unknown", boolean(advice->stray));
	return obj;
}

static void json_bounce(const struct bounce_model *model)
{
	struct json_object *doc = document("bounce"), *tsms = array(), *rows = array();

	for (size_t i = 0; i < model->tsms->nr; i++)
		append(tsms, tsm_json(&model->tsms->tsm[i]));
	for (size_t i = 0; i < model->nr; i++)
		append(rows, row_json(&model->row[i]));
	add(doc, "tsms", tsms);
	add(doc, "functions", rows);
	add(doc, "virtio", virtio_list_json(&model->virtio));
	add(doc, "pool", pool_json(&model->pool));
	add(doc, "advice", advice_json(model));
	add(doc, "warnings", warnings_json(model->warnings));
	put(doc);
}

/* ---- audit ---- */

static struct json_object *entry_json(const struct audit_entry *entry)
{
	struct json_object *obj = object();

	add(obj, "register", string(entry->name));
	add(obj, "effect", string(audit_effect_id(entry->effect)));
	add(obj, "count", number(entry->count));
	add(obj, "offset", hex(entry->offset, 3));
	add(obj, "value", hex(entry->value, 8));
	add(obj, "task", string(entry->task));
	return obj;
}

static void json_audit(const struct audit_model *model)
{
	struct json_object *doc = document("audit"), *tsms = array(), *devs = array();

	for (size_t i = 0; i < model->tsms->nr; i++)
		append(tsms, tsm_json(&model->tsms->tsm[i]));
	for (size_t i = 0; i < model->nr; i++) {
		const struct audit *audit = &model->row[i].audit;
		struct json_object *obj = object(), *entries = audit->err ? NULL : array();

		for (size_t e = 0; e < audit->nr; e++)
			append(entries, entry_json(&audit->entry[e]));
		add(obj, "bdf", string(model->row[i].dev.bdf));
		add(obj, "entries", entries);
		add(obj, "error", audit->err ? string(util_errno_name(audit->err)) : NULL);
		add(obj, "reason", audit->err ? string(audit_error_words(audit)) : NULL);
		append(devs, obj);
	}
	add(doc, "tsms", tsms);
	add(doc, "devices", devs);
	add(doc, "warnings", warnings_json(model->warnings));
	put(doc);
}

/* ---- recovery ---- */

static void json_recovery(const struct recovery_model *model)
{
	static const char * const ends[] = {
		[RECOVERY_SHOWN]	= "shown",
		[RECOVERY_SET]		= "done",
		[RECOVERY_UNCHANGED]	= "unchanged",
		[RECOVERY_UNDONE]	= "failed",
	};
	struct json_object *doc = document("recovery");

	add(doc, "bdf", string(model->bdf));
	add(doc, "outcome", string(ends[model->end]));
	add(doc, "exit_status", number(model->status));
	add(doc, "error", model->err ? string(util_errno_name(model->err)) : NULL);
	add(doc, "reason", name(model->reason));
	add(doc, "advice", model->advice ? string(model->advice) : NULL);
	add(doc, "recovery", recovery_json(&model->recovery));
	add(doc, "warnings", warnings_json(model->warnings));
	put(doc);
}

/* ---- watch ---- */

/* A line each, so that a reader need not wait for the end. */
static void json_watch(const struct watch_model *model)
{
	const struct uevent *event = model->event;
	struct json_object *doc = document(event ? "event" : "missed");

	add(doc, "time", string(model->time));
	add(doc, "bdf", event ? string(event->bdf) : NULL);
	add(doc, "event", event ? string(event->event) : NULL);
	add(doc, "state", event ? string(event->state) : NULL);
	add(doc, "reason", event ? name(event->reason) : string(model->missed));
	put_as(doc, 0);
}

/* ---- connect, disconnect ---- */

static struct json_object *uses_json(const struct uses *uses)
{
	struct json_object *ret = array();

	for (size_t i = 0; i < uses->nr; i++) {
		struct json_object *obj = object();

		add(obj, "block", string(uses->use[i].block));
		add(obj, "use", string(use_kind_name(uses->use[i].kind)));
		add(obj, "where", name(uses->use[i].where));
		append(ret, obj);
	}
	return ret;
}

static struct json_object *driver_json(const struct verb_model *model)
{
	struct json_object *obj = object();

	add(obj, "before", name(model->driver[0] ? model->driver : model->driver_after));
	add(obj, "after", name(model->driver_after));
	add(obj, "unbound", boolean(model->unbound));
	add(obj, "rebound", boolean(model->rebound));
	add(obj, "error", model->driver_err ? string(util_errno_name(model->driver_err)) : NULL);
	return obj;
}

static struct json_object *tpm_json(const struct verb_tpm *tpm)
{
	struct json_object *obj;
	char path[128];

	if (!tpm->wanted)
		return NULL;
	obj = object();
	util_escape(path, sizeof(path), tpm->log, strlen(tpm->log));
	add(obj, "measured", boolean(tpm->measured));
	add(obj, "pcr", number(tpm->pcr));
	add(obj, "log", string(path));
	add(obj, "problem", tpm->error.problem ? string(tpm_problem_name(tpm->error.problem)) : NULL);
	add(obj, "reason", name(tpm->error.text));
	return obj;
}

static void json_verb(const struct verb_model *model)
{
	static const char * const ends[] = {
		[VERB_DONE]		= "done",
		[VERB_UNCHANGED]	= "unchanged",
		[VERB_FAILED]		= "failed",
	};
	struct json_object *doc = document("verb");

	add(doc, "verb", string(model->verb));
	add(doc, "bdf", string(model->bdf));
	add(doc, "outcome", string(ends[model->end]));
	add(doc, "exit_status", number(model->status));
	add(doc, "error", model->err ? string(util_errno_name(model->err)) : NULL);
	add(doc, "reason", name(model->reason));
	add(doc, "advice", model->advice ? string(model->advice) : NULL);
	add(doc, "tsm", model->tsm ? tsm_json(model->tsm) : NULL);
	add(doc, "driver", driver_json(model));
	add(doc, "in_use", uses_json(&model->uses));
	add(doc, "device", model->after_valid ? dev_json(&model->after, model->have_tsm) : NULL);
	add(doc, "tpm", tpm_json(&model->tpm));
	add(doc, "warnings", warnings_json(model->warnings));
	put(doc);
}

const struct printer printer_json = {
	.list = json_list,
	.show = json_show,
	.bounce = json_bounce,
	.audit = json_audit,
	.recovery = json_recovery,
	.watch = json_watch,
	.verb = json_verb,
};
