import time
from collections.abc import Iterator

import pytest
from hook_world import World

from burgee.api.manifest import Manifest, name_of
from burgee.playground.machinery.informer import Informer, InformerSet


def config(name: str, owner: str = "") -> Manifest:
    meta: Manifest = {"name": name, "namespace": "t1"}
    if owner:
        meta["ownerReferences"] = [
            {"apiVersion": "v1", "kind": "X", "name": "x", "uid": owner, "controller": True}
        ]
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


@pytest.fixture
def lags() -> list[float]:
    """How late the next events are; what is left over is on time."""
    return []


@pytest.fixture
def informer(world: World, lags: list[float]) -> Iterator[Informer]:
    made = Informer(
        world.store,
        world.store.resource("v1", "configmaps"),
        lag_seconds=lambda: lags.pop(0) if lags else 0.0,
    )
    yield made
    made.close()


def names(informer: Informer) -> set[str]:
    return {name_of(manifest) for manifest in informer.all()}


def test_what_was_there_before_is_listed(world: World, informer: Informer) -> None:
    world.put(config("old"))
    informer.start()
    assert informer.synced.wait(2)
    assert names(informer) == {"old"}


def test_changes_arrive_with_the_old_and_the_new_object(world: World, informer: Informer) -> None:
    seen: list[tuple[bool, bool]] = []
    informer.add_handler(lambda old, new: seen.append((old is not None, new is not None)))
    informer.start()
    informer.synced.wait(2)
    live = world.put(config("cm"))
    world.change(live, data={"a": "b"})
    world.store.delete(informer.resource, "t1", "cm")
    world.wait(lambda: len(seen) == 3)
    assert seen == [(False, True), (True, True), (True, False)]


def test_a_late_event_holds_up_those_after_it(
    world: World, informer: Informer, lags: list[float]
) -> None:
    arrived: list[str] = []
    informer.add_handler(lambda _, new: arrived.append(name_of(new or {})))
    informer.start()
    informer.synced.wait(2)
    lags.append(0.15)
    start = time.monotonic()
    for name in ("first", "second", "third"):
        world.put(config(name))
    world.wait(lambda: len(arrived) == 3)
    assert arrived == ["first", "second", "third"]
    assert time.monotonic() - start >= 0.15


def test_lags_do_not_add_up(world: World, informer: Informer, lags: list[float]) -> None:
    informer.start()
    informer.synced.wait(2)
    lags.extend([0.2] * 30)
    start = time.monotonic()
    for number in range(30):
        world.put(config(f"cm{number}"))
    world.wait(lambda: len(informer.all()) == 30)
    assert 0.15 < time.monotonic() - start < 2


def test_objects_are_found_by_their_controller(world: World, informer: Informer) -> None:
    owner = world.put(config("owner"))["metadata"]["uid"]
    owned = world.put(config("owned", owner))
    informer.pump()
    assert [name_of(m) for m in informer.owned_by(owner, "t1")] == ["owned"]
    assert [name_of(m) for m in informer.owned_by("", "t1")] == ["owner"]
    assert informer.owned_by(owner, "elsewhere") == []
    world.change(owned, metadata={"ownerReferences": []})
    informer.pump()
    assert informer.owned_by(owner, "t1") == []
    assert len(informer.owned_by("", "t1")) == 2


def test_a_kind_has_one_cache_for_everybody(world: World) -> None:
    informers = InformerSet(world.store)
    resource = world.store.resource("v1", "configmaps")
    first, made = informers.get(resource)
    second, made_again = informers.get(resource)
    assert first is second
    assert (made, made_again) == (True, False)
    assert informers.wait_synced(2)
    informers.close()
