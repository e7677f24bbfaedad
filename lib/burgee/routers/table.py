"""What each provider can do, as the table of the documentation."""

from burgee.routers.base import Capabilities
from burgee.routers.registry import capabilities_by_provider

YES, NO = "yes", "no"


def provider_table() -> str:
    """A Markdown table, a provider a line, from the providers' own capabilities."""
    head = ("provider", "weights", "A/B", "Blue/Green", "mirror", "session affinity")
    lines = [_line(head), _line(("---",) * len(head))]
    lines.extend(
        _line((f"`{name}`", *_cells(able)))
        for name, able in sorted(capabilities_by_provider().items())
    )
    return "\n".join(lines) + "\n"


def _cells(able: Capabilities) -> tuple[str, ...]:
    features = (able.weights, able.matching, True, able.mirroring, able.session_affinity)
    return tuple(YES if offered else NO for offered in features)


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
