"""Watches over HTTP: what is there, where it is asked for, and then every change."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from burgee.api.manifest import Manifest
from burgee.playground.apiserver.addresses import Address
from burgee.playground.apiserver.httpd import Request, Stream
from burgee.playground.apiserver.tables import table
from burgee.playground.apiserver.wire import chosen, wants_table
from burgee.playground.kinds.apierror import bad_request
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import Store
from burgee.playground.storage.watches import Entry, Watch

_LOOK_AROUND_SECONDS = 0.5
"""How often an idle stream finds out whether anybody still listens."""

_INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def stream(store: Store, place: Address, request: Request) -> Stream:
    """The stream that answers a watch.

    Raises:
        ApiError: 400 for a version that is no number, 410 for one that is too old.
    """
    query = request.query
    matches = chosen(place, request)
    since = _since(query.get("resourceVersion", ""))
    listing = query.get("sendInitialEvents") == "true"
    entries: list[Entry] = []
    version = 0
    if listing or not since:
        found, version, watch = store.list_and_watch(place.resource, place.namespace, matches)
        entries = list(found) if query.get("sendInitialEvents") != "false" else []
    else:
        watch = store.watch(place.resource, place.namespace, since, matches)
    form = _Form(
        resource=place.resource,
        tabular=wants_table(request),
        include=query.get("includeObject", "Metadata"),
    )
    limit = _seconds(query.get("timeoutSeconds", ""))
    bookmark = version if listing else 0
    return Stream(chunks=_chunks(form, entries, watch, limit, bookmark), close=watch.close)


def _since(text: str) -> int:
    if text and not text.isdecimal():
        raise bad_request(f"invalid resource version {text!r}")
    return int(text or 0)


def _seconds(text: str) -> float | None:
    return float(text) if text.isdecimal() and text != "0" else None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """How objects are shown: as they are, or as rows."""

    resource: Resource
    tabular: bool
    include: str

    def line(self, kind: str, entry: Entry, *, headed: bool) -> bytes:
        """One event."""
        if not self.tabular:
            return b'{"type":"%b","object":%b}\n' % (kind.encode(), entry.json)
        rows = table(
            self.resource,
            [entry.manifest],
            datetime.now(UTC),
            version=entry.manifest["metadata"]["resourceVersion"],
            include=self.include,
            headed=headed,
        )
        return json.dumps({"type": kind, "object": rows}).encode() + b"\n"


def _chunks(
    form: _Form, entries: list[Entry], watch: Watch, limit: float | None, bookmark: int
) -> Iterator[bytes]:
    end = None if limit is None else time.monotonic() + limit
    headed = True
    for entry in entries:
        yield form.line("ADDED", entry, headed=headed)
        headed = False
    if bookmark:
        yield _bookmark(form.resource, bookmark)
    while not watch.closed and (end is None or time.monotonic() < end):
        found = watch.next_entry(_LOOK_AROUND_SECONDS)
        if found is None:
            yield b""
            continue
        yield form.line(*found, headed=headed)
        headed = False


def _bookmark(resource: Resource, version: int) -> bytes:
    shown: Manifest = {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {
            "resourceVersion": str(version),
            "annotations": {_INITIAL_EVENTS_END: "true"},
        },
    }
    return json.dumps({"type": "BOOKMARK", "object": shown}).encode() + b"\n"
