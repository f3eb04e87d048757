/* SPDX-License-Identifier: GPL-2.0 */
/* "tdi show" of saved evidence: explains it, and judges nothing. */
#ifndef ATTEST_SHOW_BUNDLE_H
#define ATTEST_SHOW_BUNDLE_H

#include "tool.h"
#include "verify.h"

/**
 * struct show_bundle_model - evidence, taken apart
 * @subject: the evidence
 * @parts: taken apart
 * @verdict: what is wrong with its forms
 */
struct show_bundle_model {
	const struct subject *subject;
	const struct parts *parts;
	const struct verdict *verdict;
};

/* Is this argument a path to evidence, rather than a PCI address? */
bool show_is_path(const char *arg);

/* Return: an exit status; TDI_EXIT_EVIDENCE if something is malformed. */
int show_bundle(const struct tool *tool, const char *path);

void show_bundle_text(const struct show_bundle_model *model);
void show_bundle_json(const struct show_bundle_model *model);

#endif /* ATTEST_SHOW_BUNDLE_H */
