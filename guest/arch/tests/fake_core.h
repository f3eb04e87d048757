/* SPDX-License-Identifier: GPL-2.0 */
/*
 * In the core's place below a backend's conformance suite: it takes the backend
 * that registers, and keeps the reasons.
 */
#ifndef TDI_FAKE_CORE_H
#define TDI_FAKE_CORE_H

#include "../../include/tdisp/backend.h"

/* What registered, or NULL. */
extern struct tdi_backend *fake_core_backend;
/* What registering answers. */
extern int fake_core_err;
/* How often it was told of an event. */
extern unsigned int fake_core_events;

#endif /* TDI_FAKE_CORE_H */
