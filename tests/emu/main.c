// SPDX-License-Identifier: GPL-2.0
/* Options, start, end. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "emu.h"
#include "loop.h"
#include "personality.h"
#include "random.h"

/* What fits a 32-bit window below a root port. */
#define BAR2_MIB_MAX		256

struct options {
	const char *dir;
	const char *disk;
	const char *log;
	const struct personality *platform;
	const char *ca;
	unsigned int nr_nvme;
	unsigned int nr_dma;
	bool order_given;
	bool start_first;
	bool tee_mailbox;
	bool msi;
	bool one_device;
	bool all_registers;
	bool no_event;
	uint32_t strict;
	enum bar2_report bar2_report;
	uint64_t bar2_size;
};

static const char usage[] =
	"usage: tdisp-emu --dir DIR --disk FILE [--platform NAME]\n"
	"                 [--order accept-first|start-first]\n"
	"                 [--nvme N] [--dma N] [--bar2 whole|mixed|holes] [--bar2-mib N]\n"
	"                 [--tee-mailbox] [--msi] [--no-event] [--strict LIST]\n"
	"                 [--registers few|all] [--one-device] [--seed HEX] [--log FILE]\n"
	"                 [--ca FILE]\n"
	"An emulated TDISP platform for tests, behind vfio-user. It protects nothing.\n"
	"See Documentation/tdisp-emu.rst.\n";

static void fail_usage(const char *why, const char *what)
{
	fprintf(stderr, "tdisp-emu: %s%s\n%s", why, what, usage);
	exit(2);
}

static unsigned int number(const char *text, const char *option)
{
	char *end;
	unsigned long val = strtoul(text, &end, 10);

	if (!*text || *end || val > EMU_MAX_FUNCS)
		fail_usage("not a number of functions: ", option);
	return val;
}

static enum bar2_report bar2_report(const char *text)
{
	static const char *const names[] = {
		[BAR2_WHOLE] = "whole", [BAR2_MIXED] = "mixed", [BAR2_HOLES] = "holes",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], text))
			return i;
	fail_usage("no such way to report BAR 2: ", text);
	return 0;
}

static const struct personality *platform(const char *name)
{
	const struct personality *p = personality_by_name(name);

	if (!p)
		fail_usage("no such platform: ", name);
	return p;
}

/* Names with commas between them. */
static uint32_t strict(char *text)
{
	static const char *const names[STRICT_NR] = {
		[STRICT_BME] = "bme", [STRICT_COMMAND] = "command", [STRICT_ATS] = "ats",
	};
	uint32_t set = 0;
	char *save = NULL;

	for (char *w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int i = 1;

		while (i < STRICT_NR && strcmp(names[i], w))
			i++;
		if (i == STRICT_NR)
			fail_usage("nothing to be strict about: ", w);
		set |= 1u << i;
	}
	return set;
}

/* A power of two, or it is no BAR. */
static uint64_t bar2_size(const char *text)
{
	char *end;
	unsigned long mib = strtoul(text, &end, 10);

	if (!*text || *end || !mib || mib & (mib - 1) || mib > BAR2_MIB_MAX)
		fail_usage("not a BAR's size in MiB: ", text);
	return (uint64_t)mib << 20;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "dir",	required_argument, NULL, 'd' },
		{ "disk",	required_argument, NULL, 'f' },
		{ "platform",	required_argument, NULL, 'p' },
		{ "order",	required_argument, NULL, 'o' },
		{ "nvme",	required_argument, NULL, 'n' },
		{ "dma",	required_argument, NULL, 't' },
		{ "bar2",	required_argument, NULL, 'b' },
		{ "bar2-mib",	required_argument, NULL, 'B' },
		{ "tee-mailbox", no_argument,	   NULL, 'm' },
		{ "msi",	no_argument,	   NULL, 'i' },
		{ "strict",	required_argument, NULL, 'S' },
		{ "no-event",	no_argument,	   NULL, 'e' },
		{ "registers",	required_argument, NULL, 'r' },
		{ "one-device",	no_argument,	   NULL, 'O' },
		{ "seed",	required_argument, NULL, 's' },
		{ "log",	required_argument, NULL, 'l' },
		{ "ca",		required_argument, NULL, 'c' },
		{ "help",	no_argument,	   NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		switch (c) {
		case 'd':
			o->dir = optarg;
			break;
		case 'f':
			o->disk = optarg;
			break;
		case 'p':
			o->platform = platform(optarg);
			break;
		case 'o':
			o->order_given = true;
			o->start_first = !strcmp(optarg, "start-first");
			if (!o->start_first && strcmp(optarg, "accept-first"))
				fail_usage("no such order: ", optarg);
			break;
		case 'n':
			o->nr_nvme = number(optarg, "--nvme");
			break;
		case 't':
			o->nr_dma = number(optarg, "--dma");
			break;
		case 'b':
			o->bar2_report = bar2_report(optarg);
			break;
		case 'B':
			o->bar2_size = bar2_size(optarg);
			break;
		case 'm':
			o->tee_mailbox = true;
			break;
		case 'i':
			o->msi = true;
			break;
		case 'S':
			o->strict |= strict(optarg);
			break;
		case 'e':
			o->no_event = true;
			break;
		case 'r':
			o->all_registers = !strcmp(optarg, "all");
			if (!o->all_registers && strcmp(optarg, "few"))
				fail_usage("no such registers: ", optarg);
			break;
		case 'O':
			o->one_device = true;
			break;
		case 's':
			random_seed(optarg);
			break;
		case 'l':
			o->log = optarg;
			break;
		case 'c':
			o->ca = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fail_usage("bad options", "");
		}
	}
	if (optind < argc)
		fail_usage("what is ", argv[optind]);
	if (!o->dir || (o->nr_nvme && !o->disk))
		fail_usage("--dir and --disk are needed", "");
	if (!o->platform)
		o->platform = platform("emulated");
	else if (o->order_given && strcmp(o->platform->name, "emulated"))
		fail_usage("this platform has an order of its own: ", o->platform->name);
	o->start_first |= o->platform->start_first;
	if (1 + o->nr_nvme + o->nr_dma > EMU_MAX_FUNCS)
		fail_usage("too many functions", "");
}

