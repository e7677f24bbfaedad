"""What a person sees of the demo: one block that is repainted in place, or plain lines.

On a terminal the block stands still at the bottom while finished things scroll away above it. On
a pipe there is one line for each change and nothing else.
"""

import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TextIO

from burgee.api.manifest import Manifest
from burgee.playground.demo.objects import TEMPLATE

_BAR_WIDTH = 40
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_UP, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[{}F", "\x1b[2K", "\x1b[0J"
_BOLD, _GREEN, _RED, _DIM, _PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[2m", "\x1b[0m"


@dataclass(frozen=True, kw_only=True, slots=True)
class Steering:
    """Where requests go, in percent.

    Attributes:
        weight: of everybody's requests, to the new version.
        matching: of those that an A/B test or a cookie looks for, to the new version.
        mirrored: of everybody's requests, copied to the new version.
        pods: of the new version, and of both, where their numbers are what makes the weight.
    """

    weight: int = 0
    matching: int = 0
    mirrored: int = 0
    pods: tuple[int, int] = (0, 0)

    def words(self) -> str:
        """What there is beside the weight."""
        parts = [
            f"{self.matching} % of matching requests" if self.matching else "",
            f"{self.mirrored} % mirrored" if self.mirrored else "",
            f"{self.pods[0]} of {self.pods[1]} pods" if self.pods[1] else "",
        ]
        return "".join(f", {part}" for part in parts if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clients:
    """What some clients got in the last seconds.

    Attributes:
        name: of these clients.
        versions: responses by version.
        failed: errors among them.
    """

    name: str
    versions: Mapping[str, int] = field(default_factory=Counter[str])
    failed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """Everything that the view shows.

    Attributes:
        title: what is being played.
        elapsed_seconds: since the demo was set up.
        phase: of the Canary.
        steering: what the data plane does with requests.
        checks: of the Canary's status.
        clients: what they saw.
        words: what happened last, and why.
    """

    title: str
    elapsed_seconds: float
    phase: str = ""
    steering: Steering = Steering()
    checks: Sequence[Manifest] = ()
    clients: Sequence[Clients] = ()
    words: str = ""


class View(Protocol):
    """Shows snapshots."""

    def show(self, snapshot: Snapshot) -> None:
        """Show the state as it is now; called several times a second."""
        ...

    def say(self, text: str) -> None:
        """Show a line that stays."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...


def open_view(out: TextIO) -> View:
    """The live view on a terminal, plain lines everywhere else."""
    if out.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return LiveView(out, colour="NO_COLOR" not in os.environ)
    return PlainView(out)


class PlainView:
    """One line for each change of phase, weight or words."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._last: tuple[str, Steering, str] | None = None

    def show(self, snapshot: Snapshot) -> None:
        """Print a line if something changed."""
        now = (snapshot.phase, snapshot.steering, snapshot.words)
        if now == self._last or not snapshot.phase:
            return
        self._last = now
        self.say(
            f"[{snapshot.elapsed_seconds:5.1f}] {snapshot.phase:<12} "
            f"{snapshot.steering.weight:3d} %{snapshot.steering.words()}  {snapshot.words}".rstrip()
        )

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._out, flush=True)

    def close(self) -> None:
        """Nothing to restore."""


class LiveView:
    """A block of a few lines, repainted in place."""

    def __init__(self, out: TextIO, *, colour: bool) -> None:
        self._out = out
        self._colour = colour
        self._height = 0
        self._open = True
        self._phase = ""
        out.write(_HIDE_CURSOR)

    def show(self, snapshot: Snapshot) -> None:
        """Repaint; a new phase leaves a line behind."""
        if snapshot.phase != self._phase:
            self._phase = snapshot.phase
            self.say(f"[{snapshot.elapsed_seconds:5.1f}] {snapshot.phase}")
        width = shutil.get_terminal_size().columns
        lines = block(snapshot, width)
        self._erase()
        for line in lines:
            self._out.write(self._painted(line, snapshot) + "\n")
        self._height = len(lines)
        self._out.flush()

    def say(self, text: str) -> None:
        """Print a line above the block."""
        self._erase()
        self._out.write(text + "\n")
        self._out.flush()

    def close(self) -> None:
        """Show the cursor again; the last picture stays."""
        if self._open:
            self._open = False
            self._out.write(_SHOW_CURSOR)
            self._out.flush()

    def _erase(self) -> None:
        if self._height:
            self._out.write(_UP.format(self._height) + _CLEAR_LINE + _CLEAR_BELOW)
            self._height = 0

    def _painted(self, line: str, snapshot: Snapshot) -> str:
        if not self._colour or not line.strip():
            return line
        if line.startswith("burgee"):
            return f"{_BOLD}{line}{_PLAIN}"
        label, rest = line[:11], line[11:]
        tone = {"Succeeded": _GREEN, "Initialized": _GREEN, "Failed": _RED}.get(snapshot.phase)
        if label.strip() == "phase" and tone:
            rest = f"{tone}{rest}{_PLAIN}"
        return f"{_DIM}{label}{_PLAIN}{rest}"


def block(snapshot: Snapshot, width: int) -> list[str]:
    """The lines of the live view, none longer than the terminal is wide."""
    weight, beside = snapshot.steering.weight, snapshot.steering.words()
    filled = round(_BAR_WIDTH * weight / 100)
    bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
    crowd = snapshot.clients or (Clients(name="client"),)
    lines = [
        "",
        f"burgee demo: {snapshot.title}, {snapshot.elapsed_seconds:.0f} s",
        f"  phase    {snapshot.phase or '-'}",
        f"  traffic  {bar} {weight} % to the new version{beside}",
        f"  success  {_check(snapshot.checks, 'request-success-rate', '%')}",
        f"  p99      {_check(snapshot.checks, 'request-duration', 'ms')}",
        f"  median   {_check(snapshot.checks, TEMPLATE, 'ms')}",
        *(f"  {clients.name:<8} {_seen(clients)}" for clients in crowd),
        f"  last     {snapshot.words or '-'}",
    ]
    return [line[: max(1, width - 1)] for line in lines]


def _check(checks: Sequence[Manifest], name: str, unit: str) -> str:
    """The last measurement of one check."""
    found = next((check for check in checks if check.get("name") == name), None)
    if found is None:
        return "-"
    value = found.get("value")
    shown = f"{value:.1f} {unit}" if isinstance(value, (int, float)) else "no value"
    limits = [
        f"{word} {found[key]:g}"
        for key, word in (("min", "at least"), ("max", "at most"))
        if key in found
    ]
    return f"{shown} ({', '.join(limits)}): {found.get('verdict', '')}".replace(" ()", "")


def _seen(clients: Clients) -> str:
    total = sum(clients.versions.values())
    if not total:
        return "-"
    shares = [
        f"{version or 'no version'} {100 * count / total:.0f} %"
        for version, count in sorted(clients.versions.items())
    ]
    return f"{'  '.join(shares)}  ({total} requests, {clients.failed} failed)"
