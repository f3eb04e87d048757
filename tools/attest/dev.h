/* SPDX-License-Identifier: GPL-2.0 */
/*
 * PCI devices, TSMs and evidence as the kernel shows them
 * (Documentation/ABI/testing/sysfs-bus-pci-devices-tsm and sysfs-class-tsm).
 */
#ifndef ATTEST_DEV_H
#define ATTEST_DEV_H

#include <tdisp/report.h>

#include "sysfs.h"

/* Device Capabilities bit 30; reading it takes root. */
enum tee_io { TEE_IO_UNKNOWN, TEE_IO_NO, TEE_IO_YES };

/**
 * struct tsm - one of /sys/class/tsm
 * @platform: "emulated", or how else the platform calls itself
 */
struct tsm {
	char name[NAME_SIZE];
	struct attr platform;
};

struct tsm_list {
	size_t nr;
	struct tsm *tsm;
};

/**
 * struct dev - a PCI function and, if it is a TDI, how it stands
 * @driver: "" for none
 * @bus_master: it may start DMA
 * @is_tdi: there is a tsm/state; the members below it are empty otherwise
 * @tsm: name of the TSM that has it locked or connected, "" for none
 * @connected: in RUN and accepted, as the kernel says
 */
struct dev {
	char bdf[BDF_SIZE];
	unsigned int vendor;
	unsigned int device;
	unsigned int class;
	char driver[NAME_SIZE];
	bool bus_master;
	enum tee_io tee_io;
	bool is_tdi;
	struct attr state;
	struct attr dma;
	struct attr identity;
	char tsm[NAME_SIZE];
	bool connected;
};

struct dev_list {
	size_t nr;
	struct dev *dev;
};

/* Evidence objects by name in tsm/; the order is the order of checking. */
enum evidence_object {
	EVIDENCE_CERTIFICATES,
	EVIDENCE_VCA,
	EVIDENCE_MEASUREMENTS,
	EVIDENCE_REPORT,
	EVIDENCE_NR
};

/* An object longer than this is not worth the memory to look at. */
#define EVIDENCE_MAX		(16u << 20)
#define EVIDENCE_NONCE_SIZE	32

/**
 * struct evidence - what is published for the current generation
 * @generation: its number in text
 * @changing: another generation came each time while this one was read: the
 *	      members do not belong together
 * @size: in bytes by object; @size_err: positive errno if it could not be told
 * @nonce_err: EBADMSG for a nonce of a wrong length
 * @report: the interface report, @report_len bytes; NULL if empty or unreadable
 * @bars: the function's memory BARs
 * @result: how the last verb ended
 */
struct evidence {
	struct attr generation;
	bool changing;
	uint64_t size[EVIDENCE_NR];
	int size_err[EVIDENCE_NR];
	unsigned char nonce[EVIDENCE_NONCE_SIZE];
	size_t nonce_len;
	int nonce_err;
	unsigned char *report;
	size_t report_len;
	struct tdisp_bars bars;
	struct attr result;
};

/* "certificates", ... */
const char *evidence_name(enum evidence_object object);

/**
 * tsm_list_read() - all guest TSMs
 *
 * Return: 0 or a negative errno; release with tsm_list_free().
 */
int tsm_list_read(const struct sysfs *fs, struct tsm_list *ret);
void tsm_list_free(struct tsm_list *list);
const struct tsm *tsm_find(const struct tsm_list *list, const char *name);

/* True for a platform that says of itself that it protects nothing. */
bool tsm_is_emulated(const struct tsm *tsm);

/**
 * dev_read() - one PCI function
 * @bdf: as util_bdf_parse() made it
 *
 * Attributes that cannot be read say so themselves.
 *
 * Return: 0, or -ENODEV when there is no such function.
 */
int dev_read(const struct sysfs *fs, const char *bdf, struct dev *ret);

/*
 * The same without what the TSM is asked for, and so without waiting for the host:
 * state, dma, identity, tsm and connected are empty.
 */
int dev_read_ids(const struct sysfs *fs, const char *bdf, struct dev *ret);
int dev_list_read_ids(const struct sysfs *fs, struct dev_list *ret);

/* Accepted and started, as the kernel remembers it; the TSM is not asked. */
bool dev_is_connected(const struct sysfs *fs, const char *bdf);

/* All PCI functions, TDI or not; release with dev_list_free(). */
int dev_list_read(const struct sysfs *fs, struct dev_list *ret);
void dev_list_free(struct dev_list *list);

/* True if the attribute could be read and says @text. */
bool attr_is(const struct attr *attr, const char *text);

/* The first error among state, dma and identity, or 0. */
int dev_unreadable(const struct dev *dev);

/* Evidence of a TDI; release with evidence_free(). */
void evidence_read(const struct sysfs *fs, const char *bdf, struct evidence *ret);
void evidence_free(struct evidence *evidence);

#endif /* ATTEST_DEV_H */
