/* SPDX-License-Identifier: GPL-2.0 */
/* A bounded reader for the DER inside of certificate extensions. */
#ifndef ATTEST_DER_H
#define ATTEST_DER_H

#include <stdbool.h>

#include "blob.h"

#define DER_INTEGER		0x02u
#define DER_BIT_STRING		0x03u
#define DER_OCTET_STRING	0x04u
#define DER_OID			0x06u
#define DER_UTF8		0x0cu
#define DER_SEQUENCE		0x30u
#define DER_CONTEXT(n)		(0x80u | (n))		/* implicit, primitive */
#define DER_CONTEXT_IN(n)	(0xa0u | (n))		/* constructed */

/**
 * der_next() - take the next element
 * @in: what is left; moves behind the element
 * @tag: set to its tag (one byte: higher tag numbers are refused)
 * @ret: set to its contents
 *
 * Return: false if nothing is left or it is malformed; nothing is changed then.
 */
bool der_next(struct bytes *in, unsigned int *tag, struct bytes *ret);

/* The same for an element that must have this tag. */
bool der_take(struct bytes *in, unsigned int tag, struct bytes *ret);

/* Do these contents of an object identifier equal that literal's bytes? */
#define der_is(oid, literal) \
	der_equal(oid, (const uint8_t *)(literal), sizeof(literal) - 1)
bool der_equal(struct bytes a, const uint8_t *data, size_t len);

/* A literal's bytes, for the contents of an object identifier. */
#define DER_BYTES(literal) \
	((struct bytes) { (const uint8_t *)(literal), sizeof(literal) - 1 })

/* A number that is not negative and fits; false else. */
bool der_number(struct bytes integer, uint64_t *ret);

/* Object identifiers' contents. */
#define OID_EKU			"\x55\x1d\x25"				/* 2.5.29.37 */
#define OID_SAN			"\x55\x1d\x11"				/* 2.5.29.17 */
#define OID_PCI_SIG_CMA		"\x67\x81\x13"				/* 2.23.147 */
#define OID_DMTF		"\x2b\x06\x01\x04\x01\x83\x1c\x82\x12"	/* 1.3.6.1.4.1.412.274 */
#define OID_DMTF_DEVICE_INFO	OID_DMTF "\x01"
#define OID_DMTF_HARDWARE	OID_DMTF "\x02"
#define OID_DMTF_RESPONDER	OID_DMTF "\x03"
#define OID_DMTF_REQUESTER	OID_DMTF "\x04"
#define OID_DMTF_MUTABLE	OID_DMTF "\x05"
#define OID_DMTF_SPDM		OID_DMTF "\x06"
#define OID_TCG_DICE		"\x67\x81\x05\x05\x04"			/* 2.23.133.5.4 */
#define OID_TCG_TCB_INFO	OID_TCG_DICE "\x01"
#define OID_TCG_TCB_INFO_1	OID_TCG_DICE "\x01\x01"			/* as NVIDIA writes it */
#define OID_TCG_UEID		OID_TCG_DICE "\x04"
#define OID_TCG_MULTI_TCB_INFO	OID_TCG_DICE "\x05"

#endif /* ATTEST_DER_H */
