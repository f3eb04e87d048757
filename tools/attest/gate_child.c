// SPDX-License-Identifier: GPL-2.0
/*
 * One device, in a child with a deadline: what waits for a host that is silent does not
 * keep the others waiting, nor the boot.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "approve.h"
#include "connect.h"
#include "driver.h"
#include "gate.h"
#include "words.h"

/* For the kernel to undo what the child did, and then for the child to die. */
#define GRACE_MS	1000

/* For the kernel to say whether it is connected, and for the TPM to take a record. */
#define STATE_MS	500
#define VOID_MS		2000

/* What a child may say at once (PIPE_BUF): it is there whole, or not at all. */
struct answer {
	enum gate_verdict verdict;
	enum tdi_exit status;
	bool measured;
	char reason[512];
	char advice[256];
};

_Static_assert(sizeof(struct answer) <= 4096, "more than a pipe takes at once");

/* ---- the child ---- */

static void answer_failure(struct answer *answer, enum tdi_exit status, const char *reason,
			   const char *advice)
{
	answer->verdict = status == TDI_EXIT_EVIDENCE || status == TDI_EXIT_POLICY ?
			  GATE_REFUSED : GATE_FAILED;
	answer->status = status ? status : TDI_EXIT_PLATFORM;
	util_format(answer->reason, sizeof(answer->reason), "%s", reason);
	util_format(answer->advice, sizeof(answer->advice), "%s", advice ? advice : "");
}

static void answer_approve(struct answer *answer, const struct approve_result *result)
{
	answer_failure(answer, result->end == APPROVE_VERDICT ? result->status : TDI_EXIT_PLATFORM,
		       result->reason,
		       "It was connected before the decision, by somebody else: \"tdi disconnect\" it, and decide again.");
}

/*
 * It runs already, and nobody knows by whose leave: its evidence is verified by the policy
 * as that of any other. It is not measured again.
 */
static void verify_connected(const struct gate_job *job, const struct tsm_list *tsms,
			     const struct dev *dev, struct inputs *in, struct answer *answer)
{
	const struct tsm *tsm = tsm_find(tsms, dev->tsm);
	struct approve_result result = { .end = APPROVE_DONE };
	struct approved approved = { 0 };

	if (!tsm) {
		answer_failure(answer, TDI_EXIT_PLATFORM,
			       "tsm: expected the one that it is connected by, found none", NULL);
		return;
	}
	if (!approve_collect(job->fs, dev->bdf, tsm, in, &result) ||
	    !approve_verify(in, &approved, &result))
		answer_approve(answer, &result);
	blob_free(&approved.verdict);
}

static struct measure measure_of(const struct gate_job *job, const struct policy_tpm *tpm)
{
	return (struct measure) {
		.tcti = job->tcti, .log = job->tpm_log,
		.pcr = tpm->pcr < 0 ? MEASURE_PCR_DEFAULT : tpm->pcr,
		.verdict_pcr = tpm->verdict_pcr,
	};
}

static void connect_it(const struct gate_job *job, const struct tsm_list *tsms, const char *bdf,
		       unsigned int wait_ms, struct inputs *in, struct answer *answer)
{
	struct connect_job connect = {
		.fs = job->fs, .connect = true, .wait_ms = wait_ms, .verify = true, .inputs = in,
	};
	struct verb_model model = { .verb = "connect", .bdf = bdf };
	bool opened;

	util_format(connect.bdf, sizeof(connect.bdf), "%s", bdf);
	connect_run(&connect, tsms, &model);
	answer->measured = model.tpm.measured;
	if (model.end == VERB_FAILED)
		answer_failure(answer, model.status, model.reason, model.advice);
	else if (model.status)
		answer_failure(answer, model.status,
			       "driver: expected the one that it had to be bound again, found none",
			       NULL);
	else if (!model.unbound)
		/* No driver may be there yet; then it comes with its module. */
		sysfs_store(job->fs, "bus/pci/drivers_probe", bdf, &opened);
	block_uses_free(&model.uses);
}

