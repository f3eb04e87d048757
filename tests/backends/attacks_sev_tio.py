# SPDX-License-Identifier: GPL-2.0
"""Attacks on the SEV-TIO backend, by a VMM that carries sealed messages.

What becomes of a message that was not answered as it should be is told from the key: it
is wiped, the device stays what it was, shared, and only a new launch (here: the module
loaded anew, for which the emulated PSP makes new keys) makes messages again.
"""

from __future__ import annotations

from collections.abc import Callable

from attack import (Attack, Session, before_accept, check, equal,
                    lost, relocked_in_run, stop_said_but_not_done)

PCI = "/sys/bus/pci/devices"


def launch(s: Session) -> None:
    """New keys. The driver comes back by itself, as after a boot."""
    s.emu.cmd("truth")
    s.emu.cmd("delay 0")
    s.emu.cmd("silent off")
    s.reload()
    s.trust(s.root_ca())


def no_key(s: Session) -> None:
    """Nothing is sealed any more, however honest the host has become."""
    s.emu.cmd("truth")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()
    s.unbind_driver(s.nvme)
    s.refuse("connect", "EIO", "wiped")
    s.expect("CONFIG_UNLOCKED", "bounce")


def ends_the_key(lie: str, errno: str, reason: str) -> Callable[[Session], None]:
    def run(s: Session) -> None:
        s.emu.cmd(f"lie {lie}")
        s.refuse("connect", errno, reason)
        no_key(s)
        launch(s)
    return run


def at_accept(lie: str, errno: str, reason: str) -> Callable[[Session], None]:
    """Only once the evidence is there."""
    def run(s: Session) -> None:
        s.do("lock")
        s.emu.cmd(f"lie {lie}")
        s.refuse("accept", errno, reason)
        no_key(s)
        launch(s)
    return run


def granted_or_not(lie: str) -> Callable[[Session], None]:
    """The PSP granted, and nobody is to know: what may be private stays blocked."""
    def run(s: Session) -> None:
        s.emu.cmd(f"lie {lie}")
        s.refuse("connect", "EIO", "seal")
        equal(s.read("dma"), "blocked", "dma")
        s.emu.cmd("truth")
        s.refuse("unlock", "EIO", "wiped")
        equal(s.read("dma"), "blocked", "dma, after an unlock that nobody could confirm")
        launch(s)
    return run


def relock_twice(s: Session) -> None:
    """The same state as before, and the same bytes of evidence: the count tells."""
    s.do("lock")
    before = s.sh(f"sha256sum <{PCI}/{s.nvme}/tsm/certificates")
    s.emu.cmd("relock nvme0")
    s.emu.cmd("relock nvme0")
    s.refuse("accept", "ESTALE", "nonce")
    s.do("lock")
    equal(s.sh(f"sha256sum <{PCI}/{s.nvme}/tsm/certificates"), before, "certificates")
    s.do("unlock")


def error_hidden_before_accept(s: Session) -> None:
    """The host hides an ERROR: RUN does not come, however often it is said."""
    s.do("lock")
    s.emu.cmd("lie state-locked")
    s.emu.cmd("error nvme0 ide-insecure")
    s.refuse("accept", "EREMOTEIO|ESTALE", "")


def run_said_but_not_done(s: Session) -> None:
    """RUN by the host's word, and nothing is granted by it: the PSP refuses."""
    s.do("lock")
    s.emu.cmd("lie tio-drop-run")
    s.emu.cmd("lie state-always-run")
    s.refuse("accept", "EREMOTEIO", "expected CONFIG_LOCKED, found RUN")
    s.emu.cmd("truth")
    s.emu.cmd("lie tio-drop-run")
    s.do("lock")
    s.refuse("accept", "EREMOTEIO", "expected RUN, found CONFIG_LOCKED")
    check(s.emu.lies_told("tio-drop-run") > 0, "the host told tio-drop-run")


def run_said_from_run_on(s: Session) -> None:
    """The word is right before RUN and wrong after it."""
    s.do("lock")
    s.emu.cmd("lie run-unstarted")
    s.refuse("accept", "ESTALE", "MMIO_VALIDATE: status: expected 0 (success), found 2")


def relocked_in_run_and_hidden(s: Session) -> None:
    """RUN, says the host. The PSP does not validate a page of what is locked only."""
    s.do("connect")
    s.emu.cmd("lie state-always-run")
    s.expect("RUN", "direct")
    s.emu.cmd("relock nvme0")
    lost(s)
    check(s.emu.lies_told("state-always-run") > 1, "the host told state-always-run")


