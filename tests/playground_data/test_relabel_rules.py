"""Envoy's labels become Istio's."""

import pytest

from burgee.playground.metrics.envoy_stats import istio_rules
from burgee.playground.metrics.relabel import relabelled
from burgee.playground.metrics.scrape import parse_exposition


def _envoy(name: str, cluster: str, **labels: str) -> dict[str, str]:
    return {"__name__": name, "envoy_cluster_name": cluster, **labels}


@pytest.mark.parametrize(
    ("cluster", "namespace", "workload"),
    [
        pytest.param("test_podinfo-canary_9898", "test", "podinfo", id="canary is the target"),
        pytest.param("test_podinfo-primary_9898", "test", "podinfo-primary", id="primary"),
        pytest.param("test_podinfo_9898", "test", "podinfo", id="apex"),
        pytest.param("test_front-canary_80", "test", "web", id="Service named otherwise"),
        pytest.param("test_front-primary_80", "test", "web-primary", id="its primary"),
        pytest.param("other_front-canary_80", "other", "front", id="another namespace"),
    ],
)
def test_requests_carry_workload(cluster: str, namespace: str, workload: str) -> None:
    rules = istio_rules({("test", "front"): "web"})
    labels = _envoy("envoy_cluster_upstream_rq", cluster, envoy_response_code="503")
    assert relabelled(labels, rules) == {
        "__name__": "istio_requests_total",
        "reporter": "destination",
        "destination_workload_namespace": namespace,
        "destination_workload": workload,
        "response_code": "503",
    }


@pytest.mark.parametrize("part", ["bucket", "sum", "count"])
def test_durations_are_renamed(part: str) -> None:
    name = f"envoy_cluster_upstream_rq_time_{part}"
    found = relabelled(_envoy(name, "a_b-canary_1", le="5"), istio_rules({}))
    assert found is not None
    assert found["__name__"] == f"istio_request_duration_milliseconds_{part}"
    assert found["le"] == "5"
    assert "response_code" not in found


@pytest.mark.parametrize("name", ["envoy_cluster_upstream_rq_xx", "envoy_server_uptime"])
def test_everything_else_is_dropped(name: str) -> None:
    assert relabelled(_envoy(name, "a_b_1"), istio_rules({})) is None


def test_no_rules_change_nothing() -> None:
    labels = _envoy("envoy_server_uptime", "x")
    assert relabelled(labels, []) == labels


def test_exposition_is_read_with_escapes_and_infinities() -> None:
    text = (
        "# TYPE a counter\n"
        'a{x="1",y="say \\"hi\\"\\n\\\\"} 12\n'
        "\n"
        'b_bucket{le="+Inf"} +Inf\n'
        "c 1e-3\n"
    )
    assert parse_exposition(text) == [
        ({"__name__": "a", "x": "1", "y": 'say "hi"\n\\'}, 12.0),
        ({"__name__": "b_bucket", "le": "+Inf"}, float("inf")),
        ({"__name__": "c"}, 0.001),
    ]
