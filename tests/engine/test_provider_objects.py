"""Objects of providers: which are children, which are written by the hook, which are read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from simulation import START, UID, Simulation, canary, deployment

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, name_of
from burgee.api.settings import EngineSettings
from burgee.engine.decide import advance
from burgee.engine.decision import Decision, Findings, Plan
from burgee.engine.effects import ApplyForeign, DeleteObject, EmitEvent, MergePatch
from burgee.engine.ending import end
from burgee.engine.observation import Observation
from burgee.engine.related import related_rules
from burgee.engine.roles import NO_ROLES, role_in, roles_of
from burgee.routers.base import Aim, Role, Weights
from burgee.routers.registry import router_of
from burgee.targets.naming import Names

INGRESS_REF = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}
WEIGHT = "nginx.ingress.kubernetes.io/canary-weight"
MIRROR = "nginx.ingress.kubernetes.io/mirror-target"
TRAFFIC_ROUTE = ("TrafficRoute", "podinfo")
NAMES = Names(target="podinfo", apex="podinfo", selector_key="app", selector_value="podinfo")


def ingress() -> Manifest:
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": "podinfo", "port": {"number": 9898}}},
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "test", "annotations": {}},
        "spec": {"rules": [{"http": {"paths": [path]}}]},
    }


def resting(**spec: Any) -> Observation:
    """A Canary of another provider at rest, without its route objects."""
    sim = Simulation()
    while sim.phase != "Initialized" or sim.replicas("podinfo"):
        sim.sync()
    found = sim.observe()
    status = {**found.canary.status.as_manifest(), "provider": spec.get("provider", "istio")}
    parsed = Canary.model_validate({**canary(**spec), "status": status})
    assert found.canary.status.phase.value == "Initialized"
    return replace(found, canary=parsed, routes={})


def rendered(observation: Observation, weights: Weights, *originals: Manifest) -> list[Manifest]:
    router = router_of(observation.canary.spec.provider)
    return [
        *router.render(
            Aim(canary=observation.canary, names=NAMES, weights=weights, originals=originals)
        )
    ]


def with_routes(observation: Observation, *routes: Manifest) -> Observation:
    return replace(observation, routes={(r["kind"], name_of(r)): r for r in routes})


def owned(manifest: Manifest, uid: str = UID) -> Manifest:
    head = {
        **manifest["metadata"],
        "uid": f"{name_of(manifest)}-uid",
        "labels": {**manifest["metadata"].get("labels", {}), "controller-uid": uid},
        "ownerReferences": [{"uid": uid, "controller": True}],
    }
    return {**manifest, "metadata": head}


def decide(observation: Observation) -> Decision:
    def nothing(plan: Plan) -> Findings:
        assert plan == Plan(sources=plan.sources), "IO at rest"
        return Findings()

    return advance(observation, START, nothing)


def child(decision: Decision, kind: str, name: str) -> Manifest | None:
    return next((c for c in decision.children if (c["kind"], name_of(c)) == (kind, name)), None)


def effects(found: Sequence[Any], kind: type) -> list[Any]:
    return [effect for effect in found if isinstance(effect, kind)]


# ---- roles


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


# ---- what is watched


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


# ---- routes of a listed kind


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


# ---- objects that the hook writes


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


# ---- the end


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


# ---- refusals before anything is touched


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


# ---- Knative

KNATIVE = "serving.knative.dev/v1"
PRIMARY = "flagger.app/primary-revision"


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
    service = knative_service("podinfo-00002", **{PRIMARY: "podinfo-00001"})
    at_rest = resting().canary.status.as_manifest()

    decision = decide(of_knative(service, revision("podinfo-00002"), status=at_rest))

    assert decision.status.phase.value == "Initialized"
    assert "not ready" in (decision.status.condition("Promoted") or decision.status).message
    assert effects(decision.effects, MergePatch) == []


def test_a_knative_canary_that_follows_its_target_starts_a_run() -> None:
    service = knative_service("podinfo-00002", **{PRIMARY: "podinfo-00001"})
    at_rest = resting().canary.status.as_manifest()
    revisions = (revision("podinfo-00001"), revision("podinfo-00002"))

    decision = decide(of_knative(service, *revisions, status=at_rest))

    assert decision.status.phase.value == "Progressing"
    assert effects(decision.effects, MergePatch) == []


# ---- another provider


def moved(former: str, *leftovers: Manifest, **spec: Any) -> Observation:
    """A Canary at rest that had another provider before."""
    observation = resting(**spec)
    status = {**observation.canary.status.as_manifest(), "provider": former}
    parsed = Canary.model_validate({**canary(**spec), "status": status})
    return replace(observation, canary=parsed, leftovers=leftovers)


def virtual_service() -> Manifest:
    found = Canary.model_validate(canary())
    return router_of("istio").render(Aim(canary=found, names=NAMES, weights=Weights()))[-1]


def test_routes_of_the_former_provider_go_once_the_new_one_is_there() -> None:
    former = owned(virtual_service())
    observation = moved("istio", former, provider="kuma")
    (route,) = rendered(observation, Weights())

    waits = decide(observation)
    goes = decide(with_routes(observation, route))
    ends = decide(with_routes(replace(observation, leftovers=()), route))

    assert not effects(waits.effects, DeleteObject)
    assert waits.status.provider == "istio"
    (deletion,) = effects(goes.effects, DeleteObject)
    assert (deletion.kind, deletion.name, deletion.uid) == (
        "VirtualService",
        "podinfo",
        "podinfo-uid",
    )
    assert goes.status.provider == "istio"
    assert goes.resync_after_seconds == 1.0
    assert ends.status.provider == "kuma"
    assert not effects(ends.effects, DeleteObject)


def test_a_route_that_a_user_made_is_given_back() -> None:
    former = virtual_service()
    former["metadata"]["annotations"]["burgee.dev/original"] = '{"hosts":["mine"]}'
    observation = moved("istio", former, provider="kubernetes")

    goes = decide(observation)
    stays = decide(moved("istio", virtual_service(), provider="kubernetes"))

    (back,) = effects(goes.effects, ApplyForeign)
    assert back.manifest["spec"] == {"hosts": ["mine"]}
    assert goes.status.provider == "istio"
    assert stays.status.provider == "kubernetes"
    assert not effects(stays.effects, ApplyForeign)


def test_a_copied_ingress_is_left_out_once_another_provider_routes() -> None:
    (copy,) = rendered(resting(provider="nginx", ingressRef=INGRESS_REF), Weights(), ingress())
    mirrored = ingress()
    mirrored["metadata"]["annotations"][MIRROR] = (
        "http://podinfo-canary.test.svc.cluster.local:9898$request_uri"
    )
    key = ("Ingress", "web-canary")
    observation = moved("nginx", mirrored, owned(copy), provider="kuma", ingressRef=INGRESS_REF)
    observation = replace(observation, children={**observation.children, key: owned(copy)})
    (route,) = rendered(observation, Weights())

    waits = decide(observation)
    goes = decide(with_routes(observation, route))

    assert child(waits, *key) is not None
    assert child(goes, *key) is None
    (patch,) = effects(goes.effects, MergePatch)
    assert patch.patch == {"metadata": {"annotations": {MIRROR: None}}}


def test_what_the_former_provider_left_goes_with_the_canary() -> None:
    (route,) = rendered(resting(provider="kuma"), Weights())
    route["metadata"]["uid"] = "route-uid"

    farewell = end(moved("kuma", route, provider="istio"), START)

    (deletion,) = effects(farewell.effects, DeleteObject)
    assert deletion.uid == "route-uid"


def test_a_former_provider_that_is_unknown_by_now_leaves_nothing() -> None:
    decision = decide(moved("smi:v9", provider="kubernetes"))

    assert decision.status.provider == "kubernetes"


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
