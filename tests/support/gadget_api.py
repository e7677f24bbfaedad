"""A client of the embedded API server."""

import json
from collections.abc import Callable
from typing import Any

import requests

from burgee.api.manifest import Manifest

Make = Callable[..., Manifest]
GADGETS = "/apis/example.com/v1/namespaces/default/gadgets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


class Client:
    """Requests to one server, as text and decoded."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.session = requests.Session()
        self.session.headers["User-Agent"] = "tester/1.0"

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        data = None if body is None else json.dumps(body)
        options.setdefault("timeout", 10)
        return self.session.request(method, f"{self._url}{path}", data=data, **options)

    def patch(self, path: str, body: Any, kind: str = "merge-patch+json") -> Any:
        headers = {"Content-Type": f"application/{kind}"}
        return self.call("PATCH", path, body, headers=headers)
