"""The rules of a GRPCRoute for given weights; Flagger has none.

A Canary writes its conditions as for HTTP: a path is /SERVICE/METHOD, so that one which is exact
means a method, and a prefix /SERVICE/ all methods of a service.
"""

import re
from collections.abc import Sequence

from burgee.api.canary import Canary, Service
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.base import Cookies, ServiceNames, Weights
from burgee.routers.gateway.backends import analysis_mirror, primary_ref, weighted_refs
from burgee.routers.gateway.filters import header_filters, mirror_filters
from burgee.routers.gateway.matches import (
    narrowed_matches,
    refuse,
    refuse_empty_tests,
    value_matches,
)

_METHOD = re.compile(r"/([^/]+)/([^/]+)")
_SERVICE = re.compile(r"/([^/]+)/")
_UNKNOWN = (
    "authority",
    "gateways",
    "ignoreUriCase",
    "method",
    "port",
    "queryParams",
    "scheme",
    "sourceLabels",
    "sourceNamespace",
    "withoutHeaders",
)


def grpc_rules(
    canary: Canary, names: ServiceNames, weights: Weights, cookies: Cookies
) -> list[Manifest]:
    """The weighted rule, or the two of an A/B test.

    Raises:
        InvalidCanary: a GRPCRoute cannot express it.
    """
    del cookies
    service, plan = canary.spec.service, canary.spec.plan
    _refuse_http(service)
    general = _matches(service.match, "spec.service.match")
    filters = [*header_filters(service), *mirror_filters(service)]
    backends = weighted_refs(canary, names, weights)
    if not plan.match:
        filters += analysis_mirror(canary, names, weights, percent=True)
        return [_rule(general, filters, backends)]
    refuse_empty_tests(plan.match, "spec.analysis.match")
    tested = narrowed_matches(_matches(plan.match, "spec.analysis.match"), general or [{}])
    return [
        _rule(tested, filters, backends),
        _rule(general, filters, primary_ref(canary, names)),
    ]


def _rule(matches: list[Manifest], filters: list[Manifest], backends: list[Manifest]) -> Manifest:
    return {
        **({"matches": matches} if any(matches) else {}),
        **({"filters": filters} if filters else {}),
        "backendRefs": backends,
    }


def _refuse_http(service: Service) -> None:
    """Refuses what only HTTP has."""
    given = (
        ("rewrite", service.rewrite),
        ("corsPolicy", service.cors_policy),
        ("timeout", service.timeout),
        ("backendTimeout", service.backend_timeout),
    )
    for field, value in given:
        if value:
            raise InvalidCanary(
                "InvalidService", f"spec.service.{field} cannot be expressed by a GRPCRoute"
            )


def _matches(conditions: Sequence[Manifest], field: str) -> list[Manifest]:
    found: list[Manifest] = []
    for number, condition in enumerate(conditions):
        where = f"{field}[{number}]"
        refuse(condition, _UNKNOWN, where)
        headers = value_matches(condition.get("headers"), f"{where}.headers")
        method = _method(condition.get("uri") or {}, where)
        found.append(
            {
                **({"method": method} if method else {}),
                **({"headers": headers} if headers else {}),
            }
        )
    return found


def _method(uri: Manifest, where: str) -> Manifest:
    """The method or service that a path means; empty for every one."""
    exact = _METHOD.fullmatch(uri.get("exact") or "")
    if exact:
        return {"type": "Exact", "service": exact[1], "method": exact[2]}
    prefix = _SERVICE.fullmatch(uri.get("prefix") or "")
    if prefix:
        return {"type": "Exact", "service": prefix[1]}
    if not uri or uri == {"prefix": "/"}:
        return {}
    raise InvalidCanary(
        "InvalidMatch",
        f"{where}.uri must be exact /SERVICE/METHOD or have the prefix /SERVICE/ to be expressed "
        "by a GRPCRoute",
    )
