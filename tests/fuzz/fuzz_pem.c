// SPDX-License-Identifier: GPL-2.0
/* PEM, tar archives, and what is inside of certificate extensions. */
#include "fuzz.h"
#include "../../tools/attest/der.h"
#include "../../tools/attest/identity.h"
#include "../../tools/attest/pem.h"
#include "../../tools/attest/tar.h"

static void walk_der(struct bytes in, int depth)
{
	struct bytes content;
	unsigned int tag;
	uint64_t number;

	while (der_next(&in, &tag, &content)) {
		if (der_number(content, &number))
			must(content.len <= 9);
		if (tag & 0x20 && depth < 8)
			walk_der(content, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes in = { data, len }, content;
	char label[PEM_LABEL_SIZE], name[TAR_NAME_SIZE];
	struct device_info info;
	struct pci_id id;
	struct blob der;

	while (pem_next(&in, label, &der) > 0) {
		must(in.data <= data + len && in.len <= len);
		must(der.len > 0);
		walk_der((struct bytes) { der.data, der.len }, 0);
		blob_free(&der);
	}
	in = (struct bytes) { data, len };
	while (tar_next(&in, name, &content) > 0)
		must(content.data >= data && content.len <= (size_t)(data + len - content.data));
	walk_der((struct bytes) { data, len }, 0);
	pci_id_parse((struct bytes) { data, len }, &id);
	device_info_parse((struct bytes) { data, len }, &info);
	must(!id.well_formed || (id.has[PCI_ID_VENDOR] && id.has[PCI_ID_REVISION]));
	must(!info.well_formed || (info.manufacturer[0] && info.product[0] && info.serial[0]));
	return 0;
}
