// SPDX-License-Identifier: GPL-2.0
/* Reading and writing saved evidence. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bundle.h"
#include "crypto.h"
#include "json_check.h"
#include "jsonw.h"
#include "tar.h"

const char *bundle_file_name(enum evidence_object object)
{
	static const char * const names[EVIDENCE_NR] = {
		[EVIDENCE_CERTIFICATES]	= "certificates.bin",
		[EVIDENCE_VCA]		= "vca.bin",
		[EVIDENCE_MEASUREMENTS]	= "measurements.bin",
		[EVIDENCE_REPORT]	= "report.bin",
	};

	return names[object];
}

/* The whole bundle's files: evidence first. */
#define NR_FILES	(EVIDENCE_NR + BUNDLE_TPM_NR)

static const struct {
	const char *name;
	const char *file;
} tpm_files[BUNDLE_TPM_NR] = {
	[BUNDLE_EVENTLOG]	= { "eventlog", "tpm-eventlog.bin" },
	[BUNDLE_QUOTE]		= { "quote", "tpm-quote.bin" },
	[BUNDLE_SIGNATURE]	= { "signature", "tpm-signature.bin" },
	[BUNDLE_AK]		= { "ak", "tpm-ak.pub" },
	[BUNDLE_POLICY]		= { "policy", "tpm-policy.json" },
	[BUNDLE_VERDICT]	= { "verdict", "tpm-verdict.json" },
	[BUNDLE_EK_CERT]	= { "ek_certificate", "tpm-ek-cert.der" },
};

static const char *file_name(int i)
{
	return i < EVIDENCE_NR ? bundle_file_name((enum evidence_object)i) :
				 tpm_files[i - EVIDENCE_NR].file;
}

static const char *object_name(int i)
{
	return i < EVIDENCE_NR ? evidence_name((enum evidence_object)i) :
				 tpm_files[i - EVIDENCE_NR].name;
}

static const struct bytes *object_of(const struct bundle *bundle, int i)
{
	return i < EVIDENCE_NR ? &bundle->object[i] : &bundle->tpm[i - EVIDENCE_NR];
}

static struct bytes *slot_of(struct bundle *bundle, int i)
{
	return i < EVIDENCE_NR ? &bundle->object[i] : &bundle->tpm[i - EVIDENCE_NR];
}

bool bundle_is_quoted(const struct bundle *bundle)
{
	for (int o = 0; o < BUNDLE_TPM_NR; o++)
		if (bundle->tpm[o].data)
			return true;
	return false;
}

bool bundle_is_emulated(const struct bundle *bundle)
{
	return util_is_emulated(bundle->platform);
}

void bundle_time_text(time_t time, char ret[32])
{
	struct tm tm;

	if (!gmtime_r(&time, &tm) || !strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &tm))
		ret[0] = '\0';
}

void bundle_free(struct bundle *bundle)
{
	for (int o = 0; o < EVIDENCE_NR; o++)
		blob_free(&bundle->file[o]);
	for (int o = 0; o < BUNDLE_TPM_NR; o++)
		blob_free(&bundle->tpm_file[o]);
	blob_free(&bundle->archive);
	*bundle = (struct bundle) { 0 };
}

/* ---- reading ---- */

struct reading {
	struct bundle *bundle;
	struct bytes metadata;
	struct blob metadata_file;
	char *why;
	size_t size;
};

static int bad(struct reading *r, const char *fmt, ...) TDI_PRINTF(2, 3);

static int bad(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	util_vformat(r->why, r->size, fmt, ap);
	va_end(ap);
	return -EBADMSG;
}

/* Whoever made the directory may have put anything there: nothing waits for it. */
static int read_member(struct reading *r, int dirfd, const char *name, struct blob *ret)
{
	int rc = blob_read_regular(dirfd, name, BLOB_MAX, ret);

	return rc == -EINVAL ? bad(r, "%s: expected a regular file", name) : rc;
}

static int open_directory(struct reading *r, int dirfd)
{
	size_t total = 0;
	int rc;

	rc = read_member(r, dirfd, BUNDLE_METADATA, &r->metadata_file);
	if (rc == -ENOENT)
		return bad(r, "there is no %s", BUNDLE_METADATA);
	if (rc)
		return rc;
	r->metadata = blob_bytes(&r->metadata_file);
	for (int o = 0; o < NR_FILES; o++) {
		struct blob *file = o < EVIDENCE_NR ? &r->bundle->file[o] :
						      &r->bundle->tpm_file[o - EVIDENCE_NR];

		rc = read_member(r, dirfd, file_name(o), file);
		if (rc == -ENOENT)
			continue;
		if (rc)
			return rc;
		total += file->len;
		if (total > BLOB_MAX)
			return -EFBIG;
		*slot_of(r->bundle, o) = blob_bytes(file);
	}
	return 0;
}

