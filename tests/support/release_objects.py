"""The objects of a release: what a user writes, and what burgee ships, in a hurry."""

from pathlib import Path
from typing import Any

import yaml
from hook_process import ROOT

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource

APP = "podinfo"
ISTIO = tuple(
    Resource(
        group="networking.istio.io", version="v1beta1", plural=plural, kind=kind, generation=True
    )
    for plural, kind in (
        ("virtualservices", "VirtualService"),
        ("destinationrules", "DestinationRule"),
    )
)


def deployment(image: str = "app:1", **pod: Any) -> Manifest:
    """The user's Deployment; keyword arguments go into its pod spec."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APP, "labels": {"app": APP}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": APP}},
            "template": {
                "metadata": {"labels": {"app": APP}},
                "spec": {"containers": [{"name": "app", "image": image}], **pod},
            },
        },
    }


def analysis(**fields: Any) -> Manifest:
    """Two steps, 25 and 50 %, a quarter of a second each; None leaves a field out."""
    full: Manifest = {
        "interval": "250ms",
        "threshold": 2,
        "stepWeight": 25,
        "maxWeight": 50,
        "metrics": [
            {"name": "request-success-rate", "interval": "1m", "thresholdRange": {"min": 99}},
            {"name": "request-duration", "interval": "1m", "thresholdRange": {"max": 500}},
        ],
        **fields,
    }
    return {key: value for key, value in full.items() if value is not None}


def canary(**spec: Any) -> Manifest:
    """A Canary; keyword arguments replace parts of its spec, None leaves one out."""
    full: Manifest = {
        "provider": "istio",
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": APP},
        "progressDeadlineSeconds": 60,
        "service": {"port": 9898},
        "analysis": analysis(),
        **spec,
    }
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": APP},
        "spec": {key: value for key, value in full.items() if value is not None},
    }


def composite(resync_seconds: int, webhook_timeout: str) -> Manifest:
    """The CompositeController that burgee ships, in a hurry."""
    [found] = documents(ROOT / "manifests" / "composite-controller" / "compositecontroller.yaml")
    found["spec"]["resyncPeriodSeconds"] = resync_seconds
    for hook in found["spec"]["hooks"].values():
        hook["webhook"]["timeout"] = webhook_timeout
    return found


def documents(path: Path) -> list[Manifest]:
    return [d for d in yaml.safe_load_all(path.read_text("utf-8")) if d]
