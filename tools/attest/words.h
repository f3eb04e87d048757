/* SPDX-License-Identifier: GPL-2.0 */
/* What must be said plainly about a device: one table for text and JSON. */
#ifndef ATTEST_WORDS_H
#define ATTEST_WORDS_H

#include "dma.h"

enum warning {
	WARN_EMULATED,
	WARN_UNVERIFIED,
	WARN_NOT_ACCEPTED,
	WARN_ERROR,
	WARN_BLOCKED,
	WARN_MALFORMED,
	WARN_MISMATCH,
	WARN_CHANGING,
	WARN_IN_USE,
	WARN_LEAKED,
	WARN_NR
};

#define WARN_BIT(w)	(1u << (w))

/* An identifier for scripts, never changed once it is out. */
const char *warning_id(enum warning warning);
/* A sentence for a person. */
const char *warning_text(enum warning warning);

/* The warnings that follow from how a TDI stands and from its TSM (may be NULL). */
unsigned int warnings_of(const struct dev *dev, const struct tsm *tsm);

/* The warnings that follow from what was counted. */
unsigned int dma_warnings(const struct dma *dma);

/* What an identity or a DMA mode means, or "". */
const char *identity_words(const struct attr *identity);
const char *dma_words(const struct attr *dma);

/**
 * no_tdi_id() - why is a function without a tsm/state no TDI?
 * @dev: the function
 * @have_tsm: is any TSM registered?
 *
 * Return: "no-tee-io", "tee-io-unknown", "no-tsm" or "not-claimed".
 */
const char *no_tdi_id(const struct dev *dev, bool have_tsm);
const char *no_tdi_words(const struct dev *dev, bool have_tsm);

#endif /* ATTEST_WORDS_H */
