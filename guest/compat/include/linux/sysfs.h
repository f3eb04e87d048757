/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Callbacks of binary attributes got a const attribute in 6.16.
 */
#ifndef TDI_COMPAT_SYSFS_H
#define TDI_COMPAT_SYSFS_H

#include_next <linux/sysfs.h>
#include <linux/version.h>

#ifndef tdi_bin_attr_t
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define tdi_bin_attr_t	struct bin_attribute
#else
#define tdi_bin_attr_t	const struct bin_attribute
#endif
#endif

#endif /* TDI_COMPAT_SYSFS_H */
