"""Which queries a step asks: spec.analysis.metrics with every template rendered.

Source: flagger pkg/controller/scheduler_metrics.go.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from burgee.api.analysis import Metric, NamedRef
from burgee.api.canary import Canary
from burgee.api.metric_template import MetricTemplate
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.metrics.gotemplate import Variables, render
from burgee.metrics.model import BrokenCheck, Check, Limits, Source
from burgee.metrics.queries import BUILT_IN, SUCCESS_RATE, observer_of, plain
from burgee.metrics.sources import PROMETHEUS, cluster_metric, usable, window_seconds

DEFAULT_INTERVAL = "1m"

Templates: TypeAlias = Mapping[tuple[str, str], MetricTemplate]
"""MetricTemplates by (namespace, name)."""


def build_checks(
    canary: Canary,
    templates: Templates,
    settings: EngineSettings,
    *,
    revision: str = "",
    step: str = "",
) -> tuple[Check | BrokenCheck, ...]:
    """The checks of one step, in the order of the metrics.

    One metric yields up to three: a built-in query by its name, its inline query, its template.

    Args:
        canary: the Canary.
        templates: those that could be found.
        settings: of the installation.
        revision: for Knative, the newest revision's name; `{{ route }}` stands for it.
        step: stable for one step of one run, and no other's.
    """
    context = _Context(canary, templates, settings, _variables(canary, revision), step)
    return tuple(
        check
        for index, metric in enumerate(canary.spec.plan.metrics)
        for check in _checks_of(context, index, metric)
    )


@dataclass(frozen=True, slots=True)
class _Context:
    """What the checks of one Canary have in common."""

    canary: Canary
    templates: Templates
    settings: EngineSettings
    variables: Variables
    step: str

    def server(self) -> Source:
        """Where built-in and inline queries go."""
        address = self.canary.spec.metrics_server or self.settings.metrics_server
        return usable(Source(type=PROMETHEUS, address=address))


def _variables(canary: Canary, revision: str) -> Variables:
    spec = canary.spec
    target = spec.target_ref.name
    route = spec.route_ref.name if spec.route_ref else target
    return Variables(
        name=canary.metadata.name,
        namespace=canary.metadata.namespace,
        target=target,
        service=spec.apex_name,
        ingress=spec.ingress_ref.name if spec.ingress_ref else target,
        route=revision or route,
        interval=DEFAULT_INTERVAL,
    )


def _checks_of(context: _Context, index: int, metric: Metric) -> Iterator[Check | BrokenCheck]:
    makers: list[tuple[str, Callable[[_Context, Metric, str], Check]]] = []
    if metric.name in BUILT_IN:
        makers.append(("built-in", _built_in))
    if metric.query:
        makers.append(("query", _inline))
    if metric.template_ref:
        makers.append(("template", partial(_templated, metric.template_ref)))
    if not makers:
        reason = "it is no built-in metric, and has neither a query nor a templateRef"
        yield BrokenCheck(id=f"{index}/none", name=metric.name, reason=reason)
    for origin, make in makers:
        check_id = f"{index}/{origin}"
        try:
            yield make(context, metric, check_id)
        except InvalidCanary as error:
            yield BrokenCheck(id=check_id, name=metric.name, reason=str(error))


def _built_in(context: _Context, metric: Metric, check_id: str) -> Check:
    spec = context.canary.spec
    observer = observer_of(
        spec.provider,
        context.settings.mesh_provider,
        spec.target_ref.kind,
        route=spec.route_ref.kind if spec.route_ref else "",
    )
    variables = replace(context.variables, interval=metric.interval or DEFAULT_INTERVAL)
    if observer.plain_names:
        variables = replace(
            variables,
            namespace=plain(variables.namespace),
            ingress=plain(variables.ingress),
            service=plain(variables.service),
        )
    if metric.name == SUCCESS_RATE:
        return Check(
            id=check_id,
            name=metric.name,
            source=context.server(),
            query=render(observer.success, variables),
            limits=_limits(metric, Limits(minimum=metric.threshold or 0.0)),
            unit="%",
            key=f"{context.step}/{check_id}",
        )
    return Check(
        id=check_id,
        name=metric.name,
        source=context.server(),
        query=render(observer.duration, variables),
        limits=_limits(metric, Limits(maximum=metric.threshold or 0.0)),
        factor=observer.duration_factor,
        whole=True,
        unit="ms",
        key=f"{context.step}/{check_id}",
    )


def _inline(context: _Context, metric: Metric, check_id: str) -> Check:
    return _custom(context, metric, check_id, context.server(), metric.query or "")


def _templated(ref: NamedRef, context: _Context, metric: Metric, check_id: str) -> Check:
    template = _found(context, ref)
    provider = template.spec.provider
    namespace = template.metadata.namespace
    secret = (namespace, provider.secret_ref.name) if provider.secret_ref else None
    source = Source(
        type=provider.type,
        address=provider.address,
        secret=secret,
        headers=tuple(sorted((provider.headers or {}).items())),
        insecure_skip_verify=provider.insecure_skip_verify,
        region=provider.region,
    )
    check = _custom(context, metric, check_id, usable(source), template.spec.query)
    interval = metric.interval or DEFAULT_INTERVAL
    named = cluster_metric(source, check.query)
    if named is not None:
        _guard_namespace(context, "the metric", named.namespace, named.name)
    seconds = window_seconds(source, interval, check.interval_seconds)
    return replace(check, interval_seconds=seconds)


def _found(context: _Context, ref: NamedRef) -> MetricTemplate:
    namespace = ref.namespace or context.canary.metadata.namespace
    _guard_namespace(context, "MetricTemplate", namespace, ref.name)
    template = context.templates.get((namespace, ref.name))
    if template is None:
        raise InvalidCanary(
            "MetricTemplateNotFound", f"MetricTemplate {namespace}/{ref.name} was not found"
        )
    return template


def _guard_namespace(context: _Context, kind: str, namespace: str, name: str) -> None:
    if context.settings.no_cross_namespace_refs and namespace != context.canary.metadata.namespace:
        raise InvalidCanary(
            "CrossNamespaceReference",
            f"{kind} {namespace}/{name} is in another namespace, which is not allowed",
        )


def _custom(context: _Context, metric: Metric, check_id: str, source: Source, query: str) -> Check:
    variables = replace(
        context.variables,
        interval=metric.interval or DEFAULT_INTERVAL,
        variables=metric.template_variables or {},
    )
    return Check(
        id=check_id,
        name=metric.name,
        source=source,
        query=render(query, variables),
        limits=_limits(metric, Limits(maximum=metric.threshold or 0.0)),
        key=f"{context.step}/{check_id}",
    )


def _limits(metric: Metric, of_threshold: Limits) -> Limits:
    """ThresholdRange where there is one; the bare threshold means what the metric says."""
    if metric.threshold_range is None:
        return of_threshold
    return Limits(minimum=metric.threshold_range.min, maximum=metric.threshold_range.max)
