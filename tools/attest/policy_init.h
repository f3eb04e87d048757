/* SPDX-License-Identifier: GPL-2.0 */
/* A first policy, from evidence in hand. */
#ifndef ATTEST_POLICY_INIT_H
#define ATTEST_POLICY_INIT_H

#include <stdio.h>

#include "verify.h"

/**
 * policy_init() - write a policy that this evidence fulfils, and little else does
 * @f: where to
 * @subject: the evidence
 * @parts: taken apart; its signatures have been verified
 * @anchored: and lead to an anchor that the user named
 *
 * What the evidence shows is asked for: values, kinds, floors at today's security
 * versions, report bits. What would not pass a careful policy is allowed, since
 * the device is as it is; policy_lint() tells the user.
 */
void policy_init(FILE *f, const struct subject *subject, const struct parts *parts,
		 bool anchored);

#endif /* ATTEST_POLICY_INIT_H */
