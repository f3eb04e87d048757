// SPDX-License-Identifier: GPL-2.0
/*
 * Another driver's TSM in the kernel's own class, for as long as this is loaded: who
 * comes later must get another number.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/tsm.h>

static struct tsm_dev *tsm;

static int __init tsm_other_init(void)
{
	tsm = tsm_register(NULL, NULL);
	return PTR_ERR_OR_ZERO(tsm);
}
module_init(tsm_other_init);

static void __exit tsm_other_exit(void)
{
	tsm_unregister(tsm);
}
module_exit(tsm_other_exit);

MODULE_DESCRIPTION("A TSM of nobody's, for tests");
MODULE_LICENSE("GPL");
