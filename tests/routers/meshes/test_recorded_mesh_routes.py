"""What burgee renders for given weights is what Flagger had written for them."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from burgee.api.manifest import Manifest, annotations_of, labels_of
from burgee.routers.base import Aim
from burgee.routers.registry import canonical, router_of


def apex_of(recording: Any) -> Manifest:
    """A Service of ours without anything that is unmanaged."""
    uid = recording.canary.metadata.uid
    return {"metadata": {"ownerReferences": [{"uid": uid, "controller": True}]}}


def rendered(recording: Any, step: Any) -> tuple[Manifest, ...]:
    return router_of(recording.provider).render(
        Aim(
            canary=recording.canary,
            names=recording.names,
            weights=step.weights,
            apex_service=apex_of(recording),
            cookies=step.cookies,
        )
    )


def assert_is(found: Manifest, recorded: dict[str, Any]) -> None:
    assert found["kind"] == recorded["kind"]
    assert found["metadata"]["name"] == recorded["name"]
    assert found["spec"] == recorded["spec"]
    assert labels_of(found) == recorded["labels"]
    assert annotations_of(found) == recorded["annotations"]


def test_route_is_the_recorded_one_at_each_step(recording: Any) -> None:
    assert recording.steps
    for step in recording.steps:
        assert_is(rendered(recording, step)[-1], step.route)


def test_objects_beside_the_route_are_the_recorded_ones(recording: Any) -> None:
    built = {
        (it["kind"], it["metadata"]["name"]): it for it in rendered(recording, recording.steps[0])
    }
    route = recording.steps[0].route
    others = {(it["kind"], it["name"]): it for it in recording.others}

    assert set(built) == {(route["kind"], route["name"]), *others}
    for key, other in others.items():
        assert_is(built[key], other)
        assert built[key]["apiVersion"] == other["apiVersion"]


def test_every_rendered_object_fits_its_schema(
    recording: Any, fits: Callable[[Manifest], None]
) -> None:
    for step in recording.steps:
        for manifest in rendered(recording, step):
            fits(manifest)


def test_recorded_mesh_route_shows_its_own_weights_and_no_others(recording: Any) -> None:
    router = router_of(recording.provider)
    for step in recording.steps:
        observed = rendered(recording, step)
        for other in recording.steps:
            seen = router.shows(
                observed,
                Aim(
                    canary=recording.canary,
                    names=recording.names,
                    weights=other.weights,
                    cookies=other.cookies,
                ),
            )

            assert seen is (step.route["spec"] == other.route["spec"])


def test_recorded_mesh_route_tells_the_share_of_the_canary(recording: Any) -> None:
    router = router_of(recording.provider)
    for step in recording.steps:
        sticky = 100 if step.cookies.canary or step.weights.mirrored else 0
        expected = max(step.weights.canary, sticky)

        assert router.canary_weight_seen(rendered(recording, step), recording.names) == expected


def test_related_names_are_those_of_the_rendered_objects(recording: Any) -> None:
    router = router_of(recording.provider)
    related = router.related(recording.canary)

    assert {
        (it["kind"], it["metadata"]["name"]) for it in rendered(recording, recording.steps[0])
    } == {(group.kind.kind, name) for group in related for name in group.names}
    assert {group.kind for group in related} <= set(router.kinds())
    for manifest in rendered(recording, recording.steps[0]):
        versions = {g.kind.api_version for g in related if g.kind.kind == manifest["kind"]}
        assert versions == {manifest["apiVersion"]}


def test_what_an_api_server_fills_in_changes_nothing(recording: Any) -> None:
    router = router_of(recording.provider)
    for step in recording.steps:
        stored = [canonical(it) for it in rendered(recording, step)]

        assert router.shows(
            stored,
            Aim(
                canary=recording.canary,
                names=recording.names,
                weights=step.weights,
                cookies=step.cookies,
            ),
        )
        assert [canonical(it) for it in stored] == stored


def test_rendering_leaves_the_canary_alone(recording: Any) -> None:
    before = deepcopy(recording.canary)

    for step in recording.steps:
        rendered(recording, step)

    assert before == recording.canary


def test_a_field_that_no_schema_knows_would_be_noticed(
    recording: Any, fits: Callable[[Manifest], None]
) -> None:
    for manifest in rendered(recording, recording.steps[0]):
        manifest["spec"]["surprise"] = 1
        with pytest.raises(Exception, match="surprise"):
            fits(manifest)
