"""All providers of this group: what is rendered is what was recorded and what is written down."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from burgee.api.manifest import Manifest, annotations_of, labels_of, name_of
from burgee.routers.base import OWNER_ANNOTATION, Aim, Role, Weights
from burgee.routers.registry import router_of

OTHERS = (
    Weights(primary=99, canary=1),
    Weights(primary=1, canary=99),
    Weights(primary=0, canary=100),
)
# Contour refuses a route with its prefix twice; Flagger writes that.
BETTER_THAN_RECORDED = frozenset({"contour-ab"})
GUARDS = {
    "helm.toolkit.fluxcd.io/driftDetection",
    "kustomize.toolkit.fluxcd.io/reconcile",
    OWNER_ANNOTATION,
}


def rendered(recording: Any, step: Any) -> tuple[Manifest, ...]:
    originals = recording.originals
    if recording.provider == "knative":
        originals = [observed_service(recording, step)]
    return router_of(recording.provider).render(
        Aim(
            canary=recording.canary,
            names=recording.names,
            weights=step.weights,
            originals=originals,
        )
    )


def observed_service(recording: Any, step: Any) -> Manifest:
    """The user's Knative Service with the annotation that the recorded traffic was made for.

    Flagger names the next primary in the annotation a while before the traffic follows.
    """
    (revision,) = (t["revisionName"] for t in step.route["spec"]["traffic"] if "revisionName" in t)
    service = deepcopy(recording.originals[0])
    service["metadata"]["annotations"] = {"flagger.app/primary-revision": revision}
    return service


def as_seen(objects: Any) -> list[Manifest]:
    """Objects as a cluster would show them."""
    return [_in_force(found) for found in deepcopy(list(objects))]


def _in_force(found: Manifest) -> Manifest:
    given = annotations_of(found)
    if None in given.values():
        found["metadata"]["annotations"] = {k: v for k, v in given.items() if v is not None}
    if found["apiVersion"].startswith("serving.knative.dev/"):
        traffic = [{"latestRevision": False, **entry} for entry in found["spec"]["traffic"]]
        found["metadata"] |= {
            "generation": 4,
            "annotations": {"flagger.app/primary-revision": traffic[1]["revisionName"]},
        }
        found["status"] = {"observedGeneration": 4, "traffic": traffic}
    return found


def test_route_is_the_recorded_one_at_each_step(ingress_recording: Any) -> None:
    assert ingress_recording.steps
    for step in ingress_recording.steps:
        *_, route = rendered(ingress_recording, step)

        if ingress_recording.scenario not in BETTER_THAN_RECORDED:
            assert route["spec"] == step.route["spec"]
        assert route.get("mesh") == step.route.get("mesh")
        assert name_of(route) == step.route["name"]
        assert labels_of(route) == step.route["labels"]


def test_annotations_are_the_recorded_ones_and_guards(ingress_recording: Any) -> None:
    if ingress_recording.provider == "knative":
        return
    for index, step in enumerate(ingress_recording.steps):
        *_, route = rendered(ingress_recording, step)
        found, expected = annotations_of(route), dict(step.route["annotations"])
        if ingress_recording.provider == "skipper" and index == 0:
            # Flagger takes the copy out only after the first run.
            expected["zalando.org/skipper-predicate"] = 'False() && Method("GET")'

        assert {k: v for k, v in found.items() if k not in GUARDS} == {
            k: v for k, v in expected.items() if k not in GUARDS
        }


def test_other_objects_are_the_recorded_ones(ingress_recording: Any) -> None:
    *others, _ = rendered(ingress_recording, ingress_recording.steps[0])

    assert others == ingress_recording.others


def test_recorded_routes_fit_the_schemas(
    ingress_recording: Any, check_schema: Callable[[Manifest], None]
) -> None:
    for step in ingress_recording.steps:
        for found in rendered(ingress_recording, step):
            check_schema(found)


def test_recorded_route_shows_its_own_weights_and_no_others(ingress_recording: Any) -> None:
    router = router_of(ingress_recording.provider)
    canary, names = ingress_recording.canary, ingress_recording.names
    for step in ingress_recording.steps:
        seen = as_seen(rendered(ingress_recording, step))
        for weights in (*(s.weights for s in ingress_recording.steps), *OTHERS):
            originals = [*ingress_recording.originals, *seen]
            if ingress_recording.scenario == "nginx-ab" and weights in OTHERS[:2]:
                continue

            assert router.shows(
                seen, Aim(canary=canary, names=names, weights=weights, originals=originals)
            ) is (weights == step.weights)


def test_recorded_route_tells_the_share_of_the_canary(ingress_recording: Any) -> None:
    router = router_of(ingress_recording.provider)
    for step in ingress_recording.steps:
        seen = as_seen(rendered(ingress_recording, step))

        assert router.canary_weight_seen(seen, ingress_recording.names) == step.weights.canary


def test_golden_objects(golden_case: Any) -> None:
    found = router_of(golden_case.provider).render(
        Aim(
            canary=golden_case.canary,
            names=golden_case.names,
            weights=golden_case.weights,
            originals=golden_case.originals,
        )
    )

    assert list(found) == golden_case.objects


def test_golden_objects_fit_the_schemas(
    golden_case: Any, check_schema: Callable[[Manifest], None]
) -> None:
    for found in golden_case.objects:
        check_schema(found)


def test_golden_objects_show_their_weights_and_no_others(golden_case: Any) -> None:
    router, weights = router_of(golden_case.provider), golden_case.weights
    canary, names = golden_case.canary, golden_case.names
    seen = as_seen(golden_case.objects)
    patches = [found for found in seen if "spec" not in found]
    originals = patches or golden_case.originals
    if patches:
        (original,) = (o for o in golden_case.originals if o["kind"] == "Ingress")
        originals = [{**original, "metadata": patches[0]["metadata"]}]
    others = [
        Weights(primary=weights.primary, canary=weights.canary, mirrored=not weights.mirrored),
        Weights(primary=weights.canary, canary=weights.primary),
    ]
    able = router.capabilities

    assert router.shows(
        seen, Aim(canary=canary, names=names, weights=weights, originals=originals)
    )
    for other in others:
        if (other.mirrored and not (able.mirroring and canary.spec.plan.mirror)) or (
            other == weights
        ):
            continue
        assert not router.shows(
            seen, Aim(canary=canary, names=names, weights=other, originals=originals)
        )


def test_golden_objects_tell_the_share_of_the_canary(golden_case: Any) -> None:
    weights = golden_case.weights
    copies = golden_case.canary.spec.plan.mirror_weight or 100
    seen = router_of(golden_case.provider).canary_weight_seen(
        as_seen(golden_case.objects), golden_case.names
    )

    assert seen == (copies if weights.mirrored else weights.canary)


def test_rendering_changes_nothing_that_it_was_given(golden_case: Any) -> None:
    before = deepcopy((golden_case.canary, golden_case.originals))

    router_of(golden_case.provider).render(
        Aim(
            canary=golden_case.canary,
            names=golden_case.names,
            weights=golden_case.weights,
            originals=golden_case.originals,
        )
    )

    assert before == (golden_case.canary, golden_case.originals)


def test_rendered_objects_are_related(golden_case: Any) -> None:
    router = router_of(golden_case.provider)
    named = {
        (group.kind.api_version, group.kind.kind, name)
        for group in router.related(golden_case.canary)
        if group.role is not Role.READ
        for name in group.names
    }

    assert {
        (found["apiVersion"], found["kind"], name_of(found)) for found in golden_case.objects
    } <= named
    assert {group.kind for group in router.related(golden_case.canary)} <= set(router.kinds())


@pytest.mark.parametrize(
    "provider",
    ["apisix", "contour", "gloo", "knative", "kuma", "nginx", "skipper", "traefik"],
)
def test_nothing_observed_shows_nothing(
    provider: str, make_case: Callable[..., Any], users: dict[str, Manifest]
) -> None:
    canary, names = make_case(
        ingressRef={"kind": "Ingress", "name": "web"},
        routeRef={"kind": "ApisixRoute", "name": "web"},
        analysis={"stepWeight": 10},
    )
    router = router_of(provider)
    foreign = [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "podinfo"}}]

    assert not router.shows(
        foreign,
        Aim(canary=canary, names=names, weights=Weights(), originals=list(users.values())),
    )
    assert router.canary_weight_seen(foreign, names) is None
