// SPDX-License-Identifier: GPL-2.0
/*
 * In identity.c's place: the fake backend's evidence is random, nobody signed it.
 * What identity.c finds is for its own suite.
 */
#include "fake_backend.h"

enum tdi_identity fake_identity;
bool fake_signed;
int fake_identity_err;

int tdi_identity_init(void)
{
	return 0;
}

void tdi_identity_exit(void)
{
}

int tdi_identity_check(struct tdi *tdi, struct tdi_evidence *ev)
{
	if (fake_identity_err) {
		tdi_reason(tdi, "fake identity: expected success, found %d", fake_identity_err);
		return fake_identity_err;
	}
	ev->identity = fake_identity;
	ev->is_signed = fake_signed;
	if (fake_identity == TDI_IDENTITY_UNVERIFIED)
		strscpy(ev->unverified, "fake: nobody vouches");
	return 0;
}

int fake_same_err;

/* Measurements are random, too: a test says whether they are the same. */
int tdi_identity_same(struct tdi *tdi, const struct tdi_evidence *old,
		      const struct tdi_evidence *ev)
{
	if (fake_same_err)
		tdi_reason(tdi, "fake identity: expected the same measurements, found others");
	return fake_same_err;
}
