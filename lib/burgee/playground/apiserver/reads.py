"""Reading over HTTP: one object, a list, or a table of either."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from burgee.api.manifest import Manifest
from burgee.playground.apiserver.addresses import Address
from burgee.playground.apiserver.httpd import Answer, Request
from burgee.playground.apiserver.tables import table
from burgee.playground.apiserver.wire import chosen, encoded, wants_table
from burgee.playground.kinds.resources import SCALE, Resource
from burgee.playground.storage.store import Store
from burgee.playground.storage.watches import Entry


def get(store: Store, place: Address, request: Request) -> Answer:
    """One object, as it is stored."""
    if place.subresource == SCALE:
        return encoded(200, store.scale(place.resource, place.namespace, place.name))
    entry = store.entry(place.resource, place.namespace, place.name)
    if wants_table(request):
        return encoded(200, _table(place.resource, [entry], request, ""))
    return Answer(status=200, body=entry.json)


def _table(
    resource: Resource, entries: Sequence[Entry], request: Request, version: str
) -> Manifest:
    include = request.query.get("includeObject", "Metadata")
    manifests = [e.manifest for e in entries]
    return table(resource, manifests, datetime.now(UTC), version=version, include=include)


def list_(store: Store, place: Address, request: Request) -> Answer:
    """What the selectors choose, put together from the encoded objects."""
    entries, version = store.entries(place.resource, place.namespace)
    matches = chosen(place, request)
    if matches is not None:
        entries = [e for e in entries if matches(e.manifest)]
    if wants_table(request):
        return encoded(200, _table(place.resource, entries, request, str(version)))
    head = json.dumps(
        {
            "kind": f"{place.resource.kind}List",
            "apiVersion": place.resource.api_version,
            "metadata": {"resourceVersion": str(version)},
        },
        separators=(",", ":"),
    )
    items = b",".join(e.json for e in entries)
    return Answer(status=200, body=b'%b,"items":[%b]}' % (head[:-1].encode(), items))
