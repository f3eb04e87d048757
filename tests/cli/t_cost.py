# SPDX-License-Identifier: GPL-2.0
"""What tdi verify costs, in instructions, next to the bare verifications."""
import os
import re
import shutil
import subprocess

import evidence as e
from bench import TDI, Skip, test
from t_verify import AT, _FILES

LIMIT = 1.25


def instructions(*argv):
    out = _FILES.put("callgrind", b"")
    ret = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *argv],
                         capture_output=True, text=True, check=False)
    assert ret.returncode == 0, (argv, ret.stdout, ret.stderr)
    return int(re.search(r"Collected : (\d+)", ret.stderr)[1])


@test
def verify_costs_little_more_than_the_signatures(b):
    """A chain of four P-384 certificates and a measurement signature."""
    del b
    bare = os.environ.get("TDI_BARE")
    if not bare or not shutil.which("valgrind"):
        raise Skip("needs valgrind and TDI_BARE")
    evidence = e.Evidence(chain=e.chain(length=4))
    root = _FILES.put("root.der", evidence.chain.root)
    transcript = _FILES.put("transcript", evidence.transcript)
    base = instructions(bare, root, _FILES.put("chain.der", evidence.chain.der()), transcript)
    worst = 0
    for more in ([], ["--json"]):
        cost = instructions(TDI, "verify", "--certs", _FILES.put("chain", evidence.chain.spdm()),
                            "--measurements", transcript, "--roots", root, "--at", AT, *more)
        worst = max(worst, cost / base)
    print(f"# figure: verify_ratio={worst:.3f}")
    assert worst <= LIMIT, worst
