import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.manifest import Manifest
from burgee.targets.hashing import template_hash
from burgee.targets.naming import Names
from burgee.targets.sharing import (
    Side,
    Split,
    beside,
    held_patch,
    is_labelled,
    labelled,
    selector_for,
    share_percent,
    side_of,
    split,
)

NAMES = Names(target="podinfo", apex="web", selector_key="app", selector_value="info")


def workload(**spec: object) -> Manifest:
    template = {"metadata": {"labels": {"app": "info"}}, "spec": {"containers": []}}
    return {"kind": "Deployment", "spec": {"template": template, **spec}}


@pytest.mark.parametrize(
    ("capacity", "weight", "primary", "canary"),
    [
        pytest.param(10, 0, 10, 0, id="nothing"),
        pytest.param(10, 10, 9, 1, id="exact"),
        pytest.param(10, 33, 7, 3, id="the larger remainder is the primary's"),
        pytest.param(10, 37, 6, 4, id="the larger remainder is the canary's"),
        pytest.param(10, 35, 7, 3, id="a tie is the primary's"),
        pytest.param(10, 1, 10, 1, id="a canary has a pod"),
        pytest.param(10, 99, 1, 10, id="a primary has a pod"),
        pytest.param(10, 100, 1, 10, id="all"),
        pytest.param(1, 50, 1, 1, id="one pod"),
        pytest.param(2, 50, 1, 1, id="two pods"),
        pytest.param(3, 50, 2, 1, id="three pods"),
    ],
)
def test_pods_are_shared_out_by_the_largest_remainder(
    capacity: int, weight: int, primary: int, canary: int
) -> None:
    assert split(capacity, weight) == Split(primary=primary, canary=canary)


@given(capacity=st.integers(1, 2000), weight=st.integers(0, 100))
def test_a_split_keeps_the_capacity_and_comes_as_near_as_pods_allow(
    capacity: int, weight: int
) -> None:
    found = split(capacity, weight)

    assert capacity <= found.primary + found.canary <= capacity + 1
    assert found.primary >= 1
    assert bool(found.canary) is (weight > 0)
    exact = capacity * weight / 100
    assert abs(found.canary - exact) <= max(0.5, 1 - exact)


@given(capacity=st.integers(1, 500), lower=st.integers(0, 100), higher=st.integers(0, 100))
def test_more_weight_never_means_fewer_canary_pods(capacity: int, lower: int, higher: int) -> None:
    lower, higher = sorted((lower, higher))

    assert split(capacity, lower).canary <= split(capacity, higher).canary
    assert split(capacity, lower).primary >= split(capacity, higher).primary


@pytest.mark.parametrize(
    ("primary", "weight", "canary"),
    [(10, 0, 0), (10, 10, 1), (10, 50, 10), (10, 80, 40), (10, 100, 10), (1, 1, 1), (0, 50, 1)],
)
def test_a_canary_beside_a_primary_that_somebody_else_scales(
    primary: int, weight: int, canary: int
) -> None:
    assert beside(primary, weight) == canary


def test_what_pods_achieve() -> None:
    assert share_percent(2, 1) == 33.3
    assert share_percent(0, 0) == 0.0


@pytest.mark.parametrize("side", Side)
def test_a_service_shows_whose_pods_it_chooses(side: Side) -> None:
    service = {"spec": {"selector": selector_for(side, NAMES)}}

    assert side_of(service, NAMES) is side


@pytest.mark.parametrize(
    "service",
    [
        None,
        {"spec": {}},
        {"spec": {"selector": {"app": "info-primary", "burgee.dev/apex": "web"}}},
        {"spec": {"selector": {"burgee.dev/apex": "other"}}},
    ],
)
def test_a_service_that_chooses_otherwise_shows_nothing(service: Manifest | None) -> None:
    assert side_of(service, NAMES) is None


def test_the_shared_label_comes_and_goes_without_a_new_revision() -> None:
    bare = workload()

    shared = labelled(bare, "web", wanted=True)

    assert is_labelled(shared, "web")
    assert not is_labelled(shared, "other")
    assert template_hash(shared) == template_hash(bare)
    assert labelled(shared, "web", wanted=False) == bare
    assert labelled(bare, "web", wanted=False) is bare


def test_a_target_is_patched_only_where_it_differs() -> None:
    bare = workload()
    held = labelled(workload(paused=True), "web", wanted=True)
    label = {"template": {"metadata": {"labels": {"burgee.dev/apex": "web"}}}}
    gone = {"template": {"metadata": {"labels": {"burgee.dev/apex": None}}}}

    assert held_patch(bare, "web", label=True, paused=True) == {"spec": {**label, "paused": True}}
    assert held_patch(held, "web", label=False, paused=False) == {"spec": {**gone, "paused": None}}
    assert held_patch(held, "web", label=True, paused=True) is None
    assert held_patch(bare, "web", label=None, paused=None) is None
