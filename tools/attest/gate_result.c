// SPDX-License-Identifier: GPL-2.0
/*
 * The decision as a file: written by the gate in the initramfs, and believed by the one
 * in the root, if root wrote it, and in this boot.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gate.h"
#include "json_check.h"
#include "jsonw.h"

static const struct json_word verdict_words[] = {
	{ "accepted", GATE_ACCEPTED }, { "refused", GATE_REFUSED }, { "failed", GATE_FAILED },
	{ "held", GATE_HELD }, { "absent", GATE_ABSENT },
};

const char *gate_verdict_name(enum gate_verdict verdict)
{
	for (size_t i = 0; i < JSON_ARRAY_SIZE(verdict_words); i++)
		if (verdict_words[i].value == (int)verdict)
			return verdict_words[i].name;
	return "unknown";
}

struct gate_device *gate_decision_add(struct gate_decision *decision)
{
	struct gate_device *device;

	decision->device = util_grow(decision->device, decision->nr + 1, sizeof(*device));
	device = &decision->device[decision->nr++];
	*device = (struct gate_device) { .verdict = GATE_HELD };
	return device;
}

void gate_decision_free(struct gate_decision *decision)
{
	free(decision->device);
	*decision = (struct gate_decision) { 0 };
}

/* ---- writing ---- */

static void text_or_null(struct jsonw *w, const char *key, const char *text)
{
	jsonw_string(w, key, text[0] ? text : NULL);
}

static void policy_json(struct jsonw *w, const struct gate_decision *decision)
{
	if (!decision->has_policy) {
		jsonw_null(w, "policy");
		return;
	}
	jsonw_object(w, "policy");
	jsonw_string(w, "description", decision->description);
	jsonw_string(w, "sha256", decision->policy_sha256);
	text_or_null(w, "not_before", decision->not_before);
	jsonw_string(w, "not_after", decision->not_after);
	jsonw_end_object(w);
}

static void signer_json(struct jsonw *w, const struct gate_decision *decision)
{
	if (!decision->signer[0]) {
		jsonw_null(w, "signer");
		return;
	}
	jsonw_object(w, "signer");
	jsonw_string(w, "subject", decision->signer);
	jsonw_string(w, "sha256", decision->signer_sha256);
	jsonw_end_object(w);
}

static void device_json(struct jsonw *w, const struct gate_device *device)
{
	jsonw_object(w, NULL);
	text_or_null(w, "bdf", device->bdf);
	text_or_null(w, "name", device->entry);
	jsonw_bool(w, "required", device->required);
	jsonw_string(w, "verdict", gate_verdict_name(device->verdict));
	jsonw_number(w, "exit_status", device->status);
	text_or_null(w, "reason", device->reason);
	text_or_null(w, "advice", device->advice);
	text_or_null(w, "driver", device->driver);
	text_or_null(w, "exposed", device->exposed);
	jsonw_bool(w, "measured", device->measured);
	jsonw_millis(w, "seconds", device->millis);
	jsonw_end_object(w);
}

