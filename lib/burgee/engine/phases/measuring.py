"""What the analysis of a release asks of metric sources."""

from collections.abc import Mapping

from burgee.engine.effects import EmitEvent, EventType
from burgee.engine.reading.facts import Facts
from burgee.engine.turn import event
from burgee.metrics.checks import build_checks
from burgee.metrics.model import BrokenCheck, Check, Source
from burgee.targets.knative_service import RevisionNames


def checks_of(facts: Facts) -> tuple[Check | BrokenCheck, ...]:
    """The checks of one step.

    Knative's metrics are about revisions: the newest one is the canary. Source: flagger
    pkg/controller/scheduler_metrics.go, where `{{ route }}` is status.latestCreatedRevisionName.
    """
    names = facts.names
    revision = names.latest_revision if isinstance(names, RevisionNames) else ""
    observation = facts.observation
    return build_checks(
        facts.canary,
        observation.templates,
        observation.settings,
        revision=revision,
        step=_step(facts),
    )


def _step(facts: Facts) -> str:
    """Stable for one step of one run: for a repeat of it, and on another replica."""
    status = facts.status
    return "/".join(
        (
            facts.canary.metadata.uid,
            facts.revision,
            status.phase.value,
            status.phase_start_time or "",
            status.next_step_time or "",
            str(status.routed_weight),
            str(status.iterations),
        )
    )


def metric_problem(facts: Facts) -> str:
    """Why the analysis cannot be run as written, empty where it can."""
    if facts.spec.skips_analysis:
        return ""
    broken = (check for check in checks_of(facts) if isinstance(check, BrokenCheck))
    return next((f"metric {check.name}: {check.reason}" for check in broken), "")


def sources_of(facts: Facts) -> tuple[Source, ...]:
    """Each source that a step will ask, once; none where the analysis is skipped."""
    return () if facts.spec.skips_analysis else tuple(_users(facts))


def tell_sources(facts: Facts, problems: Mapping[Source, str]) -> tuple[EmitEvent, ...]:
    """An Event on whether the sources answer; none where none was asked.

    It is a hint for who sets a Canary up and blocks nothing. Source: flagger
    pkg/controller/scheduler_metrics.go, which looks at every tick until Initialized; here it is
    once, when the set-up ends.

    Args:
        facts: of this sync.
        problems: what is wrong with each source, empty for nothing.
    """
    if not problems:
        return ()
    bad = [
        f"{', '.join(names)} ({problems[source]})"
        for source, names in _users(facts).items()
        if problems.get(source)
    ]
    if not bad:
        return (event(facts, EventType.NORMAL, "All metric sources answer", cause="sources"),)
    text = f"Metrics cannot be measured as things stand: {'; '.join(bad)}"
    return (event(facts, EventType.WARNING, text, cause="sources/unavailable"),)


def _users(facts: Facts) -> Mapping[Source, list[str]]:
    """The names of the metrics that ask each source."""
    found: dict[Source, list[str]] = {}
    for check in checks_of(facts):
        if isinstance(check, Check):
            names = found.setdefault(check.source, [])
            if check.name not in names:
                names.append(check.name)
    return found
