"""Prometheus's relabelling, and the rules that give Envoy's metrics the shape of Istio's.

The rules are written once, in Prometheus's own form: a real server gets them in its
configuration file, the in-process one interprets them here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from burgee.playground.metrics.promql.functions import expand
from burgee.playground.metrics.promql.values import METRIC_NAME

Rule: TypeAlias = dict[str, Any]
"""One entry of `metric_relabel_configs`: replace, keep, drop or labeldrop."""

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


def relabelled(labels: Mapping[str, str], rules: Iterable[Rule]) -> dict[str, str] | None:
    """The labels after all rules; None where a rule drops the series."""
    found = dict(labels)
    for rule in rules:
        pattern = _pattern(rule["regex"])
        match rule["action"]:
            case "labeldrop":
                found = {n: v for n, v in found.items() if pattern.fullmatch(n) is None}
                continue
            case action:
                value = ";".join(found.get(name, "") for name in rule["source_labels"])
                matched = pattern.fullmatch(value)
        if action == "keep" and matched is None:
            return None
        if action == "drop" and matched is not None:
            return None
        if action == "replace" and matched is not None:
            text = expand(rule["replacement"], matched)
            if text:
                found[rule["target_label"]] = text
            else:
                found.pop(rule["target_label"], None)
    return found


@lru_cache(maxsize=256)
def _pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex)
