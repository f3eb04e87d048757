// SPDX-License-Identifier: GPL-2.0
/* struct dev, struct tsm and struct evidence from sysfs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dev.h"

#define PCI_COMMAND		0x04
#define PCI_COMMAND_MASTER	0x04
#define PCI_STATUS		0x06
#define PCI_STATUS_CAP_LIST	0x10
#define PCI_CAPABILITY_LIST	0x34
#define PCI_CAP_ID_EXP		0x10
#define PCI_EXP_DEVCAP		4
#define PCI_EXP_DEVCAP_TEE	(1u << 30)
#define PCI_STD_HEADER		0x40
#define PCI_CFG_SIZE		256
/* As many 4-byte capabilities as fit behind the header: more is a loop. */
#define PCI_MAX_CAPS		((PCI_CFG_SIZE - PCI_STD_HEADER) / 4)

/* ioport.h's, as the "resource" attribute shows them. */
#define IORESOURCE_MEM		0x200u

/* Reads of evidence that are tried before "it keeps changing". */
#define GENERATION_TRIES	3

bool attr_is(const struct attr *attr, const char *text)
{
	return !attr->err && !strcmp(attr->text, text);
}

const char *evidence_name(enum evidence_object object)
{
	static const char * const names[EVIDENCE_NR] = {
		[EVIDENCE_CERTIFICATES]	= "certificates",
		[EVIDENCE_VCA]		= "vca",
		[EVIDENCE_MEASUREMENTS]	= "measurements",
		[EVIDENCE_REPORT]	= "report",
	};

	return names[object];
}

/* ---- TSMs ---- */

int tsm_list_read(const struct sysfs *fs, struct tsm_list *ret)
{
	struct tsm_list list = { 0 };
	struct names names;
	int rc = sysfs_names(fs, &names, "class/tsm");

	if (rc)
		return rc;
	for (size_t i = 0; i < names.nr; i++) {
		struct attr mode;
		struct tsm *tsm;

		/* A TSM of the host's kind cannot take a guest's devices. */
		sysfs_text(fs, &mode, "class/tsm/%s/pci_mode", names.name[i]);
		if (!mode.err && strcmp(mode.text, "devsec"))
			continue;
		list.tsm = util_grow(list.tsm, list.nr + 1, sizeof(*list.tsm));
		tsm = &list.tsm[list.nr++];
		util_format(tsm->name, sizeof(tsm->name), "%s", names.name[i]);
		sysfs_text(fs, &tsm->platform, "class/tsm/%s/platform", names.name[i]);
	}
	sysfs_names_free(&names);
	*ret = list;
	return 0;
}

void tsm_list_free(struct tsm_list *list)
{
	free(list->tsm);
	*list = (struct tsm_list) { 0 };
}

const struct tsm *tsm_find(const struct tsm_list *list, const char *name)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->tsm[i].name, name))
			return &list->tsm[i];
	return NULL;
}

bool tsm_is_emulated(const struct tsm *tsm)
{
	return !tsm->platform.err && util_is_emulated(tsm->platform.text);
}

/* ---- devices ---- */

static unsigned int hex_attr(const struct sysfs *fs, const char *bdf, const char *name)
{
	struct attr attr;

	sysfs_text(fs, &attr, "bus/pci/devices/%s/%s", bdf, name);
	return attr.err ? 0 : (unsigned int)strtoul(attr.text, NULL, 16);
}

static enum tee_io tee_io_of(const unsigned char *cfg, size_t len)
{
	unsigned int pos;

	if (!(cfg[PCI_STATUS] & PCI_STATUS_CAP_LIST))
		return TEE_IO_NO;

	pos = cfg[PCI_CAPABILITY_LIST] & ~3u;
	for (int i = 0; i < PCI_MAX_CAPS && pos >= PCI_STD_HEADER; i++) {
		/* Without root, sysfs ends where the capabilities begin. */
		if (pos + 8 > len)
			return len < PCI_CFG_SIZE ? TEE_IO_UNKNOWN : TEE_IO_NO;
		if (cfg[pos] == PCI_CAP_ID_EXP)
			return get_unaligned_le32(cfg + pos + PCI_EXP_DEVCAP) & PCI_EXP_DEVCAP_TEE ?
			       TEE_IO_YES : TEE_IO_NO;
		pos = cfg[pos + 1] & ~3u;
	}
	return TEE_IO_NO;
}

