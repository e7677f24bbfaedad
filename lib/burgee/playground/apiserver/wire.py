"""Between HTTP and manifests: bodies, parameters, selectors, answers."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from burgee.api.manifest import Manifest
from burgee.playground.admission.schema import unknown_fields
from burgee.playground.apiserver.addresses import Address
from burgee.playground.apiserver.httpd import Answer, Request
from burgee.playground.kinds.apierror import ApiError, bad_request
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.query_selectors import field_filter, label_filter


def encoded(status: int, manifest: Mapping[str, Any], warnings: Sequence[str] = ()) -> Answer:
    """An answer of JSON; warnings are for the person behind the client."""
    headers = (
        {"Warning": ", ".join(f"299 - {json.dumps(w)}" for w in warnings)} if warnings else {}
    )
    body = json.dumps(manifest, separators=(",", ":")).encode()
    return Answer(status=status, body=body, headers=headers)


def chosen(place: Address, request: Request) -> Callable[[Manifest], bool] | None:
    """A test for the selectors of a request; None where everything is meant."""
    query = request.query
    labels = label_filter(query.get("labelSelector", ""))
    text = query.get("fieldSelector", "")
    if place.name:
        text = f"{text},metadata.name={place.name}" if text else f"metadata.name={place.name}"
    fields = field_filter(text)
    if labels is None or fields is None:
        return labels or fields
    return lambda manifest: labels(manifest) and fields(manifest)


def wants_table(request: Request) -> bool:
    """Whether the client would rather have something to print."""
    return "as=Table" in request.headers.get("accept", "")


def body_of(request: Request) -> Any:
    """What was sent, decoded.

    Raises:
        ApiError: 400 for what can't be read, 415 for a form that is not spoken here.
    """
    kind = request.headers.get("content-type", "application/json")
    if "protobuf" in kind or "cbor" in kind:
        # kubectl's generators (`create deployment` and the like) speak nothing else.
        message = (
            f"the body of the request was in an unknown format: {kind} "
            "(add --dry-run=client -o yaml, and pipe that into kubectl apply -f -)"
        )
        raise ApiError(415, "UnsupportedMediaType", message)
    try:
        # YAML is slow to read, and most of it is JSON.
        if "yaml" in kind and not request.body.lstrip().startswith((b"{", b"[")):
            return yaml.safe_load(request.body)
        return json.loads(request.body)
    except (ValueError, yaml.YAMLError) as e:
        raise bad_request(f"couldn't read the body: {e}") from e


def object_of(request: Request) -> Manifest:
    """The object that was sent.

    Raises:
        ApiError: 400, 415.
    """
    found = body_of(request)
    if not isinstance(found, dict):
        raise bad_request("the body must be an object")
    manifest: Manifest = found
    return manifest


def is_dry(request: Request) -> bool:
    """Whether nothing is to be stored."""
    return request.query.get("dryRun") == "All"


def manager_of(request: Request) -> str:
    """Who writes: the parameter, or the program's name."""
    given = request.query.get("fieldManager")
    return given or request.headers.get("user-agent", "").partition("/")[0]


def warnings_for(request: Request, resource: Resource, manifest: Any) -> list[str]:
    """Fields that will be pruned, as warnings or, where the client is strict, as an error.

    Raises:
        ApiError: 400.
    """
    mode = request.query.get("fieldValidation", "Warn")
    if resource.schema is None or mode == "Ignore" or not isinstance(manifest, dict):
        return []
    told = [f'unknown field "{f}"' for f in unknown_fields(resource.schema, manifest, root=True)]
    if told and mode == "Strict":
        raise bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a '
            f"{resource.kind}: strict decoding error: {', '.join(told)}"
        )
    return told
