/* SPDX-License-Identifier: GPL-2.0 */
/* What a DICE layer says of the one above it (TCG DICE Attestation Architecture). */
#ifndef ATTEST_DICE_H
#define ATTEST_DICE_H

#include "crypto.h"

enum dice_form {
	DICE_NONE,
	DICE_UNKNOWN,		/* there, and in no form that is known here */
	DICE_TCB_INFO,
	DICE_MULTI_TCB_INFO,	/* the last, innermost entry is what is read */
	DICE_COMPOSITE_ID,	/* the older RIoT form, which real devices carry */
};

/* OperationalFlags, numbered as the standard's BIT STRING is. */
#define DICE_NOT_CONFIGURED	(1u << 0)
#define DICE_NOT_SECURE		(1u << 1)
#define DICE_RECOVERY		(1u << 2)
#define DICE_DEBUG		(1u << 3)

#define DICE_FLAGS_NR		4
/* "not_configured", ... */
const char *dice_flag_name(unsigned int bit);

/**
 * struct dice - a layer
 * @svn: security version, if @has_svn
 * @flags: DICE_*, if @has_flags
 * @fwid: digest of the first firmware id; empty for none; inside the certificate
 */
struct dice {
	enum dice_form form;
	bool has_svn;
	uint64_t svn;
	bool has_flags;
	unsigned int flags;
	char vendor[64];
	char model[64];
	struct bytes fwid;
};

void dice_read(const struct crypto_cert *cert, struct dice *ret);
const char *dice_form_name(enum dice_form form);

#endif /* ATTEST_DICE_H */
