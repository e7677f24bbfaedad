"""Samples and queries that the in-process engine and a real Prometheus are both asked about."""

import random
from pathlib import Path

from burgee.playground.metrics.promql import Labels, SampleStore, labels_from
from burgee.playground.metrics.promql.values import number_text

START_MS = 1_700_000_000_000
SCRAPES = 400
STEP_MS = 250
END_MS = START_MS + SCRAPES * STEP_MS

Sample = tuple[Labels, int, float]

BOUNDS = ("1", "2", "5", "10", "25", "+Inf")

ISTIO = (
    'reporter="destination",destination_workload_namespace="test",destination_workload=~"podinfo"'
)
CONTOUR = 'envoy_cluster_name=~"test_podinfo-canary_[0-9a-zA-Z-]+"'


def samples() -> list[Sample]:
    """Counters with resets and gaps, gauges, a histogram: as scraped four times a second."""
    rng = random.Random(7)
    found: list[Sample] = []
    counters: dict[Labels, float] = {}
    gauge = 10.0
    for index in range(SCRAPES):
        at_ms = START_MS + index * STEP_MS + rng.choice([0, 0, 1, 3])
        for workload, errors in (("podinfo", 0.2), ("podinfo-primary", 0.0)):
            if workload == "podinfo" and index < 40:
                continue
            if index in {211, 212, 213, 214, 215, 216}:
                continue
            for code in ("200", "404", "500"):
                share = {"200": 1 - errors, "404": 0.01, "500": errors}[code]
                if not share or (code == "500" and index < 60):
                    continue
                common = {
                    "reporter": "destination",
                    "destination_workload_namespace": "test",
                    "destination_workload": workload,
                    "response_code": code,
                }
                labels = labels_from({"__name__": "istio_requests_total", **common})
                service = workload if workload.endswith("-primary") else f"{workload}-canary"
                twin = labels_from(
                    {
                        "__name__": "envoy_cluster_upstream_rq",
                        "envoy_cluster_name": f"test_{service}_9898",
                        "envoy_response_code": code,
                    }
                )
                step = float(rng.randrange(round(40 * share) + 1))
                for series in (labels, twin):
                    counters[series] = counters.get(series, 0.0) + step
                    if index == 150:
                        counters[series] = 3.0
                    found.append((series, at_ms, counters[series]))
            hits = [rng.randrange(20) for _ in BOUNDS]
            total = 0.0
            for bound, count in zip(BOUNDS, hits, strict=True):
                total += count
                labels = labels_from(
                    {
                        "__name__": "istio_request_duration_milliseconds_bucket",
                        "reporter": "destination",
                        "destination_workload_namespace": "test",
                        "destination_workload": workload,
                        "le": bound,
                    }
                )
                twin = labels_from(
                    {
                        "__name__": "envoy_cluster_upstream_rq_time_bucket",
                        "envoy_cluster_name": f"test_{workload}-canary_9898",
                        "le": bound,
                    }
                )
                for series in (labels, twin):
                    counters[series] = counters.get(series, 0.0) + total
                    found.append((series, at_ms, counters[series]))
        gauge += rng.uniform(-1, 1)
        for zone, value in (("a", gauge), ("b", -2 * gauge), ("c", gauge**2)):
            labels = labels_from({"__name__": "queue_length", "zone": zone, "kind": "x"})
            found.append((labels, at_ms, value))
        capacity = labels_from({"__name__": "queue_capacity", "zone": "a", "owner": "me"})
        found.append((capacity, at_ms, 100.0))
        found.append((labels_from({"__name__": "queue_capacity", "zone": "b"}), at_ms, 0.0))
        odd = float("nan") if index % 7 == 0 else float("inf") if index % 11 == 0 else index / 3
        found.append((labels_from({"__name__": "odd", "zone": "a"}), at_ms, odd))
    return found


def filled_store() -> SampleStore:
    """A store with all samples."""
    store = SampleStore()
    for labels, at_ms, value in samples():
        store.append(labels, at_ms, value)
    return store


def write_openmetrics(path: Path) -> None:
    """The same samples as a file that promtool makes blocks of."""
    ordered: dict[str, list[Sample]] = {}
    for sample in samples():
        ordered.setdefault(dict(sample[0])["__name__"], []).append(sample)
    with path.open("w") as out:
        for name, group in ordered.items():
            out.write(f"# TYPE {name} unknown\n")
            for labels, at_ms, value in sorted(group, key=lambda s: (s[0], s[1])):
                pairs = ",".join(f'{n}="{v}"' for n, v in labels if n != "__name__")
                moment = f"{at_ms // 1000}.{at_ms % 1000:03d}"
                out.write(f"{name}{{{pairs}}} {number_text(value)} {moment}\n")
        out.write("# EOF\n")


