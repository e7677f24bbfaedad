from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.targets.deployment import (
    build_primary,
    primary_replicas,
    replicas_of,
)
from burgee.targets.naming import Names
from burgee.targets.primary import Blueprint, keep_workload
from burgee.targets.scheduling import rewrite_scheduling

NAMES = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="web")
ALLOWED = ("app", "name")


def build(
    target: Manifest,
    *,
    first: bool = True,
    observed: Manifest | None = None,
    settings: EngineSettings | None = None,
) -> Manifest:
    return build_primary(
        Blueprint(
            target=target,
            names=NAMES,
            revision="r7",
            flagger_id="id7",
            copied_names=(),
            settings=settings or EngineSettings(),
            first=first,
            observed=observed,
        )
    )


def with_metadata(target: Manifest) -> Manifest:
    target["metadata"] |= {
        "labels": {"app": "podinfo", "team": "a", "kustomize.toolkit.fluxcd.io/name": "x"},
        "annotations": {
            "owner": "me",
            "team/of": "a",
            "helm.toolkit.fluxcd.io/x": "y",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "deployment.kubernetes.io/revision": "3",
            "burgee.dev/revision": "old",
        },
    }
    return target


def test_created_primary_has_all_annotations_of_the_user(
    make_target: Callable[..., Manifest],
) -> None:
    built = build(with_metadata(make_target()))

    assert built["metadata"]["annotations"] == {
        "owner": "me",
        "team/of": "a",
        "burgee.dev/revision": "r7",
    }
    assert built["metadata"]["labels"] == {"app": "web-primary"}


def test_promoted_primary_has_allowed_metadata_only(make_target: Callable[..., Manifest]) -> None:
    settings = EngineSettings(include_label_prefix=("team",))
    built = build(with_metadata(make_target()), first=False, settings=settings)

    assert built["metadata"]["annotations"] == {"team/of": "a", "burgee.dev/revision": "r7"}
    assert built["metadata"]["labels"] == {"team": "a", "app": "web-primary"}


def test_all_prefixes_keep_bookkeeping_out(make_target: Callable[..., Manifest]) -> None:
    settings = EngineSettings(include_label_prefix=("*",))
    built = build(with_metadata(make_target()), first=False, settings=settings)

    assert {"owner", "team/of", "burgee.dev/revision"} == set(built["metadata"]["annotations"])


def test_pod_template_carries_the_id_and_the_primary_label(
    make_target: Callable[..., Manifest],
) -> None:
    target = make_target()
    target["spec"]["template"]["metadata"] = {
        "labels": {"app": "web", "tier": "front", "kustomize.toolkit.fluxcd.io/name": "x"},
        "annotations": {"a": "b", "flagger-id": "old", "kustomize.toolkit.fluxcd.io/x": "y"},
        "creationTimestamp": None,
    }

    assert build(target)["spec"]["template"]["metadata"] == {
        "labels": {"app": "web-primary", "tier": "front"},
        "annotations": {"a": "b", "flagger-id": "id7"},
    }


def test_rollout_settings_are_copied_and_replicas_never(
    make_target: Callable[..., Manifest],
) -> None:
    given_spec = {
        "strategy": {"type": "Recreate"},
        "minReadySeconds": 0,
        "revisionHistoryLimit": 2,
        "progressDeadlineSeconds": None,
        "replicas": 3,
        "paused": True,
    }
    spec = build(make_target(**given_spec))["spec"]

    assert {
        "strategy",
        "minReadySeconds",
        "revisionHistoryLimit",
        "selector",
        "template",
    } == set(spec)
    assert spec["selector"] == {"matchLabels": {"app": "web-primary"}}


def test_selector_of_an_existing_primary_stays(make_target: Callable[..., Manifest]) -> None:
    observed = {"spec": {"selector": {"matchLabels": {"name": "legacy-primary"}}}}

    assert (
        observed["spec"]["selector"] == build(make_target(), observed=observed)["spec"]["selector"]
    )


def test_target_without_a_template_gives_a_bare_primary() -> None:
    built = build({"metadata": {"name": "podinfo", "namespace": "test"}})

    assert built["spec"]["template"]["metadata"]["labels"] == {"app": "web-primary"}


def test_kept_primary_of_flagger_has_no_empty_metadata() -> None:
    kept = keep_workload(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "p", "namespace": "test"},
        }
    )

    assert kept["metadata"] == {"name": "p", "namespace": "test"}
    assert kept["spec"] == {}


def test_kept_primary_has_what_a_person_added() -> None:
    observed = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "p", "namespace": "test", "annotations": {"x": "y"}},
        "spec": {"replicas": 3, "paused": True},
    }
    kept = keep_workload(observed)

    assert kept["metadata"]["annotations"] == {"x": "y"}
    assert kept["spec"] == {"paused": True}


