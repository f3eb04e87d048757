/* SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause */
/*
 * The guest's view of a TDI and the one table of its transitions. A pair that
 * is not in the table is refused. Only guest/drivers/tdi.c moves a TDI along it.
 */
#ifndef TDISP_STATE_H
#define TDISP_STATE_H

#include "port.h"
#include "wire.h"

/**
 * enum tdi_state - what the guest has done with a TDI
 * @TDI_UNLOCKED: an ordinary, shared device
 * @TDI_LOCKED: bound: the TSM said CONFIG_LOCKED for this lock nonce
 * @TDI_ATTESTED: locked, and evidence of a generation was verified
 * @TDI_ACCEPTED: private MMIO and DMA granted, not started (accept-first platforms)
 * @TDI_STARTED: in RUN, nothing granted yet (start-first platforms)
 * @TDI_RUN: accepted and started
 * @TDI_ERROR: something surprising happened; only unbind leads out
 */
enum tdi_state {
	TDI_UNLOCKED,
	TDI_LOCKED,
	TDI_ATTESTED,
	TDI_ACCEPTED,
	TDI_STARTED,
	TDI_RUN,
	TDI_ERROR,
	/* private: */
	TDI_NR_STATES
};

/**
 * enum tdi_event - a verb that succeeded, or a fault
 * @TDI_EV_BIND: locked and read back
 * @TDI_EV_ATTEST: new evidence verified
 * @TDI_EV_ACCEPT: MMIO and DMA granted for the current evidence
 * @TDI_EV_START: started and read back
 * @TDI_EV_UNBIND: unlocked and read back
 * @TDI_EV_FAULT: the trusted state surprised us, or an undo failed
 */
enum tdi_event {
	TDI_EV_BIND,
	TDI_EV_ATTEST,
	TDI_EV_ACCEPT,
	TDI_EV_START,
	TDI_EV_UNBIND,
	TDI_EV_FAULT,
	/* private: */
	TDI_NR_EVENTS
};

/* The two legal orders of accept and start; a platform has one. */
enum tdi_order {
	TDI_ACCEPT_FIRST,	/* TDX Connect */
	TDI_START_FIRST,	/* SEV-TIO, Arm CCA (DMA) */
	TDI_NR_ORDERS
};

/**
 * tdi_state_next() - look up a transition
 * @order: the platform's order
 * @state: current state
 * @event: what happened
 * @ret: the next state; untouched when refused
 *
 * Return: 0, or -EINVAL when the table does not list the pair.
 */
int tdi_state_next(enum tdi_order order, enum tdi_state state, enum tdi_event event,
		   enum tdi_state *ret);

/**
 * tdi_state_agrees() - is this what the TSM should say?
 * @state: the guest's view
 * @tdisp: the state read from the TSM
 *
 * TDI_ERROR agrees with everything: nothing is expected of it.
 *
 * Return: true if the two views agree.
 */
bool tdi_state_agrees(enum tdi_state state, enum tdisp_state tdisp);

const char *tdi_state_name(enum tdi_state state);
const char *tdi_event_name(enum tdi_event event);
const char *tdisp_state_name(enum tdisp_state state);	/* "CONFIG_LOCKED", ... */

#endif /* TDISP_STATE_H */
