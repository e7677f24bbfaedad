"""From spec.analysis.metrics to queries, or to the reason why there is none."""

from typing import Any

import pytest

from burgee.api.settings import EngineSettings
from burgee.metrics.checks import build_checks
from burgee.metrics.model import BrokenCheck, Check, Limits, Source
from burgee.metrics.queries import one_line

SETTINGS = EngineSettings()
ERRORS = ("test", "errors")
BY_TEMPLATE = {"name": "errors", "templateRef": {"name": "errors"}}


def only(checks: tuple[Check | BrokenCheck, ...]) -> Check:
    (check,) = checks
    assert isinstance(check, Check)
    return check


def reason_of(checks: tuple[Check | BrokenCheck, ...]) -> str:
    (check,) = checks
    assert isinstance(check, BrokenCheck)
    return check.reason


@pytest.mark.parametrize(
    ("metric", "limits", "unit", "whole"),
    [
        pytest.param(
            {"name": "request-success-rate", "threshold": 99},
            Limits(minimum=99),
            "%",
            False,
            id="success rate: threshold is the least",
        ),
        pytest.param(
            {"name": "request-success-rate"},
            Limits(minimum=0),
            "%",
            False,
            id="success rate: no limit given",
        ),
        pytest.param(
            {"name": "request-success-rate", "threshold": 1, "thresholdRange": {"min": 98.5}},
            Limits(minimum=98.5),
            "%",
            False,
            id="success rate: the range wins",
        ),
        pytest.param(
            {"name": "request-duration", "threshold": 500},
            Limits(maximum=500),
            "ms",
            True,
            id="duration: threshold is the most",
        ),
        pytest.param(
            {"name": "request-duration", "thresholdRange": {"min": 1, "max": 2}},
            Limits(minimum=1, maximum=2),
            "ms",
            True,
            id="duration: range",
        ),
        pytest.param(
            {"name": "mine", "query": "up", "threshold": 5},
            Limits(maximum=5),
            "",
            False,
            id="query: threshold is the most",
        ),
        pytest.param(
            {"name": "mine", "query": "up"}, Limits(maximum=0), "", False, id="query: zero"
        ),
        pytest.param(
            {"name": "mine", "query": "up", "thresholdRange": {}},
            Limits(),
            "",
            False,
            id="query: an empty range allows all",
        ),
    ],
)
def test_limits_are_flaggers(
    metric: dict[str, Any], limits: Limits, unit: str, whole: bool, make_canary: Any
) -> None:
    check = only(build_checks(make_canary(metric), {}, SETTINGS))

    assert limits == check.limits
    assert unit == check.unit
    assert whole is check.whole


def test_templates_see_all_names(make_canary: Any, make_template: Any) -> None:
    query = (
        "{{ name }} {{ namespace }} {{ target }} {{ service }} {{ ingress }} {{ route }}"
        " {{ interval }} {{ variables.code }}"
    )
    canary = make_canary(
        {**BY_TEMPLATE, "interval": "5m", "templateVariables": {"code": "5.*"}},
        service={"port": 80, "name": "front"},
        ingressRef={"kind": "Ingress", "name": "ing"},
        routeRef={"kind": "ApisixRoute", "name": "rt"},
    )

    check = only(build_checks(canary, {ERRORS: make_template(query)}, SETTINGS))

    assert check.query == "podinfo test podinfo front ing rt 5m 5.*"


def test_names_default_to_the_target(make_canary: Any) -> None:
    metric = {"name": "mine", "query": "{{ service }} {{ ingress }} {{ route }} {{ interval }}"}

    assert (
        only(build_checks(make_canary(metric), {}, SETTINGS)).query == "podinfo podinfo podinfo 1m"
    )


def test_templates_of_the_documentation_render(make_canary: Any, make_template: Any) -> None:
    query = (
        '100 - sum(\n  rate(\n    http_requests_total{ns="{{ namespace }}",'
        ' status!="{{ variables.code }}"}[{{ interval }}]\n  )\n)'
    )
    canary = make_canary({**BY_TEMPLATE, "templateVariables": {"code": "5.*"}})

    check = only(build_checks(canary, {ERRORS: make_template(query)}, SETTINGS))

    assert (
        one_line(check.query)
        == '100 - sum( rate( http_requests_total{ns="test", status!="5.*"}[1m] ) )'
    )


def test_queries_go_to_the_canarys_server_else_the_installations(make_canary: Any) -> None:
    metric = {"name": "mine", "query": "up"}
    settings = EngineSettings(metrics_server="http://shared:9090")

    own = only(build_checks(make_canary(metric, metricsServer="http://own/prom"), {}, settings))
    shared = only(build_checks(make_canary(metric), {}, settings))

    assert Source(type="prometheus", address="http://own/prom") == own.source
    assert Source(type="prometheus", address="http://shared:9090") == shared.source