def success_rate(metric: str, selector: str, code: str, window: str) -> str:
    """The shape of Flagger's success rate queries."""
    return (
        f'sum(rate({metric}{{{selector},{code}!~"5.*"}}[{window}])) '
        f"/ sum(rate({metric}{{{selector}}}[{window}])) * 100"
    )


def p99(metric: str, selector: str, window: str) -> str:
    """The shape of Flagger's duration queries."""
    return f"histogram_quantile(0.99, sum(rate({metric}{{{selector}}}[{window}])) by (le))"


NOT_FOUND_SHARE = (
    f'100 - sum(rate(istio_requests_total{{{ISTIO},response_code!="404"}}[1m])) '
    f"/ sum(rate(istio_requests_total{{{ISTIO}}}[1m])) * 100"
)
P95_BY_WORKLOAD = (
    "histogram_quantile(0.95, sum by (le, destination_workload) "
    "(rate(istio_request_duration_milliseconds_bucket[30s])))"
)

FLAGGER = [
    success_rate("istio_requests_total", ISTIO, "response_code", "1m"),
    success_rate("istio_requests_total", ISTIO, "response_code", "2s"),
    success_rate("envoy_cluster_upstream_rq", CONTOUR, "envoy_response_code", "10s"),
    p99("istio_request_duration_milliseconds_bucket", ISTIO, "1m"),
    p99("istio_request_duration_milliseconds_bucket", ISTIO, "2s"),
    p99("envoy_cluster_upstream_rq_time_bucket", CONTOUR, "10s"),
    # Traefik's shape: the +Inf bucket counts requests
    'sum(rate(istio_request_duration_milliseconds_bucket{le="+Inf"}[10s])) * 1000',
    # Nginx's and Skipper's shape: a mean of two rates
    "sum(rate(queue_capacity[10s])) / sum(rate(istio_requests_total[10s])) * 1000",
    # the 404 example of Flagger's documentation
    NOT_FOUND_SHARE,
    "vector(1)",
]

GENERAL = [
    "queue_length",
    'queue_length{zone="a"}',
    'queue_length{zone!="a"}',
    'queue_length{zone=~"a|b"}',
    'queue_length{zone!~"a|b"}',
    'queue_length{missing=""}',
    "queue_length offset 5s",
    "queue_length offset -5s",
    f"queue_length @ {START_MS // 1000 + 20}",
    '{__name__=~"queue_.*"}',
    "missing_metric",
    "1 + 2 * 3 ^ 2 % 5",
    "-queue_length",
    "-(1)",
    "1 > bool 2",
    "time()",
    '"text"',
    "rate(istio_requests_total[30s])",
    "rate(istio_requests_total[30s] offset 20s)",
    "rate(istio_requests_total[1m250ms])",
    "increase(istio_requests_total[30s])",
    "increase(istio_requests_total[300ms])",
    "irate(istio_requests_total[5s])",
    "delta(queue_length[10s])",
    "idelta(queue_length[10s])",
    "deriv(queue_length[10s])",
    "changes(queue_length[10s])",
    "resets(istio_requests_total[90s])",
    "sum_over_time(queue_length[10s])",
    "avg_over_time(queue_length[10s])",
    "min_over_time(queue_length[10s])",
    "max_over_time(queue_length[10s])",
    "max_over_time(odd[10s])",
    "count_over_time(queue_length[10s])",
    "last_over_time(queue_length[10s])",
    "present_over_time(queue_length[10s])",
    "stddev_over_time(queue_length[10s])",
    "stdvar_over_time(queue_length[10s])",
    "quantile_over_time(0.9, queue_length[10s])",
    "absent(missing_metric)",
    'absent(missing_metric{zone="q"})',
    "absent(queue_length)",
    'absent_over_time(missing_metric{zone="q"}[5s])',
    "sum(queue_length)",
    "sum(odd)",
    "avg(queue_length)",
    "min(queue_length)",
    "max(queue_length)",
    "count(queue_length)",
    "group(queue_length)",
    "stddev(queue_length)",
    "stdvar(queue_length)",
    "quantile(0.3, queue_length)",
    "sum by (kind) (queue_length)",
    "sum without (zone) (queue_length)",
    "sum by (destination_workload, response_code) (rate(istio_requests_total[10s]))",
    "max without (response_code, reporter) (istio_requests_total)",
    "topk(2, queue_length)",
    "bottomk(1, queue_length)",
    "topk by (kind) (1, queue_length)",
    'count_values("value", queue_capacity)',
    "queue_length / 3",
    "3 / queue_length",
    "queue_length > 0",
    "0 < queue_length",
    "queue_length > bool 0",
    "queue_length == queue_length",
    "queue_capacity == 100",
    "queue_capacity != bool 100",
    "queue_length % 3",
    "queue_length ^ 2",
    "queue_capacity / 0",
    "queue_length * on(zone) queue_capacity",
    "queue_length / on(zone) queue_capacity",
    "queue_length - ignoring(kind, owner) queue_capacity",
    "queue_length * on(zone) group_left(owner) queue_capacity",
    "queue_capacity * on(zone) group_right(owner) queue_length",
    "queue_length > on(zone) queue_capacity",
    "queue_capacity > bool on(zone) queue_length",
    "queue_length and on(zone) queue_capacity",
    "queue_length or queue_capacity",
    "queue_length or on(zone) queue_capacity",
    "queue_length unless on(zone) queue_capacity",
    "sum(missing_metric) or vector(0)",
    "scalar(sum(queue_length)) * 2",
    "scalar(queue_length)",
    "vector(3) + 1",
    "histogram_quantile(0.5, rate(istio_request_duration_milliseconds_bucket[30s]))",
    P95_BY_WORKLOAD,
    "histogram_quantile(2, istio_request_duration_milliseconds_bucket)",
    "histogram_quantile(-1, istio_request_duration_milliseconds_bucket)",
    "histogram_quantile(0.01, istio_request_duration_milliseconds_bucket)",
    "histogram_quantile(0.9, queue_length)",
    "abs(queue_length)",
    "ceil(queue_length)",
    "floor(queue_length)",
    "round(queue_length)",
    "round(queue_length, 0.5)",
    "sqrt(queue_length)",
    "ln(queue_length)",
    "exp(queue_capacity / 50)",
    "sgn(queue_length)",
    "clamp(queue_length, -5, 5)",
    "clamp_min(queue_length, 0)",
    "clamp_max(queue_length, 0)",
    "timestamp(queue_length)",
    "sort(queue_length)",
    "sort_desc(queue_length)",
    'label_replace(queue_length, "to", "zone-$1", "zone", "(.).*")',
    'label_join(queue_length, "to", "-", "zone", "kind")',
    "max_over_time(sum(rate(istio_requests_total[5s]))[20s:1s])",
    "avg_over_time(queue_length[10s:500ms])",
    "queue_length[1s]",
    "missing_metric[1s]",
]

