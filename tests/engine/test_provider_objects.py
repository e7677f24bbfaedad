"""Objects of traffic providers: who writes them, and what becomes of them."""

from dataclasses import replace

import pytest
from provider_objects import (
    INGRESS_REF,
    MIRROR,
    TRAFFIC_ROUTE,
    WEIGHT,
    child,
    decide,
    effects,
    ingress,
    owned,
    rendered,
    resting,
    with_routes,
)
from simulation import START, Simulation, canary, deployment

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of
from burgee.api.settings import EngineSettings
from burgee.engine.effects import ApplyForeign, DeleteObject, EmitEvent, MergePatch
from burgee.engine.phases.ending import end
from burgee.engine.reading.related import related_rules
from burgee.engine.reading.roles import NO_ROLES, role_in, roles_of
from burgee.routers.base import Role, Weights


def test_roles_are_told_by_group_kind_and_name() -> None:
    parsed = Canary.model_validate(canary(provider="nginx", ingressRef=INGRESS_REF))
    roles = roles_of(parsed, EngineSettings())
    copy = {**ingress(), "metadata": {"name": "web-canary"}}

    assert role_in(roles, ingress()) is Role.APPLIED
    assert role_in(roles, copy) is Role.CHILD
    assert role_in(roles, {**ingress(), "apiVersion": "other.test/v1"}) is Role.CHILD


def test_roles_may_be_told_by_labels() -> None:
    target = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "podinfo"}
    parsed = Canary.model_validate(canary(provider="knative", targetRef=target))
    roles = roles_of(parsed, EngineSettings())
    revision = {"apiVersion": "serving.knative.dev/v1", "kind": "Revision"}

    assert role_in(roles, {**revision, "metadata": {"name": "any"}}) is Role.READ
    assert role_in(roles, {**target, "metadata": {"name": "podinfo"}}) is Role.APPLIED
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "podinfo"}}
    assert role_in(roles, service) is Role.CHILD


def test_an_unknown_provider_has_no_roles() -> None:
    parsed = Canary.model_validate(canary(provider="nonsense"))

    assert roles_of(parsed, EngineSettings()) is NO_ROLES


def test_objects_of_the_whole_cluster_are_watched_without_a_namespace() -> None:
    rules = related_rules(Canary.model_validate(canary(provider="kuma")), None, EngineSettings())

    assert {
        "apiVersion": "kuma.io/v1alpha1",
        "resource": "trafficroutes",
        "names": ["podinfo"],
    } in rules


def test_revisions_are_watched_by_label_and_the_target_once() -> None:
    target = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "podinfo"}
    parsed = Canary.model_validate(canary(provider="knative", targetRef=target))
    rules = [
        rule
        for rule in related_rules(parsed, None, EngineSettings())
        if rule["apiVersion"].startswith("serving")
    ]

    assert rules == [
        {
            "apiVersion": "serving.knative.dev/v1",
            "resource": "services",
            "namespace": "test",
            "names": ["podinfo"],
        },
        {
            "apiVersion": "serving.knative.dev/v1",
            "resource": "revisions",
            "namespace": "test",
            "labelSelector": {"matchLabels": {"serving.knative.dev/service": "podinfo"}},
        },
    ]


@pytest.mark.parametrize(("forbidden", "watched"), [(False, ["test", "else"]), (True, ["test"])])
def test_settings_of_another_namespace_are_watched_where_that_is_allowed(
    forbidden: bool, watched: list[str]
) -> None:
    ref = {"apiVersion": "gloo.solo.io/v1", "kind": "Upstream", "name": "a", "namespace": "else"}
    parsed = Canary.model_validate(canary(provider="gloo", upstreamRef=ref))
    settings = EngineSettings(no_cross_namespace_refs=forbidden)
    rules = related_rules(parsed, None, settings)

    assert sorted(r["namespace"] for r in rules if r["resource"] == "upstreams") == sorted(watched)


