/* SPDX-License-Identifier: GPL-2.0 */
/* What the writers for people share: colour, sizes, warnings. */
#ifndef ATTEST_TEXT_H
#define ATTEST_TEXT_H

#include "dev.h"

enum colour { PLAIN, RED, GREEN, YELLOW };

/* @width as for "%-*s"; colour only on a terminal that wants it. */
void text_coloured(enum colour colour, const char *text, int width);

enum colour text_state_colour(const char *state);
enum colour text_dma_colour(const char *mode);

/* What to show for an attribute in a table or a line. Good until the next call. */
const char *text_attr(const struct attr *attr);

/* There is no TDI, for want of a TSM. */
void text_no_tsm(void);

void text_warnings(unsigned int warnings);

#define TEXT_SIZE	32

/* "4 KiB"; in bytes what is no round number. */
void text_size(uint64_t bytes, char ret[TEXT_SIZE]);

/* "1.3 MiB": rounded down, three digits or so. */
void text_about(uint64_t bytes, char ret[TEXT_SIZE]);

#endif /* ATTEST_TEXT_H */
