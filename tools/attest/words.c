// SPDX-License-Identifier: GPL-2.0
/* What must be said plainly about a device. */
#include "words.h"

static const struct {
	const char *id;
	const char *text;
} warnings[WARN_NR] = {
	[WARN_EMULATED] = { "platform-emulated",
		"The platform is emulated: it protects nothing." },
	[WARN_UNVERIFIED] = { "identity-unverified",
		"The device's identity was NOT verified: digests, report and signature were checked, but nobody vouches for who signed." },
	[WARN_NOT_ACCEPTED] = { "run-not-accepted",
		"The TSM says RUN, but the kernel has not accepted the device." },
	[WARN_ERROR] = { "state-error",
		"The device is in ERROR: only unlocking (tdi disconnect) leads out." },
	[WARN_BLOCKED] = { "dma-blocked",
		"The device's DMA is blocked after an error." },
	[WARN_MALFORMED] = { "report-malformed",
		"The interface report is malformed." },
	[WARN_MISMATCH] = { "report-mismatch",
		"The interface report does not match the device's BARs." },
	[WARN_CHANGING] = { "evidence-changing",
		"The evidence kept changing while it was read: its parts may not belong together." },
	[WARN_IN_USE] = { "in-use",
		"The driver was taken from the device while its disks were in use (--force)." },
	[WARN_LEAKED] = { "pages-leaked",
		"Pages that could not be made private again were leaked: they stay out of use." },
};

const char *warning_id(enum warning warning)
{
	return warnings[warning].id;
}

const char *warning_text(enum warning warning)
{
	return warnings[warning].text;
}

unsigned int warnings_of(const struct dev *dev, const struct tsm *tsm)
{
	unsigned int ret = 0;

	if (tsm && tsm_is_emulated(tsm))
		ret |= WARN_BIT(WARN_EMULATED);
	if (attr_is(&dev->identity, "unverified"))
		ret |= WARN_BIT(WARN_UNVERIFIED);
	if (attr_is(&dev->state, "RUN") && !dev->connected)
		ret |= WARN_BIT(WARN_NOT_ACCEPTED);
	if (attr_is(&dev->state, "ERROR"))
		ret |= WARN_BIT(WARN_ERROR);
	if (attr_is(&dev->dma, "blocked"))
		ret |= WARN_BIT(WARN_BLOCKED);
	return ret;
}

unsigned int dma_warnings(const struct dma *dma)
{
	return dma->stat[DMA_LEAKED_PAGES] ? WARN_BIT(WARN_LEAKED) : 0;
}

const char *identity_words(const struct attr *identity)
{
	if (attr_is(identity, "verified"))
		return "signature and chain to an anchor, by the kernel";
	if (attr_is(identity, "approved"))
		return "a verifier in user space vouches for this generation";
	if (attr_is(identity, "unverified"))
		return "identity was NOT verified: nobody vouches for who signed the measurements";
	if (attr_is(identity, "none"))
		return "not locked, so there is no evidence";
	return "";
}

const char *dma_words(const struct attr *dma)
{
	if (attr_is(dma, "bounce"))
		return "shared pages only, every byte is copied";
	if (attr_is(dma, "direct"))
		return "private memory, no copy";
	if (attr_is(dma, "iommu"))
		return "private memory, no copy, only what the driver mapped";
	if (attr_is(dma, "split"))
		return "private memory, no copy; shared memory at addresses of its own";
	if (attr_is(dma, "blocked"))
		return "none, after an error";
	return "";
}

const char *no_tdi_id(const struct dev *dev, bool have_tsm)
{
	switch (dev->tee_io) {
	case TEE_IO_NO:
		return "no-tee-io";
	case TEE_IO_UNKNOWN:
		return "tee-io-unknown";
	case TEE_IO_YES:
		break;
	}
	return have_tsm ? "not-claimed" : "no-tsm";
}

const char *no_tdi_words(const struct dev *dev, bool have_tsm)
{
	switch (dev->tee_io) {
	case TEE_IO_NO:
		return "no TEE-IO bit";
	case TEE_IO_UNKNOWN:
		return "cannot read its capabilities (root can)";
	case TEE_IO_YES:
		break;
	}
	return have_tsm ? "TEE-IO, but no TSM claims it" : "TEE-IO, but no TSM is registered";
}
