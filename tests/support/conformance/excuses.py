"""The one table of differences that are on purpose."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml
from conformance.contract import Difference

TABLE = Path(__file__).parents[2] / "conformance" / "differences.yaml"
PAGE = Path(__file__).parents[3] / "docs" / "compatibility.md"
ANYTHING = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Excuse:
    """One row; scenario, point and path are patterns with `*`.

    Attributes:
        documented: the first column of the row of the compatibility page that tells users.
        reason: why this point differs.
        flagger: exactly what Flagger has there; ANYTHING where the row does not say.
        burgee: exactly what burgee has there.
    """

    documented: str
    reason: str
    scenario: str
    point: str
    path: str
    flagger: Any = ANYTHING
    burgee: Any = ANYTHING

    def covers(self, scenario: str, found: Difference) -> bool:
        """True if this difference is the one that is meant."""
        return (
            fnmatchcase(scenario, self.scenario)
            and fnmatchcase(found.point, self.point)
            and fnmatchcase(found.path, self.path)
            and self.flagger in (ANYTHING, found.flagger)
            and self.burgee in (ANYTHING, found.burgee)
        )


def table() -> tuple[Excuse, ...]:
    """All rows."""
    return tuple(Excuse(**row) for row in yaml.safe_load(TABLE.read_text("utf-8")))


def documented() -> set[str]:
    """The first columns of the compatibility page."""
    lines = PAGE.read_text("utf-8").splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith("|")}
