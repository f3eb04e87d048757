// SPDX-License-Identifier: GPL-2.0
/* The event loop: descriptors, one-shot timers, and the log. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "emu.h"
#include "loop.h"

#define LOOP_MAX_FDS	1024

/*
 * A handler may end the watch of another descriptor for which an event has
 * been fetched already, and the number may be in use again by then: an event
 * counts only if its generation is the watch's.
 */
struct watch {
	loop_fd_fn fn;
	void *arg;
	uint32_t generation;
};

struct timer {
	struct timer *next;	/* sorted by due */
	unsigned int id;
	uint64_t due;
	loop_timer_fn fn;
	void *arg;
};

static struct watch watches[LOOP_MAX_FDS];
static struct timer *timers;
static unsigned int last_timer_id;
static int epoll_fd = -1;
static bool quit;
static FILE *log_file;

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

void loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll_create1");
}

void loop_add(int fd, uint32_t events, loop_fd_fn fn, void *arg)
{
	static uint32_t generation;
	struct epoll_event ev = { .events = events };
	struct watch *w;
	int op;

	if (fd < 0 || fd >= LOOP_MAX_FDS) {
		errno = EMFILE;
		die("loop_add");
	}
	w = &watches[fd];
	op = w->fn ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (!w->fn)
		w->generation = ++generation;
	w->fn = fn;
	w->arg = arg;
	ev.data.u64 = (uint64_t)w->generation << 32 | (uint32_t)fd;
	if (epoll_ctl(epoll_fd, op, fd, &ev))
		die("epoll_ctl");
}

void loop_del(int fd)
{
	if (fd < 0 || fd >= LOOP_MAX_FDS || !watches[fd].fn)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	watches[fd].fn = NULL;
}

unsigned int loop_timer(unsigned int ms, loop_timer_fn fn, void *arg)
{
	struct timer *t = calloc(1, sizeof(*t));
	struct timer **at = &timers;

	if (!t)
		die("loop_timer");
	t->id = ++last_timer_id;
	t->due = now_ms() + ms;
	t->fn = fn;
	t->arg = arg;
	while (*at && (*at)->due <= t->due)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
	return t->id;
}

void loop_timer_del(unsigned int id)
{
	for (struct timer **at = &timers; *at; at = &(*at)->next) {
		struct timer *t = *at;

		if (t->id != id)
			continue;
		*at = t->next;
		free(t);
		return;
	}
}

static int next_timeout(void)
{
	uint64_t now = now_ms();

	if (!timers)
		return -1;
	if (timers->due <= now)
		return 0;
	return timers->due - now > 60000 ? 60000 : (int)(timers->due - now);
}

static void run_timers(void)
{
	uint64_t now = now_ms();

	while (timers && timers->due <= now && !quit) {
		struct timer *t = timers;

		timers = t->next;
		t->fn(t->arg);
		free(t);
	}
}

void loop_run(void)
{
	struct epoll_event ev[32];

	while (!quit) {
		int n = epoll_wait(epoll_fd, ev, 32, next_timeout());

		if (n < 0 && errno != EINTR)
			die("epoll_wait");
		for (int i = 0; i < n && !quit; i++) {
			int fd = (uint32_t)ev[i].data.u64;
			struct watch *w = &watches[fd];

			if (w->fn && w->generation == ev[i].data.u64 >> 32)
				w->fn(w->arg, fd, ev[i].events);
		}
		run_timers();
	}
}

void loop_quit(void)
{
	quit = true;
}

void emu_log_to(FILE *f)
{
	log_file = f;
}

void emu_log(const char *fmt, ...)
{
	va_list ap;

	if (!log_file)
		return;
	va_start(ap, fmt);
	vfprintf(log_file, fmt, ap);
	va_end(ap);
	fputc('\n', log_file);
	fflush(log_file);
}
