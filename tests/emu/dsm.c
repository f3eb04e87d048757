// SPDX-License-Identifier: GPL-2.0
/*
 * The device security manager, as one function sees it: what its two responders
 * share, and what the rest of the device tells it. Functions of one device share
 * the identity and what is measured; each has a TDISP state of its own.
 */
#include <stdlib.h>

#include "dsm.h"

#define BAR_HPA_BASE	(32ull << 40)
#define BAR_HPA_STRIDE	(2ull << 20)

static struct dsm_device *device_get(struct func *f)
{
	struct func *pf = func_pf(f);
	struct dsm_device *dev = pf->dsm ? pf->dsm->dev : calloc(1, sizeof(*dev));

	if (dev) {
		dev->pf = pf;
		dev->users++;
	}
	return dev;
}

static void device_put(struct dsm_device *dev)
{
	if (!dev || --dev->users)
		return;
	cert_leaf_destroy(dev->leaf);
	free(dev);
}

struct dsm *dsm_create(struct func *f)
{
	struct dsm *d = calloc(1, sizeof(*d));
	uint64_t stride = BAR_HPA_STRIDE, r;
	int bar;

	if (!d)
		return NULL;
	d->func = f;
	d->dev = device_get(f);
	if (!d->dev) {
		free(d);
		return NULL;
	}
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
	device_put(d->dev);
	free(d);
}

const struct cert_leaf *dsm_leaf(struct dsm *d)
{
	/* Late, because the identity in it is config space's. */
	if (!d->dev->leaf)
		d->dev->leaf = cert_leaf_create(d->func->emu->certs, d->dev->pf);
	return d->dev->leaf;
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

void dsm_session_end(struct dsm *d)
{
	const struct emu *e = d->func->emu;
	unsigned int i;

	for (i = 0; i < e->nr_funcs; i++) {
		struct dsm *other = e->func[i]->dsm;

		if (other && other->dev == d->dev)
			dsm_violation(other, "session-end");
	}
}

void dsm_vm_reset(struct dsm *d)
{
	d->lock_flags = 0;
	d->start_nonce_valid = false;
	d->report_len = 0;
	dsm_set_state(d, TDISP_CONFIG_UNLOCKED);
}
