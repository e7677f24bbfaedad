"""Parts of Canaries for ingress providers."""

from burgee.routers.base import Weights

INGRESS = {"ingressRef": {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}}
KNATIVE = {
    "targetRef": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "podinfo"}
}
UPSTREAM = {"upstreamRef": {"apiVersion": "gloo.solo.io/v1", "kind": "Upstream", "name": "a"}}
MIRROR = "nginx.ingress.kubernetes.io/mirror-target"
OURS = "http://podinfo-canary.test.svc.cluster.local:80$request_uri"
HALF = Weights(primary=50, canary=50)
