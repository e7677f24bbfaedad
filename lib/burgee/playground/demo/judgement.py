"""What has to be true of a release: its phases, the weights that were served, what clients saw."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from burgee.api.manifest import Manifest
from burgee.playground.dataplane.load import Load, Response
from burgee.playground.dataplane.steering import Rule
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.objects import APP, PRIMARY, Version
from burgee.playground.demo.providers.base import Run
from burgee.playground.demo.stage import Stage

CALM_SECONDS = 2.0
_FEWEST_ALIKE = 20
_SETTLE_SECONDS = 0.1
_PASSING = {"Finalising", "Initializing"}
"""Phases that may be too short to be seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A span of monotonic time in which the data plane served one weight."""

    start: float
    end: float
    weight: float


def windows(
    stage: Stage, at: float, measure: Callable[[Sequence[Rule]], float | None] | None = None
) -> list[Window]:
    """The weights since a moment, the first being what was served then.

    Args:
        stage: of the release.
        at: the moment.
        measure: reads a weight from rules, None for what is no step of a release; by default
            what everybody's requests do.
    """
    measure = measure or stage.cluster.provider.served
    changes = [
        (change.asked, change.served, measure(stage.rules_in(change)))
        for change in stage.cluster.plane.history()
    ]
    ends = [asked for asked, _, _ in changes[1:]] + [time.monotonic()]
    found: list[Window] = []
    for (asked, served, weight), end in zip(changes, ends, strict=True):
        if end <= at or weight is None:
            continue
        if found and (found[-1].weight, found[-1].end) == (weight, asked):
            found[-1] = replace(found[-1], end=end)
        else:
            start = max(served, at) + _SETTLE_SECONDS
            found.append(Window(start=start, end=end, weight=weight))
    return found


def phases(stage: Stage, at: float, expected: Sequence[str]) -> Finding:
    """Whether these phases came in this order since a moment."""
    seen = stage.cluster.timeline.phases_since(at)
    must = [phase for phase in expected if phase not in _PASSING]
    return Finding(
        holds=[phase for phase in seen if phase not in _PASSING] == must,
        text=f"phases: {', '.join(seen)}",
    )


def went(
    version: Version,
    seen: Sequence[Window],
    expected: Sequence[float],
    *,
    what: str = "traffic",
) -> Finding:
    """Whether the weights were these, in this order."""
    weights = [window.weight for window in seen]
    return Finding(
        holds=weights == list(expected),
        text=f"the {what} of {version.name} went {listed(weights)} %",
    )


def splits(stage: Stage, seen: Sequence[Window]) -> Iterator[Finding]:
    """For each weight, what share of the crowd's requests the canary's pods answered."""
    climb = stage.cluster.provider.climb
    for window in seen:
        if window.weight == 0:
            continue
        answers = stage.cluster.load.between(window.start, window.end)
        share = percent(answers, by_canary)
        exact = window.weight == 100
        fewest = _FEWEST_ALIKE if exact else climb.fewest_requests
        tolerance = 0.0 if exact else climb.tolerance_points
        yield Finding(
            holds=len(answers) >= fewest and abs(share - window.weight) <= tolerance,
            text=f"at weight {window.weight:g} % the client saw {share:.1f} % "
            f"of {len(answers)} requests",
        )


def besides(stage: Stage, at: float, seen: Sequence[Window]) -> Iterator[Finding]:
    """What has to be true of a run by weights with this provider beside what clients saw.

    Args:
        stage: of the release.
        at: the moment before it.
        seen: the weights since then.
    """
    provider, history = stage.cluster.provider, stage.cluster.plane.history()
    first = max((n for n, change in enumerate(history) if change.served <= at), default=0)
    asked = [
        rules for change in history[first + 1 :] for rules in (*change.overtaken, change.rules)
    ]
    yield from provider.evidence(
        Run(
            weights=[window.weight for window in seen],
            rules=[stage.rules_of(rules) for rules in (history[first].rules, *asked)],
            statuses=stage.cluster.timeline.statuses_since(at),
            replicas=provider.replicas,
        )
    )


def alike(
    load: Load, seen: Sequence[Window], is_right: Callable[[Response], bool], text: str
) -> Finding:
    """Whether every answer in these windows was right, and there were some in each."""
    answers = [load.between(window.start, window.end) for window in seen]
    wrong = sum(not is_right(answer) for part in answers for answer in part)
    total = sum(len(part) for part in answers)
    enough = bool(answers) and all(len(part) >= _FEWEST_ALIKE for part in answers)
    return Finding(holds=enough and not wrong, text=f"{total - wrong} of {total} {text}")


def settled(stage: Stage, version: Version) -> Iterator[Finding]:
    """The end state: primary and all traffic are of this version, the target is at zero."""
    primary, target = stage.workload(PRIMARY), stage.workload(APP)
    images = [c["image"] for c in primary["spec"]["template"]["spec"]["containers"]]
    ready = primary["status"].get("readyReplicas", 0)
    yield Finding(
        holds=images == [f"{APP}:{version.name}"]
        and ready == primary["spec"].get("replicas", 1) == stage.cluster.provider.replicas
        and target["spec"].get("replicas", 1) == 0,
        text=f"the primary runs {version.name} with {ready} ready pods, the target has none",
    )
    chosen = stage.selector(APP)
    yield Finding(
        holds=chosen == {"app": PRIMARY} and not target["spec"].get("paused"),
        text=f"the Service chooses {chosen.get('app') or dict(chosen)}, "
        f"the target is {'paused' if target['spec'].get('paused') else 'not paused'}",
    )
    for load in (stage.cluster.load, *stage.audiences.values()):
        recent = load.last(CALM_SECONDS / 2)
        wrong = [r for r in recent if r.version != version.name or not by_primary(r)]
        shown = f", but for {len(wrong)} (first: {origin(wrong[0])})" if wrong else ""
        yield Finding(
            holds=bool(recent) and not wrong,
            text=f"all of the last {len(recent)} responses came from {version.name} "
            f"in the primary{shown}",
        )


def measured(stage: Stage, name: str) -> Finding:
    """Whether a check has a measurement on record, and passed."""
    checks: list[Manifest] = stage.cluster.timeline.status.get("checks") or []
    check = next((check for check in checks if check.get("name") == name), {})
    value, limit = check.get("value"), check.get("max")
    known = isinstance(value, (int, float))
    shown = f"{value:.1f}" if known else "nothing"
    return Finding(
        holds=known and check.get("verdict") == "Passed",
        text=f"the MetricTemplate {name} measured {shown} (at most {limit}): "
        f"{check.get('verdict', 'never')}",
    )


def no_other_failures(stage: Stage) -> Finding:
    """No request of any client failed but those that a version fails on purpose."""
    responses = stage.answers()
    wrong = [
        r for r in responses if r.failed and not (r.version in stage.flawed and r.status == 500)
    ]
    shown = f" (first: {origin(wrong[0])})" if wrong else ""
    return Finding(
        holds=bool(responses) and not wrong,
        text=f"of {len(responses)} requests {len(wrong)} failed that should not have{shown}",
    )


def turned_back(answers: Sequence[Response], version: str) -> tuple[int, int]:
    """How many visitors came to the canary, and how many later answers were of other versions."""
    journeys: dict[str, list[Response]] = {}
    for answer in sorted(answers, key=lambda r: r.started):
        journeys.setdefault(answer.visitor, []).append(answer)
    later = [
        journey[first + 1 :]
        for journey in journeys.values()
        if (first := next((n for n, r in enumerate(journey) if by_canary(r)), None)) is not None
    ]
    return len(later), sum(answer.version != version for rest in later for answer in rest)


def origin(response: Response) -> str:
    """What a response is and who gave it, for a person."""
    version = f" of {response.version}" if response.version else ""
    return f"status {response.status}{version} from {response.pod or 'the proxy'}"


def by_canary(response: Response) -> bool:
    """Whether a pod of the target answered."""
    return response.pod.startswith(f"{APP}-") and not by_primary(response)


def by_primary(response: Response) -> bool:
    """Whether a pod of the primary answered."""
    return response.pod.startswith(f"{PRIMARY}-")


def percent(answers: Sequence[Response], is_meant: Callable[[Response], bool]) -> float:
    """The share of answers that are meant; none of none is nothing."""
    return 100 * sum(is_meant(r) for r in answers) / len(answers) if answers else 0.0


def listed(weights: Sequence[float]) -> str:
    """Weights for a person."""
    return ", ".join(f"{weight:g}" for weight in weights) or "0"
