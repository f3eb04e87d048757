/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What state.c is held against, in the kernel and in user space: the transitions as a
 * person would draw them, and what must be refused. Written from the standard and the
 * platforms' orders, not from the table under test.
 */
#ifndef TDI_STATE_DRAWN_H
#define TDI_STATE_DRAWN_H

#include "../../include/tdisp/state.h"

#define LETTERS "ULTASRE"	/* Unlocked Locked aTtested Accepted Started Run Error */

/* A row for each state, a column for each verb: a letter is the next state, a dot is refused. */
static const char * const drawn[TDI_NR_ORDERS][TDI_NR_STATES] = {
	[TDI_ACCEPT_FIRST] = {
		/*                bind, attest, accept, start, unbind, fault */
		[TDI_UNLOCKED] = "L....E",
		[TDI_LOCKED]   = ".T..UE",
		[TDI_ATTESTED] = ".TA.UE",
		[TDI_ACCEPTED] = "...RUE",
		[TDI_STARTED]  = "....UE",
		[TDI_RUN]      = "....UE",
		[TDI_ERROR]    = "....UE",
	},
	[TDI_START_FIRST] = {
		[TDI_UNLOCKED] = "L....E",
		[TDI_LOCKED]   = ".T..UE",
		[TDI_ATTESTED] = ".T.SUE",
		[TDI_ACCEPTED] = "....UE",
		[TDI_STARTED]  = "..R.UE",
		[TDI_RUN]      = "....UE",
		[TDI_ERROR]    = "....UE",
	},
};

static const struct nothing {
	const char *desc;
	int order, state, event;
} nothings[] = {
	{ "order past the last", TDI_NR_ORDERS, TDI_UNLOCKED, TDI_EV_BIND },
	{ "order below 0", -1, TDI_UNLOCKED, TDI_EV_BIND },
	{ "state past the last", TDI_ACCEPT_FIRST, TDI_NR_STATES, TDI_EV_FAULT },
	{ "state far past the last", TDI_ACCEPT_FIRST, 0x7fffffff, TDI_EV_FAULT },
	{ "state below 0", TDI_START_FIRST, -1, TDI_EV_FAULT },
	{ "event past the last", TDI_ACCEPT_FIRST, TDI_UNLOCKED, TDI_NR_EVENTS },
	{ "event below 0", TDI_START_FIRST, TDI_LOCKED, -1 },
};

/* CONFIG_UNLOCKED, CONFIG_LOCKED, RUN, ERROR, and two that are no words. */
static const enum tdisp_state words[] = { 0, 1, 2, 3, 4, 255 };

/* A column for each of them. */
static const char * const agrees[TDI_NR_STATES] = {
	[TDI_UNLOCKED] = "y.....",
	[TDI_LOCKED]   = ".y....",
	[TDI_ATTESTED] = ".y....",
	[TDI_ACCEPTED] = ".y....",
	[TDI_STARTED]  = "..y...",
	[TDI_RUN]      = "..y...",
	[TDI_ERROR]    = "yyyyyy",
};

#endif /* TDI_STATE_DRAWN_H */
