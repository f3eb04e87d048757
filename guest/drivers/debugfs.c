// SPDX-License-Identifier: GPL-2.0
/*
 * Counters for people who debug: /sys/kernel/debug/tdi/BDF/. No promise.
 */
#include <linux/debugfs.h>

#include "internal.h"

static struct dentry *root;

void tdi_debugfs_init(void)
{
	root = debugfs_create_dir("tdi", NULL);
}

void tdi_debugfs_exit(void)
{
	debugfs_remove(root);
}

static int phase_show(struct seq_file *s, void *unused)
{
	struct tdi *tdi = s->private;

	seq_printf(s, "%s\n", tdi_state_name(READ_ONCE(tdi->state)));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(phase);

static int guard_log_show(struct seq_file *s, void *unused)
{
	tdi_guard_show_log(s->private, s);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(guard_log);

void tdi_debugfs_add(struct tdi *tdi)
{
	tdi->debugfs = debugfs_create_dir(pci_name(tdi->pdev), root);
	debugfs_create_atomic_t("dma_live", 0444, tdi->debugfs, &tdi->dma.live);
	debugfs_create_atomic_t("dma_leaked_pages", 0444, tdi->debugfs, &tdi->dma.leaked);
	debugfs_create_file("phase", 0444, tdi->debugfs, tdi, &phase_fops);
	debugfs_create_file("guard_log", 0400, tdi->debugfs, tdi, &guard_log_fops);
}

void tdi_debugfs_remove(struct tdi *tdi)
{
	debugfs_remove(tdi->debugfs);
}