static void config_read(const struct sysfs *fs, struct dev *dev)
{
	unsigned char cfg[PCI_CFG_SIZE];
	size_t len;
	int rc;

	rc = sysfs_read(fs, cfg, sizeof(cfg), &len, "bus/pci/devices/%s/config", dev->bdf);
	if ((rc && rc != -EFBIG) || len < PCI_STD_HEADER)
		return;
	dev->bus_master = cfg[PCI_COMMAND] & PCI_COMMAND_MASTER;
	dev->tee_io = tee_io_of(cfg, len);
}

/* The TSM's name in "connect" or "lock", if it is one. */
static bool bound_tsm(const struct sysfs *fs, const char *bdf, const char *verb,
		      char ret[NAME_SIZE])
{
	struct attr attr;

	sysfs_text(fs, &attr, "bus/pci/devices/%s/tsm/%s", bdf, verb);
	if (attr.err || !util_name_ok(attr.text))
		return false;
	return !util_format(ret, NAME_SIZE, "%s", attr.text);
}

bool dev_is_connected(const struct sysfs *fs, const char *bdf)
{
	char tsm[NAME_SIZE];

	return bound_tsm(fs, bdf, "connect", tsm);
}

int dev_read_ids(const struct sysfs *fs, const char *bdf, struct dev *ret)
{
	struct dev dev = { .tee_io = TEE_IO_UNKNOWN };

	if (!sysfs_exists(fs, "bus/pci/devices/%s", bdf))
		return -ENODEV;
	util_format(dev.bdf, sizeof(dev.bdf), "%s", bdf);
	dev.vendor = hex_attr(fs, bdf, "vendor") & 0xffff;
	dev.device = hex_attr(fs, bdf, "device") & 0xffff;
	dev.class = hex_attr(fs, bdf, "class") & 0xffffff;
	if (sysfs_link(fs, dev.driver, "bus/pci/devices/%s/driver", bdf))
		dev.driver[0] = '\0';
	config_read(fs, &dev);
	/* The directory alone proves nothing: a TSM's own function has one for its class. */
	dev.is_tdi = sysfs_exists(fs, "bus/pci/devices/%s/tsm/state", bdf);
	*ret = dev;
	return 0;
}

int dev_read(const struct sysfs *fs, const char *bdf, struct dev *ret)
{
	struct dev *dev = ret;
	int rc = dev_read_ids(fs, bdf, dev);

	if (rc || !dev->is_tdi)
		return rc;
	sysfs_text(fs, &dev->state, "bus/pci/devices/%s/tsm/state", bdf);
	sysfs_text(fs, &dev->dma, "bus/pci/devices/%s/tsm/dma", bdf);
	sysfs_text(fs, &dev->identity, "bus/pci/devices/%s/tsm/identity", bdf);
	dev->connected = bound_tsm(fs, bdf, "connect", dev->tsm);
	if (!dev->connected)
		bound_tsm(fs, bdf, "lock", dev->tsm);
	return 0;
}

static int list_read(const struct sysfs *fs, struct dev_list *ret,
		     int (*read)(const struct sysfs *fs, const char *bdf, struct dev *ret))
{
	struct dev_list list = { 0 };
	struct names names;
	int rc = sysfs_names(fs, &names, "bus/pci/devices");

	if (rc)
		return rc;
	for (size_t i = 0; i < names.nr; i++) {
		char bdf[BDF_SIZE];

		if (util_bdf_parse(names.name[i], bdf))
			continue;
		list.dev = util_grow(list.dev, list.nr + 1, sizeof(*list.dev));
		/* Unplugged since the directory was read: not there, then. */
		if (!read(fs, bdf, &list.dev[list.nr]))
			list.nr++;
	}
	sysfs_names_free(&names);
	*ret = list;
	return 0;
}

