"""Times as status keeps them: RFC 3339 in UTC, to the microsecond."""

from datetime import UTC, datetime, timedelta


def stamp(moment: datetime) -> str:
    """A moment as status shows it; whole seconds for Kubernetes' own fields."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fine_stamp(moment: datetime) -> str:
    """A moment with microseconds, for our own pacing."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str | None) -> datetime | None:
    """The moment that a stamp means; None for none and for what cannot be read."""
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def after(moment: datetime, seconds: float) -> datetime:
    """The moment so many seconds later."""
    return moment + timedelta(seconds=seconds)
