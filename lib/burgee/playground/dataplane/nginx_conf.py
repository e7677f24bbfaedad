"""nginx.conf for what an nginx serves. Pure.

ingress-nginx decides in Lua where a request goes; here it is maps over the same header and cookie
and `split_clients` over a random number, in the same order.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from burgee.playground.dataplane.endpoints import Endpoint, ServicePort
from burgee.playground.dataplane.nginx_model import Alternative, Location, Server
from burgee.playground.dataplane.objects import Endpoints

LOG_FIELDS = (
    *("namespace", "ingress", "service", "canary", "path"),
    *("method", "status", "request_time", "response_time"),
)
"""What stands in a line of the access log, with tabs between."""
_LOG_FORMAT = "\\t".join(
    (
        *("$at_namespace", "$at_ingress", "$at_service", "$at_canary", "$at_path"),
        *("$request_method", "$status", "$request_time", "$upstream_response_time"),
    )
)
_UNSET = [f'    set $at_{name} "";' for name in LOG_FIELDS[:5]]
_KEPT = 32
_UNAVAILABLE, _NOT_FOUND = 503, 404


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Where an nginx listens and writes.

    Attributes:
        directory: for its files.
        port: for clients.
        status_port: where it tells which configuration it serves.
        user: for its workers; empty for the one that starts it.
    """

    directory: Path
    port: int
    status_port: int
    user: str = ""

    @property
    def access_log(self) -> Path:
        """One line for each request."""
        return self.directory / "access.log"


class _Numbered(NamedTuple):
    """A location, and what its variables are called by."""

    number: str
    location: Location


