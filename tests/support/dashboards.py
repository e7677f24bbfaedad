"""The dashboards and alerts that burgee ships, as a test looks at them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

COMPONENTS = Path(__file__).parents[2] / "manifests" / "components"
BOARDS = sorted((COMPONENTS / "grafana-dashboards").glob("*.json"))
RULES = COMPONENTS / "alert-rules" / "prometheusrules.yaml"
BUILT_IN = {"__rate_interval": "1m", "__range": "1h"}
"""What Grafana itself fills in, for a look at a short time."""

_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_OWN = re.compile(r"\b(?:burgee|flagger)_[a-z_]+\b")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One query of a panel, a variable or an alert."""

    where: str
    expr: str

    def filled(self, values: Mapping[str, str]) -> str:
        """The PromQL that Grafana would send."""
        known = {**BUILT_IN, **values}

        def value(found: re.Match[str]) -> str:
            return known.get(found[1], found[0])

        return _VARIABLE.sub(value, self.expr)

    @property
    def variables(self) -> set[str]:
        """The variables that it names, but for `$1` and the like in replacements."""
        return {name for name in _VARIABLE.findall(self.expr) if not name.isdecimal()}

    @property
    def own_metrics(self) -> set[str]:
        """burgee's and Flagger's metrics in it."""
        return set(_OWN.findall(_TEXT.sub('""', self.expr)))

    @property
    def is_ours(self) -> bool:
        """True where it asks for nothing but what the hook server shows."""
        words = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", _TEXT.sub('""', self.expr)))
        foreign = ("container_", "envoy_", "http_", "istio_", "kube_", "workqueue_")
        return bool(self.own_metrics) and not any(w.startswith(foreign) for w in words)


@cache
def board(path: Path) -> dict[str, Any]:
    """A dashboard."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def panels(path: Path) -> Iterator[dict[str, Any]]:
    """Every panel, also those of rows that are folded."""
    for panel in board(path)["panels"]:
        yield panel
        yield from panel.get("panels") or []


def panel_queries(path: Path) -> list[Query]:
    """The queries of its panels."""
    return [
        Query(where=f"{path.stem}: {panel['title']} {target['refId']}", expr=target["expr"])
        for panel in panels(path)
        for target in panel.get("targets") or []
    ]


def variable_queries(path: Path) -> list[Query]:
    """What its variables are filled from: label_values(selector, label)."""
    found = []
    for variable in board(path)["templating"]["list"]:
        if variable["type"] == "query":
            text = variable["query"]["query"]
            (selector,) = re.fullmatch(r"label_values\((.+), \w+\)", text).groups()
            found.append(Query(where=f"{path.stem}: ${variable['name']}", expr=selector))
    return found


@cache
def groups() -> list[dict[str, Any]]:
    """The groups of alerts."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text("utf-8"))["spec"]["groups"]
    return found


def alerts() -> list[dict[str, Any]]:
    """The alerts."""
    return [rule for group in groups() for rule in group["rules"]]


def alert_queries() -> list[Query]:
    """Their expressions."""
    return [Query(where=rule["alert"], expr=rule["expr"]) for rule in alerts()]
