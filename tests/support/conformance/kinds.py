"""The kinds that providers bring, without schemas: they take whatever is written."""

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import STATUS, Resource

_PROVIDERS = (
    ("networking.istio.io/v1beta1", "VirtualService", "virtualservices"),
    ("networking.istio.io/v1beta1", "DestinationRule", "destinationrules"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes"),
    ("split.smi-spec.io/v1alpha1", "TrafficSplit", "trafficsplits"),
    ("split.smi-spec.io/v1alpha2", "TrafficSplit", "trafficsplits"),
    ("split.smi-spec.io/v1alpha3", "TrafficSplit", "trafficsplits"),
    ("traefik.io/v1alpha1", "TraefikService", "traefikservices"),
    ("projectcontour.io/v1", "HTTPProxy", "httpproxies"),
    ("appmesh.k8s.aws/v1beta2", "VirtualNode", "virtualnodes"),
    ("appmesh.k8s.aws/v1beta2", "VirtualService", "virtualservices"),
    ("appmesh.k8s.aws/v1beta2", "VirtualRouter", "virtualrouters"),
    ("gateway.solo.io/v1", "RouteTable", "routetables"),
    ("gloo.solo.io/v1", "Upstream", "upstreams"),
    ("kuma.io/v1alpha1", "TrafficRoute", "trafficroutes"),
    ("apisix.apache.org/v2", "ApisixRoute", "apisixroutes"),
    ("serving.knative.dev/v1", "Service", "services"),
    ("serving.knative.dev/v1", "Revision", "revisions"),
    ("keda.sh/v1alpha1", "ScaledObject", "scaledobjects"),
)
_CLUSTER_WIDE = {"TrafficRoute"}
_WATCHED = (
    ("flagger.app/v1beta1", "Canary"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "DaemonSet"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Event"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
)

OF_PROVIDERS = tuple(
    Resource(
        group=api_version.split("/")[0],
        version=api_version.split("/")[1],
        plural=plural,
        kind=kind,
        namespaced=kind not in _CLUSTER_WIDE,
        subresources=frozenset({STATUS}),
        generation=True,
        custom=True,
    )
    for api_version, kind, plural in _PROVIDERS
)
WATCHED = (
    *_WATCHED,
    # All versions of a kind are stored in one place.
    *{(r.group, r.kind): (r.api_version, r.kind) for r in OF_PROVIDERS}.values(),
)

ROUTES = {
    *("VirtualService", "HTTPRoute", "TrafficSplit", "TraefikService", "HTTPProxy"),
    *("VirtualRouter", "RouteTable", "TrafficRoute", "ApisixRoute", "Ingress", "KService"),
}
"""Kinds that carry weights or matches: every state of them counts."""
BESIDE_ROUTES = {"DestinationRule", "Upstream", "VirtualNode", "AppMeshVirtualService"}

_SHORT = {
    ("serving.knative.dev", "Service"): "KService",
    ("serving.knative.dev", "Revision"): "KRevision",
    ("appmesh.k8s.aws", "VirtualService"): "AppMeshVirtualService",
}
_API_VERSIONS = {
    **{kind: api_version for api_version, kind in reversed(WATCHED)},
    "ResourceQuota": "v1",
}


def short(manifest: Manifest) -> str:
    """A word for its kind that no other kind has."""
    group = str(manifest["apiVersion"]).rpartition("/")[0]
    kind = str(manifest["kind"])
    return _SHORT.get((group, kind), kind)


def api_version(kind: str) -> str:
    """Of a kind that is named without it."""
    return _API_VERSIONS[kind]
