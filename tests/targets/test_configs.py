from copy import deepcopy
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.configs import (
    ConfigRef,
    build_copies,
    changed,
    keep_copy,
    keyed,
    references,
    rewrite_references,
    tracked,
)


def config(name: str, kind: str = "ConfigMap", **more: object) -> Manifest:
    found = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "test"},
        "data": {"a": "MQ=="},
    }
    return {**found, **more}


def ref(name: str, kind: str = "ConfigMap", *, optional: bool = False) -> ConfigRef:
    return ConfigRef(kind=kind, name=name, optional=optional)


POD_SPEC = {
    "serviceAccountName": "me",
    "imagePullSecrets": [{"name": "pull"}],
    "volumes": [
        {"name": "a", "configMap": {"name": "c-volume", "optional": False}},
        {"name": "b", "secret": {"secretName": "s-volume"}},
        {
            "name": "c",
            "projected": {
                "defaultMode": 420,
                "sources": [
                    {"configMap": {"name": "c-projected"}},
                    {"secret": {"name": "s-projected", "optional": True}},
                    {"serviceAccountToken": {"path": "t"}},
                ],
            },
        },
        {"name": "d", "emptyDir": {}},
        {"name": "e", "projected": {}},
    ],
    "containers": [
        {
            "name": "app",
            "env": [
                {"name": "PLAIN", "value": "1"},
                {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c-env", "key": "k"}}},
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s-env", "key": "k"}}},
                {"name": "F", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "N", "valueFrom": {"configMapKeyRef": {"key": "nameless"}}},
            ],
            "envFrom": [{"configMapRef": {"name": "c-from"}}, {"secretRef": {"name": "s-from"}}],
        },
        {"name": "bare"},
    ],
    "initContainers": [{"name": "init", "envFrom": [{"configMapRef": {"name": "c-init"}}]}],
    "ephemeralContainers": [{"name": "x", "envFrom": [{"configMapRef": {"name": "c-debug"}}]}],
}


def test_references_are_found_in_every_place() -> None:
    found = references({"spec": POD_SPEC}, tracking_enabled=True)

    assert [
        ref("c-volume"),
        ref("s-volume", "Secret"),
        ref("c-projected"),
        ref("s-projected", "Secret", optional=True),
        ref("c-env"),
        ref("s-env", "Secret"),
        ref("c-from"),
        ref("s-from", "Secret"),
        ref("c-init"),
    ] == list(found)
    assert (found[0].key, found[1].key) == ("configmap/c-volume", "secret/s-volume")


def test_nothing_is_referenced_where_tracking_is_off() -> None:
    assert references({"spec": POD_SPEC}, tracking_enabled=False) == ()


@pytest.mark.parametrize("template", [{}, {"spec": None}, {"spec": {"containers": []}}])
def test_template_without_references_has_none(template: Manifest) -> None:
    assert references(template, tracking_enabled=True) == ()


@pytest.mark.parametrize(("first", "last"), [(True, False), (False, True)])
def test_last_place_decides_whether_a_reference_is_optional(first: bool, last: bool) -> None:
    sources = [{"configMapRef": {"name": "c", "optional": it}} for it in (first, last)]
    template = {"spec": {"containers": [{"name": "app", "envFrom": sources}]}}

    assert (ref("c", optional=last),) == references(template, tracking_enabled=True)


def test_only_copied_references_are_rewritten() -> None:
    before = deepcopy(POD_SPEC)
    copied = {"configmap/c-volume", "secret/s-projected", "configmap/c-init", "secret/c-env"}
    found = rewrite_references(POD_SPEC, copied)

    assert before == POD_SPEC
    assert found["volumes"][0]["configMap"] == {"name": "c-volume-primary", "optional": False}
    assert found["volumes"][1]["secret"]["secretName"] == "s-volume"
    assert (
        found["volumes"][2]["projected"]["sources"][1]["secret"]["name"] == "s-projected-primary"
    )
    assert found["initContainers"][0]["envFrom"][0] == {"configMapRef": {"name": "c-init-primary"}}
    assert POD_SPEC["containers"] == found["containers"]
    assert POD_SPEC["ephemeralContainers"] == found["ephemeralContainers"]


def test_pod_spec_without_copies_stays_as_it_is() -> None:
    assert rewrite_references(POD_SPEC, ()) == POD_SPEC


def annotated(value: Any) -> Manifest:
    metadata = {"name": "x", "annotations": {"flagger.app/config-tracking": value}}
    return config("x", metadata=metadata)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        pytest.param(config("x"), True, id="config map"),
        pytest.param(config("x", "Secret"), True, id="secret without type"),
        pytest.param(config("x", "Secret", type="Opaque"), True, id="opaque"),
        pytest.param(
            config("x", "Secret", type="kubernetes.io/basic-auth"), True, id="basic auth"
        ),
        pytest.param(config("x", "Secret", type="kubernetes.io/ssh-auth"), True, id="ssh"),
        pytest.param(config("x", "Secret", type="kubernetes.io/tls"), True, id="tls"),
        pytest.param(config("x", "Secret", type="kubernetes.io/dockercfg"), False, id="registry"),
        pytest.param(annotated("disabled"), False, id="disabled"),
        pytest.param(annotated("disable-please"), False, id="starts with disable"),
        pytest.param(annotated("enabled"), True, id="enabled"),
        pytest.param(annotated(""), True, id="empty annotation"),
    ],
)
def test_object_counts_by_type_and_annotation(found: Manifest, counts: bool) -> None:
    sums = tracked([ref("x", found["kind"])], keyed([found]))

    assert counts is bool(sums)


