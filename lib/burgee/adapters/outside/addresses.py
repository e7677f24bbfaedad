"""Which networks may be reached by addresses that users write.

Metric sources, webhooks and receivers of alerts are addresses in objects that many people may
write, and burgee stands where they do not: in the cluster, next to the cloud's metadata service.
So a name is resolved once, every address that it stands for is judged, and the one that was
judged is the one that is connected to (see burgee.adapters.outside.pinned); a name that means something
else a moment later changes nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

Resolve: TypeAlias = Callable[[str, int], Iterable[str]]
"""The addresses of a host, best first; raises socket.gaierror where there are none."""

_MOST_ADDRESSES = 4


def networks(*texts: str) -> tuple[Network, ...]:
    """The networks of texts such as 10.0.0.0/8; a bare address is a network of one.

    Raises:
        ValueError: a text is no network.
    """
    return tuple(ipaddress.ip_network(text) for text in texts)


LOOPBACK = networks("127.0.0.0/8", "::1/128")

_NEVER: Mapping[str, tuple[Network, ...]] = {
    "link-local": networks("169.254.0.0/16", "fe80::/10"),
    "that of cloud metadata": networks(
        "100.100.100.200/32",  # Alibaba
        "fd00:100::100:200/128",
        "168.63.129.16/32",  # Azure
        "192.0.0.192/32",  # Oracle
        "fd00:c1::a9fe:a9fe/128",
        "fd00:ec2::/32",  # Amazon
        "fd20:ce::254/128",  # Google
        "fd00:42::42/128",  # Scaleway
        "fd00:a9fe:a9fe::1/128",  # Akamai
    ),
    "no address of one host": networks(
        "0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8"
    ),
}

# What the system's resolver takes for an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMERIC = re.compile(r"(?:[^:]*\.)?(?:0x[0-9a-f]*|[0-9]+)\.?", re.IGNORECASE)


class AddressRefused(Exception):
    """The address may not be reached; the text says why, and does not repeat it."""


def system_resolve(host: str, port: int) -> Iterator[str]:
    """What the system says, which may take as long as its resolver waits."""
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        yield str(address[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressPolicy:
    """What may be reached. Link-local and metadata addresses never may.

    Attributes:
        allow: networks that are open although `deny` names them.
        deny: networks that are closed.
        resolve: asks for the addresses of a name.
        setting: what opens a network that is closed, for who is told of it.
    """

    allow: tuple[Network, ...] = ()
    deny: tuple[Network, ...] = LOOPBACK
    resolve: Resolve = system_resolve
    setting: str = "BURGEE_ALLOW_NETWORKS"

    def reachable(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses of a host that may be connected to, best first.

        Raises:
            AddressRefused: none may.
            socket.gaierror: there is no such host.
        """
        name = host.strip("[]")
        if "%" in name:
            raise AddressRefused("its host holds a percent sign, as of a zone or an escape")
        if _NUMERIC.fullmatch(name) and not _is_plain(name):
            raise AddressRefused("its host is a number that is no plain IP address")
        found = [_parsed(text) for text in self.resolve(name, port)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        permitted = [str(address) for address in found if not self.refusal(address)]
        if not permitted:
            raise AddressRefused(self.refusal(found[0]))
        return tuple(dict.fromkeys(permitted))[:_MOST_ADDRESSES]

    def refusal(self, address: Address) -> str:
        """Why an address may not be reached; empty where it may."""
        for meant in _meanings(address):
            for kind, members in _NEVER.items():
                if _within(meant, members):
                    return f"its address is {kind}, which is never reached"
            if _within(meant, self.deny) and not _within(meant, self.allow):
                return f"its address is of a network that is closed ({self.setting})"
        return ""


def policy_for(
    environ: Mapping[str, str],
    *,
    allow: tuple[Network, ...] = (),
    deny: tuple[Network, ...] = (),
    setting: str = "BURGEE_ALLOW_NETWORKS",
) -> AddressPolicy:
    """The policy of one installation: in a cluster, its own pod is closed besides.

    Args:
        environ: tells whether this is a cluster.
        allow: of BURGEE_ALLOW_NETWORKS.
        deny: of BURGEE_DENY_NETWORKS.
        setting: the name of what `allow` came from.
    """
    own = LOOPBACK if environ.get("KUBERNETES_SERVICE_HOST") else ()
    return AddressPolicy(allow=allow, deny=own + deny, setting=setting)


def _within(address: Address, members: Iterable[Network]) -> bool:
    return any(address in network for network in members)


def _is_plain(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name.removesuffix("."))
    except ValueError:
        return False
    return True


def _parsed(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


# IPv4 in the last four octets: compatible, translated (SIIT), and by way of a NAT64 gateway.
_LOW = networks("::/96", "::ffff:0:0:0/96", "64:ff9b::/96")
(_LOCAL_NAT64,) = networks("64:ff9b:1::/48")
# Where the octets are, by how an installation divides that network. Source: RFC 6052, 2.2.
_DIVISIONS = ((6, 7, 9, 10), (7, 9, 10, 11), (9, 10, 11, 12), (12, 13, 14, 15))
_ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


def _meanings(address: Address) -> Iterator[Address]:
    """An address, and the IPv4 addresses that it carries for some gateway to unpack."""
    if not isinstance(address, ipaddress.IPv6Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    low = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if _within(address, _LOW) and int(address) > 1:
        yield low
    if address in _LOCAL_NAT64:
        octets = (bytes(address.packed[at] for at in places) for places in _DIVISIONS)
        # Nought comes first where the network is divided in another way.
        yield from (ipaddress.IPv4Address(found) for found in octets if found[0])
    if int(address) >> 32 & 0xFFFF_FFFF in _ISATAP:
        yield low
