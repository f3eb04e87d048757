// SPDX-License-Identifier: GPL-2.0
/* Measurement transcripts; the first byte is the signature's size. */
#include "check_meas.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct tdisp_why why = { 0 };
	struct spdm_meas m;
	size_t signature_len;
	int err;

	if (!len)
		return -1;
	signature_len = data[0];
	data++;
	len--;
	fuzz_mark(&m, sizeof(m));
	err = spdm_meas_parse(data, len, signature_len, &m, &why);
	if (!err) {
		must(!why.check);
		check_meas(data, len, &m);
		return 0;
	}
	must_be_marked(&m, sizeof(m));
	must_be_reason(&why, len);
	must(err == -EBADMSG || err == -EOPNOTSUPP || err == -E2BIG ||
	     (err == -EINVAL && !signature_len));
	if (err == -E2BIG) {
		/* As it says: without what is too much, it is good. */
		must(why.found == len - why.offset);
		len = why.offset;
		must(!spdm_meas_parse(data, len, signature_len, &m, NULL));
		check_meas(data, len, &m);
	}
	return 0;
}
