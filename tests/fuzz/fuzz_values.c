// SPDX-License-Identifier: GPL-2.0
/* What measurement blocks say, of any type: the first byte is the type's. */
#include "fuzz.h"

#include <tdisp/spdm_meas.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct spdm_meas_value v = { .index = 1, .spec = 1, .is_dmtf = true };
	struct spdm_meas_manifest manifest;
	struct tdisp_why why = { 0 };
	struct spdm_meas_mode mode;
	int a, b, c;
	u64 svn;

	if (!len)
		return -1;
	v.type = data[0] & 0x7f;
	v.is_raw = data[0] & 0x80;
	v.value = 1;
	v.len = len - 1;
	fuzz_mark(&mode, sizeof(mode));
	fuzz_mark(&svn, sizeof(svn));
	fuzz_mark(&manifest, sizeof(manifest));

	a = spdm_meas_device_mode(data, &v, &mode, &why);
	b = spdm_meas_svn(data, &v, &svn, &why);
	c = spdm_meas_manifest(data, &v, &manifest, &why);
	must((a == -ENOENT) + (b == -ENOENT) + (c == -ENOENT) >= 2);
	if (a)
		must_be_marked(&mode, sizeof(mode));
	else
		must(v.len == 16);
	if (b)
		must_be_marked(&svn, sizeof(svn));
	else
		must(v.len == 8);
	if (c)
		must_be_marked(&manifest, sizeof(manifest));
	else
		must(manifest.body + manifest.body_len == len && manifest.body >= v.value);
	if (a == -EBADMSG || b == -EBADMSG || c == -EBADMSG)
		must(why.check);
	must(spdm_meas_type_name(data[0]));
	return 0;
}
