"""The cookies of session affinity over the life of a Canary.

    weight above 0     a cookie begins, and stays the same while the weight climbs
    weight back to 0   it becomes the previous one, which clients are told to forget

Source: flagger pkg/router/istio.go, getSessionAffinityRouteRules. Different on purpose: cookies are
made from what is known instead of at random, so that a sync which is repeated gives the same
answer; there is no primary cookie without a name for it; a cookie whose name was changed is
replaced; and without session affinity none is kept.
"""

from hashlib import sha256
from string import ascii_letters
from typing import TypedDict

from burgee.api.canary import Canary
from burgee.api.status import CanaryStatus
from burgee.routers.base import Cookies

VALUE_LENGTH = 10


class CookieFields(TypedDict):
    """The fields of a status that hold cookies, by their names in Python; None for no cookie."""

    session_affinity_cookie: str | None
    primary_session_affinity_cookie: str | None
    previous_session_affinity_cookie: str | None


def cookies_for(canary: Canary, status: CanaryStatus, *, weight: int, seed: str) -> CookieFields:
    """The cookies that belong to a weight.

    To be called with each status that is about to be answered, whatever moved it; applied twice
    it changes nothing.

    Args:
        canary: its analysis names the cookies.
        status: as decided, with the cookies that the cluster holds.
        weight: percent that the route has to give the canary.
        seed: what tells this run from all others: the Canary's uid, the revision that is
            analysed, and when its phase began. Only the call in which a cookie begins uses it.
    """
    affinity = canary.spec.plan.session_affinity
    if affinity is None:
        return CookieFields(
            session_affinity_cookie=None,
            primary_session_affinity_cookie=None,
            previous_session_affinity_cookie=None,
        )
    current = status.session_affinity_cookie or ""
    primary = status.primary_session_affinity_cookie or ""
    previous = status.previous_session_affinity_cookie or ""
    if weight == 0:
        current, previous = "", current or previous
    else:
        current = _kept(current, affinity.cookie_name, f"{seed}/canary")
        primary = _kept(primary, affinity.primary_cookie_name, f"{seed}/primary")
    return CookieFields(
        session_affinity_cookie=current or None,
        primary_session_affinity_cookie=primary or None,
        previous_session_affinity_cookie=previous or None,
    )


def cookies_of(status: CanaryStatus) -> Cookies:
    """The cookies of a status as a router takes them."""
    return Cookies(
        canary=status.session_affinity_cookie or "",
        primary=status.primary_session_affinity_cookie or "",
        previous=status.previous_session_affinity_cookie or "",
    )


def _kept(cookie: str, name: str, seed: str) -> str:
    """The cookie as it is, or a new one where there is none of that name; none without a name."""
    if not name:
        return ""
    return cookie if cookie.partition("=")[0] == name else f"{name}={_letters(seed)}"


def _letters(seed: str) -> str:
    digest = sha256(seed.encode()).digest()[:VALUE_LENGTH]
    return "".join(ascii_letters[byte % len(ascii_letters)] for byte in digest)
