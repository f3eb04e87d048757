/* SPDX-License-Identifier: GPL-2.0 */
/* Writers of the verdict: one model, as text and as JSON (schema/verdict.schema.json). */
#ifndef ATTEST_VERDICT_PRINT_H
#define ATTEST_VERDICT_PRINT_H

#include <stdio.h>

#include "jsonw.h"
#include "verify.h"

#define VERDICT_SCHEMA_VERSION	1

/**
 * struct verdict_model - "tdi verify"
 * @policy_path: NULL for the built-in policy
 */
struct verdict_model {
	const struct subject *subject;
	const struct policy *policy;
	const char *policy_path;
	const struct parts *parts;
	const struct verdict *verdict;
};

/* "verified", "invalid", "refused" */
const char *verdict_word(enum tdi_exit status);

void verdict_text(const struct verdict_model *model);
void verdict_json(const struct verdict_model *model);
void verdict_json_to(FILE *f, const struct verdict_model *model);

#endif /* ATTEST_VERDICT_PRINT_H */
