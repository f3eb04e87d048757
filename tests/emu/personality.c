// SPDX-License-Identifier: GPL-2.0
/*
 * The platforms there are. One's files hold its struct personality; without them
 * the weak name is NULL, and the platform is not offered.
 */
#include "personality.h"

extern const struct personality sev_tio_personality __attribute__((weak));
extern const struct personality tdx_connect_personality __attribute__((weak));
extern const struct personality cca_personality __attribute__((weak));

/* The mailbox's own calls: tsm_call.c and host.c. */
static const struct personality emulated_personality = {
	.name = "emulated",
};

static const struct personality *const personalities[] = {
	&emulated_personality,
	&sev_tio_personality,
	&tdx_connect_personality,
	&cca_personality,
};

const struct personality *personality_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(personalities); i++)
		if (personalities[i] && !strcmp(personalities[i]->name, name))
			return personalities[i];
	return NULL;
}

bool personality_is_native(const struct emu *e)
{
	return e->personality == &emulated_personality;
}

void personality_reset(struct emu *e)
{
	if (e->personality->reset)
		e->personality->reset(e);
}