BROKEN = [
    "",
    "sum(",
    "rate(queue_length)",
    "unknown_function(queue_length)",
    'queue_length{zone=~"("}',
    "{}",
    "1 > 2",
    "queue_length * on(kind) queue_length",
    "queue_length * on(kind) group_left queue_length",
    'label_replace(queue_length, "zone", "z", "kind", ".*")',
]

_POD = 'namespace="test",pod=~"podinfo-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"'
_HTTP = "http_request_duration_seconds"
_NGINX = 'namespace="test",ingress="podinfo",canary!=""'
_SKIPPER = 'route=~"kube(ew)?_test__podinfo_canary__.*__podinfo_canary(_[0-9]+)?",le="+Inf"'
_TRAEFIK = 'service=~"test-podinfo-canary-[0-9a-zA-Z-]+@kubernetescrd",le="+Inf"'


def _mean(sum_metric: str, count_metric: str, selector: str) -> str:
    return (
        f"sum(rate({sum_metric}{{{selector}}}[1m])) "
        f"/ sum(rate({count_metric}{{{selector}}}[1m])) * 1000"
    )


SHAPES_OF_ALL_PROVIDERS = [
    success_rate("response_total", 'namespace="test",direction="inbound"', "classification", "1m"),
    p99("response_latency_ms_bucket", 'namespace="test",direction="inbound"', "1m"),
    success_rate(f"{_HTTP}_count", _POD, "status", "1m"),
    p99(f"{_HTTP}_bucket", _POD, "1m"),
    success_rate("nginx_ingress_controller_requests", _NGINX, "status", "1m"),
    _mean(
        "nginx_ingress_controller_response_duration_seconds_sum",
        "nginx_ingress_controller_response_duration_seconds_count",
        _NGINX,
    ),
    success_rate("skipper_response_duration_seconds_bucket", _SKIPPER, "code", "1m"),
    success_rate("traefik_service_request_duration_seconds_bucket", _TRAEFIK, "code", "1m"),
    p99("traefik_service_request_duration_seconds_bucket", _TRAEFIK, "1m") + " * 1000",
    success_rate("apisix_http_status", 'route=~"test_podinfo-podinfo-canary_.+"', "code", "1m"),
    p99("apisix_http_latency_bucket", 'type=~"request",route=~"test_.+"', "1m"),
    success_rate("osm_request_total", 'destination_kind="Deployment"', "response_code", "1m"),
    p99("osm_request_duration_ms_bucket", 'destination_kind="Deployment"', "1m"),
    success_rate(
        "envoy_cluster_upstream_rq",
        'service=~"podinfo-canary_test_svc_[0-9a-zA-Z-]+"',
        "envoy_response_code",
        "1m",
    ),
]
"""Flagger's built-in queries of metrics that the samples do not have, so the answers are empty."""
