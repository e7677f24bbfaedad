"""docs/observability.md names every metric that is shown, with its labels."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.meters import Meters
from hooks.series import Series

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"
ROW = re.compile(r"^\| `((?:burgee|flagger)_\w+)` \| (.*?) \| ", re.MULTILINE)
WORD = re.compile(r"`(\w+)`")


@pytest.fixture
def shown() -> dict[str, set[str]]:
    """Labels by the name of the metric; counters by the name of their series."""
    series = Series()
    meters = Meters(version="1", mesh_provider="istio", series=series)

    def families() -> Iterator[tuple[str, Any]]:
        collectors: Any = meters.registry._collector_to_names
        for collector in collectors:
            if collector is series:
                for family in series.collect():
                    counts = family.type == "counter"
                    yield f"{family.name}{'_total' if counts else ''}", family
            elif hasattr(collector, "_labelnames"):
                counts = collector._type == "counter"
                yield f"{collector._name}{'_total' if counts else ''}", collector

    return {name: set(family._labelnames) for name, family in families()}


def test_every_metric_stands_there_with_its_labels(shown: dict[str, set[str]]) -> None:
    rows = ROW.findall(PAGE.read_text("utf-8"))

    assert len(rows) == len(dict(rows))
    assert {name: set(WORD.findall(labels)) for name, labels in rows} == shown
