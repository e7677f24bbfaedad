"""What burgee builds from a recorded state is what Flagger had built from it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import kubernetes_validate
import pytest

from burgee.api.manifest import Manifest, annotations_of, name_of
from burgee.api.settings import EngineSettings
from burgee.targets.configs import build_copies, keep_copy, keyed, references, tracked
from burgee.targets.primary import Blueprint, keep_workload, revision_of
from burgee.targets.scaler import scaler_of
from burgee.targets.services import build_services

SETTINGS = EngineSettings()


def primary_of(recorded: Any, observed: Manifest | None = None) -> Manifest:
    return recorded.kind.build_primary(
        Blueprint(
            target=recorded.target,
            names=recorded.names,
            revision="r1",
            flagger_id="<id>",
            copied_names=recorded.tracked,
            settings=SETTINGS,
            first=recorded.moment == "initialized",
            observed=observed,
        )
    )


def without_revision(manifest: Manifest) -> Manifest:
    found = deepcopy(manifest)
    assert found["metadata"]["annotations"].pop("burgee.dev/revision") == "r1"
    if not annotations_of(found):
        del found["metadata"]["annotations"]
    return found


def valid(manifest: Manifest) -> bool:
    kubernetes_validate.validate(manifest, "1.37", strict=True)
    return True


def test_primary_workload_is_the_recorded_one(recorded: Any) -> None:
    built = primary_of(recorded)

    assert recorded.expected["primary"] == without_revision(built)
    assert revision_of(built) == "r1"
    assert revision_of(recorded.target) == ""
    assert valid(built)


def test_promoted_primary_keeps_its_selector(recorded: Any) -> None:
    observed = deepcopy(recorded.expected["primary"])

    assert primary_of(recorded) == primary_of(recorded, observed)


def test_tracked_checksums_are_the_recorded_ones(recorded: Any) -> None:
    refs = references(recorded.kind.config_template(recorded.target), tracking_enabled=True)

    assert recorded.tracked == tracked(refs, keyed(recorded.configs))


def test_copies_are_the_recorded_ones(recorded: Any, by_name: Any) -> None:
    built = build_copies(recorded.tracked, keyed(recorded.configs), SETTINGS)
    # Flagger loses binaryData; burgee keeps it.
    expected = by_name(deepcopy(recorded.expected["copies"]))
    if recorded.scenario == "config-all-reference-kinds":
        assert "binaryData" not in expected["c-envfrom-primary"]
        expected["c-envfrom-primary"]["binaryData"] = {"b": "AAEC"}

    assert expected == by_name(list(built))
    assert list(built) == [keep_copy(copy) for copy in built]
    assert all(valid(copy) for copy in built)


def test_services_are_the_recorded_ones(recorded: Any, by_name: Any) -> None:
    built = build_services(recorded.canary, recorded.names, recorded.target, {})
    expected = by_name(deepcopy(recorded.expected["services"]))

    assert expected == by_name(list(built.all()))
    assert all(valid(service) for service in built.all())


def test_services_observed_as_built_are_built_again(recorded: Any) -> None:
    first = build_services(recorded.canary, recorded.names, recorded.target, {})
    observed = {name_of(service): service for service in first.all()}

    assert first == build_services(recorded.canary, recorded.names, recorded.target, observed)


@pytest.mark.parametrize("moment", ["initialized", "final"])
@pytest.mark.parametrize(
    "scenario", ["istio-canary-success", "hpa-primary-scaler-replicas", "keda-scaledobject"]
)
def test_primary_autoscaler_is_the_recorded_one(
    state: Callable, scenario: str, moment: str
) -> None:
    found = state(scenario, moment)
    scaler = scaler_of(found.canary.spec.autoscaler_ref)
    built = scaler.build_primary(found.scaler, found.canary, found.names)

    assert found.expected["scaler"] == built
    assert name_of(built) == scaler.primary_name(name_of(found.scaler))
    assert built == scaler.keep(built)
    assert not scaler.listed or valid(built)


@pytest.mark.parametrize("moment", ["initialized", "final"])
def test_a_daemonset_at_rest_is_recorded_as_scaled_to_zero(state: Callable, moment: str) -> None:
    found = state("daemonset-bluegreen", moment)

    assert found.kind.is_scaled_to_zero(found.target)
    assert not found.kind.is_scaled_to_zero(found.expected["primary"])


@pytest.mark.parametrize("moment", ["initialized", "final"])
def test_a_scaled_object_at_rest_is_recorded_as_paused(state: Callable, moment: str) -> None:
    found = state("keda-scaledobject", moment)
    scaler = scaler_of(found.canary.spec.autoscaler_ref)

    assert scaler.pause_patch(found.scaler, paused=True) is None
    assert scaler.pause_patch(found.scaler, paused=False) is not None


def test_kept_primary_is_a_fixed_point_with_what_the_server_adds(recorded: Any) -> None:
    built = primary_of(recorded)
    served = deepcopy(built)
    served["metadata"] |= {
        "uid": "u",
        "resourceVersion": "7",
        "generation": 3,
        "managedFields": [],
        "ownerReferences": [{"kind": "Canary"}],
    }
    served["metadata"]["labels"]["controller-uid"] = "u"
    served["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "3"
    served["spec"]["replicas"] = 4
    served["status"] = {"replicas": 4}

    assert built == keep_workload(served)
    assert built == keep_workload(built)


def test_builders_leave_a_recorded_state_alone(recorded: Any) -> None:
    before = deepcopy((recorded.target, recorded.configs, recorded.expected, recorded.scaler))

    primary_of(recorded, recorded.expected["primary"])
    keep_workload(recorded.expected["primary"])
    build_copies(recorded.tracked, keyed(recorded.configs), SETTINGS)
    build_services(recorded.canary, recorded.names, recorded.target, {})
    recorded.kind.template_hash(recorded.target)

    assert before == (recorded.target, recorded.configs, recorded.expected, recorded.scaler)
