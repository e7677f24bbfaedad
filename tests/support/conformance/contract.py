"""What has to be the same as with Flagger, point by point, and where it is not."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, zip_longest
from typing import Any

from conformance.kinds import BESIDE_ROUTES, ROUTES
from conformance.normal import canonical, masked, plain
from conformance.play import Outcome
from conformance.record import GONE
from conformance.scenario import Expected

from burgee.api.manifest import Manifest, metadata

ABSENT = "<absent>"
_WORKLOADS = {"Deployment", "DaemonSet"}
_COOKIES = (
    "sessionAffinityCookie",
    "primarySessionAffinityCookie",
    "previousSessionAffinityCookie",
)
_LONGEST_REPEAT = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One thing that is compared; `section` is the part of it where it is a part."""

    name: str
    section: str = ""
    flagger: Any
    burgee: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One place where the two are not the same; `path` is empty where all of it differs."""

    point: str
    path: str
    flagger: Any
    burgee: Any

    def __str__(self) -> str:
        return f"{self.point} {self.path}\n  flagger: {self.flagger}\n  burgee:  {self.burgee}"


def points(expected: Expected, outcome: Outcome) -> Iterator[Point]:
    """Everything of the contract, the same or not."""
    statuses = outcome.record.statuses
    phases = _runs(status.get("phase", "") for status in statuses)
    yield Point(name="phases", flagger=expected.phases, burgee=phases)
    weights = _runs(
        status.get("canaryWeight", 0)
        for status in statuses
        if status.get("phase", "") not in {"", GONE}
    )
    yield Point(name="weights", flagger=expected.weights, burgee=weights)
    calls = _runs(
        [c.path, c.phase, c.code] for c in outcome.record.calls if not c.path.endswith("event")
    )
    yield Point(name="webhooks", flagger=collapsed(expected.webhooks), burgee=collapsed(calls))
    mask = _Mask(words=outcome.words, cookies=_cookies(statuses))
    yield from _routes(expected, outcome, mask)
    for moment, flaggers in expected.snapshots.items():
        ours = _objects(outcome, moment, mask)
        for key in sorted({*flaggers, *ours}):
            yield from _object(f"{moment} {key}", flaggers.get(key), ours.get(key))


def differences(point: Point) -> Iterator[Difference]:
    """Where the two sides of a point differ."""
    section = (point.section,) if point.section else ()
    for path, flagger, burgee in _unlike(point.flagger, point.burgee, section):
        yield Difference(point=point.name, path=".".join(path), flagger=flagger, burgee=burgee)


def collapsed(sequence: Sequence[Any]) -> list[Any]:
    """Without immediate repeats of parts: A B C B C D is A B C D."""
    found = list(sequence)
    before: list[Any] = []
    while before != found:
        before = list(found)
        for size in range(1, _LONGEST_REPEAT + 1):
            at = 0
            while at + 2 * size <= len(found):
                if found[at : at + size] == found[at + size : at + 2 * size]:
                    del found[at + size : at + 2 * size]
                else:
                    at += 1
    return found


def aligned(flagger: Sequence[Any], burgee: Sequence[Any]) -> list[tuple[Any, Any]]:
    """The states of two routes side by side; one that only one of them had stands alone.

    States that are the same but for labels go together, then those that steer traffic alike.
    """
    return [
        pair
        for same, theirs, ours in _blocks(flagger, burgee, _steering_and_notes)
        for _, left, right in (
            [(same, theirs, ours)] if same else _blocks(theirs, ours, _steering)
        )
        for pair in zip_longest(left, right, fillvalue=ABSENT)
    ]


def _blocks(
    flagger: Sequence[Any], burgee: Sequence[Any], key: Callable[[Any], str]
) -> Iterator[tuple[bool, Sequence[Any], Sequence[Any]]]:
    """Stretches in which the two have the same keys, and others in which they do not."""
    one, other = [key(state) for state in flagger], [key(state) for state in burgee]
    matcher = SequenceMatcher(a=one, b=other, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        yield tag == "equal", flagger[i1:i2], burgee[j1:j2]


def _steering(state: Any) -> str:
    return json.dumps(state.get("spec") if isinstance(state, dict) else state, sort_keys=True)


def _steering_and_notes(state: Any) -> str:
    notes = state.get("metadata", {}).get("annotations") if isinstance(state, dict) else None
    return _steering(state) + json.dumps(notes, sort_keys=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mask:
    words: Mapping[str, str]
    cookies: list[str]

    def __call__(self, value: Any) -> Any:
        return masked(value, self.words, self.cookies)


def _routes(expected: Expected, outcome: Outcome, mask: _Mask) -> Iterator[Point]:
    ours: dict[str, list[Any]] = {}
    for (kind, name), versions in outcome.record.routes.items():
        ours[mask(f"{kind}/{name}")] = [mask(_state(kind, version)) for version in versions]
    for key in sorted({*expected.routes, *ours}):
        pairs = aligned(
            _runs(map(canonical, expected.routes.get(key, []))),
            _runs(map(canonical, ours.get(key, []))),
        )
        for number, (flagger, burgee) in enumerate(pairs, 1):
            yield Point(name=f"route {key} {number}", flagger=flagger, burgee=burgee)


def _state(kind: str, version: Manifest | str) -> Any:
    """What counts of a route at one moment; of a Knative Service its traffic alone."""
    if isinstance(version, str):
        return version
    found = plain(version)
    spec = found.get("spec") or {}
    head = {field: metadata(found).get(field) for field in ("labels", "annotations")}
    return {
        "metadata": head,
        "spec": {"traffic": spec.get("traffic")} if kind == "KService" else spec,
    }


def _objects(outcome: Outcome, moment: str, mask: _Mask) -> dict[str, Manifest]:
    """The objects that the contract is about."""
    chosen: dict[str, Manifest] = {}
    for (kind, name), manifest in outcome.snapshots.get(moment, {}).items():
        users = (kind, name) in outcome.users
        copied = kind in {"ConfigMap", "Secret"} and not users
        primary = name.endswith("-primary") and not users
        if kind in {"Service", *ROUTES, *BESIDE_ROUTES} - {"KService"} or copied or primary:
            found = plain(manifest)
            if kind in _WORKLOADS:
                found = {"spec": {"template": found["spec"]["template"]}}
            chosen[mask(f"{kind}/{name}")] = mask(found)
    return chosen


def _object(name: str, flagger: Manifest | None, burgee: Manifest | None) -> Iterator[Point]:
    """Whether it exists, and each of its sections."""
    there = [ABSENT if found is None else "exists" for found in (flagger, burgee)]
    yield Point(name=name, flagger=there[0], burgee=there[1])
    if flagger is None or burgee is None:
        return
    ours, theirs = _sections(burgee), _sections(flagger)
    for section in sorted({*ours, *theirs}):
        yield Point(
            name=name,
            section=section,
            flagger=_part(theirs, section, ours),
            burgee=_part(ours, section, theirs),
        )


def _sections(manifest: Manifest) -> dict[str, Any]:
    found = canonical(manifest)
    head = found.pop("metadata", {})
    return {**{f"metadata.{field}": value for field, value in head.items()}, **found}


def _cookies(statuses: Iterable[Manifest]) -> list[str]:
    """The secret parts of all cookies, in the order in which they were made."""
    values = (status[field] for status in statuses for field in _COOKIES if status.get(field))
    return list(dict.fromkeys(value.partition("=")[2] for value in values))


def _runs(items: Iterable[Any]) -> list[Any]:
    """Without immediate repeats."""
    return [item for item, _ in groupby(items)]


def _unlike(
    one: Any, other: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            left, right = _part(one, key, other), _part(other, key, one)
            yield from _unlike(left, right, (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _unlike(left, right, (*path, str(number)))
    elif one != other:
        yield path, one, other


def _part(holder: Manifest, key: str, other: Manifest) -> Any:
    """A part of a mapping; one that is missing is compared leaf by leaf."""
    if key in holder:
        return holder[key]
    return {} if isinstance(other[key], dict) else ABSENT
