"""The built-in metrics: what request-success-rate and request-duration ask of each provider.

The texts are Flagger's, white space aside, because dashboards, recording rules and scripted
servers match on them. The braces are those of burgee.metrics.gotemplate.

Where Flagger says the target's name for what is named after the Service (APISIX, Gloo, Kuma,
Traefik), it is the Service's here: the same text unless service.name differs. Where Flagger means
Deployments only, DaemonSets have queries of their own.

Source: flagger pkg/metrics/observers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SUCCESS_RATE = "request-success-rate"
DURATION = "request-duration"
BUILT_IN = frozenset({SUCCESS_RATE, DURATION})


@dataclass(frozen=True, kw_only=True, slots=True)
class Observer:
    """The two queries of a provider, as templates.

    Attributes:
        success: yields percent.
        duration: yields milliseconds once multiplied by `duration_factor`.
        plain_names: characters other than letters, digits and `_` are `_` in this provider's
            labels, so names are rewritten before they are pasted.
    """

    success: str
    duration: str
    duration_factor: float = 1.0
    plain_names: bool = False


def _rate(metric: str, selector: str) -> str:
    return f"sum( rate( {metric}{{ {selector} }}[{{{{ interval }}}}] ) )"


def _percent(metric: str, *, good: str, all_: str) -> str:
    return f"{_rate(metric, good)} / {_rate(metric, all_)} * 100"


def _quantile(metric: str, selector: str) -> str:
    rate = f"sum( rate( {metric}{{ {selector} }}[{{{{ interval }}}}] ) ) by (le)"
    return f"histogram_quantile( 0.99, {rate} )"


def _envoy(selector: str) -> Observer:
    """Providers whose Envoys are scraped: only the name of the cluster differs."""
    metric = "envoy_cluster_upstream_rq"
    return Observer(
        success=_percent(
            metric, good=f'{selector}, envoy_response_code!~"5.*"', all_=f"{selector},"
        ),
        duration=_quantile(f"{metric}_time_bucket", f"{selector},"),
    )


_ISTIO = (
    'reporter="destination", destination_workload_namespace="{{ namespace }}",'
    ' destination_workload=~"{{ target }}"'
)
_PODS = (
    'kubernetes_namespace="{{ namespace }}",'
    ' kubernetes_pod_name=~"{{ target }}-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"'
)
# Pods of DaemonSets have one random word less: with the above it would be the primary's that match.
_PODS_OF_DAEMONSET = (
    'kubernetes_namespace="{{ namespace }}", kubernetes_pod_name=~"{{ target }}-[0-9a-zA-Z]+"'
)
_NGINX = 'namespace="{{ namespace }}", ingress="{{ ingress }}", canary!=""'
_TRAEFIK = 'service=~"{{ namespace }}-{{ service }}-canary-[0-9a-zA-Z-]+@kubernetescrd"'
_APISIX = 'route=~"{{ namespace }}_{{ route }}-{{ service }}-canary_.+"'
_SKIPPER = (
    'route=~"{{ printf `kube(ew)?_%s__%s_canary__.*__%s_canary(_[0-9]+)?`'
    ' namespace ingress service }}"'
)
_SKIPPER_COUNT = "sum(rate(skipper_response_duration_seconds_bucket"
_SKIPPER_TIME = "sum(rate(skipper_serve_route_duration_seconds"

ISTIO = Observer(
    success=_percent("istio_requests_total", good=f'{_ISTIO}, response_code!~"5.*"', all_=_ISTIO),
    duration=_quantile("istio_request_duration_milliseconds_bucket", _ISTIO),
)


def _http(pods: str) -> Observer:
    """Applications that measure themselves."""
    return Observer(
        success=_percent(
            "http_request_duration_seconds_count", good=f'{pods}, status!~"5.*"', all_=pods
        ),
        duration=_quantile("http_request_duration_seconds_bucket", pods),
        duration_factor=1000.0,
    )


def _appmesh(pods: str) -> Observer:
    return Observer(
        success=_percent(
            "envoy_cluster_upstream_rq", good=f'{pods}, envoy_response_code!~"5.*"', all_=pods
        ),
        duration=_quantile("envoy_cluster_upstream_rq_time_bucket", pods),
    )


def _linkerd(label: str) -> Observer:
    """By the label that names the workload, which is its kind."""
    workload = f'namespace="{{{{ namespace }}}}", {label}=~"{{{{ target }}}}"'
    inbound = f'{workload}, direction="inbound"'
    return Observer(
        success=_percent(
            "response_total",
            good=f'{workload}, classification!="failure", direction="inbound"',
            all_=inbound,
        ),
        duration=_quantile("response_latency_ms_bucket", inbound),
    )


def _osm(kind: str) -> Observer:
    workload = (
        f'destination_namespace="{{{{ namespace }}}}", destination_kind="{kind}",'
        ' destination_name="{{ target }}"'
    )
    return Observer(
        success=_percent(
            "osm_request_total", good=f'{workload}, response_code!~"5.*"', all_=workload
        ),
        duration=_quantile("osm_request_duration_ms_bucket", workload),
    )


_HTTP = _http(_PODS)
# Of a RouteTable that a user wrote: clusters of Services. Source: gloo,
# projects/gloo/pkg/upstreams/kubernetes (`kube-svc:`, which statistics show with `_`).
_GLOO_SERVICES = _envoy(
    'envoy_cluster_name=~"kube-svc_{{ namespace }}-{{ service }}-canary-[0-9]+_[0-9a-zA-Z_-]+"'
)

OBSERVERS: Mapping[str, Observer] = {
    "apisix": Observer(
        success=_percent("apisix_http_status", good=f'{_APISIX}, code!~"5.."', all_=_APISIX),
        duration=_quantile("apisix_http_latency_bucket", f'type=~"request", {_APISIX}'),
    ),
    "appmesh": _appmesh(_PODS),
    "contour": _envoy('envoy_cluster_name=~"{{ namespace }}_{{ service }}-canary_[0-9a-zA-Z-]+"'),
    "gatewayapi": _HTTP,
    "gloo": _envoy(
        'envoy_cluster_name=~"{{ namespace }}-{{ service }}'
        '-canaryupstream-[0-9a-zA-Z-]+_[0-9a-zA-Z-]+"'
    ),
    "istio": ISTIO,
    "knative": _envoy('envoy_cluster_name=~"{{ namespace }}/{{ route }}"'),
    "kubernetes": _HTTP,
    "kuma": _envoy('service=~"{{ service }}-canary_{{ namespace }}_svc_[0-9a-zA-Z-]+"'),
    "linkerd": _linkerd("deployment"),
    "nginx": Observer(
        success=_percent(
            "nginx_ingress_controller_requests", good=f'{_NGINX}, status!~"5.*"', all_=_NGINX
        ),
        duration=(
            f"{_rate('nginx_ingress_controller_response_duration_seconds_sum', _NGINX)} / "
            f"{_rate('nginx_ingress_controller_response_duration_seconds_count', _NGINX)} * 1000"
        ),
    ),
    "osm": _osm("Deployment"),
    "skipper": Observer(
        success=(
            f'{_SKIPPER_COUNT}{{{_SKIPPER},code!~"5..",le="+Inf"}}[{{{{ interval }}}}])) / '
            f'{_SKIPPER_COUNT}{{{_SKIPPER},le="+Inf"}}[{{{{ interval }}}}])) * 100'
        ),
        duration=(
            f"{_SKIPPER_TIME}_sum{{{_SKIPPER}}}[{{{{ interval }}}}])) / "
            f"{_SKIPPER_TIME}_count{{{_SKIPPER}}}[{{{{ interval }}}}])) * 1000"
        ),
        plain_names=True,
    ),
    "traefik": Observer(
        success=_percent(
            "traefik_service_request_duration_seconds_bucket",
            good=f'{_TRAEFIK}, code!~"5..", le="+Inf"',
            all_=f'{_TRAEFIK}, le="+Inf"',
        ),
        duration=(
            f"{_quantile('traefik_service_request_duration_seconds_bucket', _TRAEFIK)} * 1000"
        ),
    ),
}
"""By provider, version suffix aside (`appmesh:v1beta2`); what is not listed is asked as Istio."""

OBSERVERS_OF_DAEMONSETS: Mapping[str, Observer] = {
    **OBSERVERS,
    "appmesh": _appmesh(_PODS_OF_DAEMONSET),
    "gatewayapi": _http(_PODS_OF_DAEMONSET),
    "kubernetes": _http(_PODS_OF_DAEMONSET),
    "linkerd": _linkerd("daemonset"),
    "osm": _osm("DaemonSet"),
}
"""The same for DaemonSets as targets."""


def observer_of(
    own: str, installed: str, kind: str = "Deployment", *, route: str = ""
) -> Observer:
    """The built-in queries of a Canary.

    Args:
        own: the Canary's provider, empty without one.
        installed: the provider of the installation. Linkerd decides over the Canary's own:
            there, routes of another provider still run through Linkerd's proxies.
        kind: of the target.
        route: kind of the route that a user wrote, empty without one.
    """
    provider = "linkerd" if own and "linkerd" in installed else own or installed
    family = provider.partition(":")[0]
    if (family, route) == ("gloo", "RouteTable"):
        return _GLOO_SERVICES
    known = OBSERVERS_OF_DAEMONSETS if kind == "DaemonSet" else OBSERVERS
    return known.get(family, ISTIO)


_WHITE_SPACE = re.compile(r"[\t\n\f\r ]+")
_NO_WORD = re.compile(r"[^0-9A-Za-z_]")


def one_line(query: str) -> str:
    """A PromQL query with every run of white space made one space, as Flagger sends it."""
    return _WHITE_SPACE.sub(" ", query).strip()


def plain(name: str) -> str:
    """A name as Skipper shows it in its labels."""
    return _NO_WORD.sub("_", name)
