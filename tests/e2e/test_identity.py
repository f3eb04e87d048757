#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who signed: anchors in the kernel's key ring, approval by user space.

Nothing but an anchor or an approval lets a device in, unless allow_unverified is set.
"""

from __future__ import annotations

import base64

from harness import Session, check, equal, main, other_ca, scenario

ALLOW = "/sys/module/tdi/parameters/allow_unverified"


@scenario(all_kernels=True)
def a_chain_to_an_anchor_is_verified_by_the_kernel(s: Session) -> None:
    s.reload()
    s.refuse("connect", "ENOKEY", ".tdi-anchors")
    s.trust(s.root_ca())
    s.do("connect")
    s.expect("RUN", "direct")
    equal(s.read("identity"), "verified", "identity")
    check("verified" in s.read("result"), "the result says verified")
    s.do("disconnect")
    s.disk_works()


@scenario()
def an_anchor_of_somebody_else_vouches_for_nobody(s: Session) -> None:
    s.reload()
    s.trust(other_ca())
    s.refuse("connect", "ENOKEY", "certificate chain")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


@scenario()
def a_leaf_is_no_anchor(s: Session) -> None:
    s.reload()
    s.do("lock")
    # Leaf last, in the SPDM structure; openssl finds where it starts.
    s.sh("cat /sys/bus/pci/devices/" + s.nvme + "/tsm/certificates > /tmp/chain")
    chain = base64.b64decode(s.sh("base64 /tmp/chain").replace("\n", ""))
    at, ders = 4 + 48, []
    while at < len(chain):
        n = 4 + int.from_bytes(chain[at + 2:at + 4], "big")
        ders.append(chain[at:at + n])
        at += n
    s.put("/tmp/leaf.der", ders[-1])
    status, out = s.guest.run("tdi anchor add /tmp/leaf.der")
    check(status == 1 and "CA" in out, f"refused, and says why: {status} {out}")
    s.do("unlock")


@scenario(all_kernels=True)
def user_space_approves_exactly_one_generation(s: Session) -> None:
    s.reload()
    s.do("lock")
    generation = int(s.read("generation"))
    equal(s.read("identity"), "unverified", "identity")
    s.refuse("accept", "ENOKEY", "identity", value="1")
    s.refuse("approve", "ESTALE", "generation", value=f"generation={generation + 1}")
    s.refuse("approve", "EINVAL", value="1")
    s.do("approve", f"generation={generation}")
    equal(s.read("identity"), "approved", "identity")
    s.do("accept", f"generation={generation}")
    s.expect("RUN", "direct")
    s.do("unlock")
    # The approval was for that lock, and does not outlive it.
    s.do("lock")
    equal(s.read("identity"), "unverified", "identity")
    s.refuse("accept", "ENOKEY", "identity", value="1")
    s.do("unlock")


@scenario()
def a_bad_signature_is_refused_even_with_leave_to_skip_identity(s: Session) -> None:
    s.reload()
    s.sh(f"echo 1 > {ALLOW}")
    s.do("connect")
    equal(s.read("identity"), "unverified", "identity")
    s.do("disconnect")
    s.emu.cmd("fault nvme0 bad-signature")
    s.refuse("connect", "EKEYREJECTED", "signature")
    s.emu.cmd("mend nvme0")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


FAULTS = (
    ("swapped-ranges", "EBADMSG", "range"),
    # The TSM, which reads the report too, does not even hand these out.
    ("long-range", "EREMOTEIO", "device refused"),
    ("shifted-range", "EREMOTEIO", "device refused"),
    ("fw-updates", "EPERM", "firmware updates"),
    ("ats-on", "EPERM", "ATS"),
)


def faulty_report(s: Session, fault: str, errno: str, reason: str) -> None:
    s.unbind_driver(s.nvme)
    s.do("lock")
    s.do("unlock")
    s.emu.cmd(f"fault nvme0 {fault}")
    s.refuse("connect", errno, reason)
    s.emu.cmd("mend nvme0")
    s.expect("CONFIG_UNLOCKED", "bounce")
    s.disk_works()


for _fault in FAULTS:
    scenario(name=f"a device whose report is faulty, {_fault[0]}: refused")(
        lambda s, f=_fault: faulty_report(s, *f))


if __name__ == "__main__":
    main()
