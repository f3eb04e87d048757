/* SPDX-License-Identifier: GPL-2.0 */
/* Evidence of a device, as the kernel publishes it, into a bundle in memory. */
#ifndef ATTEST_COLLECT_H
#define ATTEST_COLLECT_H

#include "bundle.h"

/**
 * collect_generation() - read the objects of one evidence generation
 * @ret: gets the objects, the nonce, the BARs and the generation's number;
 *	release with bundle_free()
 *
 * Objects of one generation belong together; of two they do not.
 *
 * Return: 0, -ESTALE if the generation keeps changing, or another negative errno.
 */
int collect_generation(const struct sysfs *fs, const char *bdf, struct bundle *ret);

/* What the device and its TSM are called. @tsm may be NULL. */
void collect_names(const struct dev *dev, const struct tsm *tsm, struct bundle *ret);

#endif /* ATTEST_COLLECT_H */