@pytest.mark.parametrize(("replicas", "result"), [(None, 1), (0, 0), (3, 3)])
def test_replicas_of_a_workload(replicas: int | None, result: Any) -> None:
    assert result == replicas_of({"spec": {"replicas": replicas}})
    assert max(result, 1) == primary_replicas({"spec": {"replicas": replicas}})


@pytest.mark.parametrize(
    ("selector", "rewritten"),
    [
        pytest.param(
            {"matchLabels": {"app": "podinfo", "tier": "podinfo"}},
            {"matchLabels": {"app": "podinfo-primary", "tier": "podinfo"}},
            id="allowed keys only",
        ),
        pytest.param(
            {"matchLabels": {"app": "web"}}, {"matchLabels": {"app": "web"}}, id="other value"
        ),
        pytest.param(
            {"matchExpressions": [{"key": "name", "values": ["a", "podinfo", "podinfo"]}]},
            {"matchExpressions": [{"key": "name", "values": ["a", "podinfo-primary", "podinfo"]}]},
            id="first value",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "tier", "values": ["podinfo"]}, {"key": "app"}]},
            {"matchExpressions": [{"key": "tier", "values": ["podinfo"]}, {"key": "app"}]},
            id="other key, no values",
        ),
        pytest.param({}, {}, id="everything"),
    ],
)
def test_rules_that_keep_pods_apart_are_rewritten(selector: Manifest, rewritten: Manifest) -> None:
    def pod_spec(found: Manifest) -> Manifest:
        term = {"topologyKey": "zone", "labelSelector": found}
        return {
            "topologySpreadConstraints": [{"maxSkew": 1, **term}],
            "affinity": {
                "nodeAffinity": {"n": 1},
                "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]},
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [term],
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 1, "podAffinityTerm": term}
                    ],
                },
            },
        }

    before = pod_spec(selector)
    expected = pod_spec(rewritten)
    expected["affinity"]["podAffinity"] = pod_spec(selector)["affinity"]["podAffinity"]

    assert expected == rewrite_scheduling(before, "podinfo", ALLOWED)
    assert pod_spec(selector) == before


@pytest.mark.parametrize(
    "pod_spec",
    [
        pytest.param({}, id="no rules"),
        pytest.param({"affinity": {"podAntiAffinity": {}}}, id="empty rules"),
        pytest.param({"affinity": {"podAntiAffinity": {"x": 1}}}, id="other rules"),
        pytest.param({"topologySpreadConstraints": [{"maxSkew": 1}]}, id="no selector"),
    ],
)
def test_pod_spec_without_rules_about_the_target_stays(pod_spec: Manifest) -> None:
    assert pod_spec == rewrite_scheduling(pod_spec, "podinfo", ALLOWED)


words = st.sampled_from(["app", "name", "podinfo", "web", "x.toolkit.fluxcd.io/y", "z"])
labels = st.dictionaries(words, words, max_size=4)
selectors = st.fixed_dictionaries(
    {},
    optional={
        "matchLabels": labels,
        "matchExpressions": st.lists(
            st.fixed_dictionaries({"key": words}, optional={"values": st.lists(words)}), max_size=2
        ),
    },
)
terms = st.lists(st.fixed_dictionaries({}, optional={"labelSelector": selectors}), max_size=2)
pod_specs = st.fixed_dictionaries(
    {},
    optional={
        "topologySpreadConstraints": terms,
        "affinity": st.fixed_dictionaries(
            {},
            optional={
                "podAntiAffinity": st.fixed_dictionaries(
                    {}, optional={"requiredDuringSchedulingIgnoredDuringExecution": terms}
                )
            },
        ),
        "volumes": st.lists(
            st.fixed_dictionaries({"name": words, "configMap": st.just({"name": "c"})}), max_size=2
        ),
    },
)
targets = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries(
            {"name": st.just("podinfo"), "namespace": st.just("test")},
            optional={"labels": labels, "annotations": labels},
        ),
        "spec": st.fixed_dictionaries(
            {
                "template": st.fixed_dictionaries(
                    {
                        "metadata": st.fixed_dictionaries(
                            {}, optional={"labels": labels, "annotations": labels}
                        ),
                        "spec": pod_specs,
                    }
                )
            },
            optional={"replicas": st.integers(0, 5), "minReadySeconds": st.integers(0, 9)},
        ),
    }
)


@given(target=targets, first=st.booleans(), copied=st.sampled_from([(), ("configmap/c",)]))
def test_built_primary_is_kept_as_it_is_and_the_target_untouched(
    target: Manifest, first: bool, copied: tuple[str, ...]
) -> None:
    before = deepcopy(target)
    built = build_primary(
        Blueprint(
            target=target,
            names=NAMES,
            revision="r",
            flagger_id="i",
            copied_names=copied,
            settings=EngineSettings(include_label_prefix=("*",)),
            first=first,
            observed=None,
        )
    )

    assert before == target
    assert built == keep_workload(built)
    assert "replicas" not in built["spec"]
    selected = built["spec"]["selector"]["matchLabels"].items()
    assert selected <= built["spec"]["template"]["metadata"]["labels"].items()
