from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import kubernetes_validate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.daemonset import SCALE_TO_ZERO, DaemonSetKind
from burgee.targets.naming import Names
from burgee.targets.primary import Blueprint
from burgee.targets.readiness import NotReady, Readiness, Ready
from burgee.targets.scaling import WorkloadPatch

KIND = DaemonSetKind()
NAMES = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="web")
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
AT_ZERO = {SCALE_TO_ZERO: "true"}

selectors = st.dictionaries(st.sampled_from(["disk", "zone", "a/b"]), st.text("xy", max_size=2))


def daemonset(pod_spec: Manifest | None = None, **spec: object) -> Manifest:
    container = {"name": "app", "image": "registry.test/podinfo:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "podinfo", "namespace": "test", "labels": {"app": "web"}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [container], **(pod_spec or {})},
            },
            **spec,
        },
    }


def build(target: Manifest, observed: Manifest | None = None, *, first: bool = True) -> Manifest:
    return KIND.build_primary(
        Blueprint(
            target=target,
            names=NAMES,
            revision="r7",
            flagger_id="id7",
            copied_names=("configmap/settings",),
            settings=EngineSettings(),
            first=first,
            observed=observed,
        )
    )


def merged(old: Any, patch: Any) -> Any:
    """A JSON merge patch, as an API server applies it."""
    if not isinstance(patch, dict):
        return patch
    new = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = merged(new.get(key), value)
    return new


def test_primary_is_a_daemonset_without_replicas() -> None:
    volumes = [{"name": "c", "configMap": {"name": "settings"}}]
    target = daemonset(
        {"volumes": volumes},
        minReadySeconds=5,
        updateStrategy={"type": "RollingUpdate"},
        revisionHistoryLimit=3,
    )
    built = build(target)

    assert built["metadata"] == {
        "name": "podinfo-primary",
        "namespace": "test",
        "labels": {"app": "web-primary"},
        "annotations": {"burgee.dev/revision": "r7"},
    }
    assert {k: v for k, v in built["spec"].items() if k != "template"} == {
        "minReadySeconds": 5,
        "updateStrategy": {"type": "RollingUpdate"},
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": {"app": "web-primary"}},
    }
    template = built["spec"]["template"]
    assert template["metadata"] == {
        "labels": {"app": "web-primary"},
        "annotations": {"flagger-id": "id7"},
    }
    assert template["spec"]["volumes"] == [
        {"name": "c", "configMap": {"name": "settings-primary"}}
    ]
    assert KIND.revision_of(built) == "r7"
    kubernetes_validate.validate(built, "1.37", strict=True)


def test_rules_about_other_pods_are_copied_as_they_are() -> None:
    term = {"labelSelector": {"matchLabels": {"app": "podinfo"}}, "topologyKey": "zone"}
    apart = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}

    built = build(daemonset({"affinity": apart}))

    assert built["spec"]["template"]["spec"]["affinity"] == apart


def test_primary_keeps_the_selector_that_it_has() -> None:
    observed = {"spec": {"selector": {"matchLabels": {"app": "old"}}}}

    assert build(daemonset(), observed)["spec"]["selector"] == {"matchLabels": {"app": "old"}}


@pytest.mark.parametrize("target", [{"metadata": {"name": "p"}}, {"spec": {"template": {}}}])
def test_what_is_missing_counts_as_empty(target: Manifest) -> None:
    assert build(target)["spec"]["template"]["spec"] == {}
    assert not KIND.is_scaled_to_zero(target)
    KIND.check(target)


@given(selector=selectors)
def test_scaling_to_zero_and_back_is_no_new_revision(selector: dict[str, str]) -> None:
    running = daemonset({"nodeSelector": selector} if selector else {})
    before = deepcopy(running)
    down = KIND.scale_to_zero(running)
    assert down is not None
    stopped = merged(running, down.patch)
    back = KIND.scale_from_zero(stopped, None, None)
    assert back is not None

    assert KIND.is_scaled_to_zero(stopped)
    assert not KIND.is_scaled_to_zero(running)
    assert stopped["spec"]["template"]["spec"]["nodeSelector"] == {**selector, **AT_ZERO}
    assert KIND.template_hash(running) == KIND.template_hash(stopped)
    assert build(running) == build(stopped)
    again = merged(stopped, back.patch)
    assert KIND.template_hash(running) == KIND.template_hash(again)
    assert again["spec"]["template"]["spec"].get("nodeSelector", {}) == selector
    assert before == running


@given(selector=selectors, first=st.booleans())
def test_kept_primary_daemonset_is_a_fixed_point(selector: dict[str, str], first: bool) -> None:
    built = build(daemonset({"nodeSelector": selector}), first=first)
    served = deepcopy(built)
    served["metadata"] |= {"uid": "u", "resourceVersion": "7", "generation": 2}
    served["metadata"]["labels"]["controller-uid"] = "u"
    served["metadata"]["annotations"]["deprecated.daemonset.template.generation"] = "2"
    served["status"] = {"numberReady": 3}

    assert built == KIND.keep(served)
    assert built == KIND.keep(built)
    assert built == build(daemonset({"nodeSelector": selector}), served, first=first)


