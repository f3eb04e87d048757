// SPDX-License-Identifier: GPL-2.0
/*
 * SEV-TIO's part of the conformance suite: the backend as it is but for gcm.c, over exits
 * that fake_psp.c answers.
 *
 * The ABI has no place for nonces: what ties a grant to them is a TDI_INFO right before
 * it, so that is where they are looked for.
 */
#include <linux/pci.h>

#include "../../../drivers/tests/fake_pci.h"
#include "../../tests/fake_core.h"
#include "../../tests/fake_platform.h"
#include "../internal.h"
#include "fake_psp.h"

#define CONF_SUITE		"tdi-sev-tio-conformance"
#define CONF_NO_LOCK_FLAGS	1
#define CONF_WHOLE_OBJECTS	1
#define CONF_STATE_OF_HOST	1
#include "../../tests/conformance.h"
#include "sev_setup.h"

static struct tdi *conf_tdi(struct kunit *test)
{
	struct tdi *tdi;

	conf_object(conf_data, sizeof(conf_data), sizeof(conf_data));
	tdi = sev_setup(test);
	conf_object(conf_data, sizeof(conf_data), sizeof(conf_data));
	/* What an INFO says makes the nonces of the suite. */
	fake_psp.count = conf_nonces.lock - 1;
	memcpy(fake_psp.meas, &conf_nonces.meas, 8);
	memcpy(fake_psp.report, &conf_nonces.report, 8);
	sev_grant(test, tdi, &conf_nonces);
	return tdi;
}

static struct tdi *conf_other_tdi(struct kunit *test)
{
	struct tdi *tdi = sev_add_tdi(test, 2);

	sev_grant(test, tdi, &conf_nonces);
	return tdi;
}

static const enum fake_exit exits[CONF_NR_OPS] = {
	[CONF_INFO]	= FAKE_INFO,
	[CONF_LOCK]	= FAKE_BIND,
	[CONF_MEASURE]	= FAKE_MEASURE,
	[CONF_SIZE]	= FAKE_OBJECTS,
	[CONF_READ]	= FAKE_OBJECTS,
	[CONF_ACCEPT]	= FAKE_VALIDATE,
	[CONF_RELEASE]	= FAKE_RELEASE,
	[CONF_ENABLE]	= FAKE_SDTE,
	[CONF_DISABLE]	= FAKE_SDTE_NONE,
	[CONF_START]	= FAKE_RUN,
	[CONF_UNLOCK]	= FAKE_UNBIND,
};

/* Something to take back, and objects to ask for again. */
static void again(enum conf_op op)
{
	struct sev_tdi *t = to_sev_tdi(sev_the_tdi);
	struct tdi *tdi = sev_the_tdi;

	switch (op) {
	case CONF_RELEASE:
		tdi->backend->ops->mmio_accept(tdi, &conf_nonces, &conf_mmio);
		break;
	case CONF_DISABLE:
		tdi->backend->ops->dma_enable(tdi, &conf_nonces, TDI_DMA_DIRECT);
		break;
	case CONF_SIZE:
	case CONF_READ:
		sev_objects_forget(t);
		break;
	default:
		break;
	}
}

static void conf_break(enum conf_op op, enum conf_break how)
{
	static const enum fake_how hows[CONF_NR_BREAKS] = {
		[CONF_SILENT]		= FAKE_SILENT,
		[CONF_MALFORMED]	= FAKE_WRONG_TYPE,
		[CONF_REFUSED]		= FAKE_FW_ERROR,
		[CONF_STALE]		= FAKE_HONEST,
		[CONF_BUSY]		= FAKE_BUSY,
	};

	again(op);
	fake_psp.at = exits[op];
	fake_psp.how = hows[how];
	/* An operation has no answer but a number: malformed is the exit itself. */
	if (how == CONF_MALFORMED && exits[op] >= FAKE_BIND)
		fake_psp.how = FAKE_FAILED;
	/* What the PSP refuses by a status, it has answered. */
	if (how == CONF_REFUSED && exits[op] >= FAKE_VALIDATE && exits[op] < FAKE_BIND) {
		fake_psp.how = FAKE_STATUS;
		fake_psp.status = 3;
	}
	if (how == CONF_STALE)
		fake_psp.count++;
}

static bool conf_facts(const struct tdi_tsm_info *facts)
{
	/* No BARs, no VCA, and digests that are the nonces: sev_messages_kunit.c. */
	return false;
}

static void conf_raw_state(u32 state)
{
	if (!to_sev_tdi(sev_the_tdi)->bound)
		sev_the_tdi->backend->ops->lock(sev_the_tdi, 0);
	fake_psp.info_status = state ? SEV_INFO_BOUND : SEV_INFO_UNBOUND;
	fake_psp.word = state;
}

static bool conf_raw_hash(u32 hash)
{
	return false;
}

static void conf_object(const void *data, size_t len, u64 claimed)
{
	fake_psp.object = data;
	fake_psp.object_len = len;
	if (sev_the_tdi)
		sev_objects_forget(to_sev_tdi(sev_the_tdi));
}

static void conf_chunk(size_t chunk, int count_off)
{
	/* CONF_WHOLE_OBJECTS */
}

static unsigned int conf_calls(void)
{
	return fake_platform.nr_host;
}

/* By what it is that the suite asks for: the message has it in units of its own. */
static bool conf_carried(enum conf_op op, const void *bytes, size_t len)
{
	const struct fake_log *log = fake_psp_last(exits[op]);
	const struct sev_mmio_validate *req = log ? (const void *)log->payload : NULL;

	if (!log)
		return false;
	if (bytes == &conf_nonces.lock)
		return log->count + 1 == conf_nonces.lock;
	if (bytes == &conf_nonces.meas)
		return log->meas == conf_nonces.meas;
	if (bytes == &conf_nonces.report)
		return log->report == conf_nonces.report;
	if (bytes == &conf_mmio.addr)
		return le64_to_cpu(req->base) << 12 == conf_mmio.addr;
	if (bytes == &conf_mmio.first)
		return le32_to_cpu(req->range_offset) == conf_mmio.first;
	if (bytes == &conf_mmio.nr_pages)
		return le32_to_cpu(req->page_count) == conf_mmio.nr_pages;
	/* The report's ranges go by their BAR. */
	if (bytes == &conf_mmio.range)
		return le16_to_cpu(req->range_id) == conf_mmio.bar;
	return len <= sizeof(log->nonce) && !memcmp(log->nonce, bytes, len);
}

static bool conf_was_for(enum conf_op op, struct tdi *tdi)
{
	const struct fake_log *log = fake_psp_last(exits[op]);
	u32 id = SEV_DEVICE_ID(pci_domain_nr(tdi->pdev->bus), pci_dev_id(tdi->pdev));

	if (!log)
		return false;
	if (log->what >= FAKE_BIND)
		return (u32)log->regs[SEV_GHCB_EXITINFO1] == id;
	return (u32)log->regs[SEV_GHCB_RCX] == id &&
	       get_unaligned_le64(log->payload) == to_sev_tdi(tdi)->id;
}
