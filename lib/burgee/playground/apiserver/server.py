"""The HTTP face of the store: an API server on loopback that kubectl can talk to."""

import hmac
import json
import logging
from pathlib import Path
from typing import Self

from burgee.api.manifest import Manifest
from burgee.playground.apiserver import discovery, openapi
from burgee.playground.apiserver.addresses import address
from burgee.playground.apiserver.httpd import Answer, HttpServer, Request, Stream
from burgee.playground.apiserver.requests_log import Call, CallCounter
from burgee.playground.apiserver.verbs import perform, verb_of
from burgee.playground.apiserver.wire import encoded
from burgee.playground.kinds.apierror import ApiError, bad_request, unknown_path
from burgee.playground.storage.store import Store

_LOG = logging.getLogger(__name__)

_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})


class ApiServer:
    """Serves a store.

    Args:
        store: what is served; it may be used directly at the same time.
        host: where to listen.
        port: 0 for any that is free.
        token: the bearer token that is demanded; none is where it is empty.
    """

    def __init__(
        self, store: Store, *, host: str = "127.0.0.1", port: int = 0, token: str = ""
    ) -> None:
        self.store = store
        self._token = token
        self._counter = CallCounter()
        self._server = HttpServer(self.answer, host, port)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._server.host}:{self._server.port}"

    def start(self) -> Self:
        """Begin to serve."""
        self._server.start()
        return self

    def close(self) -> None:
        """Stop; open watches end."""
        self._server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig for this server."""
        user: Manifest = {"token": self._token} if self._token else {}
        name = "playground"
        config: Manifest = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": self.url}}],
            "users": [{"name": name, "user": user}],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}
            ],
            "current-context": name,
        }
        # JSON is YAML, and needs no quoting rules.
        path.write_text(json.dumps(config, indent=2), encoding="utf-8")
        path.chmod(0o600)
        return path

    def calls(self) -> dict[Call, int]:
        """Calls for objects by user agent, verb and resource, since the last reset."""
        return self._counter.calls()

    def total_calls(self, agent: str = "") -> int:
        """How many calls there were, all or of one agent."""
        return self._counter.total(agent)

    def reset_calls(self) -> None:
        """Count from nothing again."""
        self._counter.reset()

    def answer(self, request: Request) -> Answer | Stream:
        """The answer to any request; every failure becomes a Status."""
        try:
            self._check_token(request)
            return self._answer(request)
        except ApiError as e:
            return encoded(e.status, e.body())
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as e:
            # Only custom resources have schemas here: a built-in object of a wrong shape is
            # met where its parts are used.
            _LOG.warning("%s %s", request.method, request.path, exc_info=True)
            return encoded(400, bad_request(f"{type(e).__name__}: {e}").body())

    def _check_token(self, request: Request) -> None:
        if not self._token or request.path in _HEALTH:
            return
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise ApiError(401, "Unauthorized", "Unauthorized")

    def _answer(self, request: Request) -> Answer | Stream:
        place = address(self.store, request.path)
        if place is None:
            return self._about(request.path)
        verb = verb_of(request, place)
        sub = f"/{place.subresource}" if place.subresource else ""
        agent = request.headers.get("user-agent", "")
        self._counter.count(agent, verb, f"{place.resource.plural}{sub}")
        return perform(self.store, verb, place, request)

    def _about(self, path: str) -> Answer:
        """What the server says about itself."""
        if path in _HEALTH:
            return Answer(status=200, body=b"ok", content_type="text/plain")
        found: Manifest | None = None
        resources = self.store.resources()
        match [p for p in path.split("/") if p]:
            case ["version"]:
                found = discovery.VERSION
            case ["api"]:
                found = discovery.versions()
            case ["apis"]:
                found = discovery.groups(resources)
            case ["apis", group]:
                found = discovery.group(group, resources)
            case ["api", version]:
                found = discovery.kinds(version, resources)
            case ["apis", group, version]:
                found = discovery.kinds(f"{group}/{version}", resources)
            case ["openapi", "v3"]:
                found = openapi.paths(resources)
            case ["openapi", "v3", "api" | "apis", *rest]:
                found = openapi.document("/".join(rest), resources)
            case _:
                pass
        if found is None:
            raise unknown_path()
        return encoded(200, found)
