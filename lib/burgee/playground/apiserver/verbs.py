"""Which verb of the API a request is, and what does it."""

from burgee.playground.apiserver import reads, writes
from burgee.playground.apiserver.addresses import Address
from burgee.playground.apiserver.httpd import Answer, Request, Stream
from burgee.playground.apiserver.streams import stream
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.storage.store import Store


def verb_of(request: Request, place: Address) -> str:
    """The API's word for a request: get, list, watch, create, ...; empty for a wrong method."""
    match request.method:
        case "GET" | "HEAD":
            if request.query.get("watch") in {"1", "true"}:
                return "watch"
            return "get" if place.name else "list"
        case "POST":
            return "" if place.name else "create"
        case "PUT":
            return "update" if place.name else ""
        case "PATCH":
            return "patch" if place.name else ""
        case "DELETE":
            return "delete" if place.name else "deletecollection"
        case _:
            return ""


def perform(store: Store, verb: str, place: Address, request: Request) -> Answer | Stream:
    """Do it.

    Raises:
        ApiError: any.
    """
    match verb:
        case "get":
            return reads.get(store, place, request)
        case "list":
            return reads.list_(store, place, request)
        case "watch":
            return stream(store, place, request)
        case "create":
            return writes.create(store, place, request)
        case "update":
            return writes.update(store, place, request)
        case "patch":
            return writes.patch(store, place, request)
        case "delete":
            return writes.delete(store, place, request)
        case "deletecollection":
            return writes.delete_collection(store, place, request)
        case _:
            message = "the server does not allow this method on the requested resource"
            raise ApiError(405, "MethodNotAllowed", message)
