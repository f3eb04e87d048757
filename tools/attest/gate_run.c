// SPDX-License-Identifier: GPL-2.0
/* The decision: hold, policy, devices, in this order; what fails first is what is told. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gate.h"
#include "words.h"

#define POLL_MS		100
/* Kept back for what has to be killed, and for the last words. */
#define RESERVE_MS	2000u

#define TPM_DEVICE	"/dev/tpmrm0"

/* What an entry is, for a device: its index, or one of these. */
#define NO_ENTRY	(-1)
#define ENTRY_FULL	(-2)

static const char still_held[] = "It stays held.";

/**
 * struct run - a decision being made
 * @until: gate_millis() at which it has to be there
 * @lock: against other decisions, negative for none
 * @entry_of: for each of @devs: index, NO_ENTRY or ENTRY_FULL
 */
struct run {
	const struct gate_job *job;
	struct gate_decision *decision;
	struct gate_source source;
	struct gate_hold hold;
	struct tsm_list tsms;
	struct dev_list devs;
	int lock;
	int *entry_of;
	uint64_t started;
	uint64_t until;
};

void gate_boot_id(const struct sysfs *fs, char ret[40])
{
	struct sysfs proc = { .sys = fs->proc };
	struct attr attr;

	sysfs_text(&proc, &attr, "sys/kernel/random/boot_id");
	if (util_format(ret, 40, "%s", attr.text))
		ret[0] = '\0';
}

/* ---- the hold ---- */

static bool hold_works(struct run *run)
{
	const struct gate_hold *hold = &run->hold;
	struct gate_failure *why = &run->decision->why;

	if (run->job->no_hold || gate_hold_works(hold))
		return true;
	if (hold->policy.err)
		gate_fail(why, TDI_EXIT_PLATFORM,
			  "Load the module tdi with gate=all (modprobe.d(5), or tdi.gate=all on the kernel's command line) before any driver.",
			  "hold: expected all or listed in /sys/devices/tdi-gate/policy, found none (%s)",
			  strerror(hold->policy.err));
	else if (hold->err)
		gate_fail(why, TDI_EXIT_PLATFORM, NULL,
			  "hold: expected lists of devices in /sys/devices/tdi-gate, found something else (%s)",
			  strerror(hold->err));
	else
		gate_fail(why, TDI_EXIT_PLATFORM,
			  "Nothing is held: any driver may have any device. Boot with tdi.gate=all.",
			  "hold: expected all or listed, found %s", hold->policy.text);
	return false;
}

/* ---- which device is whose ---- */

static bool is_asked_for(const struct run *run, const struct dev *dev)
{
	return !run->job->only || !strcmp(run->job->only, dev->bdf);
}

static int find_entry(const struct run *run, const struct dev *dev, const unsigned int *taken)
{
	const struct gate *gate = &run->source.gate;
	int found = NO_ENTRY;

	for (size_t i = 0; i < gate->nr; i++) {
		if (!gate_matches(&gate->entry[i], dev->bdf, dev->vendor, dev->device, dev->class))
			continue;
		if (taken[i] < gate->entry[i].count)
			return (int)i;
		found = ENTRY_FULL;
	}
	return found;
}

/* In the order of addresses: the same devices have the same entries at each boot. */
static void assign(struct run *run)
{
	unsigned int taken[GATE_DEVICES_MAX] = { 0 };

	run->entry_of = util_grow(run->entry_of, run->devs.nr + 1, sizeof(*run->entry_of));
	/* One that comes later has what those that run leave over. */
	for (size_t i = 0; i < run->devs.nr; i++) {
		const struct dev *dev = &run->devs.dev[i];

		run->entry_of[i] = NO_ENTRY;
		if (is_asked_for(run, dev) || !dev->is_tdi ||
		    !dev_is_connected(run->job->fs, dev->bdf))
			continue;
		run->entry_of[i] = find_entry(run, dev, taken);
		if (run->entry_of[i] >= 0)
			taken[run->entry_of[i]]++;
	}
	for (size_t i = 0; i < run->devs.nr; i++) {
		if (!is_asked_for(run, &run->devs.dev[i]))
			continue;
		run->entry_of[i] = find_entry(run, &run->devs.dev[i], taken);
		if (run->entry_of[i] >= 0)
			taken[run->entry_of[i]]++;
	}
}

/* ---- waiting ---- */

static void look(struct run *run)
{
	struct tsm_list tsms;
	struct dev_list devs;

	if (!tsm_list_read(run->job->fs, &tsms)) {
		tsm_list_free(&run->tsms);
		run->tsms = tsms;
	}
	if (!dev_list_read_ids(run->job->fs, &devs)) {
		dev_list_free(&run->devs);
		run->devs = devs;
	}
	gate_hold_free(&run->hold);
	gate_hold_read(run->job->fs, &run->hold);
	assign(run);
}