def test_scaling_is_asked_for_only_where_it_changes_something() -> None:
    running, stopped = daemonset(), daemonset({"nodeSelector": AT_ZERO})

    assert KIND.scale_to_zero(stopped) is None
    assert KIND.scale_from_zero(running, None, 3) is None
    assert KIND.replicas(running) is None
    assert KIND.config_template(running) == running["spec"]["template"]
    assert KIND.primary_key(NAMES) == ("DaemonSet", "podinfo-primary")
    assert KIND.canary_key(NAMES) is None


def test_scaling_to_zero_is_tied_to_the_version_that_was_seen() -> None:
    target = daemonset()
    target["metadata"]["resourceVersion"] = "41"
    template = {"spec": {"nodeSelector": AT_ZERO}}

    assert KIND.scale_to_zero(target) == WorkloadPatch(
        patch={"metadata": {"resourceVersion": "41"}, "spec": {"template": template}}
    )


def test_another_image_is_another_revision_also_at_zero() -> None:
    stopped = daemonset({"nodeSelector": AT_ZERO})
    changed = deepcopy(stopped)
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.test/podinfo:2"

    assert KIND.template_hash(stopped) != KIND.template_hash(changed)


@pytest.mark.parametrize("strategy", [None, {}, {"type": ""}, {"type": "RollingUpdate"}])
def test_a_daemonset_that_rolls_is_accepted(strategy: Any) -> None:
    KIND.check(daemonset(updateStrategy=strategy))


def test_a_daemonset_that_is_updated_by_hand_is_refused() -> None:
    with pytest.raises(InvalidCanary, match="RollingUpdate, not OnDelete") as caught:
        KIND.check(daemonset(updateStrategy={"type": "OnDelete"}))

    assert caught.value.reason == "UnsupportedTarget"


def rollout(generation: int = 3, **counts: int) -> Manifest:
    status = {
        "observedGeneration": 3,
        "desiredNumberScheduled": 4,
        "updatedNumberScheduled": 4,
        "numberAvailable": 4,
        **counts,
    }
    return {"metadata": {"name": "podinfo", "generation": generation}, "status": status}


def readiness(found: Manifest, *, threshold: int = 100, waited_seconds: int = 0) -> Readiness:
    return KIND.readiness(
        found,
        threshold_percent=threshold,
        deadline_seconds=60,
        now=NOW,
        since=NOW - timedelta(seconds=waited_seconds),
    )


@pytest.mark.parametrize(
    ("found", "message"),
    [
        pytest.param(rollout(), None, id="all"),
        pytest.param(
            rollout(updatedNumberScheduled=3), "3 of 4 pods run the new revision", id="updating"
        ),
        pytest.param(
            rollout(numberAvailable=3), "3 of 4 pods are available (100% of 4)", id="unavailable"
        ),
        pytest.param(rollout(desiredNumberScheduled=0), "no node is to run its pods", id="none"),
    ],
)
@pytest.mark.parametrize("waited_seconds", [0, 60, 61])
def test_rollout_of_a_daemonset(found: Manifest, message: Any, waited_seconds: int) -> None:
    late = waited_seconds > 60
    text = f"{message}; not ready for more than 60 seconds" if late else message
    expected = NotReady(retriable=not late, message=text) if message else Ready()

    assert readiness(found, waited_seconds=waited_seconds) == expected


@pytest.mark.parametrize("found", [rollout(generation=4), {"metadata": {"generation": 1}}])
def test_a_spec_that_was_not_acted_on_can_always_be_waited_for(found: Manifest) -> None:
    message = "its newest spec has not been acted on yet"

    assert readiness(found, waited_seconds=600) == NotReady(retriable=True, message=message)


@pytest.mark.parametrize(("threshold", "enough"), [(100, 4), (75, 3), (70, 2), (0, 0)])
def test_threshold_is_a_share_of_the_nodes(threshold: int, enough: int) -> None:
    assert readiness(rollout(numberAvailable=enough), threshold=threshold) == Ready()
    if enough:
        short = readiness(rollout(numberAvailable=enough - 1), threshold=threshold)
        assert isinstance(short, NotReady)


def test_services_select_the_pods_of_both_sides(make_canary: Callable[..., Any]) -> None:
    found = KIND.services(make_canary(), NAMES, daemonset(), {})

    assert [s["metadata"]["name"] for s in found.backends] == ["podinfo-canary", "podinfo-primary"]
    assert [s["spec"]["selector"] for s in found.backends] == [
        {"app": "web"},
        {"app": "web-primary"},
    ]
    assert found.apex is not None
    assert found.apex["spec"]["selector"] == {"app": "web-primary"}
