// SPDX-License-Identifier: GPL-2.0
/*
 * The device security manager of one function: what its two responders share,
 * and what the rest of the device tells it.
 */
#include <stdlib.h>

#include "dsm.h"

#define BAR_HPA_BASE	(32ull << 40)
#define BAR_HPA_STRIDE	(2ull << 20)

struct dsm *dsm_create(struct func *f)
{
	struct dsm *d = calloc(1, sizeof(*d));
	uint64_t stride = BAR_HPA_STRIDE, r;
	int bar;

	if (!d)
		return NULL;
	d->func = f;
	/* Apart by no less than the largest BAR, which keeps each aligned to its size. */
	if (stride < pci_largest_bar(f))
		stride = pci_largest_bar(f);
	/* Somewhere between 32 and 64 TiB, as a large server might have it. */
	emu_random(&r, sizeof(r));
	r &= BAR_HPA_BASE / stride - 1;
	for (bar = 0; bar < FUNC_NR_BARS; bar++)
		d->bar_hpa[bar] = BAR_HPA_BASE + (r + bar) * stride;
	return d;
}

void dsm_destroy(struct dsm *d)
{
	if (!d)
		return;
	cert_leaf_destroy(d->leaf);
	free(d);
}

const struct cert_leaf *dsm_leaf(struct dsm *d)
{
	/* Late, because the identity in it is config space's. */
	if (!d->leaf)
		d->leaf = cert_leaf_create(d->func->emu->certs, d->func);
	return d->leaf;
}

enum tdisp_state dsm_state(const struct dsm *d)
{
	return d->state;
}

uint16_t dsm_lock_flags(const struct dsm *d)
{
	return d->lock_flags;
}

void dsm_set_state(struct dsm *d, enum tdisp_state state)
{
	bool changed = d->state != state;

	d->state = state;
	if (changed)
		host_state_changed(d->func->emu->host, d->func);
}

void dsm_violation(struct dsm *d, const char *reason)
{
	if (d->state != TDISP_CONFIG_LOCKED && d->state != TDISP_RUN)
		return;
	emu_log("%s: %s moves it to ERROR", d->func->name, reason);
	/* 11.3.9: the nonce does not survive the way to ERROR. */
	d->start_nonce_valid = false;
	d->func->stats.errors++;
	func_reason(d->func->stats.error, reason);
	dsm_set_state(d, TDISP_ERROR);
}

void dsm_vm_reset(struct dsm *d)
{
	d->lock_flags = 0;
	d->start_nonce_valid = false;
	d->report_len = 0;
	dsm_set_state(d, TDISP_CONFIG_UNLOCKED);
}
