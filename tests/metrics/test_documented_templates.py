"""The page about metrics: its table names every type, and its examples can be asked."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from burgee.api.metric_template import MetricTemplate
from burgee.api.settings import EngineSettings
from burgee.metrics.checks import build_checks
from burgee.metrics.model import Check
from burgee.metrics.sources import TYPES

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
EXAMPLES = [
    document
    for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    for document in yaml.safe_load_all(block)
]
METRIC = {
    "name": "errors",
    "templateRef": {"name": "errors"},
    "templateVariables": {"service": "SERVICE-1"},
}


def test_the_table_names_every_type() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == TYPES


def test_every_type_has_an_example() -> None:
    assert {example["spec"]["provider"]["type"] for example in EXAMPLES} == TYPES


@pytest.mark.parametrize(
    "example", [pytest.param(one, id=one["spec"]["provider"]["type"]) for one in EXAMPLES]
)
def test_examples_can_be_asked(example: dict[str, Any], make_canary: Any) -> None:
    template = MetricTemplate.model_validate(example)

    checks = build_checks(make_canary(METRIC), {("test", "errors"): template}, EngineSettings())

    (check,) = checks
    assert isinstance(check, Check)
    assert "{{" not in check.query
