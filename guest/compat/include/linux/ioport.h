/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What private MMIO is described as. Upstream proposes IORES_DESC_ENCRYPTED, which no
 * release has. Until then: in a guest with encrypted memory, x86's ioremap() maps
 * private what is described as anything but NONE and RESERVED, so that a number which
 * means nothing to anybody else does the same.
 */
#ifndef TDI_COMPAT_IOPORT_H
#define TDI_COMPAT_IOPORT_H

#include_next <linux/ioport.h>

#ifdef TDI_HAVE_IORES_DESC_ENCRYPTED	/* ./Kbuild looked: it is no macro */
#define TDI_IORES_DESC_ENCRYPTED	IORES_DESC_ENCRYPTED
#else
#define TDI_IORES_DESC_ENCRYPTED	0x544449UL	/* "TDI" */
#endif

#endif /* TDI_COMPAT_IOPORT_H */
