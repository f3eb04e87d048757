/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate's policy (tdi-gate(5), schema/gate.json): which devices are accepted at boot,
 * by which policies. Pure: a text comes in, a structure or what is wrong with it out.
 */
#ifndef ATTEST_GATE_POLICY_H
#define ATTEST_GATE_POLICY_H

#include <time.h>

#include "blob.h"
#include "json_read.h"

#define GATE_SCHEMA_VERSION	1

/* Longer files are not read at all: they may be the host's. */
#define GATE_FILE_MAX		(256u << 10)
#define GATE_DEVICES_MAX	64u
#define GATE_COUNT_MAX		64u
#define GATE_TIMEOUT_DEFAULT	30u
/* tdi-gate.service has more than this. */
#define GATE_TIMEOUT_MAX	120u

#define GATE_NAME_SIZE		64
#define GATE_SHA256_SIZE	32

/**
 * struct gate_entry - devices that are accepted if they fulfil a policy
 * @name: for people, escaped
 * @vendor: PCI IDs, as the host shows them: they choose the policy, and prove nothing
 * @class: the first @class_digits digits of the class code, 0 for any
 * @bdf: "" for any
 * @count: how many there are
 * @required: as many have to be accepted, or the decision is no
 * @policy: its file, a plain name
 * @sha256: of that file, byte for byte
 */
struct gate_entry {
	char name[GATE_NAME_SIZE];
	unsigned int vendor;
	unsigned int device;
	unsigned int class;
	unsigned int class_digits;
	char bdf[BDF_SIZE];
	unsigned int count;
	bool required;
	char policy[GATE_NAME_SIZE];
	uint8_t sha256[GATE_SHA256_SIZE];
};

/**
 * struct gate - all of it
 * @has_not_before: there is one
 * @not_after: the last second at which it may be used
 * @timeout: seconds for the whole decision
 * @allow_exposed: a device that had a driver before the hold may be accepted
 */
struct gate {
	char description[256];
	bool has_not_before;
	time_t not_before;
	time_t not_after;
	unsigned int timeout;
	bool allow_exposed;
	size_t nr;
	struct gate_entry *entry;
};

/**
 * gate_parse() - read a gate policy
 * @ret: set in any case; to be used only if there are no @errors
 * @errors: what is wrong, all of it; release with policy_problems_free()
 *
 * Return: true if nothing is. Release @ret with gate_free() in any case.
 */
bool gate_parse(struct bytes text, struct gate *ret, struct policy_problems *errors);
void gate_free(struct gate *gate);

/* Says what it lets pass that its author may not have meant to. */
void gate_lint(const struct gate *gate, struct policy_problems *ret);

/* Is this JSON with "kind": "gate"? Nothing else is looked at. */
bool gate_is_one(struct bytes text);

/* A plain file name: what may be read beside the policy, and nothing elsewhere. */
bool gate_file_name_ok(const char *name);

/* True if a function with these IDs is meant; whether there are as many is not looked at. */
bool gate_matches(const struct gate_entry *entry, const char *bdf, unsigned int vendor,
		  unsigned int device, unsigned int class);

#endif /* ATTEST_GATE_POLICY_H */
