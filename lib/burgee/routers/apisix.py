"""APISIX: a second ApisixRoute that outranks the user's.

The user's route goes on leading to the apex Service, and so to the primary. The copy has the one
rule for it with a higher priority and both sides as backends; in an A/B test a rule for each
alternative, so that others fall through to the user's. Copies of requests are a plugin.

A route that leads to both sides already gets no copy, only weights (users/route.py).

Source: flagger pkg/router/apisix.go (weights alone); apisix-ingress-controller, api/v2; APISIX,
plugin proxy-mirror.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.errors import InvalidCanary
from burgee.routers.base import (
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    Role,
    ServiceNames,
    Weights,
)
from burgee.routers.conditions import Alternative, Condition, Way, alternatives
from burgee.routers.originals import copied_metadata, is_of, named, original, reference
from burgee.routers.shares import Rule, canary_share, rule
from burgee.routers.users.lists import LAYOUTS
from burgee.routers.users.route import UsersRoute

APISIX_ROUTE = RelatedKind(
    api_version="apisix.apache.org/v2", resource="apisixroutes", kind="ApisixRoute"
)
FIELD = "routeRef"
PRIORITY = 10000
MIRROR_PLUGIN = "proxy-mirror"
FULL = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class ApisixRouter:
    """The provider `apisix`.

    Attributes:
        name: of the user's route; empty for the one that a Canary names.
    """

    name: str = ""

    @property
    def capabilities(self) -> Capabilities:
        """Weights, tests, copies of a share of the requests."""
        return Capabilities(weights=True, matching=True, mirroring=True, mirror_weight=True)

    def kinds(self) -> tuple[RelatedKind, ...]:
        """ApisixRoutes."""
        return (APISIX_ROUTE,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """The user's route and its copy; nothing where none is named."""
        name = self._name(canary)
        if not name:
            return ()
        return (
            Related(kind=APISIX_ROUTE, names=(name,), role=Role.WEIGHED),
            Related(kind=APISIX_ROUTE, names=(_copy_name(canary, name),)),
        )

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The copy of the user's route.

        Raises:
            InvalidCanary: there is no route with a rule for the apex Service alone, or the
                conditions of the test cannot be expressed.
        """
        name = self.name or reference(aim.canary.spec.route_ref, FIELD, APISIX_ROUTE)
        found = original(aim.originals, APISIX_ROUTE, aim.canary.metadata.namespace, name, FIELD)
        users = _weights_alone(name)
        if users.leads_to_both(found, aim.names):
            _check_alone(aim.canary, name, aim.originals)
            return users.render(aim)
        spec: Manifest = found.get("spec") or {}
        given = _rule_of(found, aim.names)
        fresh = _weighted(aim.canary, aim.names, aim.weights, given)
        tests = alternatives(aim.canary)
        rules = [_tested(fresh, test, index) for index, test in enumerate(tests)] or [fresh]
        kept = {field: value for field, value in spec.items() if field not in {"http", "stream"}}
        return (
            {
                "apiVersion": APISIX_ROUTE.api_version,
                "kind": APISIX_ROUTE.kind,
                "metadata": copied_metadata(aim.canary, found, _copy_name(aim.canary, name)),
                "spec": {**kept, "http": rules},
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the rules of the copy steer requests exactly like this."""
        (wanted,) = self.render(aim)
        found = named(observed, APISIX_ROUTE, name_of(wanted))
        return found is not None and _rules(found) == _rules(wanted)

    def release(self, canary: Canary, originals: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """The user's route with the weights that it had, where burgee set any."""
        name = self._name(canary)
        return _weights_alone(name).release(canary, originals) if name else ()

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's largest share of any rule of any route."""
        routes = [found for found in observed if is_of(found, APISIX_ROUTE)]
        return canary_share([one for found in routes for one in _rules(found)], names)

    def _name(self, canary: Canary) -> str:
        ref = canary.spec.route_ref
        return self.name or (ref.name if ref else "")


def _copy_name(canary: Canary, name: str) -> str:
    return f"{name}-{canary.spec.apex_name}-canary"


def _weights_alone(name: str) -> UsersRoute:
    return UsersRoute(kind=APISIX_ROUTE, layout=LAYOUTS[APISIX_ROUTE.kind], name=name)


def _check_alone(canary: Canary, name: str, originals: Sequence[Manifest]) -> None:
    """Refuses what weights alone cannot do.

    Raises:
        InvalidCanary: a test, copies of requests, or a copy of the route that outranks it.
    """
    plan = canary.spec.plan
    for field, asked in (("match", bool(plan.match)), ("mirror", plan.mirror)):
        if asked:
            raise InvalidCanary(
                "UnsupportedStrategy",
                f"spec.analysis.{field}: ApisixRoute {name} (spec.{FIELD}) leads to both Services "
                "already, and gets weights alone",
            )
    copy = named(originals, APISIX_ROUTE, _copy_name(canary, name))
    if copy is not None:
        raise InvalidCanary(
            "RouteConflict",
            f"ApisixRoute {name_of(copy)} outranks ApisixRoute {name} (spec.{FIELD}), which leads "
            "to both Services already: delete it",
        )


def _rule_of(route: Manifest, names: ServiceNames) -> Manifest:
    """The first rule that leads to the apex Service.

    Raises:
        InvalidCanary: there is none, or it leads elsewhere as well.
    """
    spec: Manifest = route.get("spec") or {}
    rules: list[Manifest] = spec.get("http") or []
    what = f"ApisixRoute {name_of(route)} (spec.{FIELD})"
    for found in rules:
        backends: list[Manifest] = found.get("backends") or []
        if all(backend.get("serviceName") != names.apex for backend in backends):
            continue
        if len(backends) > 1 or found.get("upstreams"):
            raise InvalidCanary(
                "SeveralBackends",
                f"{what}: the rule {found.get('name')} has other backends besides {names.apex}",
            )
        return found
    raise InvalidCanary(
        "NoSuchBackend",
        f"{what} has no rule with the backend {names.apex} (spec.service.name)",
    )


def _weighted(canary: Canary, names: ServiceNames, weights: Weights, given: Manifest) -> Manifest:
    backend: Manifest = given["backends"][0]
    fresh = {
        "websocket": False,
        **given,
        "priority": PRIORITY,
        "backends": [
            {**backend, "serviceName": names.primary, "weight": weights.primary},
            {**backend, "serviceName": names.canary, "weight": weights.canary},
        ],
    }
    if canary.spec.plan.mirror:
        plugins: list[Manifest] = given.get("plugins") or []
        if any(plugin.get("name") == MIRROR_PLUGIN for plugin in plugins):
            raise InvalidCanary(
                "MirrorConflict",
                f"spec.analysis.mirror: the rule {given.get('name')} of the ApisixRoute "
                f"(spec.{FIELD}) has the plugin {MIRROR_PLUGIN} already",
            )
        if weights.mirrored:
            fresh["plugins"] = [*plugins, _mirror(canary, names)]
    return fresh


def _mirror(canary: Canary, names: ServiceNames) -> Manifest:
    host = f"{names.canary}.{canary.metadata.namespace}.svc.cluster.local"
    config: Manifest = {"host": f"http://{host}:{canary.spec.service.port}"}
    percent = canary.spec.plan.mirror_weight
    if 0 < percent < FULL:
        config["sample_ratio"] = percent / FULL
    return {"name": MIRROR_PLUGIN, "enable": True, "config": config}


def _tested(fresh: Manifest, test: Alternative, index: int) -> Manifest:
    """The rule for one alternative; names of rules have to differ."""
    match: Manifest = fresh.get("match") or {}
    given: list[Manifest] = match.get("exprs") or []
    conditions = [
        *(_expression("Header", condition) for condition in test.headers),
        *(_expression("Query", condition) for condition in test.parameters),
    ]
    return {
        **fresh,
        "name": f"{fresh.get('name')}-{index}" if index else fresh.get("name"),
        "match": {**match, "exprs": [*given, *conditions]},
    }


def _expression(scope: str, condition: Condition) -> Manifest:
    exact = condition.way is Way.EXACT
    return {
        "subject": {"scope": scope, "name": condition.name},
        "op": "Equal" if exact else "RegexMatch",
        "value": condition.value if exact else condition.searched,
    }


def _rules(route: Manifest) -> tuple[Rule, ...]:
    spec: Manifest = route.get("spec") or {}
    rules: list[Manifest] = spec.get("http") or []
    return tuple(_rule(found) for found in rules)


def _rule(found: Manifest) -> Rule:
    backends: list[Manifest] = found.get("backends") or []
    plugins: list[Manifest] = found.get("plugins") or []
    return rule(
        [(b.get("serviceName", ""), _weight(b)) for b in backends],
        copies=[_copies(p) for p in plugins if p.get("name") == MIRROR_PLUGIN and p.get("enable")],
        match=(found.get("match") or {}, found.get("priority")),
    )


def _weight(backend: Manifest) -> float:
    """A backend's weight; 100 where it says none."""
    weight: float | None = backend.get("weight")
    return FULL if weight is None else weight


def _copies(plugin: Manifest) -> tuple[str, float]:
    """The Service of a mirror and its percentage; the host begins with the Service's name."""
    config: Manifest = plugin.get("config") or {}
    host = str(config.get("host", "")).partition("://")[2]
    ratio: float = config.get("sample_ratio", 1)
    return host.partition(".")[0], ratio * FULL