def test_missing_optional_object_is_not_tracked() -> None:
    refs = [ref("gone", optional=True), ref("here")]

    assert list(tracked(refs, keyed([config("here")]))) == ["configmap/here"]


def test_missing_object_is_the_users_mistake() -> None:
    with pytest.raises(InvalidCanary, match="Secret gone does not exist") as caught:
        tracked([ref("gone", "Secret")], keyed([config("gone")]))

    assert caught.value.reason == "ConfigMissing"


@pytest.mark.parametrize(
    ("previous", "current", "result"),
    [
        pytest.param(None, {}, False, id="never tracked, nothing to track"),
        pytest.param(None, {"configmap/a": "1"}, True, id="never tracked"),
        pytest.param({}, {}, False, id="nothing"),
        pytest.param({}, {"configmap/a": "1"}, True, id="one more"),
        pytest.param({"configmap/a": "1"}, {}, True, id="one less"),
        pytest.param({"configmap/a": "1"}, {"configmap/a": "1"}, False, id="the same"),
        pytest.param({"configmap/a": "1"}, {"configmap/a": "2"}, True, id="another sum"),
        pytest.param({"configmap/a": "1"}, {"configmap/b": "1"}, True, id="another name"),
    ],
)
def test_change_of_tracked_configuration(
    previous: dict[str, str] | None, current: dict[str, str], result: Any
) -> None:
    assert result is changed(previous, current)


def test_copy_has_allowed_labels_and_all_content() -> None:
    found = config(
        "c",
        metadata={
            "name": "c",
            "namespace": "test",
            "uid": "u",
            "labels": {"app": "x", "team": "a", "kustomize.toolkit.fluxcd.io/name": "n"},
            "annotations": {"a": "b"},
        },
        binaryData={"b": "AAEC"},
        immutable=True,
    )
    before = deepcopy(found)
    settings = EngineSettings(include_label_prefix=("te", "kustomize"))
    (copy,) = build_copies(["configmap/c"], keyed([found]), settings)

    assert before == found
    assert copy == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c-primary", "namespace": "test", "labels": {"team": "a"}},
        "data": {"a": "MQ=="},
        "binaryData": {"b": "AAEC"},
    }


@pytest.mark.parametrize(
    ("prefixes", "kept"),
    [
        pytest.param((), set(), id="none"),
        pytest.param(("",), set(), id="an empty one"),
        pytest.param(("*",), {"app", "team"}, id="all"),
        pytest.param(("x", "app"), {"app"}, id="one of two"),
    ],
)
def test_label_prefixes(prefixes: tuple[str, ...], kept: set[str]) -> None:
    labels = {"app": "x", "team": "a", "helm.toolkit.fluxcd.io/name": "n"}
    found = config("c", metadata={"name": "c", "namespace": "test", "labels": labels})
    settings = EngineSettings(include_label_prefix=prefixes)
    (copy,) = build_copies(["configmap/c"], keyed([found]), settings)

    assert kept == set(copy["metadata"].get("labels", {}))


def test_kept_copy_has_what_was_edited_but_nothing_of_the_server() -> None:
    observed = config(
        "s-primary",
        "Secret",
        type="Opaque",
        metadata={
            "name": "s-primary",
            "namespace": "test",
            "uid": "u",
            "resourceVersion": "4",
            "labels": {"controller-uid": "u", "team": "a"},
            "ownerReferences": [{"uid": "u"}],
        },
        data={"a": "ZWRpdGVk"},
    )

    assert keep_copy(observed) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s-primary", "namespace": "test", "labels": {"team": "a"}},
        "type": "Opaque",
        "data": {"a": "ZWRpdGVk"},
    }
