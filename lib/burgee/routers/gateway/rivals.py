"""Two routes of Gateway API for one host.

Rules of all routes of a parent are one list. A more specific host comes first, then a more
specific condition; where two are the same the older route has the requests to itself, and the
status of both says that they are accepted. Source: gateway-api 1.6, HTTPRouteRule.matches and
GRPCRouteRule.matches.
"""

import json
from collections.abc import Iterator, Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.routers.gateway.defaults import with_defaults
from burgee.routers.gateway.parents import identity_of, refuses
from burgee.routers.rivals import REMEDY, Clash, comes_first, without

_TEXT = "the older of the two takes the requests that meet the conditions of both"


def claim(route: Manifest) -> object:
    """Parents, hosts, and the conditions of the last rule, which is for everybody else."""
    spec: Manifest = with_defaults(route)["spec"]
    parents = sorted(str(identity_of(ref, route)) for ref in spec.get("parentRefs") or ())
    rules = _rules(route)
    return parents, sorted(_hosts(route)), sorted(rules[-1]) if rules else []


def clashes(
    canary: Canary, wanted: Manifest, mine: Manifest | None, others: Sequence[Manifest]
) -> Iterator[Clash]:
    """Routes of the namespace with a parent, a host and a condition that the Canary's has too."""
    hosts = _hosts(wanted)
    for other in without(others, name_of(wanted)):
        shared = [host for host in hosts if host in _hosts(other)]
        if not shared:
            continue
        ours_first = comes_first(mine, other)
        first, second = (wanted, other) if ours_first else (other, wanted)
        taken = {match for rule in _rules(first) for match in rule}
        lost = [[match in taken for match in rule] for rule in _rules(second)]
        if not any(any(rule) for rule in lost):
            continue
        for index, ref in enumerate(wanted["spec"]["parentRefs"]):
            met = _meet(ref, wanted, other, ours_first=ours_first)
            if met is None or (met is False and _only_redirects(other)):
                continue
            host = shared[0]
            which = f"the host {host}" if host else "every host"
            yield Clash(
                other=other,
                ours_first=ours_first,
                certain=met and any(all(rule) for rule in lost),
                field=_field(canary, host, index),
                text=f"asks {_called(ref)} for {which} as well, and {_TEXT}",
                remedy=REMEDY,
            )


def _meet(ref: Manifest, wanted: Manifest, other: Manifest, *, ours_first: bool) -> bool | None:
    """True where the second route loses all of a parent, False for some listeners of it.

    None where they do not meet there. A route that names no listener has all of them.
    """
    *ours, section, port = identity_of(ref, wanted)
    some = None
    for theirs in other.get("spec", {}).get("parentRefs") or ():
        *parent, their_section, their_port = identity_of(theirs, other)
        pairs = ((section, their_section), (port, their_port))
        if parent != ours or not all(a is None or b is None or a == b for a, b in pairs):
            continue
        if refuses(other, theirs):
            continue
        if all((a if ours_first else b) in {None, b if ours_first else a} for a, b in pairs):
            return True
        some = False
    return some


def _rules(route: Manifest) -> list[list[str]]:
    """The conditions of each rule, in one form; a rule without any is for every request."""
    rules: list[Manifest] = with_defaults(route)["spec"]["rules"]
    return [[_condition(match) for match in rule["matches"] or [{}]] for rule in rules]


def _condition(match: Manifest) -> str:
    """The same text for what is the same: no order, no case in names of headers."""
    path: Manifest = match.get("path") or {}
    if path.get("type") == "PathPrefix":
        path = {**path, "value": str(path.get("value", "")).rstrip("/") or "/"}
    headers = sorted(
        (str(h.get("name", "")).lower(), h.get("type"), h.get("value"))
        for h in match.get("headers") or ()
    )
    params = sorted(
        (str(p.get("name", "")), p.get("type"), p.get("value"))
        for p in match.get("queryParams") or ()
    )
    return json.dumps([path, match.get("method"), headers, params], sort_keys=True)


def _only_redirects(route: Manifest) -> bool:
    """True for a route that sends clients elsewhere, as from HTTP to HTTPS."""
    rules: list[Manifest] = with_defaults(route)["spec"]["rules"]
    return all(
        any(found.get("type") == "RequestRedirect" for found in rule["filters"]) for rule in rules
    )


def _hosts(route: Manifest) -> list[str]:
    """Host names; an empty one for those that the listeners have."""
    hosts: list[str] = (route.get("spec") or {}).get("hostnames") or [""]
    return [host.lower() for host in hosts]


def _called(ref: Manifest) -> str:
    where = f"{ref['namespace']}/" if ref.get("namespace") else ""
    section = f", listener {ref['sectionName']}" if ref.get("sectionName") else ""
    return f"the {ref.get('kind') or 'Gateway'} {where}{ref['name']}{section}"


def _field(canary: Canary, host: str, parent: int) -> str:
    hosts = [given.lower() for given in canary.spec.service.hosts]
    if host in hosts:
        return f"spec.service.hosts[{hosts.index(host)}]"
    return f"spec.service.gatewayRefs[{parent}]"
