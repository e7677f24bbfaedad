"""What is tried to turn burgee against its own cluster, and refused."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest
import requests

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.adapters.outside import alerts, webhooks
from burgee.adapters.outside.addresses import (
    LOOPBACK,
    AddressPolicy,
    AddressRefused,
    networks,
    system_resolve,
)
from burgee.adapters.outside.bounded import BoundedSession, reason
from burgee.adapters.sources.prometheus import Prometheus
from burgee.engine.effects import HookCall, HookResult, SendAlert
from burgee.engine.letters import Letter, Receiver, Severity
from burgee.metrics.model import Check, Limits, Source, SourceError

NEVER = "which is never reached"
CLOSED = "of a network that is closed"
LETTER = Letter(name="podinfo", namespace="test", message="hello", severity=Severity.INFO)
CLUSTER = AddressPolicy()
LAPTOP = AddressPolicy(deny=())


def names(**known: str) -> Callable[[str, int], Iterator[str]]:
    """A resolver that knows some names besides what the system knows."""

    def resolve(host: str, port: int) -> Iterator[str]:
        found = known.get(host.replace(".", "_"))
        yield from found.split() if found else system_resolve(host, port)

    return resolve


def get(url: str, policy: AddressPolicy, proxy: str = "") -> requests.Response:
    with BoundedSession(url, limit_bytes=1000, cut=True, policy=policy, proxy=proxy) as session:
        return session.get(url, timeout=2)


@pytest.mark.parametrize(
    ("address", "policy", "permitted"),
    [
        pytest.param("10.0.0.1", CLUSTER, True, id="private"),
        pytest.param("fd12::1", CLUSTER, True, id="private, IPv6"),
        pytest.param("93.184.215.14", CLUSTER, True, id="public"),
        pytest.param("64:ff9b::5db8:d70e", CLUSTER, True, id="public, NAT64"),
        pytest.param("64:ff9b:1::5db8:d70e", CLUSTER, True, id="public, local NAT64"),
        pytest.param("127.0.0.1", LAPTOP, True, id="loopback of a laptop"),
        pytest.param("169.254.169.254", LAPTOP, False, id="metadata of a laptop"),
        pytest.param(
            "169.254.169.254",
            AddressPolicy(allow=networks("0.0.0.0/0")),
            False,
            id="metadata cannot be allowed",
        ),
        pytest.param(
            "127.0.0.1", AddressPolicy(allow=networks("127.0.0.1")), True, id="one allowed"
        ),
        pytest.param(
            "127.0.0.2", AddressPolicy(allow=networks("127.0.0.1")), False, id="and only one"
        ),
        pytest.param(
            "::ffff:10.1.1.1",
            AddressPolicy(deny=networks("10.0.0.0/8")),
            False,
            id="denied, mapped",
        ),
        pytest.param(
            "2002:a01:101::1",
            AddressPolicy(deny=networks("10.0.0.0/8")),
            False,
            id="denied, 6to4",
        ),
        pytest.param(
            "10.1.1.1",
            AddressPolicy(deny=networks("0.0.0.0/0"), allow=networks("10.1.0.0/16")),
            True,
            id="all but one",
        ),
    ],
)
def test_networks_are_opened_and_closed(
    address: str, policy: AddressPolicy, permitted: bool
) -> None:
    assert (policy.refusal(ip_address(address)) == "") is permitted


def test_every_address_of_loopback_is_closed_in_a_cluster() -> None:
    assert all(CLUSTER.refusal(network.network_address) for network in LOOPBACK)
    assert isinstance(LOOPBACK[0], ipaddress.IPv4Network)


def test_the_address_that_was_judged_is_the_one_that_is_reached(server: Any, reply: Any) -> None:
    answers = ["127.0.0.1", "169.254.169.254"]
    asked: list[str] = []

    def changing(host: str, _port: int) -> tuple[str]:
        asked.append(host)
        return (answers[min(len(asked), 2) - 1],)

    policy = AddressPolicy(deny=(), resolve=changing)
    server.replies = [reply(body=b"yes", headers={"Connection": "close"})]
    url = server.url.replace("127.0.0.1", "prometheus.monitoring")

    with BoundedSession(url, limit_bytes=100, cut=True, policy=policy) as session:
        assert session.get(url, timeout=2).text == "yes"
        assert asked == ["prometheus.monitoring"]
        with pytest.raises(AddressRefused, match=NEVER):
            session.get(url, timeout=2)

    (seen,) = server.seen
    assert seen.headers["Host"] == url.removeprefix("http://")


def test_certificates_are_checked_against_the_name(
    tls_server: Any, self_signed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(self_signed / "cert.pem"))
    policy = AddressPolicy(deny=(), resolve=names(other_example="127.0.0.1"))
    url = tls_server.url

    assert get(url, policy).status_code == 200
    with pytest.raises(requests.exceptions.SSLError):
        get(url.replace("127.0.0.1", "other.example"), policy)


def test_addresses_of_a_name_that_are_closed_are_passed_over(server: Any) -> None:
    policy = AddressPolicy(deny=(), resolve=names(mixed_example="169.254.1.1 127.0.0.1"))

    assert get(server.url.replace("127.0.0.1", "mixed.example"), policy).status_code == 200


def test_the_next_address_is_tried_when_one_is_dead(server: Any) -> None:
    policy = AddressPolicy(deny=(), resolve=names(two_example="127.0.0.2 127.0.0.1"))

    assert get(server.url.replace("127.0.0.1", "two.example"), policy).status_code == 200


def test_a_name_without_addresses_is_unknown() -> None:
    policy = AddressPolicy(resolve=lambda _host, _port: ())

    with pytest.raises(requests.ConnectionError) as caught:
        get("http://empty.example", policy)

    assert reason(caught.value) == "the host was not found"


def refused_by(policy: AddressPolicy, url: str, kind: str) -> str:
    """What the user of an address is told."""
    match kind:
        case "metrics":
            check = Check(
                id="0",
                name="m",
                source=Source(type="prometheus", address=url),
                query="up",
                limits=Limits(),
            )
            client = Prometheus(policy=policy)
            found = client.measure(check, None, timeout_seconds=2)
            client.close()
            assert isinstance(found, SourceError)
            return found.message
        case _:
            hook = HookCall(
                name="gate",
                type="rollout",
                url=url,
                payload={},
                timeout_seconds=2,
                retries=3,
                verify_tls=True,
                key="k",
            )
            called = webhooks.call(hook, deadline_seconds=5, policy=policy)
            assert isinstance(called, HookResult)
            return called.message


@pytest.mark.parametrize("kind", ["metrics", "webhook"])
def test_all_that_users_write_is_judged(kind: str, server: Any) -> None:
    said = refused_by(CLUSTER, server.url, kind)

    assert "the address is refused: its address is of a network that is closed" in said
    assert "attempts" not in said
    assert server.seen == []


def test_receivers_of_alerts_are_judged(server: Any) -> None:
    nowhere = KubeClient(KubeAccess(server="http://127.0.0.1:1"))
    alert = SendAlert(
        key="k",
        receiver=Receiver(id="r", kind="webhook", address=server.url),
        letter=LETTER,
    )
    result = alerts.deliver(alert, nowhere, policy=CLUSTER)
    nowhere.close()

    assert not result.succeeded
    assert "the address is refused: " in result.message
    assert server.seen == []


def test_an_unknown_host_is_no_refusal() -> None:
    with pytest.raises(socket.gaierror):
        CLUSTER.reachable("no-such-host.invalid", 80)
