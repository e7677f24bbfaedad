"""The other side of webhooks, alerts and queries: one server for all scenarios."""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from conformance.record import Call, Record, mentioned
from scripted_http import Received, Reply, ScriptedServer
from scripted_peers import NO_DATA, vector

_USUAL = (
    (re.compile(r"^vector\(1\)$"), 1.0),
    (re.compile(r"http_request_duration_seconds_bucket"), 0.05),
    (re.compile(r"\* ?100\s*$"), 100.0),
    (re.compile(r"histogram_quantile|duration"), 50.0),
)
_ALL_WELL = 100.0


class Script:
    """What the peers of one scenario answer; steps change it.

    Attributes:
        rules: of Prometheus; the first that matches a query answers it.
        answers: of webhooks, by path.
    """

    def __init__(self, rules: list[dict[str, Any]], answers: Mapping[str, Any]) -> None:
        self.rules = [dict(rule) for rule in rules]
        self.answers = {path: dict(answer) for path, answer in answers.items()}

    def reply(self, path: str) -> Reply:
        """The next answer of a webhook; of several codes the last one stays."""
        answer = self.answers.get(path, {})
        codes = answer.get("codes") or [answer.get("code", 200)]
        if len(codes) > 1:
            answer["codes"] = codes[1:]
        return Reply(status=codes[0], delay_seconds=float(answer.get("delay", 0)))

    def measured(self, query: str) -> Reply:
        """What Prometheus answers; the first rule that matches, for as often as it holds."""
        for rule in self.rules:
            if rule.get("times", 1) < 1 or not re.search(rule["match"], query):
                continue
            if "times" in rule:
                rule["times"] -= 1
            values = rule.get("values") or [rule.get("value", _ALL_WELL)]
            if len(values) > 1:
                rule["values"] = values[1:]
            found = NO_DATA if values[0] == "empty" else vector(values[0])
            return replace(
                found, status=rule.get("status", 200), delay_seconds=float(rule.get("delay", 0))
            )
        return vector(next((v for pattern, v in _USUAL if pattern.search(query)), _ALL_WELL))


class Peers:
    """Serves /wh/NAMESPACE/..., /alert/NAMESPACE/..., /prom/NAMESPACE/... and /api/v1/query."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self.scripts: dict[str, Script] = {}
        self._records = records
        self._lock = threading.Lock()
        self._server = ScriptedServer(self._answer)
        self.url = self._server.url
        self.start, self.close = self._server.start, self._server.close

    def words(self, namespace: str) -> dict[str, str]:
        """What the placeholders of a scenario mean."""
        return {
            "{{hook}}": f"{self.url}/wh/{namespace}",
            "{{alert}}": f"{self.url}/alert/{namespace}",
            "{{prom}}": f"{self.url}/prom/{namespace}",
            "{{ns}}": namespace,
        }

    def _answer(self, received: Received) -> Reply:
        place = urlsplit(received.path)
        parts = place.path.strip("/").split("/")
        if place.path.endswith("/api/v1/query"):
            asked = parse_qs(place.query).get("query") or parse_qs(received.body.decode())["query"]
            return self._measure(parts[1] if parts[0] == "prom" else "", asked[0])
        if len(parts) < 3 or parts[1] not in self._records:
            return Reply(status=404)
        [area, namespace, *rest] = parts
        if area == "alert":
            return Reply()
        return self._webhook(namespace, "/".join(rest), received.body)

    def _webhook(self, namespace: str, path: str, body: bytes) -> Reply:
        payload = json.loads(body)
        with self._lock:
            reply = self.scripts[namespace].reply(path)
        call = Call(path=path, phase=payload.get("phase"), code=reply.status)
        self._records[namespace].called(call)
        return reply

    def _measure(self, namespace: str, query: str) -> Reply:
        flat = " ".join(query.split())
        record = self._records.get(namespace) or mentioned(self._records, [flat])
        if record is None:
            return vector(1 if flat == "vector(1)" else _ALL_WELL)
        record.asked(flat)
        with self._lock:
            return self.scripts[record.namespace].measured(flat)
