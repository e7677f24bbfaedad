"""A real Envoy does what the objects in the store say."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from burgee.playground.dataplane.control import ControlPlane
from burgee.playground.dataplane.envoy import Envoy
from burgee.playground.dataplane.istio import VIRTUAL_SERVICE
from burgee.playground.dataplane.load import Load, by_version
from burgee.playground.dataplane.visitors import Visitor
from burgee.playground.storage.store import Store
from burgee.playground.workloads.processes import Processes
from tests.playground_data.cluster_objects import (
    MERGE,
    deployment,
    service,
    virtual_service,
    weighted,
)

Eventually = Callable[..., None]


@pytest.fixture
def cluster(
    store: Store, mesh: ControlPlane, envoy: Envoy, tmp_path: Path, eventually: Eventually
) -> Iterator[Store]:
    """Two Deployments that answer, three Services, a VirtualService at weight 0."""
    deployments = store.resource("apps/v1", "deployments")
    services = store.resource("v1", "services")
    for name, version in (("web-primary", "v1"), ("web", "v2")):
        store.create(deployments, deployment(name, version))
    for name, app in (
        ("web", "web-primary"),
        ("web-primary", "web-primary"),
        ("web-canary", "web"),
    ):
        store.create(services, service(name, app))
    store.create(VIRTUAL_SERVICE, virtual_service(weighted(0)))
    processes = Processes(store, tmp_path / "pods", in_use=mesh.uses)
    processes.start()
    try:
        eventually(lambda: requests.get(envoy.url, timeout=5).status_code == 200)
        eventually(lambda: all(envoy.addresses().get(f"test_{n}_80") for n in _CLUSTERS))
        yield store
    finally:
        processes.close()


_CLUSTERS = ("web-primary", "web-canary")


def _route(store: Store, http: list[dict[str, object]]) -> None:
    patch = {"spec": virtual_service(http)["spec"]}
    store.patch(VIRTUAL_SERVICE, "test", "web", patch, content_type=MERGE)


def _versions(envoy: Envoy, count: int = 20, **headers: str) -> Counter[str]:
    with requests.Session() as session:
        return Counter(
            session.get(envoy.url, headers=headers, timeout=5).headers.get("x-version", "none")
            for _ in range(count)
        )


def test_weights_move_real_traffic(
    cluster: Store, mesh: ControlPlane, envoy: Envoy, eventually: Eventually
) -> None:
    load = Load(envoy.url, host="web", requests_per_second=300)
    load.start()
    try:
        for weight in (0, 30, 100):
            _route(cluster, weighted(weight))
            eventually(lambda w=weight: _weight(mesh) == w)
            began = mesh.history()[-1].served + 0.1
            time.sleep(3 if weight == 30 else 0.5)
            seen = by_version(load.between(began, time.monotonic()))
            share = 100 * seen["v2"] / seen.total()
            assert abs(share - weight) <= (6 if weight == 30 else 0)
        assert not [response for response in load.all() if response.failed]
    finally:
        load.close()


def _weight(mesh: ControlPlane) -> int:
    return mesh.history()[-1].weights["test/web"].get("web-canary", 0)


def test_header_and_cookie_choose_the_canary(
    cluster: Store, envoy: Envoy, eventually: Eventually
) -> None:
    to_canary = {"route": [{"destination": {"host": "web-canary"}, "weight": 100}]}
    match = [
        {"headers": {"x-user": {"exact": "insider"}}},
        {"headers": {"cookie": {"regex": "^(.*?;)?(canary=always)(;.*)?$"}}},
    ]
    _route(cluster, [{"match": match, **to_canary}, *weighted(0)])
    eventually(lambda: _versions(envoy, 1, **{"x-user": "insider"})["v2"] == 1)
    assert _versions(envoy, cookie="a=b;canary=always") == {"v2": 20}
    assert _versions(envoy, **{"x-user": "outsider"}) == {"v1": 20}
    assert _versions(envoy) == {"v1": 20}


def test_visitors_with_a_cookie_stay_where_they_are(
    cluster: Store, mesh: ControlPlane, envoy: Envoy
) -> None:
    [shared] = weighted(50)
    to_primary, to_canary = shared["route"]
    header = {"response": {"add": {"Set-Cookie": "version=new; Max-Age=60"}}}
    known = {"match": [{"headers": {"Cookie": {"regex": ".*version.*new.*"}}}]}
    sticky = {**known, "route": [{**to_primary, "weight": 0}, {**to_canary, "weight": 100}]}
    visitors = [Visitor(f"v{n}", keeps_cookies=True) for n in range(20)]
    before = len(mesh.history())
    _route(cluster, [sticky, {"route": [to_primary, {**to_canary, "headers": header}]}])
    deadline = time.monotonic() + 10
    while len(mesh.history()) == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.1)
    load = Load(envoy.url, host="web", requests_per_second=200, threads=2, visitors=visitors)
    load.start()
    time.sleep(2)
    load.close()
    for visitor in visitors:
        answers = [r for r in load.all() if r.visitor == visitor.name]
        versions = [r.version for r in sorted(answers, key=lambda r: r.started)]
        assert "v2" in versions, "twenty requests without the canary are one in a million"
        first = versions.index("v2")
        assert set(versions[first:]) == {"v2"}
        assert visitor.cookies() == {"version": "new"}
    assert {r.version for r in load.all()} == {"v1", "v2"}


def test_destination_sets_a_cookie(cluster: Store, envoy: Envoy, eventually: Eventually) -> None:
    http = weighted(100)
    http[0]["route"][1]["headers"] = {
        "response": {"add": {"Set-Cookie": "flagger-cookie=abc; Max-Age=60"}}
    }
    _route(cluster, http)
    eventually(lambda: requests.get(envoy.url, timeout=5).cookies.get("flagger-cookie") == "abc")


def test_mirror_copies_requests_without_changing_answers(
    cluster: Store, mesh: ControlPlane, envoy: Envoy, eventually: Eventually
) -> None:
    http = weighted(0)
    http[0]["mirror"] = {"host": "web-canary"}
    _route(cluster, http)
    eventually(lambda: mesh.history()[-1].rules["test/web"][0].mirrored == {"web-canary": 100})

    def mirrored() -> bool:
        assert _versions(envoy, 5) == {"v1": 5}
        text = requests.get(
            f"{envoy.admin_url}/stats?filter=web-canary_80.upstream_rq_200$", timeout=5
        ).text
        return bool(text.strip()) and int(text.rpartition(":")[2]) >= 5

    eventually(mirrored)


def test_service_without_virtual_service_is_reached_by_its_name(
    cluster: Store, envoy: Envoy, eventually: Eventually
) -> None:
    assert _versions(envoy, 5, host="web-canary.test") == {"v2": 5}
    cluster.delete(VIRTUAL_SERVICE, "test", "web")
    eventually(lambda: _versions(envoy, 1, host="web.test")["v1"] == 1)


def test_rolling_updates_under_load_fail_no_request(
    cluster: Store, envoy: Envoy, eventually: Eventually
) -> None:
    deployments = cluster.resource("apps/v1", "deployments")
    load = Load(envoy.url, host="web", requests_per_second=300)
    load.start()
    try:
        for version in ("v3", "v4", "v5"):
            cluster.patch(
                deployments,
                "test",
                "web-primary",
                {"spec": deployment("web-primary", version, replicas=2)["spec"]},
                content_type=MERGE,
            )
            eventually(lambda v=version: set(by_version(load.last(0.3))) == {v})
    finally:
        load.close()
    assert not [response for response in load.all() if response.failed]
    assert len(load.all()) > 100