def test_source_of_a_template_is_complete(make_canary: Any, make_template: Any) -> None:
    template = make_template(
        namespace="shared",
        headers={"X-Scope-OrgID": ["tenant", "second"], "A": ["b"]},
        secretRef={"name": "auth"},
        insecureSkipVerify=True,
    )
    canary = make_canary(
        {"name": "errors", "templateRef": {"name": "errors", "namespace": "shared"}}
    )

    check = only(build_checks(canary, {("shared", "errors"): template}, SETTINGS))

    assert (
        Source(
            type="prometheus",
            address="http://prom:9090",
            secret=("shared", "auth"),
            headers=(("A", ("b",)), ("X-Scope-OrgID", ("tenant", "second"))),
            insecure_skip_verify=True,
        )
        == check.source
    )


def test_one_metric_can_be_asked_three_times(make_canary: Any, make_template: Any) -> None:
    metric = {
        "name": "request-success-rate",
        "query": "up",
        "templateRef": {"name": "errors"},
        "threshold": 3,
    }

    checks = build_checks(make_canary(metric), {ERRORS: make_template()}, SETTINGS)

    assert [check.id for check in checks] == ["0/built-in", "0/query", "0/template"]
    assert [Limits(minimum=3), Limits(maximum=3), Limits(maximum=3)] == [
        check.limits for check in checks if isinstance(check, Check)
    ]


def test_ids_tell_equal_metrics_apart(make_canary: Any) -> None:
    metric = {"name": "request-duration", "threshold": 1}

    checks = build_checks(make_canary(metric, metric), {}, SETTINGS)

    assert len({check.id for check in checks}) == 2


@pytest.mark.parametrize(
    ("metric", "provider", "reason"),
    [
        pytest.param({"name": "mine"}, {}, "neither a query nor a templateRef", id="nothing"),
        pytest.param(
            {"name": "mine", "templateRef": {"name": "other"}},
            {},
            "MetricTemplate test/other was not found",
            id="unknown template",
        ),
        pytest.param(
            BY_TEMPLATE,
            {"type": "abacus"},
            "there are no metrics of type abacus",
            id="unknown source",
        ),
        pytest.param(BY_TEMPLATE, {"type": "datadog"}, "needs a secretRef", id="no secret"),
        pytest.param(BY_TEMPLATE, {"type": "cloudwatch"}, "needs a region", id="no region"),
        pytest.param(
            BY_TEMPLATE, {"type": "graphite", "address": ""}, "has no address", id="nowhere"
        ),
        pytest.param(
            {**BY_TEMPLATE, "interval": "often"},
            {"type": "newrelic", "secretRef": {"name": "auth"}},
            "the interval of the metric is no duration",
            id="interval",
        ),
        pytest.param(
            BY_TEMPLATE, {"type": "keptn"}, "neither keptnmetric/<namespace>/<name>", id="keptn"
        ),
        pytest.param(BY_TEMPLATE, {"address": ""}, "has no address", id="no address"),
        pytest.param(
            {"name": "mine", "query": "{{ target "}, {}, "line 1, column 11", id="syntax"
        ),
        pytest.param(
            {"name": "mine", "query": "{{ variables.x }}"},
            {},
            "templateVariables has no x",
            id="missing variable",
        ),
    ],
)
def test_what_cannot_be_asked_says_why(
    metric: dict[str, Any],
    provider: dict[str, Any],
    reason: str,
    make_canary: Any,
    make_template: Any,
) -> None:
    templates = {ERRORS: make_template(**provider)}

    assert reason in reason_of(build_checks(make_canary(metric), templates, SETTINGS))


def test_a_broken_check_leaves_the_others_alone(make_canary: Any) -> None:
    canary = make_canary({"name": "mine"}, {"name": "request-duration", "threshold": 1})

    kinds = [type(check) for check in build_checks(canary, {}, SETTINGS)]

    assert [BrokenCheck, Check] == kinds


@pytest.mark.parametrize(
    ("namespace", "allowed"),
    [
        pytest.param(None, True, id="unset"),
        pytest.param("test", True, id="own"),
        pytest.param("shared", False, id="another"),
    ],
)
def test_templates_of_other_namespaces_can_be_forbidden(
    namespace: str | None, allowed: bool, make_canary: Any, make_template: Any
) -> None:
    settings = EngineSettings(no_cross_namespace_refs=True)
    canary = make_canary(
        {"name": "errors", "templateRef": {"name": "errors", "namespace": namespace}}
    )
    templates = {ERRORS: make_template(), ("shared", "errors"): make_template(namespace="shared")}

    (check,) = build_checks(canary, templates, settings)

    assert allowed is isinstance(check, Check)


def test_without_metrics_there_are_no_checks(make_canary: Any) -> None:
    assert build_checks(make_canary(), {}, SETTINGS) == ()
