// SPDX-License-Identifier: GPL-2.0
/* Forms that several files in tsm/ have: words to choose from, and counters. */
#include <errno.h>
#include <string.h>

#include "tsmfile.h"

/* ---- words ---- */

/* "[direct]" or "direct"; what is neither is nothing to build output from. */
static bool choice_add(struct choice *choice, const char *word, size_t len)
{
	bool chosen = len > 2 && word[0] == '[' && word[len - 1] == ']';

	if (chosen) {
		word++;
		len -= 2;
	}
	if (len >= CHOICE_SIZE || choice->nr == CHOICE_NR ||
	    strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_-") < len)
		return false;
	memcpy(choice->word[choice->nr], word, len);
	if (chosen)
		choice->chosen = (int)choice->nr;
	choice->nr++;
	return true;
}

void choice_read(const struct sysfs *fs, const char *bdf, const char *file, struct choice *ret)
{
	struct attr attr;
	const char *p;

	*ret = (struct choice) { .chosen = -1 };
	sysfs_text(fs, &attr, "bus/pci/devices/%s/tsm/%s", bdf, file);
	ret->err = attr.err;
	for (p = attr.text; *(p += strspn(p, " ")); p += strcspn(p, " ")) {
		if (choice_add(ret, p, strcspn(p, " ")))
			continue;
		*ret = (struct choice) { .err = EPROTO, .chosen = -1 };
		return;
	}
}

void choice_text(const struct choice *choice, char ret[CHOICE_TEXT_SIZE])
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < choice->nr; i++) {
		util_format(ret + used, CHOICE_TEXT_SIZE - used,
			    (int)i == choice->chosen ? "%s[%s]" : "%s%s", i ? " " : "",
			    choice->word[i]);
		used = strlen(ret);
	}
}

/* ---- counters ---- */

static bool counter_line(const char *line, const char * const *names, size_t nr,
			 unsigned int *known, uint64_t *value)
{
	size_t len = strcspn(line, " ");
	uint64_t number;

	for (size_t i = 0; i < nr; i++) {
		if (strlen(names[i]) != len || strncmp(line, names[i], len))
			continue;
		if (line[len] != ' ' || util_u64_parse(line + len + 1, &number))
			return false;
		value[i] = number;
		*known |= 1u << i;
	}
	return true;
}

int counters_read(const struct sysfs *fs, const char *bdf, const char *file,
		  const char * const *names, size_t nr, unsigned int *known, uint64_t *value)
{
	char text[4096], *save = NULL, *line;
	size_t len;
	int rc;

	*known = 0;
	memset(value, 0, nr * sizeof(*value));
	rc = sysfs_read(fs, text, sizeof(text) - 1, &len, "bus/pci/devices/%s/tsm/%s", bdf, file);
	if (rc)
		return rc;
	text[len] = '\0';
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (counter_line(line, names, nr, known, value))
			continue;
		/* Half a truth about counters is none. */
		*known = 0;
		memset(value, 0, nr * sizeof(*value));
		return -EPROTO;
	}
	return 0;
}
