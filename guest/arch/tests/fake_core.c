// SPDX-License-Identifier: GPL-2.0
/* See fake_core.h. */
#include "fake_core.h"

struct tdi_backend *fake_core_backend;
int fake_core_err;
unsigned int fake_core_events;

int tdi_backend_register(struct tdi_backend *backend)
{
	if (!fake_core_err)
		fake_core_backend = backend;
	return fake_core_err;
}

void tdi_backend_unregister(struct tdi_backend *backend)
{
	if (fake_core_backend == backend)
		fake_core_backend = NULL;
}

void tdi_backend_event(struct tdi_backend *backend)
{
	fake_core_events++;
}

void tdi_backend_shutdown(struct tdi_backend *backend)
{
}

void tdi_reason(struct tdi *tdi, const char *fmt, ...)
{
	va_list args;

	if (tdi->reason[0])
		return;
	va_start(args, fmt);
	vscnprintf(tdi->reason, sizeof(tdi->reason), fmt, args);
	va_end(args);
}
