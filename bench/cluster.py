"""What the parts that need an embedded cluster share."""

from pathlib import Path
from typing import Any

import yaml

from bench.servers import ROOT
from burgee.api.manifest import Manifest
from burgee.playground.cluster import Cluster
from burgee.playground.dataplane.istio import DESTINATION_RULE, VIRTUAL_SERVICE

CANARY = ("flagger.app/v1beta1", "Canary")
DEPLOYMENT = ("apps/v1", "Deployment")
# Prometheus' answer to any query: above every minimum and below every maximum used here.
GOOD_SAMPLE: Manifest = {
    "status": "success",
    "data": {"resultType": "vector", "result": [{"metric": {}, "value": [0, "100"]}]},
}
METRICS_ANSWERS: Manifest = {"/api/v1/query": GOOD_SAMPLE}
METRICS: list[Manifest] = [
    {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}},
    {"name": "request-duration", "interval": "1m", "thresholdRange": {"max": 500_000}},
]


def embedded_cluster(namespaces: list[str]) -> Cluster:
    """A cluster with burgee's CRDs and Istio's kinds, not started yet."""
    crds = [
        document
        for path in sorted((ROOT / "manifests" / "crds").glob("*.yaml"))
        for document in _documents(path)
        if document.get("kind") == "CustomResourceDefinition"
    ]
    cluster = Cluster(crds=crds, namespaces=namespaces)
    for resource in (VIRTUAL_SERVICE, DESTINATION_RULE):
        cluster.store.register(resource)
    return cluster


def composite(**spec: Any) -> Manifest:
    """The CompositeController of the manifests; `spec` replaces parts of its spec."""
    folder = ROOT / "manifests" / "composite-controller"
    [found] = _documents(folder / "compositecontroller.yaml")
    return {**found, "spec": {**found["spec"], **spec}}


def phase_of(manifest: Manifest | None) -> str:
    """The phase in a Canary's status."""
    return str(((manifest or {}).get("status") or {}).get("phase", ""))


def _documents(path: Path) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]