static void on_signal(void *arg, int fd, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)arg;
	(void)events;
	if (read(fd, &info, sizeof(info)) == sizeof(info))
		loop_quit();
}

static int watch_signals(void)
{
	pid_t parent = getppid();
	sigset_t set;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -1;
	loop_add(fd, EPOLLIN, on_signal, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)	/* it died before it was watched */
		raise(SIGTERM);
	return fd;
}

/* The name of a function's socket is its own, but for the mailbox. */
static bool add(struct emu *e, struct func *f)
{
	char path[PATH_MAX];
	int err;

	if (!f)
		return false;
	e->func[e->nr_funcs++] = f;
	if (f->handle) {
		f->dsm = dsm_create(f);
		f->tdi = f->dsm ? tdi_create(e->tsm, f) : NULL;
		if (!f->tdi) {
			fprintf(stderr, "tdisp-emu: %s: no DSM\n", f->name);
			return false;
		}
	}
	snprintf(path, sizeof(path), "%s/%s.sock", e->dir,
		 f->kind == FUNC_MBOX ? "tsm" : f->name);
	err = vfu_create(f, path);
	if (err)
		fprintf(stderr, "tdisp-emu: %s: %s\n", path, strerror(-err));
	return !err;
}

static bool start(struct emu *e, const struct options *o)
{
	char path[PATH_MAX];
	int err;

	e->personality = o->platform;
	e->dir = o->dir;
	e->start_first = o->start_first;
	e->tee_mailbox = o->tee_mailbox;
	e->msi = o->msi;
	e->strict = o->strict;
	e->no_event = o->no_event;
	e->all_registers = o->all_registers;
	e->one_device = o->one_device;
	e->bar2_report = o->bar2_report;
	e->bar2_size = o->bar2_size;
	e->certs = cert_create_ca(o->ca);
	e->tsm = tsm_create(e);
	e->host = host_create(e);
	if (!e->certs || !e->tsm || !e->host ||
	    (e->personality->init && !e->personality->init(e))) {
		fprintf(stderr, "tdisp-emu: cannot start\n");
		return false;
	}
	err = cert_write_root(e->certs, o->dir);
	if (err) {
		fprintf(stderr, "tdisp-emu: %s: %s\n", o->dir, strerror(-err));
		return false;
	}
	if (!add(e, mbox_create(e)))
		return false;
	for (unsigned int i = 0; i < o->nr_nvme; i++)
		if (!add(e, nvme_create(e, i, i ? NULL : o->disk)))
			return false;
	for (unsigned int i = 0; i < o->nr_dma; i++)
		if (!add(e, dmatest_create(e, i)))
			return false;
	snprintf(path, sizeof(path), "%s/control.sock", e->dir);
	err = control_create(e, path);
	if (err)
		fprintf(stderr, "tdisp-emu: %s: %s\n", path, strerror(-err));
	return !err;
}

/* Connections first: what their end sets off still needs the rest. */
static void stop(struct emu *e)
{
	control_destroy();
	for (unsigned int i = 0; i < e->nr_funcs; i++)
		vfu_destroy(e->func[i]);
	if (e->personality && e->personality->destroy)
		e->personality->destroy(e);
	if (e->host)
		host_destroy(e->host);
	if (e->tsm)
		tsm_destroy(e->tsm);
	for (unsigned int i = 0; i < e->nr_funcs; i++) {
		pci_destroy(e->func[i]);
		if (e->func[i]->dsm)
			dsm_destroy(e->func[i]->dsm);
		func_free(e->func[i]);
	}
	if (e->certs)
		cert_destroy_ca(e->certs);
}

int main(int argc, char **argv)
{
	struct options o = { .nr_nvme = 1, .nr_dma = 1, .bar2_size = SCRATCH_SIZE };
	static struct emu e;
	FILE *log = stderr;
	int sigfd;
	bool ok;

	parse(&o, argc, argv);
	if (o.log) {
		log = fopen(o.log, "ae");
		if (!log) {
			fprintf(stderr, "tdisp-emu: %s: %s\n", o.log, strerror(errno));
			return 1;
		}
	}
	emu_log_to(log);
	loop_init();
	ram_init();
	sigfd = watch_signals();
	ok = sigfd >= 0 && start(&e, &o);
	if (ok) {
		puts("ready");
		fflush(stdout);
		loop_run();
	}
	stop(&e);
	if (sigfd >= 0)
		close(sigfd);
	emu_log_to(NULL);
	if (o.log)
		fclose(log);
	return !ok;
}
