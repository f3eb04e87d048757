// SPDX-License-Identifier: GPL-2.0
/*
 * What only a TDX Connect host can say: lies about a TDCM answer, told in tdx_host.c, and
 * things done behind the guest's back between two TDCALLs.
 */
#include "tdx.h"
#include "tdx_lies.h"

/* Unbound and bound again, information collected as an honest host would: another session. */
static bool rebind(struct host *h, struct func *f)
{
	uint8_t nonce[EMU_NONCE_SIZE];

	if (tsm_state(f->tdi) != TDISP_CONFIG_LOCKED || host_relock(h, f))
		return false;
	emu_random(nonce, sizeof(nonce));
	tsm_host_measure(f->tdi, nonce);
	return true;
}

static bool rebind_on_read(struct host *h, struct func *f, uint16_t call)
{
	return call == EMU_TSM_TDI_INFO && rebind(h, f);
}

static bool rebind_on_dmar(struct host *h, struct func *f, uint16_t call)
{
	return call == EMU_TSM_DMA_ENABLE && rebind(h, f);
}

static bool rebind_on_start(struct host *h, struct func *f, uint16_t call)
{
	return call == EMU_TSM_START_ALLOW && rebind(h, f);
}

static bool unbind_on_accept(struct host *h, struct func *f, uint16_t call)
{
	(void)h;
	return call == EMU_TSM_MMIO_ACCEPT && !tsm_host_stop(f->tdi);
}

static bool unbind_on_start(struct host *h, struct func *f, uint16_t call)
{
	(void)h;
	return call == EMU_TSM_START_ALLOW && !tsm_host_stop(f->tdi);
}

const struct lie tdx_lies[] = {
	{ "rebind-on-read", "binds the TDI again just before each TDG.TDI.RD",
	  .tsm_call = rebind_on_read },
	{ "rebind-on-dmar", "binds the TDI again just before TDG.DMAR.ACCEPT",
	  .tsm_call = rebind_on_dmar },
	{ "rebind-on-start", "binds the TDI again just before TDG.TDI.START",
	  .tsm_call = rebind_on_start },
	{ "unbind-on-accept", "unbinds the TDI just before TDG.MMIO.ACCEPT",
	  .tsm_call = unbind_on_accept },
	{ "unbind-on-start", "unbinds the TDI just before TDG.TDI.START",
	  .tsm_call = unbind_on_start },
	{ "tdcm-no-teeio", "says that the device has no TEE-IO" },
	{ "tdcm-info-of-other", "hands over the device information of another TDI" },
	{ "tdcm-report-of-other", "hands over the interface report of another TDI" },
	{ "tdcm-replay", "hands over the device information before this one" },
	{ "tdcm-swap-parts", "exchanges two lengths within the device information" },
	{ "tdcm-swap-objects", "hands over certificates for a report" },
	{ "tdcm-other-op", "answers with another operation in the header" },
	{ "tdcm-other-version", "answers with another version in the header" },
	{ "tdcm-bad-status", "answers with a status that does not exist" },
	{ "tdcm-false-error", "does what was asked and says that it failed" },
	{ "tdcm-done-and-error", "says completed, and an error" },
	{ "tdcm-long", "says that an answer has 2^32 - 1 bytes" },
	{ "tdcm-short", "leaves out the last byte of an answer" },
	{ "tdcm-empty", "says that an answer has no bytes" },
	{ "tdcm-one-more", "says that an answer has a byte more than it has" },
	{ "tdcm-grows", "changes an answer's length, over and over, after giving it" },
	{ "tdcm-silent", "does what was asked, and never answers" },
	{ "tdcm-late", "answers after three seconds" },
	{ "tdcm-no-event", "answers without the interrupt" },
	{ "tdcm-storm", "goes on raising the interrupt, once a millisecond" },
	{ "vmcall-retry", "asks for each VMCALL to be tried again" },
	{ "vmcall-invalid", "refuses each VMCALL as invalid" },
	{ "vmcall-odd", "answers each VMCALL with a status that does not exist" },
};

static_assert(ARRAY_SIZE(tdx_lies) == TDX_NR_LIES, "TDX_NR_LIES counts the rows");
