"""A recorded scenario as data: what is applied, what is done, and what Flagger made of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from burgee.api.manifest import Manifest

DATA = Path(__file__).parents[2] / "conformance" / "data"
PACE = 4
"""Intervals and pauses are that many times shorter than they were when Flagger was recorded."""

_SECONDS = re.compile(r"(\d+)s")
_FIELDS = {
    *("title", "provider", "canary", "objects", "steps", "prom", "receivers", "expected"),
    *("system_flags", "gateway_mode", "no_wait_target", "no_init_wait"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What Flagger did.

    Attributes:
        routes: by kind and name, every state that a route object was in, "deleted" at its end.
        snapshots: by moment, the objects of the contract by kind and name.
        webhooks: path, phase and answer of every call, without immediate repeats.
    """

    phases: list[str]
    weights: list[int]
    routes: Mapping[str, list[Manifest | str]]
    snapshots: Mapping[str, Mapping[str, Manifest]]
    webhooks: list[list[Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """What is done.

    Attributes:
        canary: the name of the Canary that is watched.
        objects: applied in this order, Canaries last.
        prom: rules of what Prometheus answers.
        receivers: by path, how webhooks are answered.
        flags: Flagger's flags, for the hook server.
        gateway_mode: what a Gateway makes of routes: accept, reject or none.
        waits_for_target: the Canary comes when its target is up.
        waits_for_start: the steps begin when the Canary is initialized.
        pace: by how much it is hurried.
    """

    name: str
    title: str
    canary: str
    objects: list[Manifest]
    steps: list[dict[str, Any]]
    prom: list[dict[str, Any]]
    receivers: dict[str, dict[str, Any]]
    flags: tuple[str, ...]
    gateway_mode: str
    waits_for_target: bool
    waits_for_start: bool
    pace: int
    expected: Expected


def names() -> list[str]:
    """Every scenario."""
    return sorted(path.stem for path in DATA.glob("*.yaml"))


def load(name: str) -> Scenario:
    """One scenario, hurried."""
    raw = yaml.load((DATA / f"{name}.yaml").read_text("utf-8"), yaml.CSafeLoader)
    assert set(raw) <= _FIELDS, f"{name}: {sorted(set(raw) - _FIELDS)}"
    # The interval is the lifetime of a cookie.
    pace = 1 if "primaryCookieName" in repr(raw["objects"]) else PACE
    return Scenario(
        name=name,
        title=raw["title"],
        canary=raw.get("canary", "podinfo"),
        objects=[hurried(manifest, pace) for manifest in raw["objects"]],
        steps=[hurried(step, pace) for step in raw["steps"]],
        prom=raw.get("prom", []),
        receivers=raw.get("receivers", {}),
        flags=tuple(raw.get("system_flags", ())),
        gateway_mode=raw.get("gateway_mode", "accept"),
        waits_for_target=not raw.get("no_wait_target"),
        waits_for_start=not raw.get("no_init_wait"),
        pace=pace,
        expected=Expected(**raw["expected"]),
    )


def hurried(value: Any, pace: int) -> Any:
    """The same with shorter intervals of analysis; those of queries are left alone."""
    match value:
        case dict():
            shorter = {key: hurried(inner, pace) for key, inner in value.items()}
            analysis = shorter.get("analysis")
            if isinstance(analysis, dict) and "interval" in analysis:
                shorter["analysis"] = {**analysis, "interval": _part(analysis["interval"], pace)}
            return shorter
        case list():
            return [hurried(inner, pace) for inner in value]
        case _:
            return value


def substituted(value: Any, words: Mapping[str, str]) -> Any:
    """The same with other words in all its texts, keys included."""
    match value:
        case str():
            for word, other in words.items():
                value = value.replace(word, other)
            return value
        case dict():
            return {substituted(k, words): substituted(v, words) for k, v in value.items()}
        case list():
            return [substituted(inner, words) for inner in value]
        case _:
            return value


def applied(scenario: Scenario) -> Iterator[Manifest]:
    """Everything that the user of the scenario applies."""
    yield from scenario.objects
    for step in scenario.steps:
        found = step.get("apply", [])
        yield from found if isinstance(found, list) else [found]


def _part(duration: str, pace: int) -> str:
    whole = _SECONDS.fullmatch(duration)
    assert whole, f"cannot hurry {duration}"
    return f"{int(whole[1]) * 1000 // pace}ms"
