"""The rules of an Istio VirtualService with session affinity.

    during a run     who has the canary's cookie stays on the canary
                     who has the primary's cookie stays on the primary (with primaryCookieName)
                     everybody else is shared out, and given the cookie of where they land
    after a run      who has the canary's cookie is told to forget it
                     everybody goes to the primary

Source: flagger pkg/router/istio.go, getSessionAffinityRouteRules. Different on purpose: where there
was no run yet there is one rule instead of twice the same, and the conditions on headers of
`service.match` hold for clients with a cookie too.
"""

from collections.abc import Sequence

from burgee.api.analysis import SessionAffinity
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.routers.affinity import (
    COOKIE,
    SET_COOKIE,
    canary_cookie_header,
    cookie_pattern,
    expired_cookie_header,
    primary_cookie_header,
)
from burgee.routers.base import Cookies, Weights


def affinity_rules(
    canary: Canary,
    affinity: SessionAffinity,
    weighted: Manifest,
    weights: Weights,
    cookies: Cookies,
) -> list[Manifest]:
    """The rules around the weighted one.

    Args:
        canary: its service.match holds for every rule.
        affinity: of its analysis.
        weighted: the rule with the two destinations, primary first.
        weights: of that rule.
        cookies: of this run and of the one before.
    """
    general = canary.spec.service.match
    if weights.canary == 0:
        return _forgetting(affinity, general, weighted, cookies.previous)
    if not cookies.canary:
        return [weighted]
    to_primary, to_canary = weighted["route"]
    sticky = [_sticky(general, weighted, cookies.canary, primary=0)]
    header = canary_cookie_header(affinity, cookies.canary)
    to_canary = {**to_canary, "headers": _set_cookie(header)}
    if affinity.primary_cookie_name and cookies.primary:
        sticky.append(_sticky(general, weighted, cookies.primary, primary=100))
        header = primary_cookie_header(canary.spec.plan, affinity, cookies.primary)
        to_primary = {**to_primary, "headers": _set_cookie(header)}
    return [*sticky, {**weighted, "route": [to_primary, to_canary]}]


def _sticky(
    general: Sequence[Manifest], weighted: Manifest, cookie: str, *, primary: int
) -> Manifest:
    to_primary, to_canary = weighted["route"]
    return {
        **weighted,
        "match": _with_cookie(general, cookie),
        "route": [{**to_primary, "weight": primary}, {**to_canary, "weight": 100 - primary}],
    }


def _forgetting(
    affinity: SessionAffinity, general: Sequence[Manifest], weighted: Manifest, previous: str
) -> list[Manifest]:
    if not previous:
        return [weighted]
    headers: Manifest = weighted.get("headers") or {}
    response: Manifest = headers.get("response") or {}
    added: Manifest = {
        **(response.get("add") or {}),
        SET_COOKIE: expired_cookie_header(affinity, previous),
    }
    forget = {
        **weighted,
        "match": _with_cookie(general, previous),
        "headers": {**headers, "response": {**response, "add": added}},
    }
    return [forget, weighted]


def _with_cookie(general: Sequence[Manifest], cookie: str) -> list[Manifest]:
    known = {COOKIE: {"regex": cookie_pattern(cookie)}}
    return [
        {**condition, "headers": {**_other_headers(condition), **known}}
        for condition in general or ({},)
    ]


def _other_headers(condition: Manifest) -> Manifest:
    headers: Manifest = condition.get("headers") or {}
    return {name: value for name, value in headers.items() if name.lower() != COOKIE.lower()}


def _set_cookie(header: str) -> Manifest:
    return {"response": {"add": {SET_COOKIE: header}}}
