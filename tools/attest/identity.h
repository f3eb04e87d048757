/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who a leaf certificate says the device is: the PCI-SIG's and DMTF's subject
 * alternative names, what its key is for, and which certificate model it is of.
 */
#ifndef ATTEST_IDENTITY_H
#define ATTEST_IDENTITY_H

#include "crypto.h"

/* PCIe CMA identity, PCIe r6.1 6.31.3: what is in config space, signed. */
enum pci_id_field {
	PCI_ID_VENDOR,
	PCI_ID_DEVICE,
	PCI_ID_CLASS,
	PCI_ID_REVISION,
	PCI_ID_SUBVENDOR,
	PCI_ID_SUBDEVICE,
	PCI_ID_SERIAL,
	PCI_ID_NR
};

/**
 * struct pci_id - a PCI-SIG identity
 * @present: it is there
 * @well_formed: and is written as the standard asks for
 * @has: by enum pci_id_field: this field is there
 * @value: its value
 * @text: as it was found, escaped
 */
struct pci_id {
	bool present;
	bool well_formed;
	bool has[PCI_ID_NR];
	uint64_t value[PCI_ID_NR];
	char text[160];
};

/* The name of a field ("vendor") and its width in hexadecimal digits. */
const char *pci_id_name(enum pci_id_field field);
int pci_id_digits(enum pci_id_field field);

/**
 * pci_id_parse() - read "Vendor=1b36:Device=0010:CC=010802:REV=02..."
 * @text: not terminated
 * @ret: set; @ret->well_formed is the result
 */
void pci_id_parse(struct bytes text, struct pci_id *ret);

/* DSP0274: "manufacturer:product:serial", escaped. */
struct device_info {
	bool present;
	bool well_formed;
	char manufacturer[64];
	char product[64];
	char serial[64];
};

void device_info_parse(struct bytes text, struct device_info *ret);

/**
 * struct identity - what the leaf's extensions say
 * @bad_san: the subject alternative name is malformed, or holds a form twice
 * @bad_eku: extendedKeyUsage is malformed or there twice
 * @has_eku: it is there
 * @responder: it names the SPDM responder's authentication
 * @requester: it names the SPDM requester's
 * @alias: it is marked as a certificate for mutable firmware (alias model)
 * @hardware: it is marked as the hardware's identity
 */
struct identity {
	struct pci_id pci;
	struct device_info device;
	bool bad_san;
	bool bad_eku;
	bool has_eku;
	bool responder;
	bool requester;
	bool alias;
	bool hardware;
};

void identity_read(const struct crypto_cert *leaf, struct identity *ret);

#endif /* ATTEST_IDENTITY_H */
