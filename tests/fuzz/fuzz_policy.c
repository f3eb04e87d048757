// SPDX-License-Identifier: GPL-2.0
/* A policy's text, and the advice about what was read. */
#include "fuzz.h"
#include "../../tools/attest/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct policy_problems errors, advice;
	struct policy policy;
	size_t i;

	if (policy_parse((struct bytes) { data, len }, "/nonexistent", &policy, &errors)) {
		must(!errors.nr);
		must(policy.from_file);
		policy_lint(&policy, &advice);
		policy_problems_free(&advice);
	} else {
		must(errors.nr);
		for (i = 0; i < errors.nr; i++)
			must(errors.problem[i].text[0]);
	}
	policy_problems_free(&errors);
	policy_free(&policy);
	return 0;
}
