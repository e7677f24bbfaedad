"""What the routes of an Envoy mean for a release. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from burgee.playground.dataplane.steering import Rule, percents
from burgee.playground.dataplane.xds import Config

_MILLION_TO_PERCENT = 10_000


def rules_of(virtual_hosts: Sequence[Config]) -> dict[str, tuple[Rule, ...]]:
    """The rules of each virtual host that splits requests, in their order."""
    found = {host["name"]: rules_from(host["routes"]) for host in virtual_hosts}
    return {name: rules for name, rules in found.items() if rules}


def rules_from(routes: Iterable[Config]) -> tuple[Rule, ...]:
    """The rules of these routes; those that split nothing are left out."""
    return tuple(_rule(route) for route in routes if _clusters(route))


def _rule(route: Config) -> Rule:
    match: Config = route.get("match") or {}
    conditions: list[Config] = [*match.get("headers", ()), *match.get("query_parameters", ())]
    mirrors: list[Config] = route["route"].get("request_mirror_policies", [])
    return Rule(
        matching=tuple(str(condition["name"]).lower() for condition in conditions),
        weights=percents({_service(c["name"]): c["weight"] for c in _clusters(route)}),
        mirrored={
            _service(mirror["cluster"]): mirror["runtime_fraction"]["default_value"]["numerator"]
            / _MILLION_TO_PERCENT
            for mirror in mirrors
        },
    )


def _clusters(route: Config) -> list[Any]:
    split: list[Any] = route.get("route", {}).get("weighted_clusters", {}).get("clusters", [])
    return split


def _service(cluster: str) -> str:
    """Clusters are named {namespace}_{service}_{port}."""
    return cluster.split("_")[1]
