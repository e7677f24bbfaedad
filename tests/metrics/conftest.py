"""What the tests of metrics share: a Canary and MetricTemplates with only what matters set."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.canary import Canary
from burgee.api.metric_template import MetricTemplate

MakeCanary = Callable[..., Canary]
MakeTemplate = Callable[..., MetricTemplate]


@pytest.fixture
def make_canary() -> MakeCanary:
    def make(*metrics: dict[str, Any], **spec: Any) -> Canary:
        return Canary.model_validate(
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "Canary",
                "metadata": {"name": "podinfo", "namespace": "test"},
                "spec": {
                    "targetRef": {
                        "apiVersion": "apps/v1",
                        "kind": "Deployment",
                        "name": "podinfo",
                    },
                    "service": {"port": 9898},
                    "analysis": {"interval": "10s", "stepWeight": 50, "metrics": list(metrics)},
                    **spec,
                },
            }
        )

    return make


@pytest.fixture
def make_template() -> MakeTemplate:
    def make(query: str = "up", namespace: str = "test", **provider: Any) -> MetricTemplate:
        return MetricTemplate.model_validate(
            {
                "apiVersion": "flagger.app/v1beta1",
                "kind": "MetricTemplate",
                "metadata": {"name": "errors", "namespace": namespace},
                "spec": {
                    "provider": {"type": "prometheus", "address": "http://prom:9090", **provider},
                    "query": query,
                },
            }
        )

    return make
