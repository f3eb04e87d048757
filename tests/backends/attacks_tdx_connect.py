# SPDX-License-Identifier: GPL-2.0
"""Attacks on the TDX Connect backend: lies of the VMM, in the answers to TDCM commands and
between the guest's TDCALLs. What the TDX module says is true.

A BIND has a session, and the module has the hashes of report and device information:
whatever is not of that session, or not of those hashes, is refused.
"""

from __future__ import annotations

from attack import Attack, Session, before_accept, check, relocked_in_run, stop_said_but_not_done

# The backend's patience with a command is ten seconds; these wait for its end.
PATIENCE = "/sys/module/tdi_tdx_connect/parameters/timeout_ms"


def with_less_patience(s: Session, lie: str, errno: str, reason: str) -> None:
    before = s.sh(f"cat {PATIENCE}").strip()
    s.sh(f"echo 500 > {PATIENCE}")
    s.emu.cmd(f"lie {lie}")
    s.refuse("connect", errno, reason)
    s.emu.cmd("truth")
    s.sh(f"echo {before} > {PATIENCE}")


def never_completes(s: Session) -> None:
    with_less_patience(s, "tdcm-silent", "ETIMEDOUT", "expected an answer within 500 ms")


def completes_too_late(s: Session) -> None:
    """Into a buffer that the guest has given up: what it asks next is another's."""
    with_less_patience(s, "tdcm-late", "ETIMEDOUT", "expected an answer within 500 ms")
    s.sh("sleep 4")


def withholds_the_interrupt(s: Session) -> None:
    """It gains nothing: the answer is found by looking."""
    s.emu.cmd("lie tdcm-no-event")
    s.do("connect")
    s.expect("RUN")
    s.do("disconnect")


def interrupt_storm(s: Session) -> None:
    """Nor by interrupting for nothing."""
    s.emu.cmd("lie tdcm-storm")
    s.do("connect")
    s.expect("RUN")
    s.do("disconnect")


def changes_the_length_afterwards(s: Session) -> None:
    """Whichever it reads, it reads once: connected to what was hashed, or refused."""
    s.emu.cmd("lie tdcm-grows")
    for _ in range(5):
        error = s.write("connect")
        # It also writes where the next command's answer will be, which is the host refusing.
        check(error in ("", "EIO", "EREMOTEIO"),
              f"connect: connected, EIO or EREMOTEIO, and not {error!r}: {s.read('result')}")
        if error:
            check(("length" if error == "EIO" else "expected") in s.read("result"),
                  f"because of a length: {s.read('result')}")
            if s.state() != "CONFIG_UNLOCKED":
                s.emu.cmd("truth")
                s.do("unlock")
                s.emu.cmd("lie tdcm-grows")
        else:
            s.expect("RUN")
            s.do("disconnect")


def run_said_but_not_bound(s: Session) -> None:
    s.emu.cmd("lie skip-lock")
    s.emu.cmd("lie state-run")
    s.refuse("connect", "EREMOTEIO", "state")


def neighbour_is_locked(s: Session, lie: str, reason: str) -> None:
    """Of two TDIs that are bound, one's evidence for the other's."""
    s.do("lock", bdf=s.dma)
    s.emu.cmd(f"lie {lie} nvme0")
    s.refuse("connect", "EKEYREJECTED", reason)
    s.emu.cmd("truth")
    s.do("unlock", bdf=s.dma)


