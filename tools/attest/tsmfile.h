/* SPDX-License-Identifier: GPL-2.0 */
/* Forms that several files in tsm/ have: words to choose from, and counters. */
#ifndef ATTEST_TSMFILE_H
#define ATTEST_TSMFILE_H

#include "sysfs.h"

#define CHOICE_NR	8
#define CHOICE_SIZE	16

/**
 * struct choice - "[direct] split"
 * @err: positive errno; ENOENT when the module is older than the file, EPROTO when
 *	 it makes no sense
 * @nr: of words; none after an error
 * @word: them, of lower-case letters, digits, '_' and '-'
 * @chosen: which one is in brackets, -1 for none
 */
struct choice {
	int err;
	size_t nr;
	char word[CHOICE_NR][CHOICE_SIZE];
	int chosen;
};

void choice_read(const struct sysfs *fs, const char *bdf, const char *file, struct choice *ret);

/* The words as the file has them, "[direct] split". */
#define CHOICE_TEXT_SIZE	(CHOICE_NR * (CHOICE_SIZE + 3))
void choice_text(const struct choice *choice, char ret[CHOICE_TEXT_SIZE]);

/**
 * counters_read() - lines of a name and a decimal number
 * @names: @nr names that are looked for; others are a newer module's
 * @known: set: bit per name that was there
 * @value: set for these, 0 for the others
 *
 * Return: 0 or a negative errno with nothing known: -ENOENT when the module is older
 * than the file, -EPROTO when a number is none.
 */
int counters_read(const struct sysfs *fs, const char *bdf, const char *file,
		  const char * const *names, size_t nr, unsigned int *known, uint64_t *value);

#endif /* ATTEST_TSMFILE_H */