void gate_result_json(FILE *f, const struct gate_decision *decision)
{
	struct jsonw w;

	jsonw_start(&w, f);
	jsonw_object(&w, NULL);
	jsonw_number(&w, "schema_version", TDI_SCHEMA_VERSION);
	jsonw_string(&w, "kind", "gate-result");
	text_or_null(&w, "device", decision->only);
	jsonw_string(&w, "verdict", decision->why.status ? "no" : "yes");
	jsonw_number(&w, "exit_status", decision->why.status);
	text_or_null(&w, "reason", decision->why.reason);
	text_or_null(&w, "advice", decision->why.advice);
	jsonw_string(&w, "boot_id", decision->boot_id);
	jsonw_string(&w, "decided_at", decision->time);
	jsonw_millis(&w, "decided_at_boottime", decision->boottime);
	jsonw_millis(&w, "seconds", decision->millis);
	text_or_null(&w, "hold", decision->hold);
	jsonw_string(&w, "source", decision->credentials ? "credentials" : "directory");
	policy_json(&w, decision);
	signer_json(&w, decision);
	jsonw_array(&w, "devices");
	for (size_t i = 0; i < decision->nr; i++)
		device_json(&w, &decision->device[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}

static int directory_of(const char *path, char ret[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	return util_format(ret, PATH_MAX, "%.*s", slash ? (len ? (int)len : 1) : 1,
			   slash ? path : ".");
}

int gate_result_path(const char *path, const char *only, char ret[PATH_MAX])
{
	char dir[PATH_MAX];
	int rc = directory_of(path, dir);

	return rc ? rc : util_format(ret, PATH_MAX, "%s/gate-%s.json", dir, only);
}

/* Who else could write there could write the decision. */
static bool is_ours(const struct stat *st)
{
	return (!st->st_uid || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int check_directory(const char *path)
{
	char dir[PATH_MAX];
	struct stat st;
	int rc = directory_of(path, dir);

	if (rc)
		return rc;
	if (lstat(dir, &st))
		return -errno;
	return S_ISDIR(st.st_mode) && is_ours(&st) ? 0 : -EPERM;
}

static int make_directory(const char *path)
{
	char dir[PATH_MAX];
	int rc = directory_of(path, dir);

	if (!rc && mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return rc ? rc : check_directory(path);
}

static int write_to(int fd, const struct gate_decision *decision)
{
	FILE *f = fdopen(fd, "w");
	int rc = 0;

	if (!f) {
		rc = -errno;
		close(fd);
		return rc;
	}
	gate_result_json(f, decision);
	if (fflush(f) || ferror(f) || fchmod(fd, 0644) || fsync(fd))
		rc = -EIO;
	return fclose(f) ? -EIO : rc;
}

int gate_result_write(const char *path, const struct gate_decision *decision)
{
	char part[PATH_MAX];
	int fd, rc = make_directory(path);

	if (!rc)
		rc = util_format(part, sizeof(part), "%s.XXXXXX", path);
	if (rc)
		return rc;
	fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = write_to(fd, decision);
	if (!rc && rename(part, path))
		rc = -errno;
	if (rc)
		unlink(part);
	return rc;
}

/* ---- the lock ---- */

#define LOCK_POLL_MS	20

uint64_t gate_millis(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int gate_result_lock(const char *path, uint64_t until)
{
	struct timespec nap = { .tv_nsec = LOCK_POLL_MS * 1000000L };
	char dir[PATH_MAX], lock[PATH_MAX];
	int fd, rc = make_directory(path);

	if (!rc)
		rc = directory_of(path, dir);
	if (!rc)
		rc = util_format(lock, sizeof(lock), "%s/gate.lock", dir);
	if (rc)
		return rc;
	/* Nobody's but root's to open: who could, could keep it. */
	fd = open(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX | LOCK_NB)) {
		rc = -errno;
		if (rc != -EWOULDBLOCK || gate_millis() >= until) {
			close(fd);
			return rc;
		}
		nanosleep(&nap, NULL);
	}
	return fd;
}

void gate_result_unlock(int lock)
{
	/* To close it is not enough: a child that would not die has it, too. */
	flock(lock, LOCK_UN);
	close(lock);
}

/* ---- reading ---- */

struct text_room {
	char *text;
	size_t size;
};

#define ROOM(array)	(&(struct text_room) { array, sizeof(array) })

/* null is "". It was written as ASCII; a longer text is none of ours. */
static void read_text(struct json_reader *r, struct json_object *value, void *arg)
{
	const struct text_room *room = arg;

	if (json_object_is_type(value, json_type_null))
		room->text[0] = '\0';
	else if (json_is(r, value, json_type_string, "a text") &&
		 util_format(room->text, room->size, "%s", json_object_get_string(value)))
		json_wrong(r, "too long");
}

static void read_millis(struct json_reader *r, struct json_object *value, void *arg)
{
	double seconds;

	if (!json_is(r, value, json_type_double, "a number with decimals"))
		return;
	seconds = json_object_get_double(value);
	if (seconds >= 0 && seconds < 1e12)
		*(uint64_t *)arg = (uint64_t)(seconds * 1000 + 0.5);
	else
		json_wrong(r, "no time");
}

static void read_status(struct json_reader *r, struct json_object *value, void *arg)
{
	uint64_t status;

	if (json_number(r, value, TDI_EXIT_TPM, &status))
		*(enum tdi_exit *)arg = (enum tdi_exit)status;
}

static void read_verdict(struct json_reader *r, struct json_object *value, void *arg)
{
	int verdict = GATE_FAILED;

	json_read_word(r, value, JSON_WORDS(verdict_words, &verdict));
	*(enum gate_verdict *)arg = (enum gate_verdict)verdict;
}

static void read_fixed(struct json_reader *r, struct json_object *value, void *arg)
{
	if (json_is(r, value, json_type_string, "a text") &&
	    strcmp(json_object_get_string(value), arg))
		json_wrong(r, "must be \"%s\"", (const char *)arg);
}

static void read_version(struct json_reader *r, struct json_object *value, void *arg)
{
	uint64_t version;

	(void)arg;
	if (json_number(r, value, UINT64_MAX, &version) && version != TDI_SCHEMA_VERSION)
		json_wrong(r, "must be %d", TDI_SCHEMA_VERSION);
}

/* "yes" and an exit status that says otherwise would be two decisions. */
static void read_yes(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = { { "yes", 1 }, { "no", 0 } };

	json_read_word(r, value, JSON_WORDS(words, arg));
}

static void read_source(struct json_reader *r, struct json_object *value, void *arg)
{
	static const struct json_word words[] = { { "credentials", 1 }, { "directory", 0 } };
	int credentials = 0;

	json_read_word(r, value, JSON_WORDS(words, &credentials));
	*(bool *)arg = credentials;
}

static void read_policy(struct json_reader *r, struct json_object *value, void *arg)
{
	struct gate_decision *decision = arg;

	if (json_object_is_type(value, json_type_null))
		return;
	decision->has_policy = true;
	JSON_READ_OBJECT(r, value, ((const struct json_key[]) {
		{ "description", read_text, ROOM(decision->description) },
		{ "sha256", read_text, ROOM(decision->policy_sha256) },
		{ "not_before", read_text, ROOM(decision->not_before) },
		{ "not_after", read_text, ROOM(decision->not_after) },
	}));
}

static void read_signer(struct json_reader *r, struct json_object *value, void *arg)
{
	struct gate_decision *decision = arg;

	if (json_object_is_type(value, json_type_null))
		return;
	JSON_READ_OBJECT(r, value, ((const struct json_key[]) {
		{ "subject", read_text, ROOM(decision->signer) },
		{ "sha256", read_text, ROOM(decision->signer_sha256) },
	}));
}

static void read_device(struct json_reader *r, struct json_object *value, void *arg)
{
	struct gate_device *device = gate_decision_add(arg);

	JSON_READ_OBJECT(r, value, ((const struct json_key[]) {
		{ "bdf", read_text, ROOM(device->bdf) },
		{ "name", read_text, ROOM(device->entry) },
		{ "required", json_read_bool, &device->required },
		{ "verdict", read_verdict, &device->verdict },
		{ "exit_status", read_status, &device->status },
		{ "reason", read_text, ROOM(device->reason) },
		{ "advice", read_text, ROOM(device->advice) },
		{ "driver", read_text, ROOM(device->driver) },
		{ "exposed", read_text, ROOM(device->exposed) },
		{ "measured", json_read_bool, &device->measured },
		{ "seconds", read_millis, &device->millis },
	}));
}

static void read_devices(struct json_reader *r, struct json_object *value, void *arg)
{
	if (json_is(r, value, json_type_array, "an array") && json_object_array_length(value))
		json_read_each(r, value, read_device, arg);
}

static void read_decision(struct json_reader *r, struct json_object *doc)
{
	static const char * const needed[] = { "schema_version", "kind", "verdict", "exit_status",
					       "boot_id", "devices" };
	struct gate_decision *decision = r->doc;
	int yes = 0;

	JSON_READ_OBJECT(r, doc, ((const struct json_key[]) {
		{ "schema_version", read_version, NULL },
		{ "kind", read_fixed, "gate-result" },
		{ "device", read_text, ROOM(decision->only) },
		{ "verdict", read_yes, &yes },
		{ "exit_status", read_status, &decision->why.status },
		{ "reason", read_text, ROOM(decision->why.reason) },
		{ "advice", read_text, ROOM(decision->why.advice) },
		{ "boot_id", read_text, ROOM(decision->boot_id) },
		{ "decided_at", read_text, ROOM(decision->time) },
		{ "decided_at_boottime", read_millis, &decision->boottime },
		{ "seconds", read_millis, &decision->millis },
		{ "hold", read_text, ROOM(decision->hold) },
		{ "source", read_source, &decision->credentials },
		{ "policy", read_policy, decision },
		{ "signer", read_signer, decision },
		{ "devices", read_devices, decision },
	}));
	for (size_t i = 0; i < JSON_ARRAY_SIZE(needed); i++)
		if (!json_object_object_get_ex(doc, needed[i], NULL))
			json_wrong(r, "must have \"%s\"", needed[i]);
	if (yes != !decision->why.status)
		json_wrong(r, "verdict and exit_status must agree");
}

static int parse(struct bytes text, struct gate_decision *ret, char *why, size_t size)
{
	struct policy_problems errors = { 0 };
	struct json_reader r = { .doc = ret, .errors = &errors };
	struct json_object *doc = json_check_parse(text, why, size);
	int rc = -EBADMSG;

	if (!doc)
		return rc;
	if (json_object_is_type(doc, json_type_object))
		read_decision(&r, doc);
	else
		json_wrong(&r, "must be an object");
	json_object_put(doc);
	if (!errors.nr)
		rc = 0;
	else
		util_format(why, size, "%s%s%s", errors.problem[0].path,
			    errors.problem[0].path[0] ? ": " : "", errors.problem[0].text);
	policy_problems_free(&errors);
	return rc;
}

static int read_file(const char *path, struct blob *ret, char *why, size_t size)
{
	struct stat st;
	int rc = check_directory(path);

	if (rc == -EPERM)
		util_format(why, size, "its directory is not root's alone");
	if (rc)
		return rc;
	if (lstat(path, &st))
		return -errno;
	/* The directory is root's alone: what is there now is what is opened. */
	if (!S_ISREG(st.st_mode) || !is_ours(&st)) {
		util_format(why, size, "it is no file that only root can write");
		return -EPERM;
	}
	rc = blob_read_regular(AT_FDCWD, path, GATE_FILE_MAX, ret);
	if (rc)
		util_format(why, size, "%s", strerror(-rc));
	return rc;
}

int gate_result_read(const char *path, struct gate_decision *ret, char *why, size_t size)
{
	struct blob blob = { 0 };
	int rc;

	*ret = (struct gate_decision) { 0 };
	util_format(why, size, "cannot be read");
	rc = read_file(path, &blob, why, size);
	if (rc)
		return rc;
	rc = parse(blob_bytes(&blob), ret, why, size);
	blob_free(&blob);
	if (rc)
		gate_decision_free(ret);
	return rc;
}
