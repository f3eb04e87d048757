/* SPDX-License-Identifier: GPL-2.0 */
/* Evidence and what goes with it, as arguments name it: for verify and policy init. */
#ifndef ATTEST_INPUTS_H
#define ATTEST_INPUTS_H

#include <getopt.h>

#include "measure.h"
#include "tool.h"
#include "verify.h"

/**
 * struct inputs - what the arguments name, read into memory
 * @subject: refers to the rest once inputs_finish() was called
 * @bundle_error: why the bundle cannot be taken apart, or NULL
 * @policy: the built-in one unless a file was named
 * @policy_path: that file, or NULL
 * @measure: where to measure, by options and policy
 * @ak: contents of the file that --ak names
 */
struct inputs {
	struct subject subject;
	struct blob certs;
	struct blob vca;
	struct blob measurements;
	struct blob report;
	struct anchors roots;
	size_t nr_crls;
	struct blob *crls;
	struct bundle bundle;
	const char *bundle_error;
	char why[192];
	struct policy policy;
	const char *policy_path;
	struct measure measure;
	struct blob ak;
};

/* The options that name evidence; a verb adds its own. */
#define INPUT_OPTIONS \
	{ "certs", required_argument, NULL, 'c' }, \
	{ "measurements", required_argument, NULL, 'm' }, \
	{ "vca", required_argument, NULL, 'v' }, \
	{ "report", required_argument, NULL, 'r' }, \
	{ "bars", required_argument, NULL, 'b' }, \
	{ "roots", required_argument, NULL, 'R' }, \
	{ "nonce", required_argument, NULL, 'n' }, \
	{ "crl", required_argument, NULL, 'C' }, \
	{ "at", required_argument, NULL, 'a' }

/* The options that say where to measure: for connect, measure and quote. */
#define TPM_OPTIONS \
	{ "tcti", required_argument, NULL, 'T' }, \
	{ "tpm-log", required_argument, NULL, 'L' }, \
	{ "pcr", required_argument, NULL, 'P' }

void inputs_init(struct inputs *in);

/* One of TPM_OPTIONS: 0, or an exit status after complaining, also about others. */
int inputs_tpm_option(const struct verb *verb, struct inputs *in, int opt, const char *arg);

/* Once all is there: options and policy have to agree. 0, or an exit status. */
int inputs_tpm_finish(const struct verb *verb, struct inputs *in);

/**
 * inputs_option() - take one of INPUT_OPTIONS
 * @opt: what getopt_long() returned
 *
 * Return: 0, or an exit status after complaining, also about other options.
 */
int inputs_option(const struct verb *verb, struct inputs *in, int opt, const char *arg);

/* "--policy" and "--ak": the same. */
int inputs_policy(struct inputs *in, const char *path);
int inputs_ak(struct inputs *in, const char *path);

/**
 * inputs_finish() - take the arguments after the options: a bundle, or none
 *
 * Return: 0, or an exit status after complaining.
 */
int inputs_finish(const struct verb *verb, struct inputs *in, int argc, char **argv);

/* Makes a bundle's objects the subject; BARs that are known already stay. */
void inputs_take_bundle(const struct bundle *bundle, struct subject *subject);

void inputs_free(struct inputs *in);

#endif /* ATTEST_INPUTS_H */
