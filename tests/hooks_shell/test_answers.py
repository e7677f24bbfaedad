"""The serializer: every rule by a table, and a property over whatever it lets through."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.errors import InvalidAnswer
from hooks.answers import customize_answer, finalize_answer, sync_answer

PARENT = {
    "apiVersion": "flagger.app/v1beta1",
    "kind": "Canary",
    "metadata": {"name": "app", "namespace": "t", "uid": "u-1"},
}
STATUS = {"phase": "Progressing", "canaryWeight": 10}


def child(kind: str = "Deployment", api_version: str = "apps/v1", **meta: Any) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "app-primary", "namespace": "t", **meta},
    }


def test_a_sync_answer_has_exactly_the_three_fields() -> None:
    answer = sync_answer(PARENT, status=STATUS, children=[child()], resync_after_seconds=2.5)

    assert json.loads(answer) == {
        "status": STATUS,
        "children": [child()],
        "resyncAfterSeconds": 2.5,
    }


@pytest.mark.parametrize(
    ("given_seconds", "sent"), [(None, 0.0), (0, 0.0), (7, 7.0), (0.25, 0.25)]
)
def test_when_to_be_asked_again_is_always_said(given_seconds: float | None, sent: float) -> None:
    answer = sync_answer(PARENT, status=STATUS, children=[], resync_after_seconds=given_seconds)

    assert json.loads(answer)["resyncAfterSeconds"] == sent


@pytest.mark.parametrize("finalized", [True, False])
def test_a_finalize_answer_says_whether_it_is_done(finalized: bool) -> None:
    answer = finalize_answer(PARENT, status=STATUS, children=(), finalized=finalized)

    assert json.loads(answer) == {
        "status": STATUS,
        "children": [],
        "resyncAfterSeconds": 0.0,
        "finalized": finalized,
    }


def test_whole_floats_in_a_status_are_sent_as_the_api_server_stores_them() -> None:
    status = {"a": 7.0, "b": [1.5, {"c": -0.0}], "d": (100.0,), "e": True, "f": 1e22}

    answer = sync_answer(PARENT, status=status, children=[])

    assert (
        b'"status":{"a":7,"b":[1.5,{"c":0}],"d":[100],"e":true,"f":10000000000000000000000}'
        in (answer)
    )


def test_text_is_sent_as_utf_8() -> None:
    assert "größer".encode() in sync_answer(PARENT, status={"message": "größer"}, children=[])


@pytest.mark.parametrize(
    ("status", "children", "resync", "says"),
    [
        pytest.param({}, [], None, "status", id="empty status"),
        pytest.param(None, [], None, "status", id="no status"),
        pytest.param([1], [], None, "status", id="status is a list"),
        pytest.param(STATUS, None, None, "no list", id="no children"),
        pytest.param(STATUS, {"a": child()}, None, "no list", id="children by name"),
        pytest.param(STATUS, "x", None, "no list", id="children are text"),
        pytest.param(STATUS, [None], None, "child 0 is no object", id="null child"),
        pytest.param(STATUS, [child(), 7], None, "child 1 is no object", id="a number"),
        pytest.param(STATUS, [{**child(), "kind": ""}], None, "no kind", id="no kind"),
        pytest.param(STATUS, [{**child(), "apiVersion": None}], None, "no apiVersion", id="null"),
        pytest.param(
            STATUS,
            [{"apiVersion": "v1", "kind": "Service"}],
            None,
            "no metadata",
            id="no metadata",
        ),
        pytest.param(STATUS, [child(name="")], None, "no metadata.name", id="no name"),
        pytest.param(STATUS, [child(name=7)], None, "no metadata.name", id="name is a number"),
        pytest.param(STATUS, [child(namespace="")], None, "metadata.namespace", id="no namespace"),
        pytest.param(STATUS, [child(namespace="u")], None, "another namespace", id="elsewhere"),
        pytest.param(STATUS, [child(), child()], None, "twice", id="twice"),
        pytest.param(
            STATUS,
            [
                child("HorizontalPodAutoscaler", "autoscaling/v2"),
                child("HorizontalPodAutoscaler", "autoscaling/v1"),
            ],
            None,
            "twice",
            id="twice in two versions",
        ),
        pytest.param(
            STATUS,
            [child(labels={"controller-uid": "u-2"})],
            None,
            "another controller-uid",
            id="label of another parent",
        ),
        pytest.param(STATUS, [child(labels=["a"])], None, "labels", id="labels are a list"),
        pytest.param(STATUS, [child(resourceVersion="1")], None, "resourceVersion", id="version"),
        pytest.param(
            STATUS, [child(managedFields=[])], None, "managedFields", id="managed fields"
        ),
        pytest.param(STATUS, [child(uid="x")], None, "metadata.uid", id="uid"),
        pytest.param(STATUS, [{**child(), "status": {}}], None, "a status", id="child status"),
        pytest.param(
            STATUS, [{**child(), "spec": {"replicas": 2}}], None, "replicas", id="replicas"
        ),
        pytest.param(
            STATUS,
            [{**child("StatefulSet"), "spec": {"replicas": None}}],
            None,
            "replicas",
            id="null replicas",
        ),
        pytest.param(STATUS, [], -1, "negative", id="negative"),
        pytest.param(STATUS, [], math.nan, "not finite", id="nan"),
        pytest.param(STATUS, [], math.inf, "not finite", id="infinite"),
        pytest.param(STATUS, [], "7", "no number", id="text"),
        pytest.param(STATUS, [], True, "no number", id="boolean"),
        pytest.param({"a": math.nan}, [], None, "no JSON", id="nan in the status"),
        pytest.param({"a": {1, 2}}, [], None, "no JSON", id="a set"),
        pytest.param({"a": "\ud800"}, [], None, "no JSON", id="half a character"),
        pytest.param(STATUS, [{**child(), "x": math.inf}], None, "no JSON", id="inf in a child"),
    ],
)
def test_what_breaks_a_rule_does_not_leave(
    status: Any, children: Any, resync: Any, says: str
) -> None:
    with pytest.raises(InvalidAnswer, match=says):
        sync_answer(PARENT, status=status, children=children, resync_after_seconds=resync)
    with pytest.raises(InvalidAnswer, match=says):
        finalize_answer(
            PARENT, status=status, children=children, finalized=False, resync_after_seconds=resync
        )


def test_a_value_is_not_quoted_when_it_cannot_be_sent() -> None:
    secret = {**child("Secret", "v1"), "data": {"p": b"S3CRET"}}

    with pytest.raises(InvalidAnswer) as caught:
        sync_answer(PARENT, status=STATUS, children=[secret])

    assert "S3CRET" not in str(caught.value)


@pytest.mark.parametrize("finalized", [None, 1, "true"])
def test_finalized_is_a_boolean(finalized: Any) -> None:
    with pytest.raises(InvalidAnswer, match="finalized"):
        finalize_answer(PARENT, status=STATUS, children=[], finalized=finalized)


@pytest.mark.parametrize(
    "fine",
    [
        pytest.param([child(), child("DaemonSet")], id="same name, other kind"),
        pytest.param([child(), child(name="other")], id="same kind, other name"),
        pytest.param([child(labels={"controller-uid": "u-1"})], id="its own label"),
        pytest.param([child(labels=None)], id="null labels"),
        pytest.param(
            [{**child("HorizontalPodAutoscaler", "autoscaling/v2"), "spec": {"replicas": 1}}],
            id="replicas of something that has none of its own",
        ),
        pytest.param(
            [child("Ingress", "networking.k8s.io/v1"), child("Ingress", "example.com/v1")],
            id="same kind, other group",
        ),
    ],
)
def test_what_only_looks_wrong_leaves(fine: Any) -> None:
    assert json.loads(sync_answer(PARENT, status=STATUS, children=fine))["children"] == fine


RULE = {"apiVersion": "v1", "resource": "secrets", "namespace": "t", "names": ["a"]}


def test_rules_leave_as_they_are() -> None:
    by_label = {
        "apiVersion": "apps/v1",
        "resource": "deployments",
        "namespace": "t",
        "labelSelector": {"matchLabels": {"app": "a"}},
    }

    assert json.loads(customize_answer([RULE, by_label])) == {"relatedResources": [RULE, by_label]}
    assert json.loads(customize_answer(())) == {"relatedResources": []}


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        pytest.param(None, "no object", id="null"),
        pytest.param({**RULE, "namespace": ""}, "no namespace", id="the whole cluster"),
        pytest.param({**RULE, "resource": None}, "no resource", id="no resource"),
        pytest.param({**RULE, "names": []}, "list of names", id="the whole namespace"),
        pytest.param({**RULE, "names": ["a", ""]}, "list of names", id="an empty name"),
        pytest.param({**RULE, "names": ["a", "a"]}, "list of names", id="a name twice"),
        pytest.param({**RULE, "names": "abc"}, "list of names", id="names are text"),
        pytest.param({**RULE, "labelSelector": {"matchLabels": {}}}, "either", id="both"),
        pytest.param(
            {"apiVersion": "v1", "resource": "secrets", "namespace": "t"}, "either", id="neither"
        ),
        pytest.param(
            {"apiVersion": "v1", "resource": "pods", "namespace": "t", "labelSelector": {}},
            "empty labelSelector",
            id="an empty selector",
        ),
        pytest.param({**RULE, "namespaceSelector": {}}, "unknown", id="unknown field"),
    ],
)
def test_a_rule_that_selects_too_much_does_not_leave(rule: Any, says: str) -> None:
    with pytest.raises(InvalidAnswer, match=says):
        customize_answer([RULE, rule])


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["a", "b", "", None, 3])
METADATA = st.fixed_dictionaries(
    {"name": NAMES, "namespace": st.sampled_from(["t", "t", "t", "u", ""])},
    optional={
        "labels": st.none()
        | st.dictionaries(st.just("controller-uid"), st.sampled_from(["u-1", "x"])),
        "resourceVersion": st.text(max_size=2),
    },
)
CHILDREN = st.none() | st.fixed_dictionaries(
    {
        "apiVersion": st.sampled_from(["v1", "apps/v1", "", None]),
        "kind": st.sampled_from(["Deployment", "Service", "StatefulSet", ""]),
        "metadata": METADATA | SCALARS,
    },
    optional={
        "spec": st.fixed_dictionaries({}, optional={"replicas": SCALARS, "x": VALUES}),
        "status": VALUES,
    },
)

GOOD = st.builds(
    lambda name, kind, spec: {**child(kind, "v1", name=name), "spec": spec},
    st.text("abc", min_size=1, max_size=3),
    st.sampled_from(["Deployment", "Service"]),
    st.dictionaries(st.sampled_from(["x", "y"]), st.integers() | st.text(max_size=2)),
)


@given(
    status=st.dictionaries(st.text(max_size=3), VALUES, max_size=3),
    children=st.lists(GOOD, max_size=4) | st.lists(GOOD | CHILDREN, max_size=3),
    resync=st.none() | st.floats() | st.integers(),
)
def test_whatever_leaves_keeps_the_contract(status: Any, children: Any, resync: Any) -> None:
    try:
        answer = sync_answer(PARENT, status=status, children=children, resync_after_seconds=resync)
    except InvalidAnswer:
        return

    sent = json.loads(answer, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert set(sent) == {"status", "children", "resyncAfterSeconds"}
    assert sent["status"]
    assert sent["resyncAfterSeconds"] >= 0
    assert len(sent["children"]) == len(children)
    keys = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in sent["children"]]
    assert len(set(keys)) == len(keys)
    for one in sent["children"]:
        assert one["apiVersion"]
        assert one["kind"]
        assert one["metadata"]["name"]
        assert one["metadata"]["namespace"] == "t"
        assert "resourceVersion" not in one["metadata"]
        assert (one["metadata"].get("labels") or {}).get("controller-uid", "u-1") == "u-1"
        assert "status" not in one
        assert one["kind"] == "Service" or "replicas" not in one.get("spec", {})
