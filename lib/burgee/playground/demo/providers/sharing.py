"""What has to be true of a run whose weights are numbers of pods. Pure."""

from collections.abc import Iterator
from itertools import pairwise

from burgee.api.manifest import Manifest
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.providers.base import Run
from burgee.playground.demo.shares import pods_behind, share_of_pods, weight_of_canary


def evidence(run: Run) -> Iterator[Finding]:
    """That enough pods served all the time, no more went astray than was asked, and status told."""
    yield _enough(run)
    yield _between(run)
    yield _told(run)


def _enough(run: Run) -> Finding:
    numbers = [pods_behind(rules) for rules in run.rules]
    return Finding(
        holds=bool(numbers) and min(numbers) >= run.replicas,
        text=f"at least {min(numbers, default=0)} pods stood behind the Service all the time, "
        f"{max(numbers, default=0)} at the most, {run.replicas} before",
    )


def _between(run: Run) -> Finding:
    """Whether each share on the way from one step to the next lies between these two."""
    steps = [(n, share) for n, share in enumerate(_steps(run)) if share is not None]
    astray = [
        share
        for (first, low), (last, high) in pairwise(steps)
        for share in map(weight_of_canary, run.rules[first + 1 : last])
        if not min(low, high) <= share <= max(low, high)
    ]
    passed = len(run.rules) - len(steps)
    return Finding(
        holds=not astray and len(steps) > 1 and steps[-1][0] == len(run.rules) - 1,
        text=f"{passed - len(astray)} of {passed} shares on the way from step to step "
        "lay between these two",
    )


def _steps(run: Run) -> list[float | None]:
    return [share_of_pods(rules, run.replicas) for rules in run.rules]


def _told(run: Run) -> Finding:
    """Whether status had every step as requested and achieved, and nothing in the end."""
    ratios: list[Manifest] = [
        status["replicaRatio"] for status in run.statuses if "replicaRatio" in status
    ]
    both = [
        ratio["requestedWeight"]
        for ratio in ratios
        if ratio["requestedWeight"] == ratio["achievedWeight"]
    ]
    told = list(dict.fromkeys(weight for weight in both if weight))
    left = bool(run.statuses) and "replicaRatio" in run.statuses[-1]
    return Finding(
        holds=told == [weight for weight in run.weights if weight] and not left,
        text=f"status.replicaRatio had {', '.join(map(str, told)) or 'nothing'} % as requested "
        f"and achieved, and is {'still there' if left else 'gone'}",
    )
