/* SPDX-License-Identifier: GPL-2.0 */
/* What only main.c needs of random.c; emu_random() is in emu.h. */
#ifndef EMU_RANDOM_H
#define EMU_RANDOM_H

/* From here on emu_random() is a function of this text. */
void random_seed(const char *hex);

#endif /* EMU_RANDOM_H */
