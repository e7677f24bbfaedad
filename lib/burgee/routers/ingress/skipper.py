"""Skipper: a second Ingress that outweighs the user's while the canary takes part.

The copy leads every path of the apex Service to both sides, with the weights in an annotation.
With nothing for the canary the predicate False() takes it out, and the user's own Ingress serves.
An A/B test adds its conditions as predicates, so that others fall through to the user's Ingress;
copies of requests are a filter.

Source: flagger pkg/router/skipper.go; skipper, predicates, filters and Ingress annotations.
Different on purpose: at rest the copy is always out, where Flagger leaves it in until the first
run; a missing path is an error.
"""

import json
from collections.abc import Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, name_of
from burgee.errors import InvalidCanary
from burgee.routers.base import (
    Aim,
    Capabilities,
    Related,
    RelatedKind,
    Role,
    ServiceNames,
)
from burgee.routers.conditions import Alternative, Condition, Way, alternatives
from burgee.routers.ingress.copies import (
    INGRESS,
    all_paths,
    copied_spec,
    copy_name,
    related_ingresses,
    users_ingress,
    with_backend,
)
from burgee.routers.originals import backend_service, copied_metadata, is_of, named
from burgee.routers.shares import Rule, canary_share, rule

WEIGHTS = "zalando.org/backend-weights"
PREDICATE = "zalando.org/skipper-predicate"
FILTER = "zalando.org/skipper-filter"
FULL = 100

_IN = "Weight(100)"
_OUT = "False()"
_STEERING = (WEIGHTS, PREDICATE, FILTER)


class SkipperRouter:
    """The provider `skipper`."""

    @property
    def capabilities(self) -> Capabilities:
        """Weights, tests with one alternative, copies of all requests."""
        return Capabilities(weights=True, matching=True, mirroring=True)

    def kinds(self) -> tuple[RelatedKind, ...]:
        """Ingresses."""
        return (INGRESS,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """The user's Ingress and its copy."""
        return related_ingresses(canary, Role.READ)

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The copy of the user's Ingress.

        Raises:
            InvalidCanary: there is no Ingress with a path to the apex Service, or the conditions
                of the test cannot be expressed.
        """
        ingress = users_ingress(aim.canary, aim.originals)
        tests = _tests(aim.canary)
        _check_mirror(aim.canary)
        metadata = copied_metadata(aim.canary, ingress, copy_name(name_of(ingress)))
        annotations: dict[str, str] = metadata["annotations"]
        mirrored = aim.weights.mirrored
        shares = {
            aim.names.canary: aim.weights.canary,
            aim.names.primary: aim.weights.primary,
        }
        given = _predicates(annotations.get(PREDICATE, ""))
        takes_part = aim.weights.canary > 0 or mirrored
        annotations |= {
            WEIGHTS: json.dumps(shares, sort_keys=True, separators=(",", ":")),
            PREDICATE: " && ".join((_IN if takes_part else _OUT, *tests, *given)),
        }
        if mirrored:
            copies = _tee(aim.canary, aim.names)
            filters = annotations.get(FILTER, "")
            annotations[FILTER] = f"{filters} -> {copies}" if filters else copies
        spec = copied_spec(
            ingress, aim.names, lambda paths: _paths(paths, aim.names, mirrored=mirrored)
        )
        return (
            {
                "apiVersion": INGRESS.api_version,
                "kind": INGRESS.kind,
                "metadata": metadata,
                "spec": spec,
            },
        )

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the copy has these annotations and paths."""
        (copy,) = self.render(aim)
        found = named(observed, INGRESS, name_of(copy))
        if found is None:
            return False
        seen, wanted = annotations_of(found), annotations_of(copy)
        spec: Manifest = found.get("spec") or {}
        return all(seen.get(key) == wanted.get(key) for key in _STEERING) and all(
            spec.get(field) == copy["spec"].get(field) for field in ("rules", "ingressClassName")
        )

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The weight of the copy, none while it is out."""
        copies = [
            ingress
            for ingress in observed
            if is_of(ingress, INGRESS)
            and any(backend_service(path) == names.canary for path in all_paths(ingress))
        ]
        return canary_share([_rule(ingress, names) for ingress in copies], names)


def _paths(paths: list[Manifest], names: ServiceNames, *, mirrored: bool) -> list[Manifest]:
    """Each path of the apex Service to the primary, and again to the canary at the end.

    A filter works on all paths of an Ingress, so that while requests are copied the paths of
    other Services stay with the user's own.
    """
    first = [
        with_backend(path, names.primary) if backend_service(path) == names.apex else path
        for path in paths
        if not mirrored or backend_service(path) == names.apex
    ]
    second = [
        with_backend(path, names.canary) for path in paths if backend_service(path) == names.apex
    ]
    return [*first, *second]


def _predicates(text: str) -> list[str]:
    """The user's predicates without those that switch the copy; without these as they are."""
    if _IN not in text and _OUT not in text:
        return [text] if text else []
    found = (part.strip() for part in text.split("&&"))
    return [part for part in found if part not in {"", _IN, _OUT}]


def _tests(canary: Canary) -> tuple[str, ...]:
    """The conditions of an A/B test; predicates of one route all have to hold."""
    found = alternatives(canary)
    if len(found) > 1:
        raise InvalidCanary(
            "UnsupportedMatch",
            "spec.analysis.match has several entries, a route of Skipper takes only one",
        )
    return tuple(predicate for alternative in found for predicate in _alternative(alternative))


def _alternative(alternative: Alternative) -> tuple[str, ...]:
    return (
        *(_header(condition) for condition in alternative.headers),
        *(
            f"QueryParam({_text(condition.name)}, {_text(condition.searched)})"
            for condition in alternative.parameters
        ),
    )


def _header(condition: Condition) -> str:
    if condition.way is Way.EXACT:
        return f"Header({_text(condition.name)}, {_text(condition.value)})"
    return f"HeaderRegexp({_text(condition.name)}, {_text(condition.searched)})"


def _text(value: str) -> str:
    """A string of Skipper's route language."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _check_mirror(canary: Canary) -> None:
    if 0 < canary.spec.plan.mirror_weight < FULL and canary.spec.plan.mirror:
        raise InvalidCanary(
            "UnsupportedStrategy", "spec.analysis.mirrorWeight: Skipper copies all requests"
        )


def _tee(canary: Canary, names: ServiceNames) -> str:
    host = f"{names.canary}.{canary.metadata.namespace}.svc.cluster.local"
    return f'tee("http://{host}:{canary.spec.service.port}")'


def _rule(ingress: Manifest, names: ServiceNames) -> Rule:
    """What the copy does with the requests that it takes."""
    given = annotations_of(ingress)
    if _OUT in given.get(PREDICATE, ""):
        return rule([(names.primary, FULL)])
    copies = [(names.canary, FULL)] if f"//{names.canary}." in given.get(FILTER, "") else []
    return rule(_weights(given.get(WEIGHTS, ""), names), copies=copies)


def _weights(text: str, names: ServiceNames) -> list[tuple[str, float]]:
    """The weights of both sides; without any that can be read Skipper shares out evenly."""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return [(names.primary, 1), (names.canary, 1)]
    weights: dict[str, object] = found
    read = [(name, weights.get(name)) for name in (names.primary, names.canary)]
    return [(name, weight) for name, weight in read if isinstance(weight, int | float)]
