"""Cookies of session affinity: what is sent to clients, and how a request with one is known.

Source: flagger pkg/apis/flagger/v1beta1/canary.go (BuildCookie) and pkg/router/istio.go. Different
on purpose: a name with characters that mean something in a regular expression is taken literally,
and a cookie is taken back with the attributes that it was given with.
"""

from typing import Final

from burgee.api.analysis import Analysis, SessionAffinity
from burgee.routers.conditions import literal

COOKIE: Final = "Cookie"
SET_COOKIE: Final = "Set-Cookie"
DEFAULT_MAX_AGE_SECONDS: Final = 86400

_EXPIRED: Final = -1


def cookie_pattern(cookie: str) -> str:
    """A regular expression for the Cookie header of a client that has `name=value`."""
    name, _, value = cookie.partition("=")
    return f".*{literal(name)}.*{literal(value)}.*"


def canary_cookie_header(affinity: SessionAffinity, cookie: str) -> str:
    """The Set-Cookie header of the canary's answers."""
    return _header(affinity, cookie, affinity.max_age or DEFAULT_MAX_AGE_SECONDS)


def primary_cookie_header(plan: Analysis, affinity: SessionAffinity, cookie: str) -> str:
    """The Set-Cookie header of the primary's answers; it holds for one interval."""
    return _header(affinity, cookie, int(plan.interval_seconds(0.0)))


def expired_cookie_header(affinity: SessionAffinity, cookie: str) -> str:
    """The Set-Cookie header that makes a client forget a cookie.

    A client takes it for another cookie where domain, path or partition differ, and refuses one
    whose name demands `Secure` without that.
    """
    return _header(affinity, cookie, _EXPIRED)


def _header(affinity: SessionAffinity, cookie: str, max_age_seconds: int) -> str:
    parts = (
        cookie,
        f"Max-Age={max_age_seconds}",
        f"Domain={affinity.domain}" if affinity.domain else "",
        "HttpOnly" if affinity.http_only else "",
        "Partitioned" if affinity.partitioned else "",
        f"Path={affinity.path}" if affinity.path else "",
        f"SameSite={affinity.same_site}" if affinity.same_site else "",
        "Secure" if affinity.secure else "",
    )
    return "; ".join(part for part in parts if part)
