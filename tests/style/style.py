# SPDX-License-Identifier: GPL-2.0
"""What the checks share: the tree's files, C without its comments, TAP.

A check runs from the top of a tree and looks at what is there: a directory that
does not exist is no failure. It prints a line for each claim, and below a claim
that does not hold, where.
"""

import os
import re
import sys

SKIPPED_DIRS = {".git", "build", "__pycache__"}
C_TOKEN = re.compile(r'/\*.*?\*/|//(?:\\\n|[^\n])*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def files(*tops, ext=()):
    """Paths of the tree's files below tops (default: all), those named *.ext only."""
    found = []
    for top in tops or (".",):
        if os.path.isfile(top):
            found.append(os.path.normpath(top))
        for folder, dirs, names in os.walk(top):
            dirs[:] = sorted(d for d in dirs if d not in SKIPPED_DIRS)
            for name in sorted(names):
                path = os.path.normpath(os.path.join(folder, name))
                if not os.path.islink(path):
                    found.append(path)
    return [p for p in found if not ext or p.endswith(tuple(ext))]


def read(path):
    """The text of a file; of a binary file, none."""
    with open(path, "rb") as f:
        data = f.read()
    return "" if b"\0" in data else data.decode("utf-8", "replace")


def _blank(match):
    """White space of the same shape, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group())


def code(text, strings=False):
    """C without its comments and, unless asked for, without its strings."""
    def replace(match):
        if match.group()[0] == "/" or not strings:
            return _blank(match)
        return match.group()
    return C_TOKEN.sub(replace, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def hits(path, text, pattern, flags=0):
    """'path:line: what was found' for each match of pattern."""
    return [f"{path}:{line_of(text, m.start())}: {m.group().strip()}"
            for m in re.finditer(pattern, text, flags)]


def is_script(path, interpreters):
    """Is it a program in one of these languages, by its first line?"""
    first = read(path).split("\n", 1)[0]
    match = re.match(r"#!\s*(?:/usr/bin/env\s+)?(?:\S*/)?([a-z]+)", first)
    return bool(match) and match.group(1) in interpreters


class Tap:
    """Prints results as they come; done() is the program's end."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def ok(self, name, wrong=()):
        """A claim holds if the list of what is wrong with it is empty."""
        self.count += 1
        self.failed += bool(wrong)
        print(f"{'not ' if wrong else ''}ok {self.count} - {name}")
        for line in wrong:
            print(f"#   {line}")

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}")

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
