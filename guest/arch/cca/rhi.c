// SPDX-License-Identifier: GPL-2.0
/*
 * Calls to the host (RHI), by way of the RMM. Everything that comes back is the host's
 * word, and it may take its time: each wait here has an end.
 */
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>

#include "internal.h"

/* A host that is busy is asked again so many times, ever later. */
#define BUSY_TRIES	8

static const char * const status_names[] = {
	[RHI_DA_OK]		= "OK",
	[RHI_DA_INCOMPLETE]	= "incomplete",
	[RHI_DA_NO_DATA]	= "no data",
	[RHI_DA_BAD_VDEV]	= "no such device",
	[RHI_DA_BAD_OBJECT]	= "no such object",
	[RHI_DA_BAD_INPUT]	= "bad input",
	[RHI_DA_DEVICE]		= "device refused",
	[RHI_DA_BAD_OFFSET]	= "bad offset",
	[RHI_DA_NO_ACCESS]	= "no access",
	[RHI_DA_BUSY]		= "busy",
	[RHI_DA_HAD_COMPLETED]	= "had completed",
	[RHI_DA_NO_SUCH_OBJECT]	= "object not supported",
};

static const char *status_name(u64 status)
{
	if (status == RSI_NOT_SUPPORTED)
		return "no such call";
	return status < ARRAY_SIZE(status_names) ? status_names[status] : "unknown status";
}

/* One call. What came back is copied once, and only then looked at. */
static int host_call(struct cca *cca, u64 gprs[CCA_RHI_ARGS], u64 *rsi_status)
{
	struct cca_regs regs = { };
	int i, ret;

	guard(mutex)(&cca->call_lock);
	memset(cca->call, 0, sizeof(*cca->call));
	for (i = 0; i < CCA_RHI_ARGS; i++)
		cca->call->gprs[i] = cpu_to_le64(gprs[i]);
	regs.x[0] = RSI_HOST_CALL_FID;
	regs.x[1] = virt_to_phys(cca->call);
	ret = cca_smc(cca, &regs);
	if (ret)
		return ret;
	*rsi_status = regs.x[0];
	for (i = 0; i < CCA_RHI_ARGS; i++)
		gprs[i] = le64_to_cpu(READ_ONCE(cca->call->gprs[i]));
	return 0;
}

static int tdi_host_call(struct tdi *tdi, const char *name, u64 gprs[CCA_RHI_ARGS])
{
	u64 rsi = 0;
	int ret = host_call(to_cca(tdi->backend), gprs, &rsi);

	if (ret == -ETIMEDOUT || ret == -EIO) {
		tdi_reason(tdi, "%s: expected an answer, found %s", name,
			   ret == -EIO ? "a malformed one" : "none");
		return ret;
	}
	if (!ret && rsi) {
		tdi_reason(tdi, "%s: RSI_HOST_CALL: expected status 0 (RMM), found %lld", name,
			   (s64)rsi);
		return -EREMOTEIO;
	}
	return ret;
}

/**
 * cca_host_refused() - put a status that is not OK into words
 * @tdi: on whose behalf
 * @call: the call, answered
 *
 * Return: -EBUSY, -EREMOTEIO, or -EIO for a status that there is not.
 */
int cca_host_refused(struct tdi *tdi, const struct cca_rhi *call)
{
	u64 status = call->gprs[0];

	tdi_reason(tdi, "%s: status: expected 0 (OK), found %lld (%s)", call->name, (s64)status,
		   status_name(status));
	if (status == RHI_DA_BUSY)
		return -EBUSY;
	return status < ARRAY_SIZE(status_names) || status == RSI_NOT_SUPPORTED ?
	       -EREMOTEIO : -EIO;
}

/**
 * cca_host_ask() - ask the host something that it knows at once
 * @tdi: on whose behalf
 * @call: the call; a busy host is asked again, now and then
 *
 * Context: Process context, sleeps.
 * Return: 0, and the status is in @call; or an errno of the transport, with a reason.
 */
