"""Gates: Flagger's paths and codes, at once from many callers, across a restart."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess, access_from_kubeconfig
from burgee.loadtester.gates import ConfigMapGates
from burgee.playground.cluster import Cluster

Make = Callable[..., Any]
HOME = "burgee-loadtester"
GATES = "burgee-loadtester-gates"


def told(tester: Any, path: str, **payload: Any) -> tuple[int, str]:
    answer = tester.call(path, **payload)
    return answer.status_code, answer.text


@pytest.mark.parametrize(
    ("path", "code", "text"),
    [
        pytest.param("/healthz", 200, "OK", id="healthz"),
        pytest.param("/gate/approve", 200, "OK", id="approve"),
        pytest.param("/gate/halt", 403, "Forbidden", id="halt"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_fixed_answers_need_no_body(
    tester: Any, path: str, code: int, text: str, method: str
) -> None:
    answer = tester.send(path, b"not read", method=method)

    assert (answer.status_code, answer.text) == (code, text)


@pytest.mark.parametrize("kind", ["gate", "rollback"])
def test_a_gate_is_closed_until_it_is_opened(tester: Any, kind: str) -> None:
    assert told(tester, f"/{kind}/check") == (403, "Forbidden")
    assert told(tester, f"/{kind}/open") == (202, "")
    assert told(tester, f"/{kind}/open") == (202, "")
    assert told(tester, f"/{kind}/check") == (200, "Approved")
    assert told(tester, f"/{kind}/close") == (202, "")
    assert told(tester, f"/{kind}/check") == (403, "Forbidden")


def test_no_two_gates_are_one(tester: Any) -> None:
    told(tester, "/rollback/open", name="a")

    assert told(tester, "/rollback/check", name="a")[0] == 200
    assert told(tester, "/gate/check", name="a")[0] == 403
    assert told(tester, "/gate/check", name="rollback.a")[0] == 403
    assert told(tester, "/rollback/check", name="a", namespace="other")[0] == 403
    assert told(tester, "/rollback/check", name="b")[0] == 403


def test_checks_are_counted(tester: Any) -> None:
    told(tester, "/gate/check")
    told(tester, "/gate/open")
    told(tester, "/gate/check")

    for answer in ("approved", "forbidden"):
        labels = {"kind": "gate", "answer": answer}
        assert tester.metric("burgee_loadtester_gate_checks_total", **labels) == 1


@pytest.mark.parametrize(
    ("name", "namespace"),
    [
        pytest.param("", "test", id="no name"),
        pytest.param("a", "", id="no namespace"),
        pytest.param("A", "test", id="upper case"),
        pytest.param("a/b", "test", id="a slash"),
        pytest.param("a", "b.c", id="a dot in the namespace"),
        pytest.param("a\n", "test", id="a line end"),
        pytest.param("a" * 250, "test", id="too long"),
    ],
)
def test_a_gate_belongs_to_a_canary_that_may_exist(tester: Any, name: str, namespace: str) -> None:
    for path in ("/gate/open", "/gate/check", "/rollback/close"):
        assert told(tester, path, name=name, namespace=namespace)[0] == 400


def at_once(number: int, act: Callable[[int], None]) -> None:
    barrier = threading.Barrier(number)
    failures: list[BaseException] = []

    def run(index: int) -> None:
        barrier.wait(10)
        try:
            act(index)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failures == []


def open_and_close_at_once(tester: Any) -> None:
    """Twelve callers, each with a gate of its own: even ones stay open."""

    def act(index: int) -> None:
        for _ in range(5):
            assert told(tester, "/gate/open", name=f"c{index}") == (202, "")
            assert told(tester, "/gate/check", name=f"c{index}")[0] == 200
            if index % 2:
                assert told(tester, "/gate/close", name=f"c{index}") == (202, "")
                assert told(tester, "/gate/check", name=f"c{index}")[0] == 403

    at_once(12, act)


def test_gates_in_memory_are_set_by_many_at_once(tester: Any) -> None:
    open_and_close_at_once(tester)

    codes = [told(tester, "/gate/check", name=f"c{index}")[0] for index in range(12)]
    assert codes == [200, 403] * 6


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(namespaces=[HOME]) as made:
        yield made


@pytest.fixture
def kept(make: Make, cluster: Cluster, tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Makes load testers that keep gates in one ConfigMap."""
    clients: list[KubeClient] = []

    def build() -> Any:
        access = access_from_kubeconfig(cluster.kubeconfig(tmp_path / "kubeconfig"))
        clients.append(KubeClient(access))
        return make(ConfigMapGates(clients[-1], namespace=HOME, name=GATES))

    yield build
    for client in clients:
        client.close()


def config_map(cluster: Cluster) -> dict[str, str]:
    found = cluster.get("v1", "ConfigMap", HOME, GATES)
    assert found is not None
    return dict(found.get("data") or {})


def test_gates_in_a_config_map_survive_a_restart(
    kept: Callable[[], Any], cluster: Cluster
) -> None:
    before = kept()
    assert told(before, "/gate/check") == (403, "Forbidden")
    assert told(before, "/gate/close") == (202, "")
    assert cluster.get("v1", "ConfigMap", HOME, GATES) is None
    assert told(before, "/gate/open") == (202, "")
    assert told(before, "/rollback/open") == (202, "")
    assert told(before, "/rollback/close") == (202, "")
    before.runner.close()

    after = kept()
    assert told(after, "/gate/check") == (200, "Approved")
    assert told(after, "/rollback/check") == (403, "Forbidden")
    assert config_map(cluster) == {"gate.test.podinfo": "open"}


def test_what_is_edited_in_the_config_map_counts(
    kept: Callable[[], Any], cluster: Cluster
) -> None:
    tester = kept()
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"namespace": HOME, "name": GATES},
            "data": {"gate.test.podinfo": "open", "gate.test.b": "closed", "note": "ours"},
        }
    )

    assert told(tester, "/gate/check")[0] == 200
    assert told(tester, "/gate/check", name="b")[0] == 403
    assert told(tester, "/gate/close")[0] == 202
    assert told(tester, "/gate/check")[0] == 403
    assert config_map(cluster)["note"] == "ours"


def test_gates_in_a_config_map_are_set_by_many_at_once(
    kept: Callable[[], Any], cluster: Cluster
) -> None:
    # None is there at first: all but one of the callers fail to make it.
    open_and_close_at_once(kept())

    assert config_map(cluster) == {f"gate.test.c{index}": "open" for index in range(0, 12, 2)}


def test_without_the_api_server_no_gate_is_said_to_be_open_or_set(make: Make) -> None:
    client = KubeClient(KubeAccess(server="http://127.0.0.1:1"))
    tester = make(ConfigMapGates(client, namespace=HOME, name=GATES))

    for path in ("/gate/check", "/gate/open", "/rollback/check", "/rollback/close"):
        code, text = told(tester, path)
        assert code == 503
        assert "cannot be read or written now" in text
    assert told(tester, "/gate/approve")[0] == 200
    client.close()
