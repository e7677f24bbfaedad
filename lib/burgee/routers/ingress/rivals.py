"""Two canary Ingresses of ingress-nginx for one Service.

ingress-nginx keeps a list of canaries for each Service that Ingresses lead to, by the age of the
canary Ingresses, and asks the first one alone; whether its conditions are met makes no difference.
No status says so. Source: ingress-nginx, internal/ingress/controller: controller.go
(mergeAlternativeBackends), store/store.go (sortIngressSlice); rootfs/etc/nginx/lua/balancer.lua
(route_to_alternative_balancer); annotations.md ("a maximum of one canary ingress").
"""

from collections.abc import Iterator, Sequence

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, metadata, name_of
from burgee.routers.ingress.copies import paths_of
from burgee.routers.originals import backend_service
from burgee.routers.rivals import Clash, without

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_TRUE = "true"


def claim(route: Manifest) -> object:
    """The class, and every host with its paths."""
    return _class(route), sorted(_places(route))


def clashes(
    canary: Canary,
    wanted: Manifest,
    mine: Manifest | None,
    others: Sequence[Manifest],
    annotation: str,
) -> Iterator[Clash]:
    """Canary Ingresses of the namespace for what leads to the apex Service.

    Args:
        canary: whose Ingress is meant.
        wanted: the copy that it is to have.
        mine: the copy as it is observed, None where it is not there yet.
        others: all Ingresses of the namespace, those of the user among them.
        annotation: that makes an Ingress one for a canary.
    """
    apex = canary.spec.apex_name
    known = list(without(others, name_of(wanted)))
    led = set(_places(wanted, f"{apex}-canary"))
    for other in known:
        if annotations_of(other).get(annotation) != _TRUE and _may_share(wanted, other):
            led.update(_places(other, apex))
    for other in known:
        if annotations_of(other).get(annotation) != _TRUE or not _may_share(wanted, other):
            continue
        met = sorted(led & set(_places(other)))
        if met:
            host, path = met[0]
            yield Clash(
                other=other,
                ours_first=mine is not None and _comes_first(mine, other),
                certain=_class(wanted) == _class(other),
                field="spec.ingressRef",
                text=f"is a canary Ingress for {host or 'every host'}{path} as well, which leads "
                f"to the Service {apex}, and ingress-nginx asks the oldest one alone",
            )


def _places(ingress: Manifest, service: str | None = None) -> Iterator[tuple[str, str]]:
    """Hosts and paths, those of one Service or of all."""
    rules: list[Manifest] = (ingress.get("spec") or {}).get("rules") or []
    for rule in rules:
        for path in paths_of(rule):
            if service is None or backend_service(path) == service:
                yield str(rule.get("host") or ""), str(path.get("path") or "/")


def _class(ingress: Manifest) -> str:
    """Which controller serves an Ingress; empty for the one that serves those without a class."""
    given: str | None = (ingress.get("spec") or {}).get("ingressClassName")
    return given or annotations_of(ingress).get(CLASS_ANNOTATION, "")


def _may_share(wanted: Manifest, other: Manifest) -> bool:
    """True where one controller may serve both."""
    classes = {_class(wanted), _class(other)}
    return len(classes) == 1 or "" in classes


def _comes_first(mine: Manifest, other: Manifest) -> bool:
    """The older one; of two of one second the last by name."""
    born, theirs = (str(metadata(it).get("creationTimestamp", "")) for it in (mine, other))
    return born < theirs or (born == theirs and name_of(mine) > name_of(other))
