"""The comparison finds what it should: what it lets through is let through by the table."""

from collections.abc import Mapping
from typing import Any

import pytest
from conformance.contract import ABSENT, Difference, Point, aligned, collapsed, differences, points
from conformance.excuses import Excuse
from conformance.normal import canonical, masked, plain
from conformance.play import Outcome
from conformance.record import Call, Record
from conformance.scenario import Expected, hurried

OWNED = {"labels": {"controller-uid": "1"}}


def route(weight: int, **head: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": head}, "spec": {"weight": weight}}


def service(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "app", "namespace": "n", "uid": "1", "labels": {"app": "app"}},
        "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80}], **spec},
        "status": {"loadBalancer": {}},
    }


def outcome(live: Mapping[tuple[str, str], Any] | None = None) -> Outcome:
    record = Record("n", "app")
    record.statuses += [{}, {"phase": "Initialized"}, {"phase": "Failed", "canaryWeight": 5}]
    record.calls += [Call(path="gate", phase="Progressing", code=403)]
    objects = {("Service", "app"): service()} if live is None else live
    return Outcome(
        problem="", record=record, words={}, users=frozenset(), snapshots={"final": objects}
    )


def flagger(**other: Any) -> Expected:
    same: dict[str, Any] = {
        "phases": ["", "Initialized", "Failed"],
        "weights": [0, 5],
        "routes": {},
        "snapshots": {
            "final": {"Service/app": {"metadata": {"labels": {"app": "app"}}, "spec": SPEC}}
        },
        "webhooks": [["gate", "Progressing", 403]],
    }
    return Expected(**{**same, **other})


SPEC = {"ports": [{"port": 80}]}


def found(expected: Expected, done: Outcome) -> list[tuple[str, str]]:
    return [
        (one.point, one.path) for point in points(expected, done) for one in differences(point)
    ]


def test_what_is_the_same_has_no_difference() -> None:
    assert found(flagger(), outcome()) == []


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        pytest.param({"phases": ["", "Initialized"]}, ("phases", ""), id="a phase"),
        pytest.param({"weights": [0, 10]}, ("weights", "1"), id="a weight"),
        pytest.param({"webhooks": []}, ("webhooks", ""), id="a call"),
        pytest.param(
            {"webhooks": [["gate", "Progressing", 200]]}, ("webhooks", "0.2"), id="an answer"
        ),
        pytest.param(
            {"routes": {"VirtualService/app": [route(5)]}},
            ("route VirtualService/app 1", ""),
            id="a state of a route",
        ),
        pytest.param(
            {"snapshots": {"final": {}}}, ("final Service/app", ""), id="one object too many"
        ),
        pytest.param(
            {"snapshots": {"final": {"Service/app": {"metadata": OWNED, "spec": SPEC}}}},
            ("final Service/app", "metadata.labels.controller-uid"),
            id="a label",
        ),
        pytest.param(
            {"snapshots": {"final": {"Service/app": {"spec": {"ports": [{"port": 81}]}}}}},
            ("final Service/app", "spec.ports.0.port"),
            id="a port",
        ),
    ],
)
def test_every_part_of_the_contract_is_looked_at(
    other: dict[str, Any], difference: tuple[str, str]
) -> None:
    assert difference in found(flagger(**other), outcome())


def test_an_object_that_is_missing_is_found() -> None:
    assert found(flagger(), outcome({})) == [("final Service/app", "")]


def test_the_users_own_configuration_is_not_compared() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    done = outcome({("Service", "app"): service(), ("ConfigMap", "c"): config})
    assert found(flagger(), done) == [("final ConfigMap/c", "")]
    of_user = Outcome(
        problem="",
        record=done.record,
        words={},
        users=frozenset({("ConfigMap", "c")}),
        snapshots=done.snapshots,
    )
    assert found(flagger(), of_user) == []


def test_a_state_that_only_one_had_stands_alone() -> None:
    noted = route(5, note="x")
    assert aligned([route(0), route(5)], [route(0), route(5), noted]) == [
        (route(0), route(0)),
        (route(5), route(5)),
        (ABSENT, noted),
    ]
    assert aligned([route(0), noted], [route(0), route(5)]) == [
        (route(0), route(0)),
        (noted, route(5)),
    ]


@pytest.mark.parametrize(
    ("calls", "shorter"),
    [("ABCBCBCD", "ABCD"), ("AAAB", "AB"), ("ABAC", "ABAC"), ("", "")],
)
def test_immediate_repeats_are_one(calls: str, shorter: str) -> None:
    assert "".join(collapsed(calls)) == shorter


@pytest.mark.parametrize(
    ("change", "covered"),
    [
        pytest.param({}, True, id="as it is"),
        pytest.param({"scenario": "gloo-*"}, False, id="another scenario"),
        pytest.param({"point": "final *"}, False, id="another moment"),
        pytest.param({"path": "metadata.labels.b"}, False, id="another path"),
        pytest.param({"flagger": ABSENT}, True, id="what Flagger has"),
        pytest.param({"burgee": "2"}, False, id="another value"),
    ],
)
def test_a_row_covers_what_it_says(change: dict[str, Any], covered: bool) -> None:
    said = {"scenario": "istio-*", "point": "initialized *", "path": "metadata.labels.*"}
    row = Excuse(documented="", reason="", **{**said, **change})
    one = Difference(
        point="initialized Service/app", path="metadata.labels.a", flagger=ABSENT, burgee="1"
    )
    assert row.covers("istio-tcp", one) is covered


def test_objects_are_shown_without_what_the_server_gives_them() -> None:
    assert plain(service(ipFamilies=["IPv4"])) == {
        "metadata": {"labels": {"app": "app"}},
        "spec": {"ports": [{"port": 80}]},
    }
    assert plain(service(clusterIP="None"))["spec"]["clusterIP"] == "None"


def test_what_changes_from_run_to_run_is_masked() -> None:
    said = {"flagger-id": "4f", "host": "http://127.0.0.1:4/wh/n1/a", "cookie": "c=abc; Max-Age=1"}
    words = {"{{hook}}": "http://127.0.0.1:4/wh/n1", "{{ns}}": "n1"}
    assert masked(said, words, ["abc"]) == {
        "flagger-id": "<id>",
        "host": "{{hook}}/a",
        "cookie": "c=<cookie1>; Max-Age=1",
    }


def test_order_counts_only_where_it_means_something() -> None:
    assert canonical({"ports": [2, 1], "rules": [2, 1], "none": None, "empty": {}}) == {
        "ports": [1, 2],
        "rules": [2, 1],
    }


def test_a_point_that_is_missing_is_compared_leaf_by_leaf() -> None:
    point = Point(name="x", section="spec", flagger={"a": {"b": 1}}, burgee={})
    assert [(d.path, d.flagger, d.burgee) for d in differences(point)] == [("spec.a.b", 1, ABSENT)]


def test_intervals_of_analysis_are_hurried_and_those_of_queries_are_not() -> None:
    analysis = {"interval": "2s", "metrics": [{"interval": "1m"}]}
    assert hurried([{"analysis": analysis}], 4) == [
        {"analysis": {"interval": "500ms", "metrics": [{"interval": "1m"}]}}
    ]
