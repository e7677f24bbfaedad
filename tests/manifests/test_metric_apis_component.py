"""The component for metrics that the API server serves: rights to read them, and no others."""

from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "manifests" / "components" / "metric-apis"


def test_the_hooks_may_read_metrics_make_analyses_and_nothing_else() -> None:
    role, binding = yaml.safe_load_all((FOLDER / "rbac.yaml").read_text())

    assert role["rules"] == [
        {"apiGroups": ["external.metrics.k8s.io"], "resources": ["*"], "verbs": ["get", "list"]},
        {"apiGroups": ["metrics.keptn.sh"], "resources": ["keptnmetrics"], "verbs": ["get"]},
        {
            "apiGroups": ["metrics.keptn.sh"],
            "resources": ["analyses"],
            "verbs": ["get", "create", "delete"],
        },
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "burgee-hooks", "namespace": "burgee-system"}
    ]
