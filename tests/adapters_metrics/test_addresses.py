"""What is tried to turn burgee against its own cluster, and refused."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any

import pytest
import requests

from burgee.adapters import alerts, webhooks
from burgee.adapters.addresses import (
    LOOPBACK,
    AddressPolicy,
    AddressRefused,
    networks,
    system_resolve,
)
from burgee.adapters.bounded import BoundedSession, reason
from burgee.adapters.kube import KubeClient
from burgee.adapters.kubeconfig import KubeAccess
from burgee.adapters.prometheus import Prometheus
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
    ("host", "why"),
    [
        pytest.param("169.254.169.254", NEVER, id="metadata service"),
        pytest.param("169.254.170.2", NEVER, id="credentials of a task"),
        pytest.param("169.254.0.1", NEVER, id="link-local"),
        pytest.param("2852039166", "no plain IP", id="decimal"),
        pytest.param("0xa9fea9fe", "no plain IP", id="hexadecimal"),
        pytest.param("0xA9.0xFE.0xA9.0xFE", "no plain IP", id="hexadecimal parts"),
        pytest.param("0251.0376.0251.0376", "no plain IP", id="octal"),
        pytest.param("169.254.43518", "no plain IP", id="three parts"),
        pytest.param("127.1", "no plain IP", id="two parts"),
        pytest.param("0", NEVER + "|no plain IP", id="nought"),
        pytest.param("0.0.0.0", NEVER, id="unspecified"),
        pytest.param("[::]", NEVER, id="unspecified, IPv6"),
        pytest.param("[fd00:ec2::254]", NEVER, id="metadata service, IPv6"),
        pytest.param("[fd20:ce::254]", NEVER, id="metadata service of Google, IPv6"),
        pytest.param("100.100.100.200", NEVER, id="metadata service of Alibaba"),
        pytest.param("168.63.129.16", NEVER, id="wire server of Azure"),
        pytest.param("[fe80::1]", NEVER, id="link-local, IPv6"),
        pytest.param("[::ffff:169.254.169.254]", NEVER, id="mapped"),
        pytest.param("[::ffff:a9fe:a9fe]", NEVER, id="mapped, hexadecimal"),
        pytest.param("[0:0:0:0:0:ffff:a9fe:a9fe]", NEVER, id="mapped, written out"),
        pytest.param("[::a9fe:a9fe]", NEVER, id="compatible"),
        pytest.param("[2002:a9fe:a9fe::1]", NEVER, id="6to4"),
        pytest.param("[64:ff9b::a9fe:a9fe]", NEVER, id="NAT64"),
        pytest.param("[64:ff9b:1::a9fe:a9fe]", NEVER, id="local NAT64"),
        pytest.param("[64:ff9b:1:a9fe:a9:fe00::]", NEVER, id="local NAT64 of /48"),
        pytest.param("[2001:0:102:304::5601:5601]", NEVER, id="Teredo"),
        pytest.param("[2001:db8::5efe:a9fe:a9fe]", NEVER, id="ISATAP"),
        pytest.param("224.0.0.1", NEVER, id="multicast"),
        pytest.param("127.0.0.1", CLOSED, id="loopback"),
        pytest.param("127.8.9.10", CLOSED, id="more loopback"),
        pytest.param("[::1]", CLOSED, id="loopback, IPv6"),
        pytest.param("[::ffff:127.0.0.1]", CLOSED, id="loopback, mapped"),
        pytest.param("[64:ff9b::7f00:1]", CLOSED, id="loopback, NAT64"),
        pytest.param("localhost", CLOSED, id="localhost"),
        pytest.param("LOCALHOST.", CLOSED, id="localhost with a dot"),
        pytest.param("metadata.google.internal", NEVER, id="a name"),
        pytest.param("inner.example", NEVER, id="all addresses of a name"),
        pytest.param("good.example@169.254.169.254", "holds credentials", id="name before @"),
        pytest.param("user:secret@good.example", "holds credentials", id="credentials"),
        pytest.param("good.example#@169.254.169.254", CLOSED, id="fragment"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_probes_are_refused(scheme: str, host: str, why: str) -> None:
    known = names(
        metadata_google_internal="169.254.169.254",
        inner_example="169.254.169.254 fd00:ec2::254",
        good_example="127.0.0.1",
    )
    policy = AddressPolicy(resolve=known)

    with pytest.raises(AddressRefused, match=why) as caught:
        get(f"{scheme}://{host}/latest/meta-data", policy)

    told = reason(caught.value)
    assert told.startswith("the address is refused: ")
    assert "169.254" not in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/", "unix:///run/x", "//x"],
)
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(requests.RequestException) as caught:
        get(url, LAPTOP)

    assert reason(caught.value) == "the address or a header cannot be sent"


@pytest.mark.parametrize(
    ("address", "policy", "permitted"),
    [
        pytest.param("10.0.0.1", CLUSTER, True, id="private"),
        pytest.param("fd12::1", CLUSTER, True, id="private, IPv6"),
        pytest.param("93.184.215.14", CLUSTER, True, id="public"),
        pytest.param("64:ff9b::5db8:d70e", CLUSTER, True, id="public, NAT64"),
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


def test_redirects_lead_nowhere(server: Any, reply: Any) -> None:
    server.replies = [
        reply(code=302, headers={"Location": "http://169.254.169.254/"}),
        reply(body=b"never"),
    ]

    assert get(server.url, LAPTOP).status_code == 302
    assert len(server.seen) == 1


def test_a_proxy_of_a_user_is_judged_too(server: Any) -> None:
    with pytest.raises(AddressRefused, match=CLOSED):
        get("http://10.0.0.1/", CLUSTER, proxy=server.url)
    assert server.seen == []


def test_a_proxy_does_not_lead_to_what_is_closed(server: Any) -> None:
    with pytest.raises(AddressRefused, match=NEVER):
        get("http://169.254.169.254/", LAPTOP, proxy=server.url)
    assert server.seen == []


def test_a_proxy_may_know_more_names(server: Any) -> None:
    assert get("http://no-such-host.invalid/", LAPTOP, proxy=server.url).status_code == 200


def test_a_proxy_of_the_environment_is_the_operators(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")

    assert get("http://10.0.0.1/", CLUSTER).status_code == 200


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
