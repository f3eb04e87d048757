/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The emulated machine, as other platforms' backends see it: a place to bring the
 * registers of their instruction to, and what goes with one. tdi-emu.ko has the
 * mailbox; which backend gets it is for the TSM behind it to say.
 */
#ifndef TDISP_EMU_PLATFORM_H
#define TDISP_EMU_PLATFORM_H

#include <linux/list.h>
#include <linux/types.h>

#include "emu_mbox.h"

struct device;
struct emu_platform;
struct page;
struct pci_dev;

/**
 * struct emu_platform_driver - a backend that works behind the mailbox, too
 * @name: the platform that it is for, as TSM_INFO names it
 * @probe: there is one: register the backend, with @parent for its parent
 * @remove: it goes; no call of the backend's comes afterwards
 * @shutdown: the machine goes down, or another kernel takes over
 */
struct emu_platform_driver {
	const char *name;
	int (*probe)(struct emu_platform *p, struct device *parent);
	void (*remove)(struct emu_platform *p);
	void (*shutdown)(struct emu_platform *p);
	/* private: */
	struct list_head node;
};

int emu_platform_register(struct emu_platform_driver *drv);
void emu_platform_unregister(struct emu_platform_driver *drv);

void emu_platform_set_drvdata(struct emu_platform *p, void *data);
void *emu_platform_get_drvdata(struct emu_platform *p);

int emu_platform_tsm_regs(struct emu_platform *p, struct emu_regs *regs);
int emu_platform_host_regs(struct emu_platform *p, struct emu_regs *regs);
int emu_platform_announce(struct emu_platform *p, struct pci_dev *pdev);

int emu_platform_enter(struct emu_platform *p);
void emu_platform_leave(struct emu_platform *p);
int emu_platform_share_pages(struct emu_platform *p, phys_addr_t addr, size_t nr_pages);
int emu_platform_unshare_pages(struct emu_platform *p, phys_addr_t addr, size_t nr_pages);
struct page *emu_platform_alloc_shared(struct emu_platform *p, size_t nr_pages);
void emu_platform_free_shared(struct emu_platform *p, struct page *page, size_t nr_pages);

int emu_platform_listen(struct emu_platform *p, void (*event)(void *data), void *data);

#endif /* TDISP_EMU_PLATFORM_H */