int dev_list_read(const struct sysfs *fs, struct dev_list *ret)
{
	return list_read(fs, ret, dev_read);
}

int dev_list_read_ids(const struct sysfs *fs, struct dev_list *ret)
{
	return list_read(fs, ret, dev_read_ids);
}

void dev_list_free(struct dev_list *list)
{
	free(list->dev);
	*list = (struct dev_list) { 0 };
}

int dev_unreadable(const struct dev *dev)
{
	return dev->state.err ? dev->state.err :
	       dev->dma.err ? dev->dma.err : dev->identity.err;
}

/* ---- evidence ---- */

static void bars_read(const struct sysfs *fs, const char *bdf, struct tdisp_bars *ret)
{
	char text[4096], *save = NULL, *line;
	size_t len;
	int rc;

	*ret = (struct tdisp_bars) { 0 };
	rc = sysfs_read(fs, text, sizeof(text) - 1, &len, "bus/pci/devices/%s/resource", bdf);
	if (rc && rc != -EFBIG)
		return;
	text[len] = '\0';
	line = strtok_r(text, "\n", &save);
	for (unsigned int i = 0; line && i < TDISP_NR_BARS; i++) {
		unsigned long long start, end, flags;
		char *p = line;

		start = strtoull(p, &p, 16);
		end = strtoull(p, &p, 16);
		flags = strtoull(p, &p, 16);
		if (flags & IORESOURCE_MEM && end > start)
			ret->size[i] = end - start + 1;
		line = strtok_r(NULL, "\n", &save);
	}
}

static void nonce_read(const struct sysfs *fs, const char *bdf, struct evidence *ret)
{
	int rc;

	ret->nonce_len = 0;
	rc = sysfs_read(fs, ret->nonce, sizeof(ret->nonce), &ret->nonce_len,
			"bus/pci/devices/%s/tsm/nonce", bdf);
	if (!rc && ret->nonce_len && ret->nonce_len != sizeof(ret->nonce))
		rc = -EBADMSG;
	if (rc == -EFBIG)
		rc = -EBADMSG;
	ret->nonce_err = -rc;
}

static void report_read(const struct sysfs *fs, const char *bdf, struct evidence *ret)
{
	unsigned char *buf = util_grow(NULL, TDISP_REPORT_MAX, 1);
	size_t len = 0;
	int rc;

	rc = sysfs_read(fs, buf, TDISP_REPORT_MAX, &len, "bus/pci/devices/%s/tsm/report", bdf);
	ret->size_err[EVIDENCE_REPORT] = -rc;
	ret->size[EVIDENCE_REPORT] = len;
	if (rc || !len) {
		free(buf);
		return;
	}
	/* Exactly its size, so that a sanitizer sees one byte too far. */
	ret->report = util_grow(buf, len, 1);
	ret->report_len = len;
}

void evidence_read(const struct sysfs *fs, const char *bdf, struct evidence *ret)
{
	struct attr before;

	for (int i = 0; i < GENERATION_TRIES; i++) {
		*ret = (struct evidence) { 0 };
		sysfs_text(fs, &before, "bus/pci/devices/%s/tsm/generation", bdf);
		for (int o = 0; o < EVIDENCE_REPORT; o++)
			ret->size_err[o] = -sysfs_size(fs, EVIDENCE_MAX, &ret->size[o],
						       "bus/pci/devices/%s/tsm/%s", bdf,
						       evidence_name((enum evidence_object)o));
		nonce_read(fs, bdf, ret);
		report_read(fs, bdf, ret);
		sysfs_text(fs, &ret->result, "bus/pci/devices/%s/tsm/result", bdf);
		sysfs_text(fs, &ret->generation, "bus/pci/devices/%s/tsm/generation", bdf);

		/* Files of one generation belong together; of two they do not. */
		if (ret->generation.err || attr_is(&before, ret->generation.text))
			break;
		if (i + 1 < GENERATION_TRIES)
			evidence_free(ret);
		else
			ret->changing = true;
	}
	bars_read(fs, bdf, &ret->bars);
}

void evidence_free(struct evidence *evidence)
{
	free(evidence->report);
	evidence->report = NULL;
}