static int open_archive(struct reading *r)
{
	struct bytes left = blob_bytes(&r->bundle->archive), data, *slot;
	char name[TAR_NAME_SIZE];
	int rc;

	if (!tar_is(left))
		return bad(r, "neither a directory nor a tar archive");
	while ((rc = tar_next(&left, name, &data)) > 0) {
		slot = strcmp(name, BUNDLE_METADATA) ? NULL : &r->metadata;
		for (int o = 0; o < NR_FILES; o++)
			if (!strcmp(name, file_name(o)))
				slot = slot_of(r->bundle, o);
		if (slot && slot->data)
			return bad(r, "%s is there twice", name);
		if (slot)
			*slot = data;
	}
	if (rc)
		return bad(r, "the archive is malformed");
	return r->metadata.data ? 0 : bad(r, "there is no %s", BUNDLE_METADATA);
}

static struct json_object *member(struct json_object *obj, const char *key, enum json_type type)
{
	struct json_object *ret;

	if (!json_object_object_get_ex(obj, key, &ret) || !json_object_is_type(ret, type))
		return NULL;
	return ret;
}

/* A text from outside, made fit to be shown. */
static void take_text(struct json_object *obj, const char *key, char *ret, size_t size)
{
	struct json_object *value = member(obj, key, json_type_string);
	char shown[128] = "";

	if (value)
		util_escape(shown, sizeof(shown), json_object_get_string(value),
			    strlen(json_object_get_string(value)));
	if (util_format(ret, size, "%s", shown))
		ret[size - 1] = '\0';
}

