/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of tdi-emu share; nobody else includes this. */
#ifndef TDI_EMU_INTERNAL_H
#define TDI_EMU_INTERNAL_H

#include "mailbox.h"
#include "../../include/tdisp/emu_platform.h"

/**
 * struct emu_platform - a mailbox, and whose it is
 * @pdev: its function
 * @mbox: the mailbox
 * @flags: EMU_TSM_F_*, as the TSM said at first
 * @name: of the platform, by the TSM
 * @drv: who has it, or NULL; changes with the function's lock and the list's held
 * @drvdata: of @drv
 * @entered: memory is private
 * @irq: of events, 0: nobody listens
 * @event: who does
 * @event_data: and with what
 * @node: of the list of them
 */
struct emu_platform {
	struct pci_dev *pdev;
	struct emu_mbox mbox;
	u32 flags;
	char name[EMU_NAME_SIZE + 1];
	struct emu_platform_driver *drv;
	void *drvdata;
	bool entered;
	int irq;
	void (*event)(void *data);
	void *event_data;
	struct list_head node;
};

/* One mailbox call; emu_mbox_call() with the patience that is set now. */
int emu_platform_call(struct emu_platform *p, u16 call, u32 handle, const void *req, size_t len,
		      void *rsp, size_t min, size_t max, size_t *ret_len,
		      struct emu_answer *answer);
/* The handle of a function, or -ENODEV: it is none of the emulator's. */
int emu_platform_handle(struct pci_dev *pdev, u32 *handle);

/* glue.c */
extern struct emu_platform_driver emu_emulated_driver;

#endif /* TDI_EMU_INTERNAL_H */