static unsigned int claimed(const struct run *run, size_t entry)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < run->devs.nr; i++)
		nr += run->entry_of[i] == (int)entry && run->devs.dev[i].is_tdi;
	return nr;
}

static bool tpm_is_awaited(const struct run *run)
{
	bool wanted = false;

	for (size_t i = 0; i < run->source.gate.nr; i++)
		wanted |= run->source.policy[i].tpm.measure == MEASURE_REQUIRED;
	return wanted && !run->job->tcti && access(TPM_DEVICE, F_OK);
}

static bool is_complete(const struct run *run)
{
	const struct gate *gate = &run->source.gate;

	if (run->job->only) {
		for (size_t i = 0; i < run->devs.nr; i++)
			if (is_asked_for(run, &run->devs.dev[i]))
				return run->entry_of[i] < 0 ||
				       (run->devs.dev[i].is_tdi && !tpm_is_awaited(run));
		return false;
	}
	for (size_t i = 0; i < gate->nr; i++)
		if (gate->entry[i].required && claimed(run, i) < gate->entry[i].count)
			return false;
	return !tpm_is_awaited(run);
}

/* Half of the time is for who comes late: the other half is for who is there by then. */
static void await(struct run *run)
{
	struct timespec nap = { .tv_nsec = POLL_MS * 1000000L };
	uint64_t until = run->started + (run->until - run->started) / 2;

	for (look(run); !is_complete(run) && gate_millis() < until; look(run))
		nanosleep(&nap, NULL);
}

static unsigned int left_to_do(const struct run *run, size_t entry, size_t dev)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < run->devs.nr; i++)
		nr += is_asked_for(run, &run->devs.dev[i]) &&
		      (run->entry_of[i] > (int)entry || (run->entry_of[i] == (int)entry && i >= dev));
	return nr;
}

/*
 * What an entry's count leaves over is what those that run do not take: two who look at once
 * would both find it. Who has nothing to connect is in nobody's way.
 */
static bool lock_out_others(struct run *run)
{
	struct gate_failure *why = &run->decision->why;

	if (!left_to_do(run, 0, 0))
		return true;
	run->lock = gate_result_lock(run->job->result, run->until);
	if (run->lock >= 0) {
		look(run);
		return true;
	}
	if (run->lock == -EWOULDBLOCK)
		gate_fail(why, TDI_EXIT_BUSY, "Decide again once the other decision is made.",
			  "lock: expected no other decision to be made, found one that took all of the time");
	else
		gate_fail(why, TDI_EXIT_USAGE, NULL,
			  "lock: expected gate.lock beside the result, found that it cannot be had (%s)",
			  strerror(-run->lock));
	return false;
}

/* ---- one device ---- */

static struct gate_device *add_device(struct run *run, const char *bdf,
				      const struct gate_entry *entry)
{
	struct gate_device *device = gate_decision_add(run->decision);
	const char *exposed = gate_hold_exposed(&run->hold, bdf);

	util_format(device->bdf, sizeof(device->bdf), "%s", bdf);
	if (exposed)
		util_format(device->exposed, sizeof(device->exposed), "%s", exposed);
	if (entry) {
		util_format(device->entry, sizeof(device->entry), "%s", entry->name);
		device->required = entry->required;
	}
	if (sysfs_link(run->job->fs, device->driver, "bus/pci/devices/%s/driver", bdf))
		device->driver[0] = '\0';
	return device;
}

static void TDI_PRINTF(5, 6) judge(struct gate_device *device, enum gate_verdict verdict,
				   enum tdi_exit status, const char *advice, const char *fmt, ...)
{
	va_list ap;

	device->verdict = verdict;
	device->status = status;
	util_format(device->advice, sizeof(device->advice), "%s", advice);
	va_start(ap, fmt);
	util_vformat(device->reason, sizeof(device->reason), fmt, ap);
	va_end(ap);
}

/* What speaks against it before anything is done to it; false after a verdict. */
static bool may_connect(const struct run *run, const struct dev *dev, struct gate_device *device)
{
	if (device->exposed[0] && !run->source.gate.allow_exposed) {
		device->required = true;
		judge(device, GATE_REFUSED, TDI_EXIT_POLICY,
		      "Have the hold before the driver: the module tdi first in the initramfs, or the driver as a module.",
		      "exposed: expected no driver before the hold, found %s", device->exposed);
		return false;
	}
	if (!dev->is_tdi) {
		judge(device, GATE_FAILED, TDI_EXIT_PLATFORM, still_held,
		      "tdi: expected a device that a TSM claims, found %s",
		      no_tdi_words(dev, run->tsms.nr));
		return false;
	}
	if (!run->job->no_hold && !gate_hold_has(&run->hold, dev->bdf) &&
	    !dev_is_connected(run->job->fs, dev->bdf)) {
		judge(device, GATE_FAILED, TDI_EXIT_PLATFORM,
		      "Boot with tdi.gate=all, or name it in tdi.gate_devices.",
		      "hold: expected the kernel to hold it, found that it does not (driver %s)",
		      device->driver[0] ? device->driver : "none");
		return false;
	}
	return true;
}

