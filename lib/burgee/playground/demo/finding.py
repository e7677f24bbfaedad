"""What the demo says of a release, one thing at a time."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that had to be true, and whether it was."""

    holds: bool
    text: str
