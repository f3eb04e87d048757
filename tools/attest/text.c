// SPDX-License-Identifier: GPL-2.0
/* What the writers for people share: colour, sizes, warnings. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "words.h"

/* no-color.org: any non-empty value means no. */
static bool use_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && no[0]) && term && strcmp(term, "dumb") && isatty(STDOUT_FILENO);
}

void text_coloured(enum colour colour, const char *text, int width)
{
	static const char * const start[] = {
		[RED] = "\033[31m", [GREEN] = "\033[32m", [YELLOW] = "\033[33m",
	};

	if (colour == PLAIN || !use_colour())
		printf("%-*s", width, text);
	else
		printf("%s%-*s\033[0m", start[colour], width, text);
}

enum colour text_state_colour(const char *state)
{
	if (!strcmp(state, "RUN"))
		return GREEN;
	if (!strcmp(state, "CONFIG_LOCKED"))
		return YELLOW;
	return !strcmp(state, "ERROR") ? RED : PLAIN;
}

enum colour text_dma_colour(const char *mode)
{
	if (!strcmp(mode, "direct") || !strcmp(mode, "iommu") || !strcmp(mode, "split"))
		return GREEN;
	if (!strcmp(mode, "bounce"))
		return YELLOW;
	return !strcmp(mode, "blocked") ? RED : PLAIN;
}

const char *text_attr(const struct attr *attr)
{
	static char unreadable[40];

	if (!attr->err)
		return attr->text[0] ? attr->text : "-";
	util_format(unreadable, sizeof(unreadable), "?%s", util_errno_name(attr->err));
	return unreadable;
}

void text_no_tsm(void)
{
	puts("No TDI: no guest TSM is registered. Is the platform's module loaded (tdi-emu, ...)?");
}

void text_warnings(unsigned int warnings)
{
	for (int w = 0; w < WARN_NR; w++) {
		if (!(warnings & WARN_BIT(w)))
			continue;
		text_coloured(YELLOW, "WARNING", 0);
		printf(": %s\n", warning_text((enum warning)w));
	}
}

static const struct {
	unsigned int shift;
	const char *unit;
} units[] = {
	{ 40, "TiB" }, { 30, "GiB" }, { 20, "MiB" }, { 10, "KiB" },
};

void text_size(uint64_t bytes, char ret[TEXT_SIZE])
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (bytes >> units[i].shift && !(bytes & ((1ULL << units[i].shift) - 1))) {
			util_format(ret, TEXT_SIZE, "%" PRIu64 " %s", bytes >> units[i].shift,
				    units[i].unit);
			return;
		}
	}
	util_format(ret, TEXT_SIZE, "%" PRIu64, bytes);
}

void text_about(uint64_t bytes, char ret[TEXT_SIZE])
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t whole = bytes >> units[i].shift;
		uint64_t rest = bytes & ((1ULL << units[i].shift) - 1);
		unsigned int tenth = (unsigned int)((rest >> (units[i].shift - 10)) * 10 >> 10);

		if (!whole)
			continue;
		if (whole >= 100 || !rest)
			util_format(ret, TEXT_SIZE, "%" PRIu64 " %s", whole, units[i].unit);
		else
			util_format(ret, TEXT_SIZE, "%" PRIu64 ".%u %s", whole, tenth,
				    units[i].unit);
		return;
	}
	util_format(ret, TEXT_SIZE, "%" PRIu64 " B", bytes);
}