/* Each has its share of what is left: one that hangs costs the others nothing. */
static uint64_t share(const struct run *run, size_t entry, size_t dev)
{
	uint64_t now = gate_millis(), left = run->until > now ? run->until - now : 0;

	return now + left / left_to_do(run, entry, dev);
}

static void decide_on(struct run *run, size_t e, size_t d)
{
	const struct gate_entry *entry = &run->source.gate.entry[e];
	const struct dev *dev = &run->devs.dev[d];
	struct gate_device *device = add_device(run, dev->bdf, entry);

	if (may_connect(run, dev, device))
		gate_connect(run->job, &run->tsms, &run->source.policy[e], entry,
			     share(run, e, d), device);
}

/* By entry and then by address: the order in which a TPM hears of them is always the same. */
static void decide_entry(struct run *run, size_t e)
{
	const struct gate_entry *entry = &run->source.gate.entry[e];
	unsigned int found = 0;

	for (size_t d = 0; d < run->devs.nr; d++) {
		if (run->entry_of[d] != (int)e)
			continue;
		found++;
		if (is_asked_for(run, &run->devs.dev[d]))
			decide_on(run, e, d);
	}
	if (run->job->only || found >= entry->count || !entry->required)
		return;
	judge(add_device(run, "", entry), GATE_ABSENT, TDI_EXIT_PLATFORM,
	      "The host did not give the machine this device, or gave another one.",
	      "device: expected %u of %04x:%04x%s%s, found %u%s", entry->count, entry->vendor,
	      entry->device, entry->bdf[0] ? " at " : "", entry->bdf, found,
	      run->tsms.nr ? "" : "; and no TSM is registered");
}

/* ---- the rest ---- */

static const struct dev *find_dev(const struct run *run, const char *bdf, int *ret_entry)
{
	for (size_t i = 0; i < run->devs.nr; i++) {
		if (strcmp(run->devs.dev[i].bdf, bdf))
			continue;
		*ret_entry = run->entry_of[i];
		return &run->devs.dev[i];
	}
	return NULL;
}

static bool is_told(const struct gate_decision *decision, const char *bdf)
{
	for (size_t i = 0; i < decision->nr; i++)
		if (!strcmp(decision->device[i].bdf, bdf))
			return true;
	return false;
}

/* One that no entry took, or that nobody came to look at. */
static void add_other(struct run *run, const char *bdf, bool looked)
{
	struct gate_device *device;
	int entry = NO_ENTRY;
	const struct dev *dev = find_dev(run, bdf, &entry);

	if (is_told(run->decision, bdf) || (run->job->only && strcmp(run->job->only, bdf)))
		return;
	device = add_device(run, bdf, NULL);
	/* That it had a driver counts, whoever asked for it. */
	if (device->exposed[0] && looked && !run->source.gate.allow_exposed) {
		device->required = true;
		judge(device, GATE_REFUSED, TDI_EXIT_POLICY, still_held,
		      "exposed: expected no driver before the hold, found %s", device->exposed);
		return;
	}
	if (!looked)
		judge(device, GATE_HELD, TDI_EXIT_DONE, still_held, "nothing was decided about it");
	else if (entry == ENTRY_FULL)
		judge(device, GATE_HELD, TDI_EXIT_DONE, still_held,
		      "policy: expected no more of %04x:%04x, found one more", dev->vendor,
		      dev->device);
	else
		judge(device, GATE_HELD, TDI_EXIT_DONE, still_held,
		      "policy: expected an entry for %04x:%04x class %06x, found none",
		      dev ? dev->vendor : 0, dev ? dev->device : 0, dev ? dev->class : 0);
}

static void add_others(struct run *run, bool looked)
{
	for (size_t i = 0; i < run->hold.nr_held; i++)
		add_other(run, run->hold.held[i], looked);
	for (size_t i = 0; i < run->hold.nr_exposed; i++)
		add_other(run, run->hold.exposed[i].bdf, looked);
	if (!looked || !run->hold.more_exposed || run->source.gate.allow_exposed)
		return;
	gate_fail(&run->decision->why, TDI_EXIT_POLICY, still_held,
		  "exposed: expected no driver before the hold, found %llu more than can be named",
		  (unsigned long long)run->hold.more_exposed);
}

