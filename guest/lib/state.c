// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The transition table of a TDI as the guest drives it. Data and look-ups, no
 * state of its own.
 */
#include "../include/tdisp/state.h"

/*
 * An entry is the next state plus one, so that what the table does not list is
 * 0, and 0 is refused.
 */
#define REFUSED		0
#define TO(state)	((state) + 1)

static const u8 transitions[TDI_NR_ORDERS][TDI_NR_STATES][TDI_NR_EVENTS] = {
	/*
	 * TDX Connect maps private MMIO and enables DMA while the TDI is CONFIG_LOCKED;
	 * START is last.
	 */
	[TDI_ACCEPT_FIRST] = {
		[TDI_UNLOCKED] = {
			[TDI_EV_BIND]	= TO(TDI_LOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_LOCKED] = {
			[TDI_EV_ATTEST]	= TO(TDI_ATTESTED),
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_ATTESTED] = {
			[TDI_EV_ATTEST]	= TO(TDI_ATTESTED),
			[TDI_EV_ACCEPT]	= TO(TDI_ACCEPTED),
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_ACCEPTED] = {
			[TDI_EV_START]	= TO(TDI_RUN),
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		/* TDI_STARTED does not exist in this order; it can only be left. */
		[TDI_STARTED] = {
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_RUN] = {
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_ERROR] = {
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
	},
	/* SEV-TIO, and Arm CCA as far as DMA goes, grant to a TDI that is in RUN. */
	[TDI_START_FIRST] = {
		[TDI_UNLOCKED] = {
			[TDI_EV_BIND]	= TO(TDI_LOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_LOCKED] = {
			[TDI_EV_ATTEST]	= TO(TDI_ATTESTED),
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_ATTESTED] = {
			[TDI_EV_ATTEST]	= TO(TDI_ATTESTED),
			[TDI_EV_START]	= TO(TDI_STARTED),
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		/* TDI_ACCEPTED does not exist in this order; it can only be left. */
		[TDI_ACCEPTED] = {
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_STARTED] = {
			[TDI_EV_ACCEPT]	= TO(TDI_RUN),
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_RUN] = {
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
		[TDI_ERROR] = {
			[TDI_EV_UNBIND]	= TO(TDI_UNLOCKED),
			[TDI_EV_FAULT]	= TO(TDI_ERROR),
		},
	},
};

static_assert(TO(TDI_UNLOCKED) != REFUSED, "the first state is not a refusal");
static_assert(TDI_NR_STATES < 255, "a state plus one fits the table's entry");

static const char *const tdi_state_names[] = {
	[TDI_UNLOCKED]	= "unlocked",
	[TDI_LOCKED]	= "locked",
	[TDI_ATTESTED]	= "attested",
	[TDI_ACCEPTED]	= "accepted",
	[TDI_STARTED]	= "started",
	[TDI_RUN]	= "run",
	[TDI_ERROR]	= "error",
};

static const char *const tdi_event_names[] = {
	[TDI_EV_BIND]	= "bind",
	[TDI_EV_ATTEST]	= "attest",
	[TDI_EV_ACCEPT]	= "accept",
	[TDI_EV_START]	= "start",
	[TDI_EV_UNBIND]	= "unbind",
	[TDI_EV_FAULT]	= "fault",
};

static const char *const tdisp_state_names[] = {
	[TDISP_CONFIG_UNLOCKED]	= "CONFIG_UNLOCKED",
	[TDISP_CONFIG_LOCKED]	= "CONFIG_LOCKED",
	[TDISP_RUN]		= "RUN",
	[TDISP_ERROR]		= "ERROR",
};

static_assert(ARRAY_SIZE(tdi_state_names) == TDI_NR_STATES, "every state has a name");
static_assert(ARRAY_SIZE(tdi_event_names) == TDI_NR_EVENTS, "every event has a name");

/* State words come from outside (the TSM's mailbox): no value is out of bounds. */
static const char *name(const char *const *names, size_t n, unsigned int i)
{
	return i < n ? names[i] : "unknown";
}

int tdi_state_next(enum tdi_order order, enum tdi_state state, enum tdi_event event,
		   enum tdi_state *ret)
{
	u8 to;

	if ((unsigned int)order >= TDI_NR_ORDERS || (unsigned int)state >= TDI_NR_STATES ||
	    (unsigned int)event >= TDI_NR_EVENTS)
		return -EINVAL;

	to = transitions[order][state][event];
	if (to == REFUSED)
		return -EINVAL;

	*ret = (enum tdi_state)(to - 1);
	return 0;
}

bool tdi_state_agrees(enum tdi_state state, enum tdisp_state tdisp)
{
	switch (state) {
	case TDI_UNLOCKED:
		return tdisp == TDISP_CONFIG_UNLOCKED;
	case TDI_LOCKED:
	case TDI_ATTESTED:
	case TDI_ACCEPTED:
		return tdisp == TDISP_CONFIG_LOCKED;
	case TDI_STARTED:
	case TDI_RUN:
		return tdisp == TDISP_RUN;
	case TDI_ERROR:
		return true;
	case TDI_NR_STATES:
		break;
	}

	return false;
}

const char *tdi_state_name(enum tdi_state state)
{
	return name(tdi_state_names, ARRAY_SIZE(tdi_state_names), state);
}

const char *tdi_event_name(enum tdi_event event)
{
	return name(tdi_event_names, ARRAY_SIZE(tdi_event_names), event);
}

const char *tdisp_state_name(enum tdisp_state state)
{
	return name(tdisp_state_names, ARRAY_SIZE(tdisp_state_names), state);
}