def relocked_behind_a_word_that_does_not_exist(s: Session) -> None:
    """A word without a sense is bad news, too: no news would be what hides a loss."""
    s.do("connect")
    s.emu.cmd("lie state-unknown")
    s.emu.cmd("relock nvme0")
    lost(s)
    check(s.emu.lies_told("state-unknown") > 0, "the host told state-unknown")


def error_in_run_and_hidden(s: Session) -> None:
    s.do("connect")
    s.emu.cmd("lie state-always-run")
    s.emu.cmd("error nvme0 ide-insecure")
    lost(s)


def stop_with_dma_on(s: Session) -> None:
    """SDTE_WRITE(0) is not let through: no STOP follows that would end the channel."""
    s.do("connect")
    stops = s.emu.stats("nvme0")["stops"]
    s.emu.cmd("lie sdte-drop")
    s.refuse("disconnect", "EREMOTEIO|EIO", "SDTE_WRITE")
    equal(s.read("dma"), "blocked", "dma")
    equal(s.emu.stats("nvme0")["stops"], stops, "STOPs that the device has seen")
    s.emu.cmd("truth")
    # The key is gone, the device runs: whoever has the machine resets it.
    s.refuse("unlock", "EIO", "wiped")
    s.emu.cmd("unlock nvme0")
    launch(s)


def another_ones_id(s: Session) -> None:
    s.do("lock", bdf=s.dma)
    s.emu.cmd("lie tio-other-id nvme0")
    s.refuse("connect", "EIO", "tdi_id: expected one of its own")
    check(s.emu.lies_told("tio-other-id") > 0, "the host told tio-other-id")
    s.do("unlock", bdf=s.dma)


def never_answers(s: Session) -> None:
    s.do("lock")
    s.emu.cmd("silent on")
    s.refuse("accept", "ETIMEDOUT", "expected an answer")
    s.emu.cmd("silent off")
    s.refuse("connect", "EIO|EBUSY|EREMOTEIO", "")
    if s.state() != "CONFIG_UNLOCKED":
        s.do("unlock")
    no_key(s)
    launch(s)


def many_messages(s: Session) -> None:
    """Replays and all: honest messages before and after count on, one by one."""
    for _ in range(20):
        equal(s.state(), "CONFIG_UNLOCKED", "state")
    s.do("lock")
    for _ in range(20):
        equal(s.state(), "CONFIG_LOCKED", "state")
    s.emu.cmd("lie msg-replay")
    equal(s.guest.run(f"cat {PCI}/{s.nvme}/tsm/state")[0] != 0, True, "the state fails to read")
    s.emu.cmd("truth")
    s.do("unlock")
    no_key(s)
    launch(s)


