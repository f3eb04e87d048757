/* SPDX-License-Identifier: GPL-2.0 */
/* Evidence, between glue.c and dev_info.c. */
#ifndef TDXC_DEV_INFO_H
#define TDXC_DEV_INFO_H

#include "internal.h"

/* A hash that the TDX module told. */
struct tdxc_hash {
	enum tdi_hash alg;
	u32 len;
	u8 bytes[TDI_DIGEST_MAX];
};

/* glue.c */

int tdxc_read_hash(struct tdi *tdi, u64 field, struct tdxc_hash *ret);

/* dev_info.c */

int tdxc_dev_info_fetch(struct tdi *tdi, const u8 *nonce);
void tdxc_dev_info_drop(struct tdi *tdi);
int tdxc_object_size(struct tdi *tdi, enum tdi_object obj, u64 *ret);
ssize_t tdxc_object_read(struct tdi *tdi, enum tdi_object obj, u64 offset, void *buf, size_t len);

#endif /* TDXC_DEV_INFO_H */
