"""nginx: a second Ingress with the canary annotations of ingress-nginx.

The user's Ingress goes on leading to the apex Service, and so to the primary; the copy takes a
share of its requests, by weight or by header and cookie. Copies of requests are asked for by an
annotation of the user's own Ingress, the one thing that is written there; it is taken away again.

Source: flagger pkg/router/ingress.go; ingress-nginx, annotations canary and mirror. Different on
purpose: conditions that nginx cannot tell apart are refused, where Flagger takes the last one.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, name_of, namespace_of
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
from burgee.routers.conditions import Condition, Way, alternatives
from burgee.routers.ingress import rivals
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
from burgee.routers.rivals import Rivalry

DEFAULT_PREFIX = "nginx.ingress.kubernetes.io"
FULL = 100

_COOKIE = "cookie"
# Source: ingress-nginx, annotations/parser/validators.go, BasicCharsRegex and IsValidRegex.
_PLAIN = re.compile(r"[-._~a-zA-Z0-9/: ]*")
_PATTERN = re.compile(r"[-._~a-zA-Z0-9/:^$\[\](){}*+?|&=\\]*")


class NginxRouter:
    """The provider `nginx`; `prefix` is that of the controller's annotations."""

    def __init__(self, prefix: str = DEFAULT_PREFIX) -> None:
        """Spell the annotations."""
        self._canary = f"{prefix}/canary"
        self._weight = f"{prefix}/canary-weight"
        self._header = f"{prefix}/canary-by-header"
        self._header_value = f"{prefix}/canary-by-header-value"
        self._header_pattern = f"{prefix}/canary-by-header-pattern"
        self._cookie = f"{prefix}/canary-by-cookie"
        self._mirror = f"{prefix}/mirror-target"

    @property
    def capabilities(self) -> Capabilities:
        """Weights, one header and one cookie, copies of all requests."""
        return Capabilities(weights=True, matching=True, mirroring=True)

    def kinds(self) -> tuple[RelatedKind, ...]:
        """Ingresses."""
        return (INGRESS,)

    def related(self, canary: Canary) -> tuple[Related, ...]:
        """The user's Ingress and its copy."""
        return related_ingresses(canary, Role.APPLIED)

    def advice(self, canary: Canary) -> Iterator[str]:
        """Conditions of which any one is enough; annotations that newer ingress-nginx ignores."""
        for index, alternative in enumerate(alternatives(canary, parameters=False)):
            if len(alternative.headers) > 1:
                yield f"of spec.analysis.match[{index}].headers nginx asks for any one"
            for condition in alternative.headers:
                plain = condition.way is Way.EXACT
                value = condition.value if plain else condition.searched
                taken = _PLAIN if plain else _PATTERN
                if not (_PLAIN.fullmatch(condition.name) and taken.fullmatch(value)):
                    yield (
                        f"spec.analysis.match[{index}].headers.{condition.name} has characters "
                        "that ingress-nginx takes only without its validation of annotations; the "
                        "test would match nobody"
                    )

    def render(self, aim: Aim) -> tuple[Manifest, ...]:
        """The copy; before it what is written on the user's Ingress, if anything.

        Raises:
            InvalidCanary: there is no Ingress with a path to the apex Service, or the conditions
                of the test cannot be expressed.
        """
        ingress = users_ingress(aim.canary, aim.originals)
        copy: Manifest = {
            "apiVersion": INGRESS.api_version,
            "kind": INGRESS.kind,
            "metadata": self._metadata(aim.canary, ingress, aim.weights),
            "spec": copied_spec(
                ingress,
                aim.names,
                lambda paths: [
                    with_backend(path, aim.names.canary)
                    if backend_service(path) == aim.names.apex
                    else path
                    for path in paths
                ],
            ),
        }
        mirror = self._mirror_patch(aim.canary, aim.names, ingress, aim.weights)
        return (copy,) if mirror is None else (mirror, copy)

    def shows(self, observed: Sequence[Manifest], aim: Aim) -> bool:
        """True if the copy has these annotations and paths, and the user's Ingress the mirror."""
        *patches, copy = self.render(aim)
        found = named(observed, INGRESS, name_of(copy))
        if found is None or self._steering(found) != self._steering(copy):
            return False
        seen, wanted = found.get("spec") or {}, copy["spec"]
        ingress = users_ingress(aim.canary, aim.originals)
        return all(
            seen.get(field) == wanted.get(field) for field in ("rules", "ingressClassName")
        ) and all(
            annotations_of(ingress).get(key) == value
            for patch in patches
            for key, value in annotations_of(patch).items()
        )

    def canary_weight_seen(self, observed: Sequence[Manifest], names: ServiceNames) -> int | None:
        """The weight of the copy; everything with a header, a cookie or a mirror."""
        shares: list[int] = []
        known = False
        for ingress in observed:
            if not is_of(ingress, INGRESS):
                continue
            given = annotations_of(ingress)
            if given.get(self._mirror, "").startswith(f"http://{names.canary}."):
                shares.append(FULL)
            if any(backend_service(path) == names.canary for path in all_paths(ingress)):
                known = True
                shares.append(self._share(given))
        return max(shares) if known else None

    def rivalry(self) -> Rivalry:
        """Canary Ingresses for the same Service: class, hosts and paths."""
        return Rivalry(
            kind=INGRESS,
            claim=rivals.claim,
            clashes=partial(rivals.clashes, annotation=self._canary),
        )

    def release(self, canary: Canary, originals: Sequence[Manifest]) -> tuple[Manifest, ...]:
        """The user's Ingress without the annotation for copies, where it is burgee's."""
        ref = canary.spec.ingress_ref
        namespace = canary.metadata.namespace
        found = named(originals, INGRESS, ref.name, namespace) if ref else None
        if found is None or annotations_of(found).get(self._mirror) != _mirror_target(canary):
            return ()
        return (self._patch(found, None),)

    def _share(self, annotations: dict[str, str]) -> int:
        tested = (self._header, self._cookie)
        if annotations.get(self._canary) != "true" or any(annotations.get(k) for k in tested):
            return FULL
        weight = annotations.get(self._weight, "0")
        return int(weight) if weight.isdecimal() else FULL

    def _steering(self, ingress: Manifest) -> dict[str, str]:
        """The annotations that decide who gets to the canary."""
        return {
            key: value
            for key, value in annotations_of(ingress).items()
            if key.startswith(self._canary)
        }

    def _metadata(self, canary: Canary, ingress: Manifest, weights: Weights) -> Manifest:
        metadata = copied_metadata(canary, ingress, copy_name(name_of(ingress)))
        annotations = {
            key: value
            for key, value in metadata["annotations"].items()
            if self._canary not in key and key != self._mirror
        }
        annotations[self._canary] = "true"
        test = self._test(canary)
        if test:
            annotations[self._weight] = "0"
            if weights.canary > 0:
                annotations |= test
        else:
            annotations[self._weight] = str(weights.canary)
        return {**metadata, "annotations": annotations}

    def _test(self, canary: Canary) -> dict[str, str]:
        """The annotations of an A/B test, none without one.

        nginx takes a request if the header matches or, failing that, the cookie is set; it knows
        one of each. Both in one entry are no more than that, as with Flagger.
        """
        plan = canary.spec.plan
        if not plan.match:
            return {}
        if plan.iterations <= 0:
            raise InvalidCanary(
                "UnsupportedMatch",
                "spec.analysis.match needs iterations: nginx has no weights within a test",
            )
        found: dict[str, str] = {}
        for index, alternative in enumerate(alternatives(canary, parameters=False)):
            field = f"spec.analysis.match[{index}].headers"
            for condition in alternative.headers:
                annotations = self._condition(condition)
                if found.keys() & annotations.keys():
                    raise InvalidCanary(
                        "UnsupportedMatch",
                        f"{field} has a second header or cookie, nginx knows one of each",
                    )
                found |= annotations
        return found

    def _condition(self, condition: Condition) -> dict[str, str]:
        """One condition; the header `cookie` means the cookie that `exact` names, as in Flagger.

        By any other way it is a header as all others, where Flagger writes nothing.
        """
        if condition.name.lower() == _COOKIE and condition.way is Way.EXACT:
            return {self._cookie: condition.value}
        if condition.way is Way.EXACT:
            return {self._header: condition.name, self._header_value: condition.value}
        return {self._header: condition.name, self._header_pattern: condition.searched}

    def _mirror_patch(
        self, canary: Canary, names: ServiceNames, ingress: Manifest, weights: Weights
    ) -> Manifest | None:
        """The user's Ingress with or without the annotation for copies; None to leave it alone.

        None in its place takes it away.
        """
        target = _mirror_target(canary)
        given = annotations_of(ingress).get(self._mirror)
        if canary.spec.plan.mirror:
            self._check_mirror(canary, names, ingress, given)
        elif given != target:
            return None
        return self._patch(ingress, target if weights.mirrored else None)

    def _patch(self, ingress: Manifest, target: str | None) -> Manifest:
        return {
            "apiVersion": INGRESS.api_version,
            "kind": INGRESS.kind,
            "metadata": {
                "name": name_of(ingress),
                "namespace": namespace_of(ingress),
                "annotations": {self._mirror: target},
            },
        }

    def _check_mirror(
        self,
        canary: Canary,
        names: ServiceNames,
        ingress: Manifest,
        given: str | None,
    ) -> None:
        name = name_of(ingress)
        if 0 < canary.spec.plan.mirror_weight < FULL:
            raise InvalidCanary(
                "UnsupportedStrategy", "spec.analysis.mirrorWeight: nginx copies all requests"
            )
        if given not in {None, _mirror_target(canary)}:
            raise InvalidCanary(
                "MirrorConflict", f"Ingress {name} (spec.ingressRef) has a {self._mirror} already"
            )
        if any(backend_service(path) != names.apex for path in all_paths(ingress)):
            raise InvalidCanary(
                "UnsupportedStrategy",
                f"spec.analysis.mirror: nginx would copy the requests of all paths of Ingress "
                f"{name} (spec.ingressRef), and some lead elsewhere than to {names.apex}",
            )


def _mirror_target(canary: Canary) -> str:
    """Where nginx sends copies: it resolves names without search domains."""
    host = f"{canary.spec.apex_name}-canary.{canary.metadata.namespace}.svc.cluster.local"
    return f"http://{host}:{canary.spec.service.port}$request_uri"
