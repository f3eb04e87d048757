# SPDX-License-Identifier: GPL-2.0
"""TAP, as tests/run reads it: what programs that start VMs print."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


class Failed(Exception):
    """What was claimed does not hold."""


def check(condition: Any, claim: str) -> None:
    if not condition:
        raise Failed(claim)


def equal(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise Failed(f"{what}: expected {expected!r}, found {found!r}")


def figure(name: str, value: float, *, add: bool = False) -> None:
    """A number for the results. add: to what other programs of the suite count as well."""
    print(f"# figure{'+' if add else ''}: {name}={value}", flush=True)


class Tap:
    """Prints results as they come; done() is the program's end."""

    def __init__(self) -> None:
        self.number = self.failed = 0

    def result(self, ok: bool, claim: str, said: str = "", *, skip: str | None = None,
               todo: str = "") -> None:
        """said: what explains a failure. todo: why it is known not to hold; it is told,
        and fails nothing."""
        self.number += 1
        self.failed += not ok and not todo
        directive = ""
        if skip is not None:
            directive = f" # SKIP {skip}"
        elif todo and not ok:
            directive = f" # todo {todo}"
        print(f"{'ok' if ok else 'not ok'} {self.number} - {claim}{directive}", flush=True)
        if not ok:
            self.explain(said)

    def explain(self, text: str) -> None:
        print("".join(f"# {line}\n" for line in text.splitlines()), end="", flush=True)

    def run(self, claim: str, what: Callable[[], None]) -> None:
        """A claim that holds if nothing raises Failed, and how long that took."""
        start = time.monotonic()
        try:
            what()
            self.result(True, claim)
        except Failed as e:
            self.result(False, claim, str(e))
        self.explain(f"{time.monotonic() - start:.1f} s")

    def figure(self, name: str, value: float) -> None:
        figure(name, value)

    def done(self) -> None:
        print(f"1..{self.number}")
        sys.exit(1 if self.failed else 0)
