/* SPDX-License-Identifier: GPL-2.0 */
/* The command as a whole: global options, the verbs, and what they share. */
#ifndef ATTEST_TOOL_H
#define ATTEST_TOOL_H

#include "print.h"
#include "sysfs.h"

/* What the global options say. */
struct tool {
	struct sysfs fs;
	bool json;
};

/**
 * struct verb - one verb of the command line
 * @name: its name
 * @args: its arguments in short
 * @summary: one line for "tdi --help"
 * @help: the rest of "tdi help VERB"
 * @run: takes the arguments from argv[1] on; returns an exit status
 */
struct verb {
	const char *name;
	const char *args;
	const char *summary;
	const char *help;
	int (*run)(const struct verb *verb, struct tool *tool, int argc, char **argv);
};

int cmd_list(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_show(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_bounce(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_audit(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_recovery(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_watch(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_connect(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_disconnect(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_anchor(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_verify(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_evidence(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_measure(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_quote(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_gate(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_status(const struct verb *verb, struct tool *tool, int argc, char **argv);
int cmd_policy(const struct verb *verb, struct tool *tool, int argc, char **argv);

/* The writer that the options ask for. */
const struct printer *tool_printer(const struct tool *tool);

void verb_help(const struct verb *verb);

/* Says what is wrong with the arguments; returns TDI_EXIT_USAGE. */
int verb_usage(const struct verb *verb, const char *fmt, ...) TDI_PRINTF(2, 3);

/**
 * verb_device() - the single BDF argument of a verb
 * @argc: arguments that are left
 * @argv: them
 * @ret: set on success
 *
 * Return: 0, or an exit status after complaining.
 */
int verb_device(const struct verb *verb, int argc, char **argv, char ret[BDF_SIZE]);

/* True if @arg is a PCI address; else complains. */
bool verb_bdf(const struct verb *verb, const char *arg, char ret[BDF_SIZE]);

/**
 * verb_json_only() - the options of a verb that has --json and --help alone
 * @ret_status: the exit status, if there is no more to do
 *
 * Return: true to go on, with optind at the first argument.
 */
bool verb_json_only(const struct verb *verb, struct tool *tool, int argc, char **argv,
		    int *ret_status);

/**
 * tool_tsms() - all guest TSMs, or a complaint
 *
 * Return: true on success; release with tsm_list_free().
 */
bool tool_tsms(const struct tool *tool, struct tsm_list *ret);

/**
 * tool_devices() - all PCI functions, or a complaint
 *
 * Return: true on success; release with dev_list_free().
 */
bool tool_devices(const struct tool *tool, struct dev_list *ret);

/**
 * tool_virtio() - all virtio devices that have a driver, or a complaint
 *
 * Return: true on success; release with virtio_list_free().
 */
bool tool_virtio(const struct tool *tool, const struct dev_list *devs, struct virtio_list *ret);

/**
 * tool_tdi() - one TDI, or a complaint
 * @bdf: as util_bdf_parse() made it
 *
 * Return: true on success; else the exit status is TDI_EXIT_PLATFORM.
 */
bool tool_tdi(const struct tool *tool, const struct tsm_list *tsms, const char *bdf,
	      struct dev *ret);

/**
 * tool_inventory() - all guest TSMs and PCI functions, or a complaint
 *
 * Return: true on success; release both.
 */
bool tool_inventory(const struct tool *tool, struct tsm_list *ret_tsms,
		    struct dev_list *ret_devs);

#endif /* ATTEST_TOOL_H */
