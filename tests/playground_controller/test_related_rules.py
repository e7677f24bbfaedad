import json
from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.kinds.object_selectors import InvalidSelector, matches
from burgee.playground.metacontroller.envelope import InvalidHookAnswer
from burgee.playground.metacontroller.related_rules import InvalidRule, RelatedRule, decode_rules

NAMESPACES = {"t1": {"team": "a"}, "t2": {"team": "b"}}


def thing(namespace: str = "t1", name: str = "x", **labels: Any) -> Manifest:
    return {"metadata": {"namespace": namespace, "name": name, "labels": labels}}


def rule(**fields: Any) -> RelatedRule:
    return RelatedRule(api_version="v1", resource="configmaps", **fields)


def selected(a_rule: RelatedRule, manifest: Manifest, *, namespaced: bool = True) -> bool:
    a_rule.validate(namespaced=namespaced)
    return a_rule.selects(manifest, namespaced=namespaced, namespace_labels=NAMESPACES.get)


@pytest.mark.parametrize(
    ("a_rule", "manifest", "expected"),
    [
        pytest.param(rule(), thing("t9"), True, id="nothing: all in the cluster"),
        pytest.param(rule(label_selector={}), thing("t9"), True, id="empty selector: all"),
        pytest.param(rule(names={"x"}), thing("t9"), True, id="names alone: every namespace"),
        pytest.param(rule(names={"x"}), thing(name="y"), False, id="another name"),
        pytest.param(rule(namespace="t1"), thing(name="y"), True, id="namespace alone: all in it"),
        pytest.param(rule(namespace="t1"), thing("t2"), False, id="another namespace"),
        pytest.param(rule(namespace="t2", names={"x"}), thing("t2"), True, id="both"),
        pytest.param(rule(namespace="t2", names={"x"}), thing("t1"), False, id="both, elsewhere"),
        pytest.param(
            rule(namespace="t1", label_selector={"matchLabels": {"a": "1"}}),
            thing(a="1"),
            True,
            id="namespace and labels",
        ),
        pytest.param(
            rule(namespace="t1", label_selector={"matchLabels": {"a": "1"}}),
            thing("t2", a="1"),
            False,
            id="labels in another namespace",
        ),
        pytest.param(
            rule(namespace_selector={"matchLabels": {"team": "a"}}),
            thing("t1"),
            True,
            id="namespaceSelector",
        ),
        pytest.param(
            rule(namespace_selector={"matchLabels": {"team": "a"}}),
            thing("t2"),
            False,
            id="namespaceSelector of another team",
        ),
        pytest.param(
            rule(namespace_selector={"matchLabels": {"team": "a"}}),
            thing("gone"),
            False,
            id="a namespace that is not there",
        ),
        pytest.param(
            rule(namespace_selector={}, label_selector={"matchLabels": {"a": "1"}}),
            thing("t2", a="2"),
            False,
            id="both selectors must match",
        ),
    ],
)
def test_rule_table(a_rule: RelatedRule, manifest: Manifest, expected: Any) -> None:
    assert selected(a_rule, manifest) is expected


def test_a_cluster_scoped_kind_ignores_the_namespace_of_a_rule() -> None:
    node = {"metadata": {"name": "x"}}
    assert selected(rule(namespace="t1", names={"x"}), node, namespaced=False)


@pytest.mark.parametrize(
    ("a_rule", "namespaced"),
    [
        pytest.param(rule(names={"x"}, label_selector={}), True, id="names and labels"),
        pytest.param(rule(names={"x"}, namespace_selector={}), True, id="names and namespaces"),
        pytest.param(rule(namespace="t1", namespace_selector={}), True, id="namespace twice"),
        pytest.param(rule(namespace_selector={}), False, id="namespaces of a cluster's kind"),
    ],
)
def test_rules_that_are_refused(a_rule: RelatedRule, namespaced: bool) -> None:
    with pytest.raises(InvalidRule):
        a_rule.validate(namespaced=namespaced)


@pytest.mark.parametrize(
    ("expression", "labels", "expected"),
    [
        ({"operator": "In", "values": ["1"]}, {"k": "1"}, True),
        ({"operator": "In", "values": ["1"]}, {}, False),
        ({"operator": "NotIn", "values": ["helm"]}, {}, True),
        ({"operator": "NotIn", "values": ["helm"]}, {"k": "helm"}, False),
        ({"operator": "Exists"}, {"k": ""}, True),
        ({"operator": "DoesNotExist"}, {"k": ""}, False),
    ],
)
def test_selector_expressions(expression: Manifest, labels: dict[str, str], expected: Any) -> None:
    assert matches({"matchExpressions": [{"key": "k", **expression}]}, labels) is expected


@pytest.mark.parametrize(
    "expression",
    [{"operator": "In"}, {"operator": "Exists", "values": ["1"]}, {"operator": "Like"}],
)
def test_selector_expressions_that_are_refused(expression: Manifest) -> None:
    with pytest.raises(InvalidSelector):
        matches({"matchExpressions": [{"key": "k", **expression}]}, {})


def test_the_recorded_answer_is_read(recorded: Callable[[str], Manifest]) -> None:
    rules = decode_rules(json.dumps(recorded("customize-v2-response")).encode())
    assert [(r.resource, r.namespace, sorted(r.names)) for r in rules] == [
        ("deployments", "t1", ["podinfo"]),
        ("configmaps", "t1", ["podinfo-config"]),
        ("metrictemplates", "tmpl", ["m"]),
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        b"[]",
        b'{"relatedResources": {}}',
        b'{"relatedResources": [], "more": 1}',
        b'{"relatedResources": [{"resource": "x", "name": "y"}]}',
        b'{"relatedResources": [null]}',
    ],
)
def test_answers_that_are_refused(body: Any) -> None:
    with pytest.raises(InvalidHookAnswer):
        decode_rules(body)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"relatedResources": []}', b'{"relatedResources":null}']
)
def test_no_rules_is_fine(body: Any) -> None:
    assert decode_rules(body) == ()
