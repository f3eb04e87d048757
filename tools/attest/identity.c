// SPDX-License-Identifier: GPL-2.0
/* Reading a leaf certificate's identity. */
#include <string.h>

#include "der.h"
#include "identity.h"
#include "util.h"

/* In the order of the text; the ones from the subsystem on may be left out. */
static const struct {
	const char *name;
	const char *key;
	int digits;
} fields[PCI_ID_NR] = {
	[PCI_ID_VENDOR]		= { "vendor", "Vendor=", 4 },
	[PCI_ID_DEVICE]		= { "device", "Device=", 4 },
	[PCI_ID_CLASS]		= { "class", "CC=", 6 },
	[PCI_ID_REVISION]	= { "revision", "REV=", 2 },
	[PCI_ID_SUBVENDOR]	= { "subsystem_vendor", "SSVID=", 4 },
	[PCI_ID_SUBDEVICE]	= { "subsystem_device", "SSID=", 4 },
	[PCI_ID_SERIAL]		= { "serial", "", 16 },
};

const char *pci_id_name(enum pci_id_field field)
{
	return fields[field].name;
}

int pci_id_digits(enum pci_id_field field)
{
	return fields[field].digits;
}

/* Lower case, and all digits: who compares the text byte by byte must agree. */
static bool hex_number(const uint8_t *p, int digits, uint64_t *ret)
{
	*ret = 0;
	for (int i = 0; i < digits; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			*ret = *ret << 4 | (uint64_t)(p[i] - '0');
		else if (p[i] >= 'a' && p[i] <= 'f')
			*ret = *ret << 4 | (uint64_t)(p[i] - 'a' + 10);
		else
			return false;
	}
	return true;
}

static bool take_field(struct bytes *in, enum pci_id_field field, uint64_t *ret)
{
	size_t key = strlen(fields[field].key);
	size_t len = key + (size_t)fields[field].digits;

	/* A colon announces something. */
	if (in->len < len || in->len == len + 1 || (in->len > len && in->data[len] != ':') ||
	    memcmp(in->data, fields[field].key, key) ||
	    !hex_number(in->data + key, fields[field].digits, ret))
		return false;
	len += in->len > len;
	in->data += len;
	in->len -= len;
	return true;
}

void pci_id_parse(struct bytes text, struct pci_id *ret)
{
	struct bytes in = text;

	*ret = (struct pci_id) { .present = true };
	util_escape(ret->text, sizeof(ret->text), text.data, text.len);
	for (int f = 0; f < PCI_ID_NR; f++) {
		/* What may be left out: the subsystem as a whole, and the serial number. */
		if (!in.len && (f == PCI_ID_SUBVENDOR || f == PCI_ID_SERIAL))
			break;
		ret->has[f] = take_field(&in, (enum pci_id_field)f, &ret->value[f]);
		/* Type-1 headers have no subsystem; they may have a serial number. */
		if (!ret->has[f] && f == PCI_ID_SUBVENDOR)
			f = PCI_ID_SUBDEVICE;
		else if (!ret->has[f])
			return;
	}
	ret->well_formed = !in.len;
}

static bool take_text(struct bytes *in, bool last, char *ret, size_t size)
{
	const uint8_t *colon = in->len ? memchr(in->data, ':', in->len) : NULL;
	size_t len = colon ? (size_t)(colon - in->data) : in->len;

	util_escape(ret, size, in->data, len);
	if (!len || last != !colon)
		return false;
	in->data += len + !last;
	in->len -= len + !last;
	return true;
}

void device_info_parse(struct bytes text, struct device_info *ret)
{
	struct bytes in = text;

	*ret = (struct device_info) { .present = true };
	ret->well_formed = take_text(&in, false, ret->manufacturer, sizeof(ret->manufacturer)) &&
			   take_text(&in, false, ret->product, sizeof(ret->product)) &&
			   take_text(&in, true, ret->serial, sizeof(ret->serial));
}

/* otherName: SEQUENCE { OID, [0] { UTF8String } }, its tag replaced by [0] */
static bool other_name(struct bytes in, struct identity *ret)
{
	struct bytes oid, outer, text;

	if (!der_take(&in, DER_OID, &oid) || !der_take(&in, DER_CONTEXT_IN(0), &outer) || in.len)
		return false;
	if (der_is(oid, OID_PCI_SIG_CMA)) {
		if (!der_take(&outer, DER_UTF8, &text) || outer.len || ret->pci.present)
			return false;
		pci_id_parse(text, &ret->pci);
	} else if (der_is(oid, OID_DMTF_DEVICE_INFO)) {
		if (!der_take(&outer, DER_UTF8, &text) || outer.len || ret->device.present)
			return false;
		device_info_parse(text, &ret->device);
	}
	return true;
}

static bool read_san(struct bytes in, struct identity *ret)
{
	struct bytes names, name;
	unsigned int tag;

	if (!der_take(&in, DER_SEQUENCE, &names) || in.len)
		return false;
	while (names.len) {
		if (!der_next(&names, &tag, &name))
			return false;
		if (tag == DER_CONTEXT_IN(0) && !other_name(name, ret))
			return false;
	}
	return true;
}

static bool read_eku(struct bytes in, struct identity *ret)
{
	struct bytes list, oid;

	if (!der_take(&in, DER_SEQUENCE, &list) || in.len || !list.len)
		return false;
	while (list.len) {
		if (!der_take(&list, DER_OID, &oid))
			return false;
		ret->responder |= der_is(oid, OID_DMTF_RESPONDER);
		ret->requester |= der_is(oid, OID_DMTF_REQUESTER);
	}
	return true;
}

static void mark(struct bytes oid, struct identity *ret)
{
	ret->alias |= der_is(oid, OID_DMTF_MUTABLE);
	ret->hardware |= der_is(oid, OID_DMTF_HARDWARE);
}

/* SEQUENCE OF SEQUENCE { OID, ... }; what is not understood marks nothing. */
static void read_spdm(struct bytes in, struct identity *ret)
{
	struct bytes list, entry, oid;

	if (!der_take(&in, DER_SEQUENCE, &list))
		return;
	while (list.len) {
		if (der_take(&list, DER_OID, &oid)) {
			mark(oid, ret);
			continue;
		}
		if (!der_take(&list, DER_SEQUENCE, &entry))
			return;
		if (der_take(&entry, DER_OID, &oid))
			mark(oid, ret);
	}
}

void identity_read(const struct crypto_cert *leaf, struct identity *ret)
{
	struct bytes value;
	int nr;

	*ret = (struct identity) { 0 };
	nr = crypto_cert_extension(leaf, DER_BYTES(OID_SAN), &value);
	ret->bad_san = nr > 1 || (nr && !read_san(value, ret));
	nr = crypto_cert_extension(leaf, DER_BYTES(OID_EKU), &value);
	ret->has_eku = nr;
	ret->bad_eku = nr > 1 || (nr && !read_eku(value, ret));
	if (crypto_cert_extension(leaf, DER_BYTES(OID_DMTF_SPDM), &value))
		read_spdm(value, ret);
	/* libspdm's older certificates carry the mark as an extension of its own. */
	ret->alias |= crypto_cert_extension(leaf, DER_BYTES(OID_DMTF_MUTABLE), &value) > 0;
	ret->hardware |= crypto_cert_extension(leaf, DER_BYTES(OID_DMTF_HARDWARE), &value) > 0;
}
