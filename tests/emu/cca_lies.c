// SPDX-License-Identifier: GPL-2.0
/*
 * What only a host of Arm CCA can say, by name; cca_rhi.c and cca_rmm.c tell it. Those of
 * the first part are no lies, but what one host or RMM does as well as another. Those
 * that begin with rmm- and say no are an RMM's that is broken.
 */
#include "cca.h"
#include "host.h"

const struct lie cca_lies[] = {
	{ "linux-ids", "(true) numbers objects as Linux does, with the VCA at 4" },
	{ "old-read", "(true) takes OBJECT_READ's arguments as drafts had them" },
	{ "at-once", "(true) does at once what it could do in parts" },
	{ "rmm-sha256", "(true) its RMM hashes with SHA-256" },
	{ "rmm-sha512", "(true) its RMM hashes with SHA-512" },
	{ "rmm-no-hash", "has an RMM that hashes with an algorithm that there is not" },
	{ "rmm-other-hash", "has an RMM that says SHA-512 of its SHA-384 digests" },
	{ "rmm-no-state", "has an RMM that tells a state that there is not" },
	{ "rmm-no-tdisp", "has an RMM whose report is of another format" },
	{ "no-vdev", "knows no device by that id when the RMM asks" },
	{ "other-vdev", "names its neighbour when the RMM asks for a device" },
	{ "reject-mapping", "maps no MMIO" },
	{ "stuck-mapping", "says that it mapped MMIO, maps none" },
	{ "slow-mapping", "maps MMIO page by page" },
	{ "half-mapping", "maps the first part of the MMIO, no other" },
	{ "reject-release", "lets go of no MMIO" },
	{ "rereport-on-accept", "fetches the report again just before the first mapping" },
	{ "rereport-on-dma", "fetches the report again just before DMA is enabled" },
	{ "remeasure-on-dma", "measures again just before DMA is enabled" },
	{ "relock-on-dma", "locks, measures and starts again just before DMA is enabled" },
	{ "run-early", "starts the TDI as soon as it is locked" },
	{ "stop-after-start", "says started, and stops the TDI" },
	{ "skip-report", "says that the report was fetched, asks nobody" },
	{ "endless", "never comes to an end, with a new cookie for each part" },
	{ "same-cookie", "never comes to an end, and says so with the same cookie" },
	{ "ignore-abort", "carries out what was aborted" },
	{ "swap-objects", "hands over measurements for certificates and the other way round" },
	{ "other-device", "hands over the objects of its neighbour" },
	{ "other-size", "claims another size each time" },
	{ "read-incomplete", "says incomplete to a read" },
	{ "read-nothing", "hands over nothing, and says so" },
	{ "read-too-much", "says that it handed over one byte more than was asked for" },
	{ "read-huge", "says that it handed over 2^63 bytes" },
	{ "odd-status", "answers with a status that there is not" },
	{ "always-busy", "is busy, always" },
	{ "no-such-call", "says that there is no such call" },
};

static_assert(ARRAY_SIZE(cca_lies) == CCA_NR_LIES, "CCA_NR_LIES counts the rows");
