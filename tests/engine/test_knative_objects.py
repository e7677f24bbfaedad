"""A Knative Service and its revisions."""

from dataclasses import replace

from provider_objects import decide, effects, resting, with_routes
from simulation import START, canary

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.engine.effects import MergePatch
from burgee.engine.phases.ending import end
from burgee.engine.reading.observation import Observation

KNATIVE = "serving.knative.dev/v1"
PRIMARY = "flagger.app/primary-revision"
HOLDER = "burgee.dev/canary"
HELD = {HOLDER: "test/podinfo"}


def knative_service(latest: str = "podinfo-00001", **annotations: str) -> Manifest:
    traffic = [
        {"latestRevision": True, "percent": 0},
        {"revisionName": annotations.get(PRIMARY), "percent": 100},
    ]
    return {
        "apiVersion": KNATIVE,
        "kind": "Service",
        "metadata": {"name": "podinfo", "namespace": "test", "annotations": annotations},
        "spec": {"traffic": traffic if annotations else []},
        "status": {
            "latestCreatedRevisionName": latest,
            "traffic": traffic if annotations else [],
        },
    }


def revision(name: str, ready: str = "True") -> Manifest:
    return {
        "apiVersion": KNATIVE,
        "kind": "Revision",
        "metadata": {"name": name, "namespace": "test"},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def of_knative(
    service: Manifest, *revisions: Manifest, status: Manifest | None = None
) -> Observation:
    target = {"apiVersion": KNATIVE, "kind": "Service", "name": "podinfo"}
    found = canary(provider="knative", targetRef=target, service={"port": 0})
    return Observation(
        canary=Canary.model_validate({**found, "status": status or {}}),
        target=service,
        routes={("Service", "podinfo"): service},
        originals=revisions,
    )


def test_a_knative_service_is_given_its_primary_first() -> None:
    decision = decide(of_knative(knative_service(), revision("podinfo-00001")))

    (patch,) = effects(decision.effects, MergePatch)
    assert patch.patch == {"metadata": {"annotations": {PRIMARY: "podinfo-00001"}}}
    assert decision.children == ()


def test_traffic_goes_to_a_primary_that_is_ready() -> None:
    service = knative_service(**{PRIMARY: "podinfo-00001"})
    service["spec"] = {}
    starting = {"phase": "Initializing"}

    waits = decide(of_knative(service, revision("podinfo-00001", "Unknown"), status=starting))
    goes = decide(of_knative(service, revision("podinfo-00001"), status=starting))

    assert effects(waits.effects, MergePatch) == []
    (patch,) = effects(goes.effects, MergePatch)
    assert [entry["percent"] for entry in patch.patch["spec"]["traffic"]] == [0, 100]


def test_a_primary_revision_that_is_not_seen_is_not_replaced() -> None:
    service = knative_service("podinfo-00002", **{PRIMARY: "podinfo-00001"}, **HELD)
    at_rest = resting().canary.status.as_manifest()

    decision = decide(of_knative(service, revision("podinfo-00002"), status=at_rest))

    assert decision.status.phase.value == "Initialized"
    assert "not ready" in (decision.status.condition("Promoted") or decision.status).message
    assert effects(decision.effects, MergePatch) == []


def test_a_knative_canary_that_follows_its_target_starts_a_run() -> None:
    service = knative_service("podinfo-00002", **{PRIMARY: "podinfo-00001"}, **HELD)
    at_rest = resting().canary.status.as_manifest()
    revisions = (revision("podinfo-00001"), revision("podinfo-00002"))

    decision = decide(of_knative(service, *revisions, status=at_rest))

    assert decision.status.phase.value == "Progressing"
    assert effects(decision.effects, MergePatch) == []


def test_a_knative_service_that_was_given_back_is_left_alone() -> None:
    service = knative_service(**{PRIMARY: "podinfo-00001"})
    observation = of_knative(service)
    parsed = observation.canary.model_copy(
        update={"spec": observation.canary.spec.model_copy(update={"revert_on_deletion": True})}
    )
    back = {
        **service,
        "metadata": {"name": "podinfo", "namespace": "test"},
        "spec": {"traffic": [{"latestRevision": True, "percent": 100}]},
    }

    gives = end(replace(observation, canary=parsed), START)
    done = end(with_routes(replace(observation, canary=parsed), back), START)

    assert len(effects(gives.effects, MergePatch)) == 1
    assert not effects(done.effects, MergePatch)


def test_a_knative_service_that_another_canary_has_is_left_to_it() -> None:
    service = knative_service(**{PRIMARY: "podinfo-00001"}, **{HOLDER: "test/first"})
    observation = replace(of_knative(service, revision("podinfo-00001")), taken=(service,))

    decision = decide(observation)

    condition = decision.status.condition("Accepted")
    assert condition is not None
    assert condition.reason == "TargetConflict"
    assert "Service podinfo belongs to the Canary first" in condition.message
    assert "spec.targetRef" in condition.message
    assert effects(decision.effects, MergePatch) == []
    assert decision.resync_after_seconds


def test_a_canary_that_comes_from_flagger_says_whose_the_service_is() -> None:
    service = knative_service(**{PRIMARY: "podinfo-00001"})
    at_rest = resting().canary.status.as_manifest()

    decision = decide(of_knative(service, revision("podinfo-00001"), status=at_rest))

    (patch,) = effects(decision.effects, MergePatch)
    assert patch.patch["metadata"] == {"annotations": HELD}
    assert patch.patch["spec"] == service["spec"]
