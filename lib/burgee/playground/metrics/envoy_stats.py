"""Envoy's own metrics, and the rules that give them the shape of Istio's."""

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from burgee.playground.metrics.promql.values import METRIC_NAME
from burgee.playground.metrics.relabel import Rule
from burgee.playground.metrics.scrape import Job, Target

_PATH = "/stats/prometheus"
_PARAMETERS: Mapping[str, str] = {
    "usedonly": "",
    "filter": r"^cluster\.[^.]+\.upstream_rq_(time|[0-9]+)$",
}
"""Without the filter it is 100 kB and shows requests twice (`external`)."""

ServiceName: TypeAlias = tuple[str, str]
"""Namespace and name of an apex Service."""

_CLUSTER = "envoy_cluster_name"


def istio_rules(targets: Mapping[ServiceName, str]) -> list[Rule]:
    """From a cluster's name to the labels that Istio's proxies report.

    Args:
        targets: the workload behind a Service, where it has another name than the Service.
    """
    renamed = [
        rule
        for (namespace, service), target in sorted(targets.items())
        for rule in (
            _workload(f"{re.escape(namespace)}_{re.escape(service)}-canary_[0-9]+", target),
            _workload(
                f"{re.escape(namespace)}_{re.escape(service)}-primary_[0-9]+",
                f"{target}-primary",
            ),
        )
    ]
    return [
        {
            "action": "keep",
            "source_labels": [METRIC_NAME],
            "regex": "envoy_cluster_upstream_rq|envoy_cluster_upstream_rq_time_(bucket|sum|count)",
        },
        _replace([METRIC_NAME], "envoy_cluster_upstream_rq", METRIC_NAME, "istio_requests_total"),
        _replace(
            [METRIC_NAME],
            "envoy_cluster_upstream_rq_time_(.+)",
            METRIC_NAME,
            "istio_request_duration_milliseconds_$1",
        ),
        _replace([_CLUSTER], "([^_]+)_.+", "destination_workload_namespace", "$1"),
        _workload("[^_]+_(.+)_[0-9]+", "$1"),
        _workload("[^_]+_(.+)-canary_[0-9]+", "$1"),
        *renamed,
        _replace(["envoy_response_code"], "(.+)", "response_code", "$1"),
        _replace([METRIC_NAME], ".*", "reporter", "destination"),
        {"action": "labeldrop", "regex": "envoy_.+"},
    ]


def _replace(source: Sequence[str], regex: str, target: str, replacement: str) -> Rule:
    return {
        "action": "replace",
        "source_labels": list(source),
        "regex": regex,
        "target_label": target,
        "replacement": replacement,
    }


def _workload(regex: str, replacement: str) -> Rule:
    return _replace([_CLUSTER], regex, "destination_workload", replacement)


def envoy_target(admin_url: str, *, istio: Mapping[ServiceName, str] | None = None) -> Target:
    """What to scrape of an Envoy.

    Args:
        admin_url: of its admin interface.
        istio: see `istio_rules`; None for Envoy's own shape alone.
    """
    rules = () if istio is None else (Job(name="istio", rules=tuple(istio_rules(istio))),)
    return Target(
        url=admin_url, path=_PATH, parameters=_PARAMETERS, jobs=(Job(name="envoy"), *rules)
    )
