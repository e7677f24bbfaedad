"""Watches of the store."""

import threading
from collections.abc import Callable

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage import database
from burgee.playground.storage.query_selectors import label_filter
from burgee.playground.storage.store import ApiError, Store
from burgee.playground.storage.watches import Watch

Make = Callable[..., Manifest]
MERGE = "application/merge-patch+json"


def drain(watch: Watch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while (event := watch.next(0.05)) is not None:
        found.append((event[0], event[1]["metadata"]["name"]))
    return found


def relabel(store: Store, resource: Resource, value: str | None) -> None:
    patch = {"metadata": {"labels": {"app": value}}}
    store.patch(resource, "default", "c", patch, content_type=MERGE)


def test_changes_come_in_order(store: Store, config_maps: Resource, config_map: Make) -> None:
    store.create(config_maps, config_map("before"))
    with store.watch(config_maps) as watch:
        store.create(config_maps, config_map())
        relabel(store, config_maps, "x")
        store.delete(config_maps, "default", "c")
        assert drain(watch) == [("ADDED", "c"), ("MODIFIED", "c"), ("DELETED", "c")]


def test_a_watch_from_a_version_replays(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    store.create(config_maps, config_map("a"))
    _, version = store.list(config_maps)
    store.create(config_maps, config_map("b"))
    with store.watch(config_maps, since=version) as watch:
        assert drain(watch) == [("ADDED", "b")]


def test_other_namespaces_and_kinds_are_not_seen(
    store: Store, config_maps: Resource, config_map: Make, gadgets: Resource, gadget: Make
) -> None:
    with store.watch(config_maps, "kube-system") as watch:
        store.create(config_maps, config_map())
        store.create(gadgets, gadget())
        store.create(config_maps, config_map("seen", namespace="kube-system"))
        assert drain(watch) == [("ADDED", "seen")]


def test_several_kinds_in_one_watch_come_in_the_order_of_their_versions(
    store: Store, config_maps: Resource, config_map: Make, gadgets: Resource, gadget: Make
) -> None:
    with store.watch_all((config_maps, gadgets)) as watch:
        for number in range(3):
            store.create(gadgets, gadget(f"g{number}"))
            store.create(config_maps, config_map(f"c{number}"))
        store.delete(gadgets, "default", "g0")
        seen = drain(watch)
    added = [("ADDED", f"{kind}{number}") for number in range(3) for kind in "gc"]
    assert seen == [*added, ("DELETED", "g0")]
    store.create(config_maps, config_map("late"))
    assert drain(watch) == []


def test_entering_and_leaving_a_selection(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    with store.watch(config_maps, matches=label_filter("app=x")) as watch:
        store.create(config_maps, config_map())
        relabel(store, config_maps, "x")
        store.patch(config_maps, "default", "c", {"data": {"k": "2"}}, content_type=MERGE)
        relabel(store, config_maps, None)
        relabel(store, config_maps, "x")
        store.delete(config_maps, "default", "c")
        kinds = [kind for kind, _ in drain(watch)]
    assert kinds == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"]


def test_the_last_event_has_the_version_of_the_removal(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    made = store.create(config_maps, config_map())
    with store.watch(config_maps) as watch:
        store.delete(config_maps, "default", "c")
        event = watch.next(1)
    assert event is not None
    version = int(event[1]["metadata"]["resourceVersion"])
    assert version > int(made["metadata"]["resourceVersion"])


def test_a_version_that_is_forgotten(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    made = store.create(config_maps, config_map())
    for count in range(database.LOG_LENGTH + 1):
        patch = {"data": {"k": str(count)}}
        store.patch(config_maps, "default", "c", patch, content_type=MERGE)
    with pytest.raises(ApiError) as refused:
        store.watch(config_maps, since=int(made["metadata"]["resourceVersion"]))
    assert (refused.value.status, refused.value.reason) == (410, "Expired")
    _, version = store.list(config_maps)
    store.watch(config_maps, since=version).close()


def test_closing_wakes_the_reader(store: Store, config_maps: Resource) -> None:
    watch = store.watch(config_maps)
    seen: list[object] = []
    reader = threading.Thread(target=lambda: seen.extend(watch))
    reader.start()
    watch.close()
    watch.close()
    reader.join(timeout=5)
    assert not reader.is_alive()
    assert seen == []


def test_a_list_and_its_watch_miss_nothing(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    count = 200
    names = [f"c{i}" for i in range(count)]

    def write() -> None:
        for name in names:
            store.create(config_maps, config_map(name))

    writer = threading.Thread(target=write)
    writer.start()
    entries, _, watch = store.list_and_watch(config_maps)
    writer.join(timeout=10)
    with watch:
        later = [name for _, name in drain(watch)]
    listed = [e.manifest["metadata"]["name"] for e in entries]
    assert sorted(listed + later) == sorted(names)


def test_writers_do_not_lose_each_others_writes(
    store: Store, config_maps: Resource, config_map: Make
) -> None:
    store.create(config_maps, config_map())

    statuses: set[int] = set()

    def count_up() -> None:
        done = 0
        while done < 50:
            now = store.get(config_maps, "default", "c")
            count = str(int(now["data"].get("n", 0)) + 1)
            try:
                store.update(config_maps, {**now, "data": {"n": count}})
            except ApiError as e:
                statuses.add(e.status)
            else:
                done += 1

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert store.get(config_maps, "default", "c")["data"] == {"n": "200"}
    assert statuses <= {409}
