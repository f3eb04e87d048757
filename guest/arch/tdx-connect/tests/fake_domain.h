/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Included before glue.c by its rule in Kbuild.kunit: a bus of a test's is in a domain of its
 * own, and has to pass for one in the domain that a command can name. Nothing else changes.
 */
#ifndef TDXC_FAKE_DOMAIN_H
#define TDXC_FAKE_DOMAIN_H

#include <linux/pci.h>

extern int fake_tdx_domain;

#undef pci_domain_nr
#define pci_domain_nr(bus)	((void)(bus), fake_tdx_domain)

#endif /* TDXC_FAKE_DOMAIN_H */
