"""SMI: a TrafficSplit carries the weights, and an HTTPRouteGroup says who is part of a test.

Source: flagger pkg/router/smi.go, smi_v1alpha2.go, smi_v1alpha3.go. Different on purpose: from v1alpha3
on an A/B test sends only those to the canary who match, as the API allows; Flagger sends everybody.
Who does not match is served by the apex Service, which selects the primary's pods.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.routers.base import (
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    ServiceNames,
)
from burgee.routers.conditions import alternatives
from burgee.routers.shares import Rule, canary_share, rule

GROUP: Final = "split.smi-spec.io"
SPECS_GROUP: Final = "specs.smi-spec.io"
ISTIO_GATEWAYS: Final = "VirtualService.v1alpha3.networking.istio.io/spec.gateways"

_WITH_TESTS = frozenset({"v1alpha3", "v1alpha4"})
_UNREADABLE = 100.0


@dataclass(frozen=True, kw_only=True, slots=True)
class SmiRouter:
    """One version of the API.

    Attributes:
        version: of TrafficSplit, such as v1alpha2.
        mesh: the data plane behind it, where the provider names one.
    """

    version: str
    mesh: str = ""

    @property
    def capabilities(self) -> Capabilities:
        """Weights, and A/B tests from v1alpha3 on."""
        honours = {"hosts", "gateways"} if self.mesh == "istio" else {"hosts"}
        return Capabilities(
            weights=True,
            matching=self.version in _WITH_TESTS,
            honours=frozenset(honours),
            first_only=frozenset({"hosts"}),
        )

    @property
    def split(self) -> RelatedKind:
        """TrafficSplit of this version."""
        return RelatedKind(
            api_version=f"{GROUP}/{self.version}", resource="trafficsplits", kind="TrafficSplit"
        )

    @property
    def group(self) -> RelatedKind:
        """HTTPRouteGroup of this version."""
        return RelatedKind(
            api_version=f"{SPECS_GROUP}/{self.version}",
            resource="httproutegroups",
            kind="HTTPRouteGroup",
        )

    def kinds(self) -> tuple[RelatedKind, ...]:
        """Groups, where there are tests, and splits."""
        return (self.group, self.split) if self.capabilities.matching else (self.split,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """A split called like the apex Service, and for a test a group of the same name."""
        kinds = self.kinds() if canary.spec.plan.match else (self.split,)
        return tuple(Related(kind=kind, names=(canary.spec.apex_name,)) for kind in kinds)

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The group of a test, and the split.

        Raises:
            InvalidCanary: the test asks for what SMI has no words for.
        """
        service = aim.canary.spec.service
        matches = self._matches(aim.canary)
        spec: Manifest = {
            "service": service.hosts[0] if service.hosts else aim.names.apex,
            "backends": [
                {"service": aim.names.canary, "weight": self._weight(aim.weights.canary)},
                {"service": aim.names.primary, "weight": self._weight(aim.weights.primary)},
            ],
        }
        if matches:
            spec["matches"] = [{"kind": self.group.kind, "name": aim.names.apex}]
        split = self._object(aim.canary, aim.names, self.split, spec)
        if self.mesh == "istio" and service.gateways:
            gateways = json.dumps(list(service.gateways), separators=(",", ":"))
            split["metadata"]["annotations"] = {ISTIO_GATEWAYS: gateways}
        if not matches:
            return (split,)
        return (self._object(aim.canary, aim.names, self.group, {"matches": matches}), split)

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the observed split has these shares, for those who match in a test."""
        wanted = self.render(aim)
        kinds = (self.group, self.split)[-len(wanted) :]
        seen = (self._find(observed, aim.names, kind) for kind in kinds)
        return [_rule_of(found or {}) for found in seen] == [_rule_of(it) for it in wanted]

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The canary's share of the split."""
        found = self._find(observed, names, self.split)
        return None if found is None else canary_share([_rule_of(found)], names)

    def _weight(self, percent: int) -> int | str:
        """The first version has quantities, which are texts."""
        return str(percent) if self.version == "v1alpha1" else percent

    def _matches(self, canary: Canary) -> list[Manifest]:
        """Alternatives of the test; within one all headers have to match.

        The specification leaves open whether a mesh compares the whole value.
        """
        if not self.capabilities.matching:
            return []
        return [
            {
                "name": f"match-{number}",
                "headers": [{header.name: header.either} for header in found.headers],
            }
            for number, found in enumerate(alternatives(canary, parameters=False))
        ]

    def _object(
        self, canary: Canary, names: ServiceNames, kind: RelatedKind, spec: Manifest
    ) -> Manifest:
        return {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": {"name": names.apex, "namespace": canary.metadata.namespace},
            "spec": spec,
        }

    def _find(
        self, observed: Sequence[Manifest], names: ServiceNames, kind: RelatedKind
    ) -> Manifest | None:
        group = kind.api_version.partition("/")[0]
        return next(
            (
                found
                for found in observed
                if found.get("kind") == kind.kind
                and str(found.get("apiVersion", "")).startswith(f"{group}/")
                and name_of(found) == names.apex
            ),
            None,
        )


def _rule_of(found: Manifest) -> Rule:
    """What of a split or a group decides where requests go."""
    spec: Manifest = found.get("spec") or {}
    backends: list[Manifest] = spec.get("backends") or []
    pairs = sorted((str(it.get("service", "")), _number(it.get("weight"))) for it in backends)
    return rule(pairs, match=(spec.get("service"), spec.get("matches") or None))


def _number(weight: object) -> float:
    """A weight, or a quantity; one that burgee cannot read counts in full, to be careful."""
    try:
        return float(str(weight or 0))
    except ValueError:
        return _UNREADABLE
