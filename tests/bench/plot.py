# SPDX-License-Identifier: GPL-2.0
"""Line charts as SVG, by hand: axes, ticks, and each line labelled where it ends.

Readable on white and on black: text and grid are of one grey that does on both, the
lines of colours that do, and told apart by dashes, too, for who does not see colours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from pathlib import Path

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 72, 184, 64, 56
FONT = "font-family=\"system-ui, 'DejaVu Sans', Arial, sans-serif\""
INK, GRID = "#7a7f87", "#7a7f8740"
LABEL_ROOM = 15

# Blue, orange, green, purple, red, teal: of middle lightness, for either background.
STYLES = [("#2f7ed8", ""), ("#d9730d", ""), ("#2e9e5b", "7 4"), ("#9b59d0", "2 4"), ("#d64550", "10 3 2 3"),
          ("#1a9aa0", "5 2")]


@dataclass
class Line:
    label: str
    points: list[tuple[float, float]]
    style: int


def bytes_label(size: float) -> str:
    n = int(size)
    for unit, shift in (("MiB", 20), ("KiB", 10)):
        if n >= 1 << shift:
            return f"{n >> shift} {unit}"
    return f"{n} B"


def count_label(n: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if n >= size:
            return f"{n / size:g}{unit}"
    return f"{n:g}"


def decades(low: float, high: float) -> list[float]:
    return [10.0 ** e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


class Chart:
    def __init__(self, title: str, x_title: str, y_title: str, note: str,
                 lines: list[Line], x_ticks: list[float], x_label=bytes_label,  # type: ignore[no-untyped-def]
                 linear: bool = False):
        self.title, self.x_title, self.y_title, self.note = title, x_title, y_title, note
        self.lines = [line for line in lines if line.points]
        self.x_ticks, self.x_label = x_ticks, x_label
        values = [y for line in self.lines for _, y in line.points]
        xs = [x for line in self.lines for x, _ in line.points]
        self.x_low, self.x_high = min(xs), max(xs)
        self.linear = linear
        if linear:
            step = 10 ** math.floor(math.log10(max(values)))
            step = step / 2 if max(values) / step < 4 else step
            top = math.ceil(max(values) / step)
            self.y_ticks = [i * step for i in range(top + 1)]
        else:
            self.y_ticks = decades(min(values), max(values))
        self.out: list[str] = []

    def x(self, value: float) -> float:
        part = math.log(value / self.x_low) / math.log(self.x_high / self.x_low)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_ticks[0], self.y_ticks[-1]
        part = (value - low) / (high - low) if self.linear else math.log(value / low) / math.log(high / low)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)

    def text(self, x: float, y: float, words: str, size: int = 13, anchor: str = "start",
             colour: str = INK, more: str = "") -> None:
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
                        f'fill="{colour}"{more}>{escape(words)}</text>')

    def rule(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        self.out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>')

    def axes(self) -> None:
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        for tick in self.y_ticks:
            self.rule(LEFT, self.y(tick), right, self.y(tick), GRID)
            self.text(LEFT - 8, self.y(tick) + 4, count_label(tick), anchor="end")
        for tick in self.x_ticks:
            self.rule(self.x(tick), bottom, self.x(tick), bottom + 5, INK)
            self.text(self.x(tick), bottom + 20, self.x_label(tick), anchor="middle")
        self.rule(LEFT, bottom, right, bottom, INK)
        self.text((LEFT + right) / 2, HEIGHT - 12, self.x_title, anchor="middle")
        self.text(LEFT, TOP - 12, self.y_title)

    def labels(self) -> None:
        """Beside where the lines end, moved apart where they would overlap."""
        ends = sorted((self.y(line.points[-1][1]), i) for i, line in enumerate(self.lines))
        at: list[float] = []
        for y, _ in ends:
            at.append(max(y, at[-1] + LABEL_ROOM) if at else y)
        # What was pushed out at the bottom comes up again.
        limit = HEIGHT - BOTTOM + 4
        for i in range(len(at) - 1, -1, -1):
            at[i] = min(at[i], limit)
            limit = at[i] - LABEL_ROOM
        for (y, i), label_y in zip(ends, at):
            line = self.lines[i]
            x = self.x(line.points[-1][0])
            colour = STYLES[line.style % len(STYLES)][0]
            self.rule(x + 4, y, WIDTH - RIGHT + 14, label_y, colour + "80")
            self.text(WIDTH - RIGHT + 18, label_y + 4, line.label, colour=colour)

    def draw(self) -> str:
        self.out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
            f'height="{HEIGHT}" role="img" {FONT}>',
            "<!-- SPDX-License-Identifier: GPL-2.0 -->",
            f"<title>{escape(self.title)}</title>",
        ]
        self.text(LEFT, 24, self.title, size=16, more=' font-weight="600"')
        self.text(WIDTH - 10, HEIGHT - 12, self.note, size=11, anchor="end")
        self.axes()
        for line in self.lines:
            colour, dash = STYLES[line.style % len(STYLES)]
            points = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in line.points)
            dashes = f' stroke-dasharray="{dash}"' if dash else ""
            self.out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" '
                            f'stroke-width="2.2" stroke-linejoin="round"{dashes}/>')
        self.labels()
        return "\n".join([*self.out, "</svg>"]) + "\n"

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(self.draw())
        part.rename(path)
