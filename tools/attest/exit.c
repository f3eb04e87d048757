// SPDX-License-Identifier: GPL-2.0
/* What each error of the kernel's tsm/ files means for scripts and for people. */
#include <errno.h>
#include <stddef.h>

#include "exit.h"

/*
 * Errno values as documented in Documentation/ABI/testing/. What is not listed
 * is nobody's verdict on the device: I/O.
 */
static const struct {
	int err;
	enum tdi_exit status;
	const char *advice;
} classes[] = {
	{ EKEYREJECTED, TDI_EXIT_EVIDENCE,
	  "The evidence is not what the TSM attests: it was changed on its way through the host. Do not use the device for secrets." },
	{ EBADMSG, TDI_EXIT_EVIDENCE,
	  "The evidence is malformed: the device's firmware is broken, or the host changed it. Do not use the device for secrets." },
	{ EPERM, TDI_EXIT_EVIDENCE,
	  "The interface report does not describe the device that this machine sees. The host may have remapped its BARs. Do not use the device for secrets." },
	{ ESTALE, TDI_EXIT_EVIDENCE,
	  "The device was locked or measured again in between. Try once more; if it happens again, the host is interfering." },
	{ ENOKEY, TDI_EXIT_POLICY,
	  "Nobody vouches for the one who signed the measurements. Give the kernel the maker's CA (tdi anchor add FILE), connect by a policy (--policy FILE), or accept this device without knowing who made it: echo 1 > /sys/module/tdi/parameters/allow_unverified (or tdi.allow_unverified=1 on the kernel command line), then try again." },
	{ ETIMEDOUT, TDI_EXIT_PLATFORM,
	  "The platform did not answer. The host decides when it does: try again, or ask who runs it." },
	{ EREMOTEIO, TDI_EXIT_PLATFORM,
	  "The TSM or the device refused. The kernel log may tell its own error code." },
	{ EIO, TDI_EXIT_PLATFORM,
	  "The platform's answer made no sense. The kernel log may tell more." },
	{ ENXIO, TDI_EXIT_PLATFORM,
	  "No such TSM for this device. \"tdi list\" shows which TSMs are registered." },
	{ ENODEV, TDI_EXIT_PLATFORM, "The device is gone." },
	{ EBUSY, TDI_EXIT_BUSY,
	  "A driver is bound to the device, or the device is locked already: \"tdi show\" tells, \"tdi disconnect\" unlocks." },
};

enum tdi_exit tdi_exit_of(int err)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].err == err)
			return classes[i].status;
	return TDI_EXIT_USAGE;
}

const char *tdi_advice(int err)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].err == err)
			return classes[i].advice;
	return NULL;
}
