// SPDX-License-Identifier: GPL-2.0
/* tdi watch: what happens to TDIs, as it happens. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bundle.h"
#include "tool.h"
#include "uevent_socket.h"

#define TIMEOUT_SECONDS_MAX	(366u * 24 * 3600)

/* What the command line asks for. */
struct watch {
	size_t nr;
	char (*bdf)[BDF_SIZE];		/* none: all of them */
	uint64_t count;			/* 0: no end */
	uint64_t seconds;		/* the same */
	uint64_t seen;
	bool missed;
};

static bool is_wanted(const struct watch *watch, const char *bdf)
{
	for (size_t i = 0; i < watch->nr; i++)
		if (!strcmp(watch->bdf[i], bdf))
			return true;
	return !watch->nr;
}

static void put(const struct tool *tool, const struct uevent *event, const char *missed)
{
	struct watch_model model = { .event = event, .missed = missed };

	bundle_time_text(time(NULL), model.time);
	tool_printer(tool)->watch(&model);
	/* Whoever reads this reads it now. */
	fflush(stdout);
}

static void miss(const struct tool *tool, struct watch *watch, const char *why)
{
	watch->missed = true;
	put(tool, NULL, why);
}

/* One message; false when none will come any more. */
static bool take(const struct tool *tool, struct watch *watch, int fd)
{
	char msg[UEVENT_MAX], why[UEVENT_WHY_SIZE];
	struct uevent event;
	size_t len = 0;

	switch (-uevent_receive(fd, msg, sizeof(msg), &len)) {
	case 0:
		break;
	case EAGAIN:
		return true;
	case ENOBUFS:
		miss(tool, watch, "the kernel sent more events than this program could read");
		return true;
	case EMSGSIZE:
		miss(tool, watch, "message: expected at most 8192 bytes, found more");
		return true;
	default:
		return false;
	}
	switch (uevent_parse(msg, len, &event, why)) {
	case UEVENT_OTHER:
		break;
	case UEVENT_MALFORMED:
		miss(tool, watch, why);
		break;
	case UEVENT_TDI:
		if (!is_wanted(watch, event.bdf))
			break;
		watch->seen++;
		put(tool, &event, NULL);
	}
	return true;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for a message; 0 when the time is over, negative errno. */
static int wait_for(int fd, const struct watch *watch, int64_t end)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t left = watch->seconds ? end - now_ms() : -1;
	int rc;

	if (watch->seconds && left <= 0)
		return 0;
	rc = poll(&pfd, 1, left > 60000 ? 60000 : (int)left);
	if (rc < 0)
		return errno == EINTR ? 1 : -errno;
	return rc || left > 60000 ? 1 : 0;
}

static int listen_to(const struct tool *tool, struct watch *watch, int fd)
{
	const int64_t end = now_ms() + (int64_t)watch->seconds * 1000;

	while (!watch->count || watch->seen < watch->count) {
		int rc = wait_for(fd, watch, end);

		if (!rc && watch->count) {
			util_complain("expected %llu events, found %llu in %llu seconds",
				      (unsigned long long)watch->count,
				      (unsigned long long)watch->seen,
				      (unsigned long long)watch->seconds);
			return TDI_EXIT_PLATFORM;
		}
		if (!rc)
			break;
		if (rc < 0 || !take(tool, watch, fd)) {
			util_complain("no more events will come: the socket failed");
			return TDI_EXIT_USAGE;
		}
		/* Nobody reads: do not wait for an event to find out. */
		if (ferror(stdout))
			return TDI_EXIT_DONE;
	}
	return watch->missed ? TDI_EXIT_USAGE : TDI_EXIT_DONE;
}

/* A module that has no recovery sends no events: to wait for them is in vain. */
static bool can_tell(const struct tool *tool, const struct watch *watch)
{
	struct dev_list devs;
	size_t tdis = 0, telling = 0;

	if (!tool_devices(tool, &devs))
		return false;
	for (size_t i = 0; i < devs.nr; i++) {
		const char *bdf = devs.dev[i].bdf;

		if (!devs.dev[i].is_tdi || !is_wanted(watch, bdf))
			continue;
		tdis++;
		telling += sysfs_exists(&tool->fs, "bus/pci/devices/%s/tsm/recovery", bdf);
	}
	dev_list_free(&devs);
	if (tdis && !telling)
		util_complain("the module tdi that is loaded sends no events (it has no tsm/recovery)");
	return !tdis || telling;
}

static int watch_for(const struct tool *tool, struct watch *watch)
{
	int fd, status;

	if (!can_tell(tool, watch))
		return TDI_EXIT_USAGE;
	fd = uevent_open();
	if (fd < 0) {
		util_complain("cannot listen to the kernel's events: %s", strerror(-fd));
		return TDI_EXIT_USAGE;
	}
	/* The heading also says that it listens from now on. */
	if (tool_printer(tool)->watch_start)
		tool_printer(tool)->watch_start();
	fflush(stdout);
	status = listen_to(tool, watch, fd);
	close(fd);
	return status;
}

/* ---- command line ---- */

static bool parse_number(const struct verb *verb, const char *option, uint64_t max, uint64_t *ret)
{
	if (!util_u64_parse(optarg, ret) && *ret && *ret <= max)
		return true;
	verb_usage(verb, "--%s: a number from 1 to %llu", option, (unsigned long long)max);
	return false;
}

static bool parse(const struct verb *verb, struct tool *tool, int argc, char **argv,
		  struct watch *watch, int *ret_status)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int opt;

	*ret_status = TDI_EXIT_USAGE;
	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			if (!parse_number(verb, "count", UINT32_MAX, &watch->count))
				return false;
			break;
		case 't':
			if (!parse_number(verb, "timeout", TIMEOUT_SECONDS_MAX, &watch->seconds))
				return false;
			break;
		case 'j':
			tool->json = true;
			break;
		case 'h':
			verb_help(verb);
			*ret_status = TDI_EXIT_DONE;
			return false;
		default:
			verb_usage(verb, NULL);
			return false;
		}
	}
	for (; optind < argc; optind++) {
		watch->bdf = util_grow(watch->bdf, watch->nr + 1, sizeof(*watch->bdf));
		if (!verb_bdf(verb, argv[optind], watch->bdf[watch->nr++]))
			return false;
	}
	return true;
}

int cmd_watch(const struct verb *verb, struct tool *tool, int argc, char **argv)
{
	struct watch watch = { 0 };
	int status;

	if (parse(verb, tool, argc, argv, &watch, &status))
		status = watch_for(tool, &watch);
	free(watch.bdf);
	return status;
}
