"""What is tried to reach the inside by an address, and what its author is told."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from burgee.adapters.outside.addresses import AddressPolicy, AddressRefused, system_resolve
from burgee.adapters.outside.bounded import BoundedSession, reason

NEVER = "which is never reached"
CLOSED = "of a network that is closed"
NUMBER = "no plain IP"
PERCENT = "percent sign"
CREDENTIALS = "holds credentials"
LAPTOP = AddressPolicy(deny=())


def names(**known: str) -> Callable[[str, int], Iterator[str]]:
    """A resolver that knows some names besides what the system knows."""

    def resolve(host: str, port: int) -> Iterator[str]:
        found = known.get(host.rstrip(".").replace(".", "_"))
        yield from found.split() if found else system_resolve(host, port)

    return resolve


def get(url: str, policy: AddressPolicy, proxy: str = "") -> requests.Response:
    with BoundedSession(url, limit_bytes=1000, cut=True, policy=policy, proxy=proxy) as session:
        return session.get(url, timeout=2)


KNOWN = names(
    metadata_google_internal="169.254.169.254",
    metadata_azure_internal="168.63.129.16",
    inner_example="169.254.169.254 fd00:ec2::254",
    good_example="127.0.0.1",
    one_good_example="127.0.0.1 169.254.169.254",
)

PROBES = [
    # metadata services of clouds
    pytest.param("169.254.169.254", NEVER, id="metadata of most clouds"),
    pytest.param("169.254.170.2", NEVER, id="credentials of a task, Amazon"),
    pytest.param("169.254.170.23", NEVER, id="credentials of a pod, Amazon"),
    pytest.param("[fd00:ec2::254]", NEVER, id="Amazon, IPv6"),
    pytest.param("[FD00:EC2:0:0:0:0:0:254]", NEVER, id="Amazon, IPv6 written out"),
    pytest.param("[fd00:ec2::23]", NEVER, id="credentials of a pod, Amazon, IPv6"),
    pytest.param("[fd20:ce::254]", NEVER, id="Google, IPv6"),
    pytest.param("168.63.129.16", NEVER, id="wire server of Azure"),
    pytest.param("100.100.100.200", NEVER, id="Alibaba"),
    pytest.param("[fd00:100::100:200]", NEVER, id="Alibaba, IPv6"),
    pytest.param("192.0.0.192", NEVER, id="Oracle"),
    pytest.param("[fd00:c1::a9fe:a9fe]", NEVER, id="Oracle, IPv6"),
    pytest.param("169.254.42.42", NEVER, id="Scaleway"),
    pytest.param("[fd00:42::42]", NEVER, id="Scaleway, IPv6"),
    pytest.param("[fd00:a9fe:a9fe::1]", NEVER, id="Akamai, IPv6"),
    pytest.param("[fe80::a9fe:a9fe]", NEVER, id="OpenStack, IPv6"),
    # numbers that are no plain address
    pytest.param("2852039166", NUMBER, id="decimal"),
    pytest.param("0xa9fea9fe", NUMBER, id="hexadecimal"),
    pytest.param("0xA9.0xFE.0xA9.0xFE", NUMBER, id="hexadecimal parts"),
    pytest.param("0251.0376.0251.0376", NUMBER, id="octal"),
    pytest.param("00000000251.0376.0251.0376", NUMBER, id="octal with more noughts"),
    pytest.param("0xa9.254.0251.254", NUMBER, id="mixed"),
    pytest.param("169.254.43518", NUMBER, id="three parts"),
    pytest.param("127.1", NUMBER, id="two parts"),
    pytest.param("127.000.000.001", NUMBER, id="leading noughts"),
    pytest.param("0x7f.1.", NUMBER, id="two parts and a dot"),
    pytest.param("0", f"{NEVER}|{NUMBER}", id="nought"),
    # IPv4 inside IPv6
    pytest.param("[::ffff:169.254.169.254]", NEVER, id="mapped"),
    pytest.param("[::ffff:a9fe:a9fe]", NEVER, id="mapped, hexadecimal"),
    pytest.param("[0:0:0:0:0:ffff:a9fe:a9fe]", NEVER, id="mapped, written out"),
    pytest.param("[::a9fe:a9fe]", NEVER, id="compatible"),
    pytest.param("[::7f00:1]", CLOSED, id="loopback, compatible"),
    pytest.param("[::ffff:0:a9fe:a9fe]", NEVER, id="translated"),
    pytest.param("[::ffff:0:7f00:1]", CLOSED, id="loopback, translated"),
    pytest.param("[2002:a9fe:a9fe::1]", NEVER, id="6to4"),
    pytest.param("[2002:7f00:1::]", CLOSED, id="loopback, 6to4"),
    pytest.param("[64:ff9b::a9fe:a9fe]", NEVER, id="NAT64"),
    pytest.param("[64:ff9b::7f00:1]", CLOSED, id="loopback, NAT64"),
    pytest.param("[64:ff9b:1::a9fe:a9fe]", NEVER, id="local NAT64"),
    pytest.param("[64:ff9b:1:a9fe:a9:fe00::]", NEVER, id="local NAT64 of /48"),
    pytest.param("[64:ff9b:1:a9:fe:a9fe::]", NEVER, id="local NAT64 of /56"),
    pytest.param("[64:ff9b:1:0:a9:fea9:fe00:0]", NEVER, id="local NAT64 of /64"),
    pytest.param("[2001:0:102:304::5601:5601]", NEVER, id="Teredo"),
    pytest.param("[2001:db8::5efe:a9fe:a9fe]", NEVER, id="ISATAP"),
    # zones and escapes
    pytest.param("[fe80::1%eth0]", PERCENT, id="zone"),
    pytest.param("[fe80::1%25eth0]", PERCENT, id="zone, escaped"),
    pytest.param("[::1%25lo]", PERCENT, id="zone of loopback"),
    pytest.param("[::ffff:169.254.169.254%25lo]", PERCENT, id="zone of a mapped address"),
    pytest.param("%31%36%39.254.169.254", NEVER, id="escaped digits"),
    pytest.param("169.254.169.254%2f.good.example", PERCENT, id="escaped slash"),
    pytest.param("good.example%40169.254.169.254", PERCENT, id="escaped @"),
    # what is no host, or one of the hook server's own
    pytest.param("0.0.0.0", NEVER, id="unspecified"),
    pytest.param("[::]", NEVER, id="unspecified, IPv6"),
    pytest.param("[::ffff:0.0.0.0]", NEVER, id="unspecified, mapped"),
    pytest.param("169.254.0.1", NEVER, id="link-local"),
    pytest.param("[fe80::1]", NEVER, id="link-local, IPv6"),
    pytest.param("224.0.0.1", NEVER, id="multicast"),
    pytest.param("[ff02::1]", NEVER, id="multicast, IPv6"),
    pytest.param("255.255.255.255", NEVER, id="broadcast"),
    pytest.param("127.0.0.1", CLOSED, id="loopback"),
    pytest.param("127.8.9.10", CLOSED, id="more loopback"),
    pytest.param("[::1]", CLOSED, id="loopback, IPv6"),
    pytest.param("[::ffff:127.0.0.1]", CLOSED, id="loopback, mapped"),
    # names, dots and ports
    pytest.param("localhost", CLOSED, id="localhost"),
    pytest.param("LOCALHOST.", CLOSED, id="localhost with a dot"),
    pytest.param("169.254.169.254.", NEVER, id="address with a dot"),
    pytest.param("127.0.0.1.", CLOSED, id="loopback with a dot"),
    pytest.param("metadata.google.internal", NEVER, id="a name"),
    pytest.param("metadata.google.internal.", NEVER, id="a name with a dot"),
    pytest.param("metadata.azure.internal", NEVER, id="a name of Azure"),
    pytest.param("inner.example", NEVER, id="all addresses of a name"),
    pytest.param("one.good.example", f"{CLOSED}|{NEVER}", id="no address of a name is good"),
    pytest.param("169.254.169.254:8080", NEVER, id="another port"),
    pytest.param("127.0.0.1:22", CLOSED, id="port of another protocol"),
    pytest.param("169.254.169.254:0", NEVER, id="no port"),
    # who is asked, and who seems to be
    pytest.param("good.example@169.254.169.254", CREDENTIALS, id="name before @"),
    pytest.param("good.example:80@169.254.169.254:80", CREDENTIALS, id="name and port before @"),
    pytest.param("user:secret@good.example", CREDENTIALS, id="credentials"),
    pytest.param("user@good.example", CREDENTIALS, id="a user"),
    pytest.param(":secret@good.example", CREDENTIALS, id="a password"),
    pytest.param("good.example#@169.254.169.254", CLOSED, id="fragment"),
    pytest.param("good.example?@169.254.169.254", CLOSED, id="query"),
    pytest.param("169.254.169.254#good.example", NEVER, id="name in the fragment"),
    pytest.param("169.254.169.254?good.example", NEVER, id="name in the query"),
]


@pytest.mark.parametrize(("host", "why"), PROBES)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_probes_are_refused(scheme: str, host: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why) as caught:
        get(f"{scheme}://{host}/latest/meta-data", AddressPolicy(resolve=KNOWN))

    told = reason(caught.value)
    assert told.startswith("the address is refused: ")
    assert "169.254" not in told
    assert "secret" not in told


NO_SCHEME = "the address is refused: it begins with neither http:// nor https://"
NO_URL = "the address is refused: it is no URL with a host"
UNREADABLE = "the address or a header cannot be sent"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        pytest.param("file:///etc/passwd", NO_SCHEME, id="file"),
        pytest.param("gopher://127.0.0.1/", NO_SCHEME, id="gopher"),
        pytest.param("ftp://127.0.0.1/", NO_SCHEME, id="ftp"),
        pytest.param("dict://127.0.0.1:11211/", NO_SCHEME, id="dict"),
        pytest.param("ldap://127.0.0.1", NO_SCHEME, id="ldap"),
        pytest.param("unix:///run/x", NO_SCHEME, id="unix"),
        pytest.param("http+unix://%2Frun%2Fx", NO_SCHEME, id="http+unix"),
        pytest.param("javascript:alert(1)", NO_SCHEME, id="javascript"),
        pytest.param("data:,x", NO_SCHEME, id="data"),
        pytest.param("//x", NO_SCHEME, id="no scheme"),
        pytest.param("", NO_SCHEME, id="nothing"),
        pytest.param("http://", NO_URL, id="no host"),
        pytest.param("http:169.254.169.254/", NO_URL, id="no slashes"),
        pytest.param("http:/169.254.169.254/", NO_URL, id="one slash"),
        pytest.param("http:\\\\169.254.169.254/", NO_URL, id="backslashes"),
        pytest.param("http://169.254.169.254:70000/", NO_URL, id="a port beyond all ports"),
        pytest.param("http://::1/", NO_URL, id="IPv6 without brackets"),
        pytest.param("http://[::1/", UNREADABLE, id="half of the brackets"),
        pytest.param("http://169.254.\n169.254/", NO_URL, id="line break"),
        pytest.param("http://169.254.169.254\t/", NO_URL, id="tab"),
        pytest.param("http:// 169.254.169.254/", NO_URL, id="blank"),
        pytest.param("http://①⑥⑨.②⑤④.①⑥⑨.②⑤④/", NO_URL, id="circled digits"),
        pytest.param("http://１６９.２５４.１６９.２５４/", NO_URL, id="wide digits"),  # noqa: RUF001
        pytest.param("http://169。254。169。254/", NO_URL, id="ideographic stops"),
        pytest.param("http://ⓛocalhost/", NO_URL, id="circled letter"),
        pytest.param("http://localhoſt/", NO_URL, id="long s"),  # noqa: RUF001
        pytest.param("http://localhost%00.example/", NO_URL, id="escaped NUL"),
    ],
)
def test_what_is_no_address_is_told(url: str, told: str) -> None:
    with pytest.raises((requests.RequestException, ValueError)) as caught:
        get(url, LAPTOP)

    assert reason(caught.value) == told


def test_a_backslash_does_not_end_a_host(server: Any) -> None:
    port = server.url.rpartition(":")[2]

    with pytest.raises(requests.ConnectionError) as caught:
        get(f"http://no-such-host.invalid\\@127.0.0.1:{port}/", LAPTOP)

    assert reason(caught.value) == "the host was not found"
    assert server.seen == []


def test_letters_of_other_scripts_may_stand_in_a_name(server: Any) -> None:
    policy = AddressPolicy(deny=(), resolve=names(**{"xn--bcher-kva_example": "127.0.0.1"}))

    found = get(server.url.replace("127.0.0.1", "bücher.example"), policy)

    assert found.status_code == 200
    assert server.seen[0].headers["Host"].startswith("xn--bcher-kva.example:")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_lead_nowhere(code: int, server: Any, reply: Any) -> None:
    server.replies = [
        reply(code=code, headers={"Location": "http://169.254.169.254/"}),
        reply(body=b"never"),
    ]

    assert get(server.url, LAPTOP).status_code == code
    assert len(server.seen) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_of_a_user_is_judged_too(scheme: str, server: Any) -> None:
    with pytest.raises(AddressRefused, match=CLOSED):
        get(f"{scheme}://10.0.0.1/", AddressPolicy(), proxy=server.url)
    assert server.seen == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["169.254.169.254", "2852039166", "[::ffff:a9fe:a9fe]", "u@x"])
def test_a_proxy_does_not_lead_to_what_is_closed(scheme: str, host: str, server: Any) -> None:
    with pytest.raises(AddressRefused, match=f"{NEVER}|{NUMBER}|{CREDENTIALS}"):
        get(f"{scheme}://{host}/", LAPTOP, proxy=server.url)
    assert server.seen == []


def test_a_proxy_may_know_more_names(server: Any) -> None:
    assert get("http://no-such-host.invalid/", LAPTOP, proxy=server.url).status_code == 200


def test_a_proxy_of_the_environment_is_the_operators(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.setenv("no_proxy", "")

    assert get("http://10.0.0.1/", AddressPolicy()).status_code == 200
    with pytest.raises(AddressRefused, match=NEVER):
        get("http://169.254.169.254/", AddressPolicy())