def test_a_copied_ingress_is_answered_also_where_it_is_as_wanted() -> None:
    observation = resting(provider="nginx", ingressRef=INGRESS_REF)
    (copy,) = rendered(observation, Weights(), ingress())
    seen = owned(copy)
    observation = with_routes(observation, ingress(), seen)
    key = ("Ingress", "web-canary")
    observation = replace(observation, children={**observation.children, key: seen})

    decision = decide(observation)

    assert child(decision, *key) == copy
    assert decision.quiet


@pytest.mark.parametrize("suspended", [False, True])
def test_a_copied_ingress_is_kept_where_nothing_is_touched(suspended: bool) -> None:
    observation = resting(provider="nginx", ingressRef=INGRESS_REF, suspend=suspended)
    (copy,) = rendered(observation, Weights(), ingress())
    key = ("Ingress", "web-canary")
    # Without the user's Ingress the Canary is refused.
    observation = replace(observation, children={**observation.children, key: owned(copy)})

    decision = decide(observation)

    assert child(decision, *key) == copy
    assert decision.status.condition("Accepted" if not suspended else "Promoted")


def test_annotations_of_a_copied_ingress_are_set_by_the_hook() -> None:
    observation = resting(provider="nginx", ingressRef=INGRESS_REF)
    (copy,) = rendered(observation, Weights(), ingress())
    seen = owned(copy)
    strange = {**annotations_of(copy), WEIGHT: "90", "nginx.ingress.kubernetes.io/canary-by-x": ""}
    seen["metadata"]["annotations"] = strange
    key = ("Ingress", "web-canary")
    observation = with_routes(observation, ingress(), seen)
    observation = replace(observation, children={**observation.children, key: seen})

    decision = decide(observation)

    (patch,) = effects(decision.effects, MergePatch)
    assert patch.patch["metadata"]["annotations"] == {
        WEIGHT: "0",
        "nginx.ingress.kubernetes.io/canary-by-x": None,
    }
    assert child(decision, *key) == copy


def test_a_copy_that_nobody_owns_is_taken_on_and_another_ones_is_not() -> None:
    observation = resting(provider="nginx", ingressRef=INGRESS_REF)
    (copy,) = rendered(observation, Weights(), ingress())

    free = decide(with_routes(observation, ingress(), copy))
    taken = decide(with_routes(observation, ingress(), owned(copy, "somebody")))

    assert child(free, "Ingress", "web-canary") == copy
    condition = taken.status.condition("Accepted")
    assert condition is not None
    assert condition.reason == "RouteConflict"
    assert child(taken, "Ingress", "web-canary") is None


def test_a_traffic_route_is_applied_and_no_child() -> None:
    observation = resting(provider="kuma")
    (route,) = rendered(observation, Weights())

    decision = decide(observation)

    assert effects(decision.effects, ApplyForeign) == [ApplyForeign(manifest=route)]
    assert child(decision, *TRAFFIC_ROUTE) is None


def test_a_traffic_route_that_is_as_wanted_is_left_alone() -> None:
    observation = resting(provider="kuma")
    (route,) = rendered(observation, Weights())

    decision = decide(with_routes(observation, route))

    assert not decision.effects
    assert decision.quiet


@pytest.mark.parametrize(
    ("annotations", "removed"),
    [
        ({"burgee.dev/owner": "test/podinfo", "x": "y"}, {"x": None}),
        ({"kubectl.kubernetes.io/last-applied-configuration": "{}", "x": "y"}, None),
    ],
)
def test_what_others_add_to_a_traffic_route_goes(
    annotations: Manifest, removed: Manifest | None
) -> None:
    observation = resting(provider="kuma")
    (route,) = rendered(observation, Weights())
    guards = {k: v for k, v in annotations_of(route).items() if "toolkit" in k}
    conf = {**route["spec"]["conf"], "http": [{"match": {}}]}
    seen = {
        **route,
        "metadata": {**route["metadata"], "annotations": {**guards, **annotations}},
        "spec": {**route["spec"], "conf": conf},
    }

    decision = decide(with_routes(observation, seen))

    (patch,) = effects(decision.effects, MergePatch)
    assert patch.namespace == ""
    assert patch.patch["spec"] == {"conf": {"http": None}}
    assert patch.patch.get("metadata") == ({"annotations": removed} if removed else None)


