/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a signature is of was "digest" before 7.0 and is "m" since.
 */
#ifndef TDI_COMPAT_PUBLIC_KEY_H
#define TDI_COMPAT_PUBLIC_KEY_H

#include_next <crypto/public_key.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define TDI_SIG_OF(p, n)	.digest = (p), .digest_size = (n)
#else
#define TDI_SIG_OF(p, n)	.m = (p), .m_size = (n)
#endif

#endif /* TDI_COMPAT_PUBLIC_KEY_H */