static bool take_hex(struct json_object *obj, const char *key, uint8_t *ret, size_t len)
{
	struct json_object *value = member(obj, key, json_type_string);
	const char *text = value ? json_object_get_string(value) : "";

	if (strlen(text) != 2 * len || strspn(text, "0123456789abcdefABCDEF") != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };

		ret[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

static unsigned int take_id(struct json_object *obj, const char *key, int digits)
{
	struct json_object *value = member(obj, key, json_type_string);
	const char *text = value ? json_object_get_string(value) : "";

	if (strlen(text) != (size_t)digits || strspn(text, "0123456789abcdef") != (size_t)digits)
		return 0;
	return (unsigned int)strtoul(text, NULL, 16);
}

static int take_bars(struct reading *r, struct json_object *doc)
{
	struct json_object *bars, *bar;

	if (!json_object_object_get_ex(doc, "bars", &bars) || !bars)
		return 0;
	if (!json_object_is_type(bars, json_type_array) ||
	    json_object_array_length(bars) != TDISP_NR_BARS)
		return bad(r, "bars: must be %d sizes", TDISP_NR_BARS);
	for (size_t i = 0; i < TDISP_NR_BARS; i++) {
		bar = json_object_array_get_idx(bars, i);
		if (!json_object_is_type(bar, json_type_int) || json_object_get_int64(bar) < 0)
			return bad(r, "bars: must be sizes in bytes");
		r->bundle->bars.size[i] = json_object_get_uint64(bar);
	}
	r->bundle->has_bars = true;
	return 0;
}

/* The files are those that were saved. */
static int check_object(struct reading *r, struct json_object *objects, int o)
{
	struct json_object *entry, *size;
	const struct bytes *object = object_of(r->bundle, o);
	const char *name = object_name(o);
	uint8_t said[32], digest[CRYPTO_HASH_MAX];

	if (!objects || !json_object_object_get_ex(objects, name, &entry) || !entry)
		return object->data ? bad(r, "%s: the metadata does not know it", name) : 0;
	if (!json_object_is_type(entry, json_type_object))
		return bad(r, "%s: must be an object", name);
	if (!object->data)
		return bad(r, "%s: the file is missing", name);
	size = member(entry, "size", json_type_int);
	if (!size || json_object_get_int64(size) < 0 ||
	    json_object_get_uint64(size) != object->len)
		return bad(r, "%s: is %zu bytes long, which is not what the metadata says", name,
			   object->len);
	if (!take_hex(entry, "sha256", said, sizeof(said)) ||
	    !crypto_digest(CRYPTO_SHA256, object, 1, digest) ||
	    memcmp(digest, said, sizeof(said)))
		return bad(r, "%s: does not have the digest that the metadata says", name);
	return 0;
}

static int take_metadata(struct reading *r, struct json_object *doc)
{
	struct bundle *bundle = r->bundle;
	struct json_object *value;
	int rc;

	value = member(doc, "kind", json_type_string);
	if (!value || strcmp(json_object_get_string(value), "evidence"))
		return bad(r, "kind: must be \"evidence\"");
	value = member(doc, "schema_version", json_type_int);
	if (!value || json_object_get_int64(value) != BUNDLE_SCHEMA_VERSION)
		return bad(r, "schema_version: must be %d: this program knows no other",
			   BUNDLE_SCHEMA_VERSION);
	take_text(doc, "created", bundle->created, sizeof(bundle->created));
	take_text(doc, "tsm", bundle->tsm, sizeof(bundle->tsm));
	take_text(doc, "platform", bundle->platform, sizeof(bundle->platform));
	take_text(doc, "state", bundle->state, sizeof(bundle->state));
	take_text(doc, "generation", bundle->generation, sizeof(bundle->generation));
	value = member(doc, "device", json_type_object);
	if (value) {
		take_text(value, "bdf", bundle->bdf, sizeof(bundle->bdf));
		bundle->vendor = take_id(value, "vendor_id", 4);
		bundle->device = take_id(value, "device_id", 4);
		bundle->class = take_id(value, "class", 6);
	}
	if (member(doc, "nonce", json_type_string)) {
		bundle->has_nonce = take_hex(doc, "nonce", bundle->nonce, sizeof(bundle->nonce));
		if (!bundle->has_nonce)
			return bad(r, "nonce: must be %d bytes in hexadecimal",
				   EVIDENCE_NONCE_SIZE);
	}
	rc = take_bars(r, doc);
	value = member(doc, "objects", json_type_object);
	if (!rc && !value)
		rc = bad(r, "objects: must be an object");
	for (int o = 0; !rc && o < EVIDENCE_NR; o++)
		rc = check_object(r, value, o);
	value = member(doc, "tpm", json_type_object);
	if (value)
		value = member(value, "objects", json_type_object);
	for (int o = EVIDENCE_NR; !rc && o < NR_FILES; o++)
		rc = check_object(r, value, o);
	return rc;
}

static int parse_metadata(struct reading *r)
{
	struct json_object *doc;
	char why[128];
	int rc;

	doc = json_check_parse(r->metadata, why, sizeof(why));
	if (!doc)
		return bad(r, "%s: %s", BUNDLE_METADATA, why);
	rc = json_object_is_type(doc, json_type_object) ? take_metadata(r, doc) :
							  bad(r, "%s: no object", BUNDLE_METADATA);
	json_object_put(doc);
	return rc;
}

int bundle_open(const char *path, struct bundle *ret, char *why, size_t size)
{
	struct reading r = { .bundle = ret, .why = why, .size = size };
	int dirfd, rc;

	*ret = (struct bundle) { 0 };
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd >= 0) {
		rc = open_directory(&r, dirfd);
		close(dirfd);
	} else {
		rc = errno == ENOTDIR ? blob_read(AT_FDCWD, path, &ret->archive) : -errno;
		if (!rc)
			rc = open_archive(&r);
	}
	if (!rc)
		rc = parse_metadata(&r);
	blob_free(&r.metadata_file);
	if (rc)
		bundle_free(ret);
	return rc;
}

/* ---- writing ---- */

static void put_objects(struct jsonw *w, const struct bundle *bundle, int first, int end)
{
	jsonw_object(w, "objects");
	for (int o = first; o < end; o++) {
		const struct bytes *object = object_of(bundle, o);
		uint8_t digest[CRYPTO_HASH_MAX] = { 0 };

		if (!object->data) {
			jsonw_null(w, object_name(o));
			continue;
		}
		crypto_digest(CRYPTO_SHA256, object, 1, digest);
		jsonw_object(w, object_name(o));
		jsonw_string(w, "file", file_name(o));
		jsonw_number(w, "size", object->len);
		jsonw_hex(w, "sha256", digest, 32);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void put_text(struct jsonw *w, const char *key, const char *text)
{
	jsonw_string(w, key, text[0] ? text : NULL);
}

static void put_metadata(FILE *f, const struct bundle *bundle, time_t now)
{
	char time[32];
	struct jsonw w;

	bundle_time_text(now, time);
	jsonw_start(&w, f);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", BUNDLE_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "evidence");
	jsonw_string(&w, "created", time);
	jsonw_object(&w, "device");
	put_text(&w, "bdf", bundle->bdf);
	jsonw_format(&w, "vendor_id", "%04x", bundle->vendor);
	jsonw_format(&w, "device_id", "%04x", bundle->device);
	jsonw_format(&w, "class", "%06x", bundle->class);
	jsonw_end_object(&w);
	put_text(&w, "tsm", bundle->tsm);
	put_text(&w, "platform", bundle->platform);
	jsonw_bool(&w, "emulated", bundle_is_emulated(bundle));
	put_text(&w, "state", bundle->state);
	put_text(&w, "generation", bundle->generation);
	if (bundle->has_nonce)
		jsonw_hex(&w, "nonce", bundle->nonce, sizeof(bundle->nonce));
	else
		jsonw_null(&w, "nonce");
	if (bundle->has_bars) {
		jsonw_array(&w, "bars");
		for (int i = 0; i < TDISP_NR_BARS; i++)
			jsonw_number(&w, NULL, bundle->bars.size[i]);
		jsonw_end_array(&w);
	} else {
		jsonw_null(&w, "bars");
	}
	put_objects(&w, bundle, 0, EVIDENCE_NR);
	if (bundle_is_quoted(bundle)) {
		jsonw_object(&w, "tpm");
		put_objects(&w, bundle, EVIDENCE_NR, NR_FILES);
		jsonw_end_object(&w);
	}
	jsonw_end_object(&w);
}

static int metadata_text(const struct bundle *bundle, time_t now, struct blob *ret)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return -errno;
	put_metadata(f, bundle, now);
	if (fclose(f)) {
		free(text);
		return -ENOMEM;
	}
	*ret = (struct blob) { (uint8_t *)text, len };
	return 0;
}

/* Exclusively: what exists stays. */
static FILE *create(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f && fd >= 0)
		close(fd);
	return f;
}

static int finish(FILE *f)
{
	bool failed = ferror(f);

	if (fclose(f) || failed)
		return -EIO;
	return 0;
}

static int write_file(int dirfd, const char *name, struct bytes data)
{
	FILE *f = create(dirfd, name);

	if (!f)
		return -errno;
	if (data.len)
		fwrite(data.data, 1, data.len, f);
	return finish(f);
}

static int write_directory(const char *path, const struct bundle *bundle, struct bytes metadata)
{
	int dirfd, rc = 0;

	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return -errno;
	for (int o = 0; !rc && o < NR_FILES; o++)
		if (object_of(bundle, o)->data)
			rc = write_file(dirfd, file_name(o), *object_of(bundle, o));
	/* Last: a directory without it is no bundle. */
	if (!rc)
		rc = write_file(dirfd, BUNDLE_METADATA, metadata);
	close(dirfd);
	return rc;
}

static int write_archive(const char *path, const struct bundle *bundle, struct bytes metadata,
			 time_t now)
{
	FILE *f = create(AT_FDCWD, path);
	int rc;

	if (!f)
		return -errno;
	tar_put(f, BUNDLE_METADATA, now, metadata);
	for (int o = 0; o < NR_FILES; o++)
		if (object_of(bundle, o)->data)
			tar_put(f, file_name(o), now, *object_of(bundle, o));
	tar_end(f);
	rc = finish(f);
	if (rc)
		unlink(path);
	return rc;
}

/* A name that ends like an archive's is one; an existing directory is none. */
static bool wants_archive(const char *path)
{
	size_t len = strlen(path);
	struct stat st;

	if (!stat(path, &st) && S_ISDIR(st.st_mode))
		return false;
	return len > 4 && !strcmp(path + len - 4, ".tar");
}

int bundle_write(const char *path, const struct bundle *bundle, time_t now)
{
	struct blob metadata;
	int rc = metadata_text(bundle, now, &metadata);

	if (rc)
		return rc;
	rc = wants_archive(path) ? write_archive(path, bundle, blob_bytes(&metadata), now) :
		       write_directory(path, bundle, blob_bytes(&metadata));
	blob_free(&metadata);
	return rc;
}