static void child(const struct gate_job *job, const struct tsm_list *tsms, struct policy *policy,
		  const struct gate_entry *entry, const char *bdf, unsigned int wait_ms,
		  struct answer *answer)
{
	struct inputs in;
	struct dev dev;

	inputs_init(&in);
	policy_free(&in.policy);
	in.policy = *policy;
	*policy = (struct policy) { 0 };
	in.policy_path = entry->policy;
	in.measure = measure_of(job, &in.policy.tpm);
	if (dev_read(job->fs, bdf, &dev))
		answer_failure(answer, TDI_EXIT_PLATFORM,
			       "device: expected it to be there, found it gone", NULL);
	else if (dev.connected && attr_is(&dev.state, "RUN"))
		verify_connected(job, tsms, &dev, &in, answer);
	else
		connect_it(job, tsms, bdf, wait_ms, &in, answer);
	inputs_free(&in);
}

static void run_child(const struct gate_job *job, const struct tsm_list *tsms,
		      struct policy *policy, const struct gate_entry *entry, const char *bdf,
		      unsigned int wait_ms, pid_t parent, int fd)
{
	struct answer answer = { .verdict = GATE_ACCEPTED };

	/* Nothing is accepted that nobody is there to decide about. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(TDI_EXIT_USAGE);
	/* SIGTERM is to make the kernel undo its work; SIGKILL comes after it. */
	connect_hold_signals();
	child(job, tsms, policy, entry, bdf, wait_ms, &answer);
	if (write(fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
		_exit(TDI_EXIT_USAGE);
	_exit(TDI_EXIT_DONE);
}

/*
 * waitpid() with an end: 0 if it is still there then. One that does not even die is left
 * behind: nothing here waits for it.
 */
static pid_t reap(pid_t pid, int *status, uint64_t until)
{
	struct timespec nap = { .tv_nsec = 10 * 1000000L };
	pid_t done;

	while ((done = waitpid(pid, status, WNOHANG)) == 0 && gate_millis() < until)
		nanosleep(&nap, NULL);
	return done;
}

/* ---- what a child left behind that did not live to take it back ---- */

struct remains {
	const struct sysfs *fs;
	const char *bdf;
	struct measure measure;
};

static int is_connected(const struct remains *remains)
{
	return dev_is_connected(remains->fs, remains->bdf);
}

static int take_back(const struct remains *remains)
{
	struct tpm_error err;

	if (!measure_void(&remains->measure, remains->bdf, &err))
		util_complain("gate: %s: the event log says that it was accepted, which it was not: TPM %s: %s",
			      remains->bdf, tpm_problem_name(err.problem), err.text);
	return 0;
}

/* In a child of its own, whose result comes back, or -1 if there was none in time. */
static int within(unsigned int millis, int (*work)(const struct remains *remains),
		  const struct remains *remains)
{
	uint64_t until = gate_millis() + millis;
	pid_t pid, self = getpid(), done;
	int status = 0;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(getppid() == self ? work(remains) : 0);
	}
	if (pid < 0)
		return -1;
	done = reap(pid, &status, until);
	if (done)
		return done == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	kill(pid, SIGKILL);
	reap(pid, NULL, gate_millis() + GRACE_MS);
	return -1;
}

/* The accept is measured before it is made: one that was not made is not to stand in the log. */
static void settle(const struct gate_job *job, const struct policy *policy, const char *bdf)
{
	const struct remains remains = {
		.fs = job->fs, .bdf = bdf, .measure = measure_of(job, &policy->tpm),
	};

	if (policy->tpm.measure == MEASURE_OFF || !measure_stands(&remains.measure, bdf))
		return;
	/* The kernel may be busy with the device still: what cannot be told is no acceptance. */
	if (within(STATE_MS, is_connected, &remains) == 1)
		return;
	if (within(VOID_MS, take_back, &remains) < 0)
		util_complain("gate: %s: the event log says that it was accepted, which it was not: the TPM did not answer in time",
			      bdf);
}

/* ---- its parent ---- */

/* True once there is something to read, or the child is gone. */
static bool wait_readable(int fd, uint64_t until)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	for (;;) {
		uint64_t now = gate_millis();
		int n = poll(&poll_fd, 1, now < until ? (int)(until - now) : 0);

		if (n > 0)
			return true;
		if (now >= until || (n < 0 && errno != EINTR))
			return false;
	}
}

