/* SPDX-License-Identifier: GPL-2.0 */
/* What both SEV-TIO suites begin with: functions, an entered platform, a locked TDI. */
#ifndef TDI_SEV_SETUP_H
#define TDI_SEV_SETUP_H

static struct fake_pci *sev_fake;
static struct tdi *sev_the_tdi;

static inline void sev_remove_tdi(void *tdi)
{
	if (fake_core_backend)
		fake_core_backend->ops->remove(tdi);
	sev_the_tdi = NULL;
}

static inline void sev_leave_platform(void *unused)
{
	if (fake_core_backend)
		fake_core_backend->ops->leave(fake_core_backend);
}

/* A function of the bus as a TDI, not locked. */
static inline struct tdi *sev_add_unlocked(struct kunit *test, unsigned int slot)
{
	struct pci_dev *pdev = fake_pci_fn(sev_fake, slot)->pdev;
	struct tdi *tdi = fake_core_backend->ops->add(fake_core_backend, pdev);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tdi);
	tdi->pdev = pdev;
	tdi->backend = fake_core_backend;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sev_remove_tdi, tdi), 0);
	sev_the_tdi = tdi;
	return tdi;
}

static inline struct tdi *sev_add_tdi(struct kunit *test, unsigned int slot)
{
	struct tdi *tdi = sev_add_unlocked(test, slot);

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->lock(tdi, 0), 0);
	return tdi;
}

/* An honest platform, entered; nothing of it is left after the test. */
static inline void sev_platform(struct kunit *test)
{
	static const struct fake_desc descs[] = {
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_MBOX,
		  .bar_size[0] = EMU_MBOX_BAR_SIZE },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_DMATEST, .tee = true },
		{ .vendor = EMU_PCI_VENDOR, .device = EMU_PCI_DEVICE_NVME, .tee = true },
	};
	static const struct fake_platform how = {
		.tsm_regs = fake_psp_secrets, .host_regs = fake_psp_exit,
	};

	fake_core_err = 0;
	sev_the_tdi = NULL;
	sev_fake = fake_pci_new(test, descs, ARRAY_SIZE(descs));
	KUNIT_ASSERT_EQ(test, fake_platform_new(test, &fake_pci_fn(sev_fake, 0)->pdev->dev, &how),
			0);
	KUNIT_ASSERT_NOT_NULL(test, fake_core_backend);
}

static inline struct tdi *sev_setup(struct kunit *test)
{
	fake_psp_reset();
	sev_platform(test);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, sev_leave_platform, NULL), 0);
	KUNIT_ASSERT_EQ(test, fake_core_backend->ops->enter(fake_core_backend), 0);
	return sev_add_tdi(test, 1);
}

/* Pages and DMA, so that there is something to take back. */
static inline void sev_grant(struct kunit *test, struct tdi *tdi, const struct tdi_nonces *nonces)
{
	static const struct tdi_mmio mmio = {
		.range = 1, .bar = 0, .first = 2, .nr_pages = 3, .addr = 0x40002000,
	};

	KUNIT_ASSERT_EQ(test, tdi->backend->ops->mmio_accept(tdi, nonces, &mmio), 0);
	KUNIT_ASSERT_EQ(test, tdi->backend->ops->dma_enable(tdi, nonces, TDI_DMA_DIRECT), 0);
}

#endif /* TDI_SEV_SETUP_H */