def test_fields_of_a_users_object_are_patched() -> None:
    analysis = {**canary()["spec"]["analysis"], "mirror": True}
    observation = resting(provider="nginx", ingressRef=INGRESS_REF, analysis=analysis)
    mirrored = ingress()
    mirrored["metadata"]["annotations"][MIRROR] = (
        "http://podinfo-canary.test.svc.cluster.local:9898$request_uri"
    )

    decision = decide(with_routes(observation, mirrored))

    (patch,) = effects(decision.effects, MergePatch)
    assert (patch.name, patch.patch) == ("web", {"metadata": {"annotations": {MIRROR: None}}})


def test_only_objects_of_the_canary_are_deleted_with_it() -> None:
    observation = resting(provider="kuma")
    (route,) = rendered(observation, Weights())
    route["metadata"]["uid"] = "route-uid"
    other = {
        **route,
        "metadata": {**route["metadata"], "annotations": {"burgee.dev/owner": "other/podinfo"}},
    }

    assert end(with_routes(observation, route), START).effects == (
        DeleteObject(
            api_version="kuma.io/v1alpha1",
            kind="TrafficRoute",
            namespace="",
            name="podinfo",
            uid="route-uid",
        ),
    )
    assert end(with_routes(observation, other), START).effects == ()


def test_a_mirror_is_taken_back_once() -> None:
    observation = resting(provider="nginx", ingressRef=INGRESS_REF)
    mirrored = ingress()
    mirrored["metadata"]["annotations"][MIRROR] = (
        "http://podinfo-canary.test.svc.cluster.local:9898$request_uri"
    )

    farewell = end(with_routes(observation, mirrored), START)

    assert farewell.finalized
    (patch,) = effects(farewell.effects, MergePatch)
    assert patch.patch == {"metadata": {"annotations": {MIRROR: None}}}
    assert end(with_routes(observation, ingress()), START).effects == ()


def test_a_canary_of_an_unknown_provider_ends() -> None:
    farewell = end(resting(provider="nonsense"), START)

    assert farewell.finalized
    assert farewell.effects == ()


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"provider": "nginx"}, "MissingReference"),
        ({"provider": "nginx", "ingressRef": INGRESS_REF}, "IngressNotFound"),
        ({"provider": "knative"}, "UnsupportedTarget"),
        (
            {
                "targetRef": {
                    "apiVersion": "serving.knative.dev/v1",
                    "kind": "Service",
                    "name": "podinfo",
                }
            },
            "UnsupportedTarget",
        ),
    ],
)
def test_what_the_provider_lacks_is_said_before_anything_is_touched(
    spec: Manifest, reason: str
) -> None:
    sim = Simulation(parent=canary(**spec), target=deployment())
    observation = replace(sim.observe(), target=deployment())

    decision = decide(observation)

    condition = decision.status.condition("Accepted")
    assert condition is not None
    assert condition.reason == reason
    assert decision.children == ()


def test_settings_of_another_namespace_may_be_forbidden() -> None:
    ref = {"apiVersion": "gloo.solo.io/v1", "kind": "Upstream", "name": "a", "namespace": "else"}
    settings = EngineSettings(no_cross_namespace_refs=True)
    sim = Simulation(parent=canary(provider="gloo", upstreamRef=ref), settings=settings)

    condition = sim.sync().status.condition("Accepted")

    assert condition is not None
    assert condition.reason == "CrossNamespaceReference"
    assert "spec.upstreamRef" in condition.message


def test_with_revert_on_deletion_a_traffic_route_goes_last() -> None:
    observation = resting(provider="kuma", revertOnDeletion=True)
    (route,) = rendered(observation, Weights())
    observation = with_routes(observation, route)
    serving = deployment(replicas=2)
    serving["status"] = {
        "observedGeneration": 1,
        "replicas": 2,
        "updatedReplicas": 2,
        "availableReplicas": 2,
    }

    waits = end(observation, START)
    ends = end(replace(observation, target=serving), START)

    assert not waits.finalized
    assert not effects(waits.effects, DeleteObject)
    assert ends.finalized
    assert [type(e) for e in ends.effects if not isinstance(e, EmitEvent)] == [DeleteObject]
