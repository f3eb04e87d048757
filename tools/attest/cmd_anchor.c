// SPDX-License-Identifier: GPL-2.0
/*
 * tdi anchor: the certificates that the kernel trusts to vouch for devices, in
 * its key ring .tdi-anchors. The only file that uses keyutils.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <keyutils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "anchors.h"
#include "exit.h"
#include "tool.h"

#define RING	".tdi-anchors"

/* The ring has no owner but the kernel: it is found in /proc/keys, as root. */
static key_serial_t find_ring(void)
{
	key_serial_t ring = find_key_by_type_and_desc("keyring", RING, 0);

	if (ring < 0)
		fprintf(stderr, "tdi: key ring %s: expected one, found none (%s); "
			"is the module tdi loaded, and are you root?\n", RING, strerror(errno));
	return ring;
}

static int add_file(key_serial_t ring, const char *path)
{
	struct anchors anchors = { 0 };
	int status = TDI_EXIT_DONE;
	struct blob file;
	int nr, err;

	err = blob_read(AT_FDCWD, path, &file);
	if (err) {
		fprintf(stderr, "tdi: %s: %s\n", path, strerror(-err));
		return TDI_EXIT_USAGE;
	}
	nr = anchors_add(&anchors, blob_bytes(&file));
	if (nr <= 0) {
		fprintf(stderr, "tdi: %s: expected certificates, PEM or DER, found %s\n", path,
			nr ? "something malformed" : "none");
		status = TDI_EXIT_USAGE;
	}
	for (size_t i = 0; status == TDI_EXIT_DONE && i < anchors.nr; i++) {
		struct bytes der = crypto_cert_der(anchors.cert[i]);
		struct crypto_cert_info info;

		crypto_cert_info(anchors.cert[i], &info);
		if (!info.is_ca) {
			fprintf(stderr, "tdi: %s: %s: expected a CA, found none: "
				"a device's own certificate vouches for nobody\n",
				path, info.subject);
			status = TDI_EXIT_USAGE;
		} else if (add_key("asymmetric", "", der.data, der.len, ring) < 0) {
			fprintf(stderr, "tdi: %s: %s: the kernel refuses it: %s\n", path,
				info.subject, strerror(errno));
			status = TDI_EXIT_USAGE;
		} else {
			printf("%s\n", info.subject);
		}
	}
	anchors_free(&anchors);
	blob_free(&file);
	return status;
}

static int list(key_serial_t ring)
{
	key_serial_t *keys = NULL;
	long len = keyctl_read_alloc(ring, (void **)&keys);

	if (len < 0) {
		fprintf(stderr, "tdi: key ring %s: %s\n", RING, strerror(errno));
		return TDI_EXIT_USAGE;
	}
	if (!len)
		puts("no anchors: no device can be verified by the kernel (tdi anchor add FILE)");
	for (size_t i = 0; i < (size_t)len / sizeof(*keys); i++) {
		char *text = NULL;

		/* "asymmetric;UID;GID;PERM;SUBJECT: KEY ID" */
		if (keyctl_describe_alloc(keys[i], &text) > 0) {
			const char *subject = text;

			for (int field = 0; field < 4 && subject; field++) {
				subject = strchr(subject, ';');
				if (subject)
					subject++;
			}
			printf("%s\n", subject ? subject : text);
		}
		free(text);
	}
	free(keys);
	return TDI_EXIT_DONE;
}

int cmd_anchor(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	key_serial_t ring;
	int status = TDI_EXIT_DONE;

	(void)tool;
	if (argc < 2)
		return verb_usage(verb, "expected add or list");
	if (!strcmp(argv[1], "list") && argc == 2) {
		ring = find_ring();
		return ring < 0 ? TDI_EXIT_USAGE : list(ring);
	}
	if (strcmp(argv[1], "add") || argc < 3)
		return verb_usage(verb, "expected add FILE..., or list");
	ring = find_ring();
	if (ring < 0)
		return TDI_EXIT_USAGE;
	for (int i = 2; status == TDI_EXIT_DONE && i < argc; i++)
		status = add_file(ring, argv[i]);
	return status;
}
