// SPDX-License-Identifier: GPL-2.0
/*
 * What tdi connect, tdi disconnect and tdi gate do to a device.
 *
 * It takes the driver off, writes one tsm/ file and puts the driver back. Between
 * the first and the last nothing ends this process but SIGKILL: a device that
 * loses its driver to a Ctrl-C would be a poor kind of safety.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "approve.h"
#include "block.h"
#include "connect.h"
#include "driver.h"
#include "words.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* Signals make the write to tsm/ fail with EINTR, which the kernel undoes. */
void connect_hold_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction act = { .sa_handler = on_signal }, old;

	sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(signals[i], &act, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* ---- failures ---- */

static void TDI_PRINTF(4, 5) fail(struct verb_model *model, enum tdi_exit status, int err,
				  const char *fmt, ...)
{
	va_list ap;

	model->end = VERB_FAILED;
	model->status = status;
	model->err = err;
	va_start(ap, fmt);
	util_vformat(model->reason, sizeof(model->reason), fmt, ap);
	va_end(ap);
}

/* A file of sysfs could not be opened or a driver not be moved: I/O. */
static void fail_io(struct verb_model *model, int err, const char *what)
{
	fail(model, TDI_EXIT_USAGE, err, "%s: %s", what, strerror(err));
	if (err == EACCES || err == EPERM)
		model->advice = "This takes root.";
}

/* The kernel refused: its reason is in "result", after the verb's name. */
static void fail_kernel(const struct connect_job *job, struct verb_model *model, const char *file, int err)
{
	struct attr result;
	const char *reason;
	size_t len = strlen(file);

	sysfs_text(job->fs, &result, "bus/pci/devices/%s/tsm/result", job->bdf);
	reason = result.text;
	if (!strncmp(reason, file, len) && !strncmp(reason + len, ": ", 2))
		reason += len + 2;
	fail(model, tdi_exit_of(err), err, "%s", reason[0] ? reason : strerror(err));
	model->advice = tdi_advice(err);
}

/* The policy wants it measured. */
static void fail_tpm(struct verb_model *model, const struct tpm_error *err)
{
	fail(model, TDI_EXIT_TPM, tpm_problem_errno(err->problem), "TPM %s: %s",
	     tpm_problem_name(err->problem), err->text);
	model->advice = tpm_problem_advice(err->problem);
}

/* ---- before anything is touched ---- */

/* The TSM to name; NULL after a failure. */
static const struct tsm *choose_tsm(const struct connect_job *job, const struct tsm_list *tsms,
				    const struct dev *dev, struct verb_model *model)
{
	const char *name = job->tsm ? job->tsm : dev->tsm;
	const struct tsm *tsm;

	if (name[0]) {
		tsm = tsm_find(tsms, name);
		if (tsm)
			return tsm;
		fail(model, TDI_EXIT_PLATFORM, ENXIO, "no TSM of that name is registered");
	} else if (!tsms->nr) {
		fail(model, TDI_EXIT_PLATFORM, ENXIO, "no TSM is registered");
	} else if (tsms->nr > 1) {
		fail(model, TDI_EXIT_USAGE, EINVAL, "several TSMs are registered");
		model->advice = "Name one with --tsm; \"tdi list\" shows them.";
		return NULL;
	} else {
		return &tsms->tsm[0];
	}
	model->advice = tdi_advice(ENXIO);
	return NULL;
}

static bool is_shared(const struct dev *dev)
{
	return attr_is(&dev->state, "CONFIG_UNLOCKED") && attr_is(&dev->dma, "bounce") &&
	       !dev->tsm[0];
}

/* True if there is something to do. */
static bool connect_is_due(const struct dev *dev, const struct tsm *tsm, struct verb_model *model)
{
	/* Not knowing the state is no reason to take the driver away. */
	if (dev->state.err) {
		fail(model, tdi_exit_of(dev->state.err), dev->state.err,
		     "cannot read the device's state: %s", strerror(dev->state.err));
		model->advice = tdi_advice(dev->state.err);
		return false;
	}
	if (is_shared(dev))
		return true;
	if (dev->connected && attr_is(&dev->state, "RUN") && !strcmp(dev->tsm, tsm->name)) {
		model->end = VERB_UNCHANGED;
		return false;
	}
	fail(model, TDI_EXIT_BUSY, EBUSY, "the device is not an unlocked, shared one: state %s, DMA %s%s%s",
	     dev->state.text, dev->dma.text, dev->tsm[0] ? ", locked by " : "", dev->tsm);
	model->advice = "\"tdi disconnect\" makes it one.";
	return false;
}

static bool disconnect_is_due(const struct dev *dev, struct verb_model *model)
{
	/* A state that cannot be read is a reason to unlock, not one against it. */
	if (!is_shared(dev))
		return true;
	model->end = VERB_UNCHANGED;
	return false;
}

static bool uses_allow(const struct connect_job *job, struct verb_model *model)
{
	const struct use *use;
	int rc = block_uses(job->fs, job->bdf, &model->uses);

	if (job->force) {
		model->warnings |= model->uses.nr ? WARN_BIT(WARN_IN_USE) : 0;
		return true;
	}
	if (rc) {
		fail(model, TDI_EXIT_USAGE, -rc, "cannot tell whether the device's disks are in use: %s",
		     strerror(-rc));
		model->advice = "--force goes on without knowing.";
		return false;
	}
	if (!model->uses.nr)
		return true;
	use = &model->uses.use[0];
	fail(model, TDI_EXIT_BUSY, EBUSY, "the device is in use: %s %s%s%s", use->block,
	     use->kind == USE_MOUNTED ? "is mounted on " :
	     use->kind == USE_SWAP ? "is used for swap" :
	     use->kind == USE_HELD ? "is held by " : "is open exclusively",
	     use->where, model->uses.nr > 1 ? ", and more" : "");
	model->advice = "Unmount it first. --force goes on nevertheless, and loses what was not written.";
	return false;
}

/* Adds to a list, or dots once it grows too long. */
static void list_add(char *list, size_t size, const char *name)
{
	static const char more[] = ", ...";
	size_t used = strlen(list);

	if (used >= sizeof(more) && !strcmp(list + used - strlen(more), more))
		return;
	if (used + strlen(", ") + strlen(name) + sizeof(more) > size)
		name = "...";
	util_format(list + used, size - used, "%s%s", used ? ", " : "", name);
}

/* What the policy asks of the machine: it is no matter of evidence. */
static bool machine_allows(const struct connect_job *job, struct verb_model *model)
{
	char found[512] = "", name[VIRTIO_NAME_SIZE];
	struct virtio_list virtio;
	struct dev_list devs;
	int rc;

	if (!job->connect || !job->inputs->policy.refuse_virtio_bypass)
		return true;
	rc = dev_list_read(job->fs, &devs);
	if (!rc) {
		rc = virtio_list_read(job->fs, &devs, &virtio);
		dev_list_free(&devs);
	}
	if (rc) {
		fail_io(model, -rc, "cannot tell whether virtio devices go past the DMA API");
		return false;
	}
	for (size_t i = 0; i < virtio.nr; i++) {
		/* What cannot be told is not ruled out. */
		if (!virtio_bypasses(&virtio.virtio[i]) && !virtio.virtio[i].err)
			continue;
		virtio_name(&virtio.virtio[i], name);
		list_add(found, sizeof(found), name);
	}
	virtio_list_free(&virtio);
	if (!found[0])
		return true;
	fail(model, TDI_EXIT_POLICY, ENOKEY,
	     "virtio_bypass: expected no virtio device that goes past the DMA API, found %s",
	     found);
	model->advice = "The policy refuses that. Have the host offer ACCESS_PLATFORM (QEMU: iommu_platform=on), or unbind the driver.";
	return false;
}

/* No driver is taken away for a TPM that will not do. */
static bool tpm_allows(const struct connect_job *job, struct verb_model *model)
{
	const struct measure *measure = &job->inputs->measure;
	struct measured measured;

	if (!job->connect || !job->verify || job->inputs->policy.tpm.measure == MEASURE_OFF)
		return true;
	model->tpm = (struct verb_tpm) {
		.wanted = true, .pcr = (unsigned int)measure->pcr,
		.log = measure->log ? measure->log : MEASURE_LOG_DEFAULT,
	};
	if (job->inputs->policy.tpm.measure == MEASURE_OPTIONAL)
		return true;
	if (!measure_open(measure, 1u << measure->pcr, &measured, &model->tpm.error)) {
		fail_tpm(model, &model->tpm.error);
		return false;
	}
	measure_close(&measured);
	return true;
}

/* ---- the deed ---- */

/* "disconnect" undoes a connect; "unlock" leads out of everything else. */
static const char *file_of(const struct connect_job *job, const struct dev *dev)
{
	if (job->connect)
		return "connect";
	return dev->connected ? "disconnect" : "unlock";
}

/* Connect in single steps, with a verdict of our own in between. */
static void act_verified(const struct connect_job *job, struct verb_model *model)
{
	struct approve_result result;

	approve(job->fs, job->bdf, model->tsm, job->inputs, &result);
	switch (result.end) {
	case APPROVE_DONE:
		break;
	case APPROVE_KERNEL:
		fail_kernel(job, model, result.file, result.err);
		break;
	case APPROVE_VERDICT:
		fail(model, result.status, result.err, "%s", result.reason);
		model->advice = "\"tdi evidence\" saves what was looked at while the device is locked; \"tdi verify\" tells all of it.";
		break;
	case APPROVE_IO:
		fail_io(model, result.err, result.reason);
		break;
	case APPROVE_TPM:
		fail_tpm(model, &result.tpm);
		break;
	}
	model->tpm.measured = result.measured;
	model->tpm.error = result.tpm;
}

static void act(const struct connect_job *job, const struct dev *dev, struct verb_model *model)
{
	const char *file = file_of(job, dev);
	char path[PATH_MAX], what[64];
	bool opened = false;
	int rc;

	if (interrupted) {
		fail(model, TDI_EXIT_USAGE, EINTR, "interrupted");
		return;
	}
	if (job->verify) {
		act_verified(job, model);
		return;
	}
	rc = util_format(path, sizeof(path), "bus/pci/devices/%s/tsm/%s", job->bdf, file);
	if (!rc)
		rc = sysfs_store(job->fs, path, model->tsm->name, &opened);
	if (!rc)
		return;
	if (opened) {
		fail_kernel(job, model, file, -rc);
		return;
	}
	util_format(what, sizeof(what), "cannot open tsm/%s", file);
	fail_io(model, -rc, what);
}

/* The kernel said yes: believe what it shows, not what it said. */
static void read_back(const struct connect_job *job, struct verb_model *model)
{
	const struct dev *dev = &model->after;
	bool as_promised;

	model->after_valid = !dev_read(job->fs, job->bdf, &model->after);
	if (model->end == VERB_FAILED)
		return;
	if (!model->after_valid || !dev->is_tdi) {
		fail(model, TDI_EXIT_PLATFORM, ENODEV, "the device is gone");
		return;
	}
	if (job->connect)
		as_promised = attr_is(&dev->state, "RUN") && dev->connected &&
			      !strcmp(dev->tsm, model->tsm->name) && !dev->dma.err &&
			      !attr_is(&dev->dma, "blocked") && !attr_is(&dev->dma, "bounce");
	else
		as_promised = is_shared(dev);
	if (!as_promised)
		fail(model, TDI_EXIT_PLATFORM, EIO,
		     "the kernel reported success, but the device is in state %s, DMA %s",
		     dev->state.err ? "unknown" : dev->state.text,
		     dev->dma.err ? "unknown" : dev->dma.text);
}

/* A driver fits a device that is wholly shared or wholly private, not in between. */
static bool fit_for_driver(const struct dev *dev)
{
	if (attr_is(&dev->state, "RUN"))
		return dev->connected && !dev->dma.err && !attr_is(&dev->dma, "blocked");
	return (dev->state.err || attr_is(&dev->state, "CONFIG_UNLOCKED")) &&
	       attr_is(&dev->dma, "bounce") && !dev->tsm[0];
}

static void restore_driver(const struct connect_job *job, size_t disks, struct verb_model *model)
{
	int rc;

	if (!model->unbound)
		return;
	if (job->no_driver && model->end != VERB_FAILED) {
		model->left_alone = true;
		return;
	}
	if (!model->after_valid || (model->after.is_tdi && !fit_for_driver(&model->after))) {
		model->left_alone = true;
		if (model->status == TDI_EXIT_DONE)
			model->status = TDI_EXIT_PLATFORM;
		return;
	}
	rc = driver_rebind(job->fs, job->bdf, model->driver, disks, job->wait_ms,
			   model->driver_after);
	model->rebound = !rc;
	model->driver_err = -rc;
	/* The verb's own failure tells more than this one. */
	if (rc && model->status == TDI_EXIT_DONE)
		model->status = TDI_EXIT_PLATFORM;
}

static void perform(const struct connect_job *job, const struct dev *dev, struct verb_model *model)
{
	size_t disks = block_disks(job->fs, job->bdf);
	int rc;

	util_format(model->driver, sizeof(model->driver), "%s", dev->driver);
	if (dev->driver[0]) {
		if (!uses_allow(job, model))
			return;
		connect_hold_signals();
		rc = driver_unbind(job->fs, job->bdf);
		if (rc) {
			fail_io(model, -rc, "cannot unbind the driver");
			return;
		}
		model->unbound = true;
	}
	act(job, dev, model);
	read_back(job, model);
	restore_driver(job, disks, model);
}

void connect_run(const struct connect_job *job, const struct tsm_list *tsms,
		 struct verb_model *model)
{
	struct dev dev;

	if (dev_read(job->fs, job->bdf, &dev)) {
		fail(model, TDI_EXIT_PLATFORM, ENODEV, "no such PCI device");
		return;
	}
	model->after = dev;
	model->after_valid = true;
	util_format(model->driver_after, sizeof(model->driver_after), "%s", dev.driver);
	if (!dev.is_tdi) {
		fail(model, TDI_EXIT_PLATFORM, ENXIO, "not a TDI: %s", no_tdi_words(&dev, tsms->nr));
		return;
	}
	if (!job->connect && !disconnect_is_due(&dev, model))
		return;
	model->tsm = choose_tsm(job, tsms, &dev, model);
	if (!model->tsm)
		return;
	if (job->connect && !connect_is_due(&dev, model->tsm, model))
		return;
	if (!machine_allows(job, model) || !tpm_allows(job, model))
		return;
	model->driver_after[0] = '\0';
	perform(job, &dev, model);
	if (!model->unbound)
		util_format(model->driver_after, sizeof(model->driver_after), "%s", dev.driver);
}
