// SPDX-License-Identifier: GPL-2.0
/*
 * The boot gate's inputs: its policy's text, and the signature, which the host may have made.
 * The first byte says which.
 */
#include "fuzz.h"
#include "../../tools/attest/crypto.h"
#include "../../tools/attest/gate_policy.h"

enum { WHAT_POLICY, WHAT_SIGNATURE, WHATS };

static void policy(struct bytes text)
{
	struct policy_problems errors, advice;
	struct gate gate;

	if (gate_parse(text, &gate, &errors)) {
		must(!errors.nr);
		must(gate_is_one(text));
		must(gate.nr <= GATE_DEVICES_MAX);
		must(gate.timeout && gate.timeout <= GATE_TIMEOUT_MAX);
		must(!gate.has_not_before || gate.not_before <= gate.not_after);
		for (size_t i = 0; i < gate.nr; i++) {
			const struct gate_entry *entry = &gate.entry[i];

			/* What becomes part of a path. */
			must(gate_file_name_ok(entry->policy));
			must(!strchr(entry->policy, '/') && entry->policy[0] != '.');
			must(entry->count && entry->count <= GATE_COUNT_MAX);
			must(!entry->bdf[0] || entry->count == 1);
			must(entry->name[0]);
			must(!gate_matches(entry, "none", entry->vendor ^ 1, entry->device, 0));
		}
		gate_lint(&gate, &advice);
		policy_problems_free(&advice);
	} else {
		must(errors.nr);
		for (size_t i = 0; i < errors.nr; i++)
			must(errors.problem[i].text[0]);
	}
	policy_problems_free(&errors);
	gate_free(&gate);
}

/* The length of a certificate as 16 bits, little endian; the certificate; the signature. */
static void signature(struct bytes in)
{
	static const uint8_t content[] = "tdi";
	const struct crypto_cert *signer;
	struct crypto_cert *pinned;
	char found[256] = "";
	enum crypto_cms end;
	size_t len;

	if (in.len < 2)
		return;
	len = in.data[0] | in.data[1] << 8;
	if (len > in.len - 2)
		return;
	pinned = crypto_cert_parse((struct bytes) { in.data + 2, len });
	if (!pinned)
		return;
	end = crypto_cms_verify((struct bytes) { in.data + 2 + len, in.len - 2 - len },
				(struct bytes) { content, sizeof(content) - 1 }, &pinned, 1,
				1800000000, &signer, found, sizeof(found));
	must(end == CRYPTO_CMS_GOOD || found[0]);
	must(end != CRYPTO_CMS_GOOD || signer == pinned);
	crypto_cert_free(pinned);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bytes rest = { data + 1, len - 1 };

	if (!len)
		return 0;
	if (data[0] % WHATS == WHAT_POLICY)
		policy(rest);
	else
		signature(rest);
	return 0;
}
