# SPDX-License-Identifier: GPL-2.0
"""Attacks on the Arm CCA backend, on arm64's stock kernel if that is here."""

from __future__ import annotations

from attack import (BEFORE_ACCEPT, Attack, Session, check, equal,
                    relocked_in_run, silence, stop_said_but_not_done)
from vm import arm64_kernel, installed_kernels


def kernel(stock: str) -> str:
    """Arm's own for the first one; the others find out about later kernels."""
    return arm64_kernel() if stock == installed_kernels()[0] and arm64_kernel() else stock


def impatient(lie: str):  # type: ignore[no-untyped-def]
    """A host that comes to no end, and a guest that has half a second."""
    def attack(s: Session) -> None:
        parameter = "/sys/module/tdi_cca/parameters/timeout_ms"
        s.sh(f"echo 500 > {parameter}")
        try:
            s.emu.cmd(f"lie {lie}")
            s.refuse("connect", "ETIMEDOUT", "an end within 500 ms")
        finally:
            s.sh(f"echo 10000 > {parameter}")
    return attack


def abort_that_is_none(s: Session) -> None:
    """What was given up is done all the same: locked, behind the guest's back."""
    s.emu.cmd("lie ignore-abort")
    impatient("endless")(s)
    check(s.emu.lies_told("ignore-abort") > 0, "the host told ignore-abort")


def device_unknown_at_the_end(s: Session) -> None:
    """It keeps the RMM from disabling DMA, and from telling the state."""
    s.do("connect")
    s.emu.cmd("lie no-vdev")
    s.refuse("disconnect", "EREMOTEIO", "RSI_VDEV")
    equal(s.read("dma"), "blocked", "dma")


ATTACKS = (
    # Any host's, through this one.
    Attack("tamper-certs", "EKEYREJECTED", "certificate", all_kernels=True),
    Attack("tamper-vca", "EKEYREJECTED", "vca"),
    Attack("tamper-measurements", "EKEYREJECTED", "measurement"),
    Attack("tamper-report", "EKEYREJECTED", "report"),
    Attack("swap-bars", "EKEYREJECTED", "report"),
    Attack("truncate-report", "EKEYREJECTED|EBADMSG", "report"),
    Attack("huge-object", "EBADMSG", "size"),
    Attack("grow-object", "EKEYREJECTED|EBADMSG|EIO", ""),
    Attack("replay-measurements", "EKEYREJECTED", "measurement"),
    Attack("no-measure", "EREMOTEIO", "no data"),
    Attack("other-nonce", "ESTALE", "nonce"),
    Attack("remap-bars", "EREMOTEIO", "RSI_VDEV_VALIDATE_MAPPING"),
    Attack("swap-functions", "EREMOTEIO", ""),
    Attack("relock-on-accept", "ESTALE|EREMOTEIO", ""),
    Attack("remeasure-on-accept", "ESTALE", "nonces"),
    Attack("skip-lock", "EREMOTEIO", ""),
    Attack("skip-start", "EREMOTEIO", "state"),
    Attack("deny", "EREMOTEIO", "device refused"),
    # The RMM's nonces.
    Attack("rereport-on-accept", "ESTALE", "nonces", all_kernels=True),
    Attack("rereport-on-dma", "ESTALE", "RSI_VDEV_DMA_ENABLE"),
    Attack("remeasure-on-dma", "ESTALE", "RSI_VDEV_DMA_ENABLE"),
    Attack("relock-on-dma", "ESTALE", "RSI_VDEV_DMA_ENABLE"),
    Attack("skip-report", "EKEYREJECTED", "report digest"),
    # The state.
    Attack("run-early", "EREMOTEIO", "state"),
    Attack("stop-after-start", "EREMOTEIO", "state"),
    # The device that an id means.
    Attack("no-vdev", "EREMOTEIO", "RSI_VDEV_GET_INFO"),
    Attack("other-vdev", "EREMOTEIO", "RSI_VDEV_GET_INFO"),
    Attack("other-device", "EKEYREJECTED|EREMOTEIO", ""),
    # Mappings.
    Attack("reject-mapping", "EREMOTEIO", "host accepts"),
    Attack("stuck-mapping", "EREMOTEIO", "no progress"),
    Attack("half-mapping", "EREMOTEIO", "no progress"),
    # Operations in parts.
    Attack("never ends", "", "", lie="endless", attack=impatient("endless")),
    Attack("never ends, one cookie", "", "", lie="same-cookie",
           attack=impatient("same-cookie")),
    Attack("does what was aborted", "", "", lie="endless", attack=abort_that_is_none),
    Attack("always-busy", "EBUSY", "busy"),
    Attack("odd-status", "EIO", "unknown status"),
    Attack("no-such-call", "EREMOTEIO", "no such call"),
    # Objects.
    Attack("swap-objects", "EKEYREJECTED|EBADMSG", ""),
    Attack("other-size", "EKEYREJECTED|EBADMSG|EREMOTEIO", ""),
    Attack("read-nothing", "EIO", "length"),
    Attack("read-too-much", "EIO", "length"),
    Attack("read-huge", "EIO", "length"),
    Attack("read-incomplete", "EIO", "incomplete"),
    # An RMM that is not in its right mind.
    Attack("rmm-no-hash", "EIO", "hash"),
    Attack("rmm-other-hash", "EKEYREJECTED", "sha512"),
    Attack("rmm-no-state", "EIO", "state"),
    Attack("rmm-no-tdisp", "EIO", "format"),
    # More than a lie before a verb.
    *BEFORE_ACCEPT,
    Attack("says stopped, stops nothing", "", "", lie="skip-stop", attack=stop_said_but_not_done(),
           in_run=True),
    Attack("forgets the device", "", "", lie="no-vdev", attack=device_unknown_at_the_end,
           in_run=True),
    Attack("locks anew in RUN", "", "", attack=relocked_in_run, in_run=True),
    Attack("never answers", "", "", attack=silence),
)