def configuration(
    setting: Setting, servers: Sequence[Server], endpoints: Endpoints, *, version: str
) -> str:
    """The text of nginx.conf.

    Args:
        setting: where it listens.
        servers: what it serves.
        endpoints: behind the ports that the servers name.
        version: that it shows on its status port.
    """
    hosts = [
        (server, [_Numbered(f"{n}_{m}", location) for m, location in enumerate(server.locations)])
        for n, server in enumerate(servers)
    ]
    locations = [numbered for _, found in hosts for numbered in found]
    ports = {port for _, location in locations for port in _ports(location)}
    upstreams = {port: endpoints[port] for port in sorted(ports) if endpoints.get(port)}
    lines = [
        *([f"user {setting.user};"] if setting.user else []),
        "daemon off;",
        "worker_processes 1;",
        f"pid {setting.directory}/nginx.pid;",
        "events { worker_connections 4096; }",
        "http {",
        *(
            f"  {kind}_temp_path {setting.directory}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
        f'  log_format requests "{_LOG_FORMAT}";',
        "  keepalive_requests 1000000;",
        "  server_tokens off;",
        *(line for port, there in upstreams.items() for line in _upstream(port, there)),
        *(line for numbered in locations for line in _choice(*numbered, upstreams)),
        f"  server {{ listen 127.0.0.1:{setting.status_port}; access_log off;",
        f'    location / {{ return 200 "{version}"; }} }}',
        *(line for server, found in hosts for line in _server(setting, server, found)),
        *_unknown_hosts(setting, servers),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _ports(location: Location) -> Iterator[ServicePort]:
    yield location.port
    if location.alternative:
        yield location.alternative.port
    if location.mirror:
        yield location.mirror


def _upstream(port: ServicePort, there: Sequence[Endpoint]) -> list[str]:
    """Endpoints are never held for down: the cluster tells which are ready."""
    servers = [f"    server {one.address}:{one.port} max_fails=0;" for one in sorted(there)]
    return [f"  upstream {port.cluster} {{", *servers, f"    keepalive {_KEPT};", "  }"]


def _choice(
    number: str, location: Location, upstreams: Mapping[ServicePort, Sequence[Endpoint]]
) -> Iterator[str]:
    """The variables that say where a request to a location goes; empty for nowhere."""
    primary = location.port.cluster if location.port in upstreams else ""
    canary = location.alternative
    if canary is None:
        yield f'  map "" $upstream_{number} {{ default "{primary}"; }}'
        yield f'  map "" $aside_{number} {{ default ""; }}'
        return
    yield from _conditions(number, canary)
    key = ":".join(f"${word}_{number}" for word in ("header", "cookie", "chance"))
    yield f'  map "{key}" $canary_{number} {{ default 0;'
    for pattern, aside in (("1:", 1), ("0:", 0), ("-:1:", 1), ("-:0:", 0), ("-:-:1", 1)):
        yield f'    "~^{pattern}" {aside};'
    yield "  }"
    shown = f"{canary.port.namespace}-{canary.port.service}-{canary.port.port}"
    for word, no, yes in (("upstream", primary, canary.port.cluster), ("aside", "", shown)):
        yield f'  map $canary_{number} ${word}_{number} {{ default "{no}"; 1 "{yes}"; }}'


def _conditions(number: str, canary: Alternative) -> Iterator[str]:
    """Yes (1), no (0) or no matter (-), by the header, the cookie and by chance."""
    header = canary.header.lower().replace("-", "_")
    source = f"$http_{header}" if header else '""'
    yield f'  map {source} $header_{number} {{ default "-";'
    if canary.header_value:
        yield f"    {_quoted(f'~^{re.escape(canary.header_value)}$')} 1;"
    elif canary.header_pattern:
        yield f"    {_quoted(f'~{canary.header_pattern}')} 1;"
    elif header:
        yield '    "~^always$" 1; "~^never$" 0;'
    yield "  }"
    source = f"$cookie_{canary.cookie}" if canary.cookie else '""'
    yield f'  map {source} $cookie_{number} {{ default "-"; "~^always$" 1; "~^never$" 0; }}'
    percent = canary.percent
    shares = f"{percent:.2f}% 1; * 0;" if 0 < percent < 100 else f"* {int(percent > 0)};"
    yield f"  split_clients $request_id $chance_{number} {{ {shares} }}"


def _server(setting: Setting, server: Server, locations: Sequence[_Numbered]) -> Iterator[str]:
    default = "" if server.host else " default_server"
    yield f"  server {{ listen 127.0.0.1:{setting.port}{default};"
    yield f"    server_name {_quoted(server.host)};"
    yield f"    access_log {setting.access_log} requests;"
    yield from _UNSET
    for number, location in locations:
        yield from _location(number, location)
    yield "  }"


def _location(number: str, location: Location) -> Iterator[str]:
    yield f"    location {'= ' if location.exact else ''}{_quoted(location.path)} {{"
    told = (
        ("namespace", _quoted(location.port.namespace)),
        ("ingress", _quoted(location.ingress)),
        ("service", _quoted(location.port.service)),
        ("path", _quoted(location.shown)),
        ("canary", f"$aside_{number}"),
    )
    yield from (f"      set $at_{name} {value};" for name, value in told)
    yield f'      if ($upstream_{number} = "") {{ return {_UNAVAILABLE}; }}'
    if location.mirror:
        yield f"      mirror /_mirror_{number};"
    yield from _proxied("$http_host", f"$upstream_{number}")
    yield "    }"
    if location.mirror:
        yield f"    location = /_mirror_{number} {{"
        yield "      internal;"
        yield from _proxied(location.mirror_host, f"{location.mirror.cluster}$request_uri")
        yield "    }"


def _proxied(host: str, target: str) -> Iterator[str]:
    yield "      proxy_http_version 1.1;"
    yield '      proxy_set_header Connection "";'
    yield f"      proxy_set_header Host {host};"
    yield "      proxy_set_header X-Forwarded-For $remote_addr;"
    yield "      proxy_next_upstream error timeout;"
    yield "      proxy_next_upstream_tries 3;"
    yield f"      proxy_pass http://{target};"


def _unknown_hosts(setting: Setting, servers: Sequence[Server]) -> list[str]:
    if any(not server.host for server in servers):
        return []
    return [
        f"  server {{ listen 127.0.0.1:{setting.port} default_server; access_log off;",
        *_UNSET,
        f"    location / {{ return {_NOT_FOUND}; }} }}",
    ]


def _quoted(text: str) -> str:
    """A string of nginx.conf."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
