"""What the checks of a step mean together: failures, and what only holds the step.

Without burgee's own fields a check without a number is a failed check, as in Flagger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from burgee.api.analysis import Metric, Policy
from burgee.api.manifest import Manifest
from burgee.engine.clock import stamp
from burgee.engine.reading.facts import Facts
from burgee.metrics.model import Judged, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Weighed:
    """The checks of one step.

    Attributes:
        entries: for status.checks.
        failures: texts of what counts against the release.
        holds: texts of what keeps the step from being taken without counting.
    """

    entries: tuple[Manifest, ...]
    failures: tuple[str, ...]
    holds: tuple[str, ...]


def weigh(facts: Facts, checks: Sequence[Judged]) -> Weighed:
    """Applies each metric's policies; errors in a row are counted in status.checks."""
    metrics = {metric.name: metric for metric in facts.analysis.metrics}
    before = {str(entry.get("name")): entry for entry in facts.status.checks}
    at = stamp(facts.now)
    entries: list[Manifest] = []
    failures: list[str] = []
    holds: list[str] = []
    for check in checks:
        entry = check.as_status(at)
        errors = 0
        if check.verdict is Verdict.ERROR:
            errors = int(before.get(check.name, {}).get("errors", 0)) + 1
            entry["errors"] = errors
        entries.append(entry)
        text = f"{check.name}: {check.message}"
        match _policy(metrics.get(check.name), check.verdict, errors):
            case Policy.IGNORE:
                pass
            case Policy.FAIL:
                failures.append(text)
            case Policy.HOLD:
                holds.append(text)
    return Weighed(entries=tuple(entries), failures=tuple(failures), holds=tuple(holds))


def _policy(metric: Metric | None, verdict: Verdict, errors: int) -> Policy:
    """What a verdict means for the step."""
    match verdict:
        case Verdict.PASSED:
            return Policy.IGNORE
        case Verdict.FAILED:
            return Policy.FAIL
        case Verdict.NO_DATA:
            return metric.on_no_data if metric else Policy.FAIL
        case Verdict.ERROR:
            if metric and errors <= metric.error_limit:
                return Policy.HOLD
            return metric.on_error if metric else Policy.FAIL
        case _:
            assert_never(verdict)