/* True if it answered in time; else it is no more, as far as that can be had. */
static bool hear(pid_t pid, int fd, uint64_t until, bool *ret_late, struct answer *ret)
{
	bool there = wait_readable(fd, until);

	*ret_late = !there;
	if (!there) {
		kill(pid, SIGTERM);
		wait_readable(fd, until + GRACE_MS);
		kill(pid, SIGKILL);
	}
	there = there && read(fd, ret, sizeof(*ret)) == (ssize_t)sizeof(*ret);
	reap(pid, NULL, gate_millis() + GRACE_MS);
	return there;
}

static void fail_device(struct gate_device *ret, bool late, uint64_t millis)
{
	ret->verdict = GATE_FAILED;
	ret->status = TDI_EXIT_PLATFORM;
	if (late)
		util_format(ret->reason, sizeof(ret->reason),
			    "deadline: expected an answer within %llu.%03u s, found none",
			    (unsigned long long)(millis / 1000), (unsigned int)(millis % 1000));
	else
		util_format(ret->reason, sizeof(ret->reason),
			    "child: expected an answer, found that it died");
	util_format(ret->advice, sizeof(ret->advice), "%s", late ?
		    "Host, device or TPM are silent: ask who runs the machine, or allow more time (timeout)." :
		    "The kernel log may tell more.");
}

static void take_answer(struct gate_device *ret, const struct answer *answer)
{
	ret->verdict = answer->verdict;
	ret->status = answer->status;
	ret->measured = answer->measured;
	memcpy(ret->reason, answer->reason, sizeof(ret->reason));
	memcpy(ret->advice, answer->advice, sizeof(ret->advice));
}

/* True if there was an answer. */
static bool parent(const struct gate_job *job, pid_t pid, int fd, uint64_t started, uint64_t until,
		   struct gate_device *ret)
{
	struct answer answer;
	bool late, heard = hear(pid, fd, until, &late, &answer);

	if (heard)
		take_answer(ret, &answer);
	else
		fail_device(ret, late, until - started);
	/* Believe what the kernel shows, not what was said. */
	if (ret->verdict == GATE_ACCEPTED && !dev_is_connected(job->fs, ret->bdf)) {
		ret->verdict = GATE_FAILED;
		ret->status = TDI_EXIT_PLATFORM;
		util_format(ret->reason, sizeof(ret->reason),
			    "state: expected it to be accepted by the kernel, found that it is not");
	}
	return heard;
}

void gate_connect(const struct gate_job *job, const struct tsm_list *tsms, struct policy *policy,
		  const struct gate_entry *entry, uint64_t until, struct gate_device *ret)
{
	uint64_t started = gate_millis();
	pid_t pid, self = getpid();
	int fd[2];

	if (until < started)
		until = started;
	ret->verdict = GATE_FAILED;
	ret->status = TDI_EXIT_USAGE;
	if (pipe(fd)) {
		util_format(ret->reason, sizeof(ret->reason), "pipe: %s", strerror(errno));
		return;
	}
	fflush(NULL);
	pid = fork();
	if (!pid) {
		close(fd[0]);
		run_child(job, tsms, policy, entry, ret->bdf, (unsigned int)(until - started), self,
			  fd[1]);
	}
	close(fd[1]);
	if (pid < 0)
		util_format(ret->reason, sizeof(ret->reason), "fork: %s", strerror(errno));
	else if (!parent(job, pid, fd[0], started, until, ret))
		settle(job, policy, ret->bdf);
	close(fd[0]);
	if (sysfs_link(job->fs, ret->driver, "bus/pci/devices/%s/driver", ret->bdf))
		ret->driver[0] = '\0';
	ret->millis = gate_millis() - started;
}
