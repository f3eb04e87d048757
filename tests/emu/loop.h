/* SPDX-License-Identifier: GPL-2.0 */
/* What only main.c needs of loop.c; the rest is in emu.h. */
#ifndef EMU_LOOP_H
#define EMU_LOOP_H

#include <stdio.h>

void loop_init(void);
void loop_run(void);		/* until loop_quit() */
void emu_log_to(FILE *f);	/* NULL: nowhere */

#endif /* EMU_LOOP_H */
