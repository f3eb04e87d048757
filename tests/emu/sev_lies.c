// SPDX-License-Identifier: GPL-2.0
/*
 * What only the VMM of an SEV-TIO guest can say: told in sev_ghcb.c. It has no key, so
 * what it does to a sealed message it does to its bytes.
 */
#include "sev.h"

const struct lie sev_lies[SEV_NR_LIES] = {
	{ "msg-replay", "hands over the response before this one" },
	{ "msg-none", "says that a request was answered, and hands over nothing" },
	{ "msg-wrong-type", "changes the type of a response" },
	{ "msg-wrong-version", "changes the version of a response" },
	{ "msg-skew-seqno", "adds 2 to the sequence number of a response" },
	{ "msg-long", "says that a response has 65535 bytes" },
	{ "msg-other-key", "says that a response is sealed with another key" },
	{ "msg-flip-text", "flips a bit of a sealed response" },
	{ "msg-flip-tag", "flips a bit of a response's tag" },
	{ "msg-flip-header", "flips a reserved bit of a response's header" },
	{ "msg-busy", "is busy with each request, for ever" },
	{ "msg-fw-error", "says that the firmware failed, asks nobody" },
	{ "state-unlocked", "says CONFIG_UNLOCKED in RDX whatever the state is" },
	{ "state-locked", "says CONFIG_LOCKED in RDX whatever the state is" },
	{ "state-always-run", "says RUN in RDX whatever the state is" },
	{ "state-error", "says ERROR in RDX whatever the state is" },
	{ "state-unknown", "says a state in RDX that does not exist" },
	{ "buffer-never-enough", "wants one page more, each time" },
	{ "buffer-huge", "wants 2^40 pages" },
	{ "buffer-same", "says that a buffer is too small, and wants as many pages" },
	{ "blob-swap", "exchanges certificates and interface report" },
	{ "blob-past-end", "says that an object ends behind the buffer" },
	{ "blob-overflow", "says where an object is in numbers that overflow" },
	{ "blob-in-table", "says that an object starts in the table" },
	{ "blob-overlap", "says that two objects are in one place" },
	{ "blob-twice", "hands over certificates twice" },
	{ "blob-unknown", "hands over an object that nobody knows" },
	{ "blob-none", "hands over an empty table" },
	{ "blob-empty", "hands over an interface report of no bytes" },
	{ "map-nothing", "maps no page that is about to be validated" },
	{ "tio-stale-id", "answers BIND with an earlier tdi_id" },
	{ "tio-other-id", "answers BIND with another TDI's tdi_id" },
	{ "tio-drop-run", "says started, asks nobody" },
	{ "tio-drop-stop", "says stopped and unbound, asks nobody" },
	{ "tio-busy", "is busy with each TIO_OP, for ever" },
	{ "tio-rebind-on-run", "binds the TDI again just before RUN" },
	{ "tio-rebind-on-validate", "binds the TDI again just before MMIO_VALIDATE" },
	{ "tio-rebind-on-sdte", "binds the TDI again just before SDTE_WRITE" },
};
