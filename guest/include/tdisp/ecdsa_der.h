/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * SPDM carries an ECDSA signature as r and s, big endian, each as wide as the
 * field (DSP0274 1.3, 15); X.509 tools and the kernel want a DER SEQUENCE of two
 * INTEGERs (RFC 3279 2.2.3).
 */
#ifndef TDISP_ECDSA_DER_H
#define TDISP_ECDSA_DER_H

#include "port.h"

/*
 * P-521: SEQUENCE header 3, twice INTEGER header 2, sign byte, 66 bytes. No number
 * below P-521's order needs the sign byte; one that an attacker made up may.
 */
#define ECDSA_DER_MAX		(3 + 2 * (2 + 1 + 66))

/**
 * ecdsa_der_encode() - r || s to DER
 * @raw: r and s, @width bytes each
 * @width: bytes of one number: 32, 48 or 66
 * @ret: set to the DER encoding on success
 *
 * Return: its length in bytes, or -EINVAL for another @width.
 */
int ecdsa_der_encode(const u8 *raw, size_t width, u8 ret[ECDSA_DER_MAX]);

#endif /* TDISP_ECDSA_DER_H */
