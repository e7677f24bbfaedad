"""Ages as kubectl shows them."""

from datetime import datetime

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def age(since: str | None, now: datetime) -> str:
    """How long ago an RFC 3339 time was: 5s, 3m10s, 2h, 4d; <unknown> for none."""
    if not since:
        return "<unknown>"
    try:
        seconds = int((now - datetime.fromisoformat(since)).total_seconds())
    except (TypeError, ValueError):
        return "<unknown>"
    return human(max(0, seconds))


def human(seconds: int) -> str:
    """A duration in at most two units, the finer the shorter it is."""
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if seconds < 3 * _HOUR:
        return _pair(seconds, _MINUTE, "m", 1, "s", exact_below=10 * _MINUTE)
    if seconds < 2 * _DAY:
        return _pair(seconds, _HOUR, "h", _MINUTE, "m", exact_below=8 * _HOUR)
    if seconds < 2 * _YEAR:
        return _pair(seconds, _DAY, "d", _HOUR, "h", exact_below=8 * _DAY)
    return _pair(seconds, _YEAR, "y", _DAY, "d", exact_below=8 * _YEAR)


def _pair(
    seconds: int, unit: int, name: str, fine: int, fine_name: str, *, exact_below: int
) -> str:
    whole, rest = divmod(seconds, unit)
    finer = rest // fine
    if seconds < exact_below and finer:
        return f"{whole}{name}{finer}{fine_name}"
    return f"{whole}{name}"