/* One device that came later and that nobody holds or asked for is nothing to decide. */
static void only_held(struct run *run)
{
	const struct gate_device *device;

	if (!run->job->only || run->decision->why.status)
		return;
	if (!run->decision->nr) {
		int entry;

		if (!find_dev(run, run->job->only, &entry))
			gate_fail(&run->decision->why, TDI_EXIT_PLATFORM, NULL,
				  "device: expected %s, found none", run->job->only);
		return;
	}
	device = &run->decision->device[0];
	if (device->verdict == GATE_HELD)
		gate_fail(&run->decision->why, TDI_EXIT_POLICY, device->advice, "%s: %s",
			  device->bdf, device->reason);
}

static int gravity(enum tdi_exit status)
{
	static const enum tdi_exit order[] = {
		TDI_EXIT_DONE, TDI_EXIT_USAGE, TDI_EXIT_BUSY, TDI_EXIT_PLATFORM, TDI_EXIT_TPM,
		TDI_EXIT_POLICY, TDI_EXIT_EVIDENCE,
	};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i] == status)
			return (int)i;
	return 1;
}

/* The gravest of what is required, or of the one that was asked for. */
static void sum_up(struct run *run)
{
	struct gate_decision *decision = run->decision;
	const struct gate_device *worst = NULL;

	for (size_t i = 0; i < decision->nr; i++) {
		const struct gate_device *device = &decision->device[i];

		if (!device->status || !(device->required || run->job->only))
			continue;
		if (!worst || gravity(device->status) > gravity(worst->status))
			worst = device;
	}
	if (worst)
		gate_fail(&decision->why, worst->status, worst->advice, "%s%s%s: %s", worst->bdf,
			  worst->bdf[0] && worst->entry[0] ? " " : "", worst->entry, worst->reason);
}

static void hex(const uint8_t *digest, size_t len, char *ret)
{
	for (size_t i = 0; i < len; i++)
		util_format(ret + 2 * i, 3, "%02x", digest[i]);
}

static void note_source(const struct gate_source *source, struct gate_decision *decision)
{
	const struct gate *gate = &source->gate;

	decision->credentials = source->credentials;
	decision->has_policy = source->has_gate;
	if (source->has_signer) {
		util_format(decision->signer, sizeof(decision->signer), "%s",
			    source->signer.subject[0] ? source->signer.subject : "(no name)");
		hex(source->signer_sha256, FINGERPRINT_SIZE, decision->signer_sha256);
	}
	if (!source->has_gate)
		return;
	hex(source->sha256, GATE_SHA256_SIZE, decision->policy_sha256);
	util_format(decision->description, sizeof(decision->description), "%s",
		    gate->description);
	if (gate->has_not_before)
		gate_time_text(gate->not_before, decision->not_before);
	gate_time_text(gate->not_after, decision->not_after);
}

static void set_deadline(struct run *run)
{
	const struct gate_job *job = run->job;
	uint64_t all = 1000ull * (job->timeout ? job->timeout : run->source.gate.timeout);

	run->until = run->started + all - (all > 2 * RESERVE_MS ? RESERVE_MS : all / 2);
	/* Should this program itself hang, it dies, and what is held stays held. */
	alarm((unsigned int)(all / 1000) + 15);
}

static void decide(struct run *run)
{
	const struct gate_job *job = run->job;
	struct gate_decision *decision = run->decision;
	bool looked;

	alarm(2 * GATE_TIMEOUT_MAX);
	gate_hold_read(job->fs, &run->hold);
	util_format(decision->hold, sizeof(decision->hold), "%s", run->hold.policy.text);
	looked = hold_works(run) &&
		 gate_source_load(job->dir, job->credentials, time(NULL),
				  &run->source, &decision->why);
	note_source(&run->source, decision);
	if (looked) {
		set_deadline(run);
		await(run);
		looked = lock_out_others(run);
	}
	for (size_t e = 0; looked && e < run->source.gate.nr; e++)
		decide_entry(run, e);
	if (run->lock >= 0)
		gate_result_unlock(run->lock);
	add_others(run, looked);
	if (looked)
		sum_up(run);
	only_held(run);
	alarm(0);
}

void gate_decide(const struct gate_job *job, struct gate_decision *ret)
{
	struct run run = {
		.job = job, .decision = ret, .started = gate_millis(), .lock = -1,
	};

	*ret = (struct gate_decision) { 0 };
	util_format(ret->only, sizeof(ret->only), "%s", job->only ? job->only : "");
	gate_boot_id(job->fs, ret->boot_id);
	decide(&run);
	gate_time_text(time(NULL), ret->time);
	ret->boottime = gate_millis();
	ret->millis = ret->boottime - run.started;
	gate_source_free(&run.source);
	gate_hold_free(&run.hold);
	tsm_list_free(&run.tsms);
	dev_list_free(&run.devs);
	free(run.entry_of);
}