ATTACKS = (
    # Evidence: the module has the hash.
    Attack("tamper-certs", "EKEYREJECTED", "device information digest"),
    Attack("tamper-vca", "EKEYREJECTED", "device information digest"),
    Attack("tamper-measurements", "EKEYREJECTED", "device information digest"),
    Attack("tamper-report", "EKEYREJECTED", "interface report digest"),
    Attack("swap-bars", "EKEYREJECTED", "report", all_kernels=True),
    Attack("truncate-report", "EKEYREJECTED|EBADMSG", "report"),
    Attack("replayed information", "EKEYREJECTED", "device information", lie="tdcm-replay"),
    Attack("parts exchanged", "EKEYREJECTED", "device information", lie="tdcm-swap-parts"),
    Attack("certificates for a report", "EKEYREJECTED", "report", lie="tdcm-swap-objects"),
    Attack("information of another TDI", "", "", lie="tdcm-info-of-other",
           attack=lambda s: neighbour_is_locked(s, "tdcm-info-of-other", "device information")),
    Attack("report of another TDI", "", "", lie="tdcm-report-of-other",
           attack=lambda s: neighbour_is_locked(s, "tdcm-report-of-other", "report")),
    Attack("no-measure", "ESTALE", "nonce"),
    Attack("other-nonce", "ESTALE", "nonce"),
    # Sessions.
    Attack("rebind before each read", "ESTALE", "nonce", lie="rebind-on-read"),
    Attack("rebind under MMIO.ACCEPT", "ESTALE", "nonce", lie="relock-on-accept",
           all_kernels=True),
    Attack("measured again under MMIO.ACCEPT", "ESTALE", "nonce", lie="remeasure-on-accept"),
    Attack("rebind under DMAR.ACCEPT", "ESTALE", "nonce", lie="rebind-on-dmar"),
    Attack("rebind under TDI.START", "ESTALE", "nonce", lie="rebind-on-start"),
    Attack("unbind under MMIO.ACCEPT", "ESTALE", "not present", lie="unbind-on-accept"),
    Attack("unbind under TDI.START", "ESTALE", "not present", lie="unbind-on-start"),
    Attack("rebind before accept", "", "",
           attack=before_accept("relock nvme0", "ESTALE", "nonce")),
    Attack("unbind before accept", "", "",
           attack=before_accept("unlock nvme0", "EREMOTEIO", "state")),
    Attack("error before accept", "", "",
           attack=before_accept("error nvme0 ide-insecure", "EREMOTEIO", "state")),
    Attack("binds anew in RUN", "", "", attack=relocked_in_run, in_run=True),
    # What the host says that it did.
    Attack("skip-lock", "EREMOTEIO", "state"),
    Attack("skip-start", "EREMOTEIO", "state"),
    Attack("swap-functions", "EREMOTEIO", "state"),
    Attack("says RUN, binds nothing", "", "", lie="skip-lock", attack=run_said_but_not_bound),
    Attack("says unbound, is not", "", "", lie="skip-stop", attack=stop_said_but_not_done(),
           in_run=True),
    Attack("remap-bars", "EREMOTEIO", "TDG.MMIO.ACCEPT"),
    Attack("no TEE-IO", "EREMOTEIO", "CHECK_TEEIO_SUPP", lie="tdcm-no-teeio"),
    Attack("deny", "EREMOTEIO", "TDX module"),
    # The command's header and length.
    Attack("another operation", "EIO", "operation", lie="tdcm-other-op"),
    Attack("another version", "EIO", "version", lie="tdcm-other-version"),
    Attack("no such status", "EIO", "status", lie="tdcm-bad-status"),
    Attack("says failed, is not", "EREMOTEIO", "IDE_KM", lie="tdcm-false-error"),
    Attack("completed, and an error", "EIO", "status, error", lie="tdcm-done-and-error"),
    Attack("oversized", "EIO", "length", lie="tdcm-long"),
    Attack("a byte more", "EIO", "length", lie="tdcm-one-more"),
    Attack("short", "EIO|EKEYREJECTED", "", lie="tdcm-short"),
    Attack("empty", "EIO", "length", lie="tdcm-empty"),
    Attack("huge-object", "EIO", "length"),
    Attack("grow-object", "EIO|EKEYREJECTED", ""),
    Attack("length changed afterwards", "", "", lie="tdcm-grows",
           attack=changes_the_length_afterwards, in_run=True),
    # Time.
    Attack("never completes", "", "", lie="tdcm-silent", attack=never_completes),
    Attack("completes too late", "", "", lie="tdcm-late", attack=completes_too_late),
    Attack("no interrupt", "", "", lie="tdcm-no-event", attack=withholds_the_interrupt,
           in_run=True),
    Attack("interrupts for nothing", "", "", lie="tdcm-storm", attack=interrupt_storm,
           in_run=True),
    Attack("try again, always", "EBUSY", "VMCALL status", lie="vmcall-retry"),
    Attack("invalid, always", "EREMOTEIO", "VMCALL status", lie="vmcall-invalid"),
    Attack("no such VMCALL status", "EIO", "VMCALL status", lie="vmcall-odd"),
)
