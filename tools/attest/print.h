/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the verbs found (one model) and the writers that put it out.
 *
 * A writer decides nothing: verdicts, warnings and exit statuses are in the
 * model already.
 */
#ifndef ATTEST_PRINT_H
#define ATTEST_PRINT_H

#include <tdisp/report.h>

#include "audit.h"
#include "block.h"
#include "dev.h"
#include "dma.h"
#include "exit.h"
#include "pool.h"
#include "recovery.h"
#include "tpm.h"
#include "uevent.h"
#include "virtio.h"

/* Of all JSON documents; grows when a member changes its meaning or goes. */
#define TDI_SCHEMA_VERSION	1

/* "tdi list" */
struct list_model {
	const struct tsm_list *tsms;
	const struct dev_list *devs;
	const struct virtio_list *virtio;
	bool all;		/* also what is no TDI */
};

/**
 * struct report_model - the interface report, explained
 * @present: there is one
 * @parse_why: why its form is wrong, check NULL if it is not
 * @match_why: why it does not match the BARs, check NULL if it does
 * @report: valid when the form is right
 */
struct report_model {
	bool present;
	struct tdisp_why parse_why;
	struct tdisp_why match_why;
	struct tdisp_report report;
};

/* "tdi show"; @tsm may be NULL */
struct show_model {
	const struct dev *dev;
	const struct dma *dma;
	const struct recovery *recovery;
	const struct tsm *tsm;
	const struct evidence *evidence;
	struct report_model report;
	unsigned int warnings;	/* WARN_BIT() */
};

enum bounce_kind {
	BOUNCE_TDI,
	BOUNCE_KERNEL,		/* no TDI: the kernel's own DMA code, which counts for nobody */
	BOUNCE_TSM,		/* the TSM's own function */
};

/**
 * struct bounce_row - a PCI function that can do DMA
 * @dma: read if it is a TDI
 * @bypass: virtio that goes past the DMA API
 * @may_bounce: it takes from the pool, or nobody can rule it out
 * @why: of the mode, or why it is no TDI
 */
struct bounce_row {
	enum bounce_kind kind;
	const struct dev *dev;
	struct dma dma;
	bool bypass;
	bool may_bounce;
	const char *why_id;
	char why[DMA_WHY_SIZE];
};

/**
 * struct bounce_model - "tdi bounce"
 * @bouncers: rows that may bounce
 * @cpus: as pool_advise() took them
 * @parameter: for the kernel's command line, "" for no advice
 */
struct bounce_model {
	const struct tsm_list *tsms;
	size_t nr;
	struct bounce_row *row;
	size_t bouncers;
	struct virtio_list virtio;
	unsigned int cpus;
	struct pool pool;
	struct pool_advice advice;
	char parameter[64];
	unsigned int warnings;
};

struct audit_row {
	struct dev dev;
	struct audit audit;
};

/* "tdi audit" */
struct audit_model {
	const struct tsm_list *tsms;
	size_t nr;
	struct audit_row *row;
	unsigned int warnings;
};

enum recovery_end {
	RECOVERY_SHOWN,
	RECOVERY_SET,
	RECOVERY_UNCHANGED,	/* it was so before, nothing was written */
	RECOVERY_UNDONE,
};

/**
 * struct recovery_model - "tdi recovery"
 * @err: positive errno of a failure, 0 for none
 * @reason: why it failed
 * @advice: what to do about it, NULL for nothing
 * @recovery: afterwards
 */
struct recovery_model {
	const char *bdf;
	enum recovery_end end;
	enum tdi_exit status;
	int err;
	char reason[1152];
	const char *advice;
	struct recovery recovery;
	unsigned int warnings;
};

/**
 * struct watch_model - "tdi watch": something happened
 * @time: when it was heard of
 * @event: NULL if it was missed
 * @missed: why, then
 */
struct watch_model {
	char time[32];
	const struct uevent *event;
	const char *missed;
};

/**
 * struct verb_tpm - whether the device was measured into a TPM
 * @wanted: the policy wants it
 * @measured: it was
 * @pcr: into this one
 * @log: and recorded here
 * @error: why it was not
 */
struct verb_tpm {
	bool wanted;
	bool measured;
	unsigned int pcr;
	const char *log;
	struct tpm_error error;
};

enum verb_end {
	VERB_DONE,		/* it was done now */
	VERB_UNCHANGED,		/* it was so before, nothing was touched */
	VERB_FAILED,
};

/**
 * struct verb_model - "tdi connect" and "tdi disconnect"
 * @verb: "connect" or "disconnect"
 * @end: how the verb itself ended; the driver's fate is apart
 * @status: the exit status, of verb and driver together
 * @err: positive errno of a failure, 0 for none
 * @reason: why it failed, in the kernel's words where it gave any
 * @advice: what to do about it, NULL for nothing
 * @after: the device afterwards; @after_valid unless it is gone
 * @have_tsm: some TSM is registered
 * @driver: the driver that was bound before, "" for none
 * @unbound: it was taken off
 * @rebound: it is back, with all its disks
 * @driver_after: what is bound now
 * @driver_err: positive errno of the failed rebinding
 * @left_alone: it was not rebound on purpose: --no-driver, or a device in ERROR
 * @uses: what the disks were used for
 * @tpm: whether it was measured
 */
struct verb_model {
	const char *verb;
	const char *bdf;
	const struct tsm *tsm;
	enum verb_end end;
	enum tdi_exit status;
	int err;
	char reason[1152];
	const char *advice;
	struct dev after;
	bool after_valid;
	bool have_tsm;
	char driver[NAME_SIZE];
	bool unbound;
	bool rebound;
	char driver_after[NAME_SIZE];
	int driver_err;
	bool left_alone;
	struct uses uses;
	struct verb_tpm tpm;
	unsigned int warnings;
};

struct printer {
	void (*list)(const struct list_model *model);
	void (*show)(const struct show_model *model);
	void (*bounce)(const struct bounce_model *model);
	void (*audit)(const struct audit_model *model);
	void (*recovery)(const struct recovery_model *model);
	void (*watch_start)(void);	/* may be NULL */
	void (*watch)(const struct watch_model *model);
	void (*verb)(const struct verb_model *model);
};

void bounce_text(const struct bounce_model *model);
void audit_text(const struct audit_model *model);
void recovery_text(const struct recovery_model *model);
void watch_text_start(void);
void watch_text(const struct watch_model *model);

extern const struct printer printer_text;
extern const struct printer printer_json;

#endif /* ATTEST_PRINT_H */
