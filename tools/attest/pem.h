/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PEM (RFC 7468), strictly: a lenient reader may take two blocks for one, and
 * drop a certificate without a word.
 */
#ifndef ATTEST_PEM_H
#define ATTEST_PEM_H

#include "blob.h"

#define PEM_LABEL_SIZE	32

/**
 * pem_next() - the next block of a text
 * @text: moves behind what was read; text before a block is skipped
 * @label: set to what is between "-----BEGIN " and "-----"
 * @ret: set to its bytes, not none; release with blob_free()
 *
 * Return: 1; 0 if there is no block; -1 if it is malformed, or longer than any
 * certificate or CRL.
 */
int pem_next(struct bytes *text, char label[PEM_LABEL_SIZE], struct blob *ret);

#endif /* ATTEST_PEM_H */
