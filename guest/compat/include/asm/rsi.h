/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arm kernels know realms since 6.13. What does not cannot run in one: it would not
 * share a page.
 */
#ifndef TDI_COMPAT_ASM_RSI_H
#define TDI_COMPAT_ASM_RSI_H

#include <linux/types.h>
#include <linux/version.h>

#if defined(CONFIG_ARM64) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)

#include_next <asm/rsi.h>
#include <asm/mem_encrypt.h>

#define tdi_is_realm()				is_realm_world()
#define tdi_set_memory_shared(mem, nr)		set_memory_decrypted((unsigned long)(mem), nr)
#define tdi_set_memory_private(mem, nr)		set_memory_encrypted((unsigned long)(mem), nr)

#else

#define tdi_is_realm()				false

static inline int tdi_set_memory_shared(void *mem, int nr)
{
	return -EOPNOTSUPP;
}

static inline int tdi_set_memory_private(void *mem, int nr)
{
	return -EOPNOTSUPP;
}

#endif

#endif /* TDI_COMPAT_ASM_RSI_H */
