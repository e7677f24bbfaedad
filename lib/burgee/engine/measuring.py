"""What the analysis of a release asks of metric sources."""

from burgee.engine.facts import Facts
from burgee.metrics.checks import build_checks
from burgee.metrics.model import BrokenCheck, Check
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
        facts.canary, observation.templates, observation.settings, revision=revision
    )


def metric_problem(facts: Facts) -> str:
    """Why the analysis cannot be run as written, empty where it can."""
    if facts.spec.skips_analysis:
        return ""
    broken = (check for check in checks_of(facts) if isinstance(check, BrokenCheck))
    return next((f"metric {check.name}: {check.reason}" for check in broken), "")