ATTACKS = (
    # Objects, and who is asked
    Attack("tamper-certs", "EKEYREJECTED", "certificate"),
    Attack("tamper-vca", "EKEYREJECTED", "measurements digest"),
    Attack("tamper-measurements", "EKEYREJECTED", "measurements digest"),
    Attack("tamper-report", "EKEYREJECTED", "report"),
    Attack("swap-bars", "EKEYREJECTED", "report", all_kernels=True),
    Attack("truncate-report", "EKEYREJECTED|EBADMSG", "report"),
    Attack("replay-measurements", "EKEYREJECTED", "measurements digest"),
    Attack("no-measure", "EIO", "measurements"),
    Attack("other-nonce", "ESTALE", "nonce"),
    Attack("remap-bars", "EREMOTEIO", "range not in the report"),
    Attack("other-flags", "EPERM", "lock flags"),
    Attack("swap-functions", "EREMOTEIO", "state"),
    Attack("skip-lock", "EREMOTEIO", "state"),
    Attack("skip-start", "EREMOTEIO", "state"),
    Attack("deny", "EREMOTEIO", "BIND"),
    Attack("relock-on-accept", "ESTALE", "not bound", all_kernels=True),
    Attack("remeasure-on-accept", "ESTALE", "nonce"),
    # The buffer and its table
    Attack("blob-swap", "EKEYREJECTED", "certificate"),
    Attack("blob-past-end", "EIO", "blob's end"),
    Attack("blob-overflow", "EIO", "blob's end"),
    Attack("blob-in-table", "EIO", "behind the table"),
    Attack("blob-overlap", "EIO", "apart"),
    Attack("blob-twice", "EIO", "of a kind"),
    Attack("blob-unknown", "EIO", "GUID"),
    Attack("blob-none", "EIO", "measurements"),
    Attack("blob-empty", "EBADMSG", "report size"),
    Attack("buffer-never-enough", "EIO", "buffer"),
    Attack("buffer-huge", "EIO", "buffer"),
    Attack("buffer-same", "EIO", "buffer"),
    # The state word
    Attack("state-unlocked", "EREMOTEIO", "found ERROR"),
    Attack("state-error", "EREMOTEIO", "found ERROR"),
    Attack("state-always-run", "EREMOTEIO", "found RUN"),
    Attack("state-unknown", "EREMOTEIO", "state (host)"),
    # Operations, which nobody seals
    Attack("tio-stale-id", "EREMOTEIO", "state"),
    Attack("tio-busy", "EBUSY", "busy"),
    Attack("tio-rebind-on-run", "EREMOTEIO|ESTALE", ""),
    Attack("tio-rebind-on-validate", "ESTALE", "invalid TDI", all_kernels=True),
    Attack("tio-rebind-on-sdte", "ESTALE", "invalid TDI"),
    Attack("map-nothing", "EREMOTEIO", "not mapped"),
    Attack("another TDI's id", "", "", lie="tio-other-id", attack=another_ones_id),
    Attack("relock before accept", "", "",
           attack=before_accept("relock nvme0", "ESTALE", "nonce")),
    Attack("relock twice before accept", "", "", attack=relock_twice),
    Attack("error before accept", "", "",
           attack=before_accept("error nvme0 ide-insecure", "EREMOTEIO", "state")),
    Attack("error before accept, hidden", "", "", lie="state-locked",
           attack=error_hidden_before_accept),
    Attack("says RUN, starts nothing", "", "", lie="tio-drop-run", attack=run_said_but_not_done),
    Attack("says RUN once asked for it", "", "", lie="run-unstarted", attack=run_said_from_run_on),
    Attack("says stopped, stops nothing", "", "", lie="tio-drop-stop",
           attack=stop_said_but_not_done("tio-drop-stop"), in_run=True),
    Attack("locks anew in RUN", "", "", attack=relocked_in_run, in_run=True),
    Attack("locks anew in RUN, hidden", "", "", lie="state-always-run",
           attack=relocked_in_run_and_hidden, in_run=True),
    Attack("locks anew in RUN, says nonsense", "", "", lie="state-unknown",
           attack=relocked_behind_a_word_that_does_not_exist, in_run=True),
    Attack("error in RUN, hidden", "", "", lie="state-always-run",
           attack=error_in_run_and_hidden, in_run=True),
    # Sealed messages: each of these ends the key
    Attack("replays a response", "", "", lie="msg-replay",
           attack=ends_the_key("msg-replay", "EIO", "response's sequence number"),
           all_kernels=True),
    Attack("answers nothing", "", "", lie="msg-none",
           attack=ends_the_key("msg-none", "EIO", "response's sequence number")),
    Attack("another type", "", "", lie="msg-wrong-type",
           attack=ends_the_key("msg-wrong-type", "EIO", "response's type")),
    Attack("another version", "", "", lie="msg-wrong-version",
           attack=ends_the_key("msg-wrong-version", "EIO", "response's version")),
    Attack("another number", "", "", lie="msg-skew-seqno",
           attack=ends_the_key("msg-skew-seqno", "EIO", "response's sequence number")),
    Attack("another size", "", "", lie="msg-long",
           attack=ends_the_key("msg-long", "EIO", "response's size")),
    Attack("another key", "", "", lie="msg-other-key",
           attack=ends_the_key("msg-other-key", "EIO", "response's key")),
    Attack("a bit of the text", "", "", lie="msg-flip-text",
           attack=ends_the_key("msg-flip-text", "EIO", "seal")),
    Attack("a bit of the tag", "", "", lie="msg-flip-tag",
           attack=ends_the_key("msg-flip-tag", "EIO", "seal")),
    Attack("a bit of the header", "", "", lie="msg-flip-header",
           attack=ends_the_key("msg-flip-header", "EIO", "seal")),
    Attack("busy for ever", "", "", lie="msg-busy",
           attack=ends_the_key("msg-busy", "EBUSY", "busy")),
    Attack("firmware error", "", "", lie="msg-fw-error",
           attack=ends_the_key("msg-fw-error", "EREMOTEIO", "found error 0x32")),
    Attack("a bit of the text, at accept", "", "", lie="msg-flip-text",
           attack=at_accept("msg-flip-text", "EIO", "seal")),
    Attack("hides whether pages were granted", "", "", lie="grant-flip",
           attack=granted_or_not("grant-flip")),
    Attack("does not let DMA end", "", "", lie="sdte-drop", attack=stop_with_dma_on, in_run=True),
    Attack("replays after many", "", "", lie="msg-replay", attack=many_messages),
    Attack("never answers", "", "", attack=never_answers),
)
