#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The gate's decision on the kernel's hold: a signed policy lets the disk in, and nothing
else does; what goes wrong leaves it held, and the rest of the machine alone.

The stock kernels have nvme built in: the disk is exposed, and the policy says what of it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import Session  # noqa: E402
from tap import Tap, check, equal, figure  # noqa: E402
from vm import SLOW, Vm, chosen_kernel  # noqa: E402

GATE = "/sys/devices/tdi-gate"
YES, POLICY, PLATFORM, TPM = 0, 3, 4, 6
TIMEOUT = 8 * int(max(SLOW, 1))


class Decision(Session):
    """A VM whose disk is held; policies are made and signed on this side."""

    def __init__(self, vm: Vm, folder: Path):
        self.vm, self.emu, self.guest = vm, vm.emu, vm.guest
        self.folder = folder
        self.nvme, self.dma = self.find("7d52"), self.find("7d51")
        self.closed = 0
        self.key, self.cert = folder / "key", folder / "gate-signer.pem"
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                     "-nodes", "-days", "2", "-subj", "/CN=gate signer", "-keyout", self.key,
                     "-out", self.cert)

    def openssl(self, *args: str | Path, data: bytes = b"") -> bytes:
        return subprocess.run(["openssl", *args], input=data, capture_output=True,
                              check=True).stdout

    # --- the policy ----------------------------------------------------------

    def gate(self, *, policy: dict[str, Any] | None = None, device: str = "7d52",
             **members: Any) -> bytes:
        """Puts the disk's policy there; gives back the gate's, which names it."""
        text = json.dumps({"schema_version": 1, "kind": "policy", "emulated": "allowed",
                           "anchors": [{"pem": self.root_ca().decode()}],
                           **(policy or {})}).encode()
        self.put("/etc/tdi/disk.json", text)
        return json.dumps({
            "schema_version": 1, "kind": "gate", "not_after": "2099-01-01T00:00:00Z",
            "timeout": min(TIMEOUT, 120), "exposed": "allowed",
            "devices": [{"name": "data disk", "vendor": "1234", "device": device,
                         "policy": "disk.json",
                         "policy_sha256": hashlib.sha256(text).hexdigest()}],
            **members}).encode()

    def sign(self, gate: bytes, signed: bytes | None = None) -> None:
        signature = self.openssl("cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER",
                                 "-signer", self.cert, "-inkey", self.key,
                                 data=gate if signed is None else signed)
        self.put("/etc/tdi/gate.json", gate)
        self.put("/etc/tdi/gate.json.p7s", signature)

    # --- the decision --------------------------------------------------------

    def decide(self) -> tuple[dict[str, Any], int, float]:
        """Anew; with the time that it took."""
        started = time.monotonic()
        status, out = self.guest.run("rm -f /run/tdi/gate.json; tdi gate --json 2>/tmp/said",
                                     60 + 4 * TIMEOUT)
        took = time.monotonic() - started
        equal(self.sh("stat -c %u:%a /run/tdi/gate.json"), "0:644", "the decision's file")
        return json.loads(out), status, took

    def is_closed(self) -> None:
        check(self.nvme in self.sh(f"cat {GATE}/held").split(), "the disk is held")
        equal(self.driver(self.nvme), "", "its driver")
        equal(self.sh("ls /sys/block | grep nvme || true"), "", "disks")

    def no(self, expected: int, reason: str) -> None:
        value, status, took = self.decide()
        equal((status, value["verdict"]), (expected, "no"), f"decision ({value['reason']})")
        check(reason in value["reason"], f"expected {reason!r} in {value['reason']!r}")
        check(took < TIMEOUT + 20 * SLOW, f"it took {took:.1f} s")
        self.is_closed()
        self.closed += 1

    # --- steps ---------------------------------------------------------------

    def holds(self) -> None:
        self.sh("mkdir -p /etc/tdi && modprobe tdi && modprobe tdi-emu")
        self.tsm = self.sh("ls /sys/class/tsm").split()[0]
        self.put("/etc/tdi/gate-signer.pem", self.cert.read_bytes())
        self.is_closed()

    def unsigned(self) -> None:
        self.put("/etc/tdi/gate.json", self.gate())
        self.no(POLICY, "signature: expected the file")

    def altered(self) -> None:
        gate = self.gate()
        self.sign(gate + b" ", signed=gate)
        self.no(POLICY, "signature: expected a signature of exactly these bytes")

    def expired(self) -> None:
        self.sign(self.gate(not_after="2021-01-01T00:00:00Z"))
        self.no(POLICY, "validity: ")

    def exposed(self) -> None:
        self.sign(self.gate(exposed="refused"))
        self.no(POLICY, "exposed: expected no driver before the hold, found nvme")

    def wrong_device(self) -> None:
        self.sign(self.gate(policy={"certificates": {"pci_id": {"vendor": "1b36"}}}))
        self.no(POLICY, "data disk: ")
        self.expect("CONFIG_UNLOCKED", "bounce")

    def absent_device(self) -> None:
        self.sign(self.gate(device="beef"))
        self.no(PLATFORM, "data disk: device: expected 1 of 1234:beef, found 0")

    def no_tpm(self) -> None:
        self.sign(self.gate(policy={"tpm": {"measure": "required"}}))
        self.no(TPM, "TPM absent")

    def silent_host(self) -> None:
        self.sign(self.gate())
        self.emu.cmd("silent on")
        try:
            self.no(PLATFORM, "data disk: ")
        finally:
            self.emu.cmd("silent off")

    def accepted(self) -> None:
        self.sign(self.gate())
        # What a silent host left in between is led out of first.
        self.guest.run(f"tdi disconnect {self.nvme}")
        value, status, took = self.decide()
        equal((status, value["verdict"], value["reason"]), (YES, "yes", None), "decision")
        equal(self.driver(self.nvme), "nvme", "driver")
        self.expect("RUN")
        check(self.nvme not in self.sh(f"cat {GATE}/held").split(), "it is not held")
        check(self.dma in self.sh(f"cat {GATE}/held").split(), "the other one is")
        self.wait("ls /sys/block | grep -q nvme", 20 * SLOW)
        status_now = json.loads(self.sh("tdi status --json"))
        equal({d["bdf"]: d["standing"] for d in status_now["devices"]
               if d["bdf"] in (self.nvme, self.dma)},
              {self.nvme: "accepted", self.dma: "held"}, "tdi status")
        figure("gate_decision_seconds", round(took, 2))

    def reported(self) -> None:
        """A second run decides nothing; and what was lost since is no."""
        self.sh("rm /etc/tdi/gate.json.p7s")
        equal(self.guest.run("tdi gate")[0], YES, "the second run")
        self.sh(f"tdi disconnect {self.nvme} --force --no-driver")
        equal(self.guest.run("tdi gate")[0], PLATFORM, "once it is given back")
        self.is_closed()

    def steps(self) -> tuple[tuple[str, Callable[[], None]], ...]:
        return (
            ("the disk is held to begin with", self.holds),
            ("a policy without a signature lets nothing in", self.unsigned),
            ("an altered one lets nothing in", self.altered),
            ("one that has expired lets nothing in", self.expired),
            ("what was exposed stays out, if the policy says so", self.exposed),
            ("a wrong device stays out, and is unlocked", self.wrong_device),
            ("a device that is missing is missed", self.absent_device),
            ("a TPM that is missing is missed", self.no_tpm),
            ("a host that is silent is waited for no longer than the policy says",
             self.silent_host),
            ("a signed policy lets the disk in, and nothing else", self.accepted),
            ("a second run reports, and sees what was lost", self.reported),
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", default="", help="full version (default: the first)")
    kernel = chosen_kernel(parser.parse_args().kernel)
    tap = Tap()
    vm = Vm("decision", kernel, msi=True, append="tdi.gate=all nvme_core.io_timeout=10")
    with tempfile.TemporaryDirectory() as folder, vm:
        try:
            decision = Decision(vm, Path(folder))
            for claim, step in decision.steps():
                before = tap.failed
                tap.run(claim, step)
                if tap.failed != before:
                    tap.explain(vm.guest.run("cat /tmp/said; dmesg | tail -n 15")[1])
                    vm.keep_logs = True
            figure("gate_closed_cases", decision.closed)
        except Exception:
            tap.result(False, "the VM runs", traceback.format_exc())
    tap.result(not vm.complaint, "console and sanitizers are clean", vm.complaint)
    tap.done()


if __name__ == "__main__":
    main()