int cca_host_ask(struct tdi *tdi, struct cca_rhi *call)
{
	struct cca_rhi first = *call;
	unsigned int tries;
	int ret;

	for (tries = 0; ; tries++) {
		ret = tdi_host_call(tdi, call->name, call->gprs);
		if (ret || call->gprs[0] != RHI_DA_BUSY || tries == BUSY_TRIES)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		fsleep(100 << tries);
		*call = first;
	}
}

/* Whatever the host makes of it: this operation is not waited for any longer. */
static void abort_operation(struct tdi *tdi)
{
	u64 gprs[CCA_RHI_ARGS] = { RHI_DA_VDEV_ABORT_FID, cca_vdev_id(tdi) };
	struct cca *cca = to_cca(tdi->backend);
	u64 unused;

	if (cca->features & RHI_DA_F_ABORT)
		host_call(cca, gprs, &unused);
}

/* May an operation that has not ended go on? */
static int may_go_on(struct tdi *tdi, const struct cca_rhi *call, ktime_t deadline)
{
	if (!(to_cca(tdi->backend)->features & RHI_DA_F_CONTINUE)) {
		tdi_reason(tdi, "%s: expected an end, since there is no CONTINUE, found incomplete",
			   call->name);
		return -EIO;
	}
	if (fatal_signal_pending(current)) {
		abort_operation(tdi);
		return -EINTR;
	}
	if (ktime_after(ktime_get(), deadline)) {
		tdi_reason(tdi, "%s: expected an end within %u ms, found none", call->name,
			   READ_ONCE(cca_timeout_ms));
		abort_operation(tdi);
		return -ETIMEDOUT;
	}
	return 0;
}

/**
 * cca_host_do() - have the host do something, in as many parts as it likes
 * @tdi: on whose behalf
 * @call: the call
 *
 * Each INCOMPLETE brings a cookie, for the CONTINUE that follows. That may go on for
 * timeout_ms, whatever the host calls progress; then, or by a signal that kills, it
 * is given up.
 *
 * Context: Process context, sleeps.
 * Return: 0 it says done, which proves nothing; -ETIMEDOUT, -EINTR given up; -EBUSY,
 *	-EREMOTEIO, -EIO as cca_host_refused(). All but -EINTR with a reason.
 */
int cca_host_do(struct tdi *tdi, struct cca_rhi *call)
{
	ktime_t deadline = ktime_add_ms(ktime_get(), READ_ONCE(cca_timeout_ms));
	unsigned int parts = 0;
	int ret = cca_host_ask(tdi, call);

	while (!ret && call->gprs[0] == RHI_DA_INCOMPLETE) {
		struct cca_rhi next = {
			.name = call->name,
			.gprs = { RHI_DA_VDEV_CONTINUE_FID, cca_vdev_id(tdi), call->gprs[1] },
		};

		ret = may_go_on(tdi, call, deadline);
		if (ret)
			return ret;
		/* Most that takes more than one part takes two; then ever less often. */
		fsleep(10 << min(parts++, 9));
		ret = cca_host_ask(tdi, &next);
		*call = next;
	}
	if (ret)
		return ret;
	return call->gprs[0] == RHI_DA_OK ? 0 : cca_host_refused(tdi, call);
}

/**
 * cca_host_features() - does the host do what assigned devices take?
 * @cca: the realm
 *
 * Context: Process context, sleeps.
 * Return: 0, and @cca->features is set; -ENODEV it does not; or an errno of the transport.
 */
int cca_host_features(struct cca *cca)
{
	u64 gprs[CCA_RHI_ARGS] = { RHI_DA_FEATURES_FID };
	u64 rsi = 0;
	int ret = host_call(cca, gprs, &rsi);

	if (ret)
		return ret;
	/* "No such call" has every bit set. */
	if (rsi || gprs[0] == RSI_NOT_SUPPORTED ||
	    (gprs[0] & RHI_DA_F_BASE) != RHI_DA_F_BASE)
		return -ENODEV;
	cca->features = gprs[0];
	return 0;
}
