"""From a check to its verdict: the Secret is read, and the server that it is for is asked."""

import base64
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.secrets import Secrets
from burgee.adapters.fieldwork import Fieldwork
from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.errands import Errands
from burgee.adapters.sources.registry import Sources
from burgee.engine.decision import Plan
from burgee.engine.effects import HookResult
from burgee.metrics.model import Check, Judged, Limits, Source, Verdict

KEYS = {"datadog_api_key": "api", "datadog_application_key": "app"}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "test"}}
SERIES = {"status": "ok", "series": [{"pointlist": [[1, 0.5], [2, 7.5]]}]}


@pytest.fixture
def judged(kube: KubeClient, sources: Sources, server: Any) -> Callable[[], Judged]:
    def run() -> Judged:
        check = Check(
            id="0/template",
            name="errors",
            source=Source(type="datadog", address=server.url, secret=("test", "keys")),
            query="sum:errors{}",
            limits=Limits(maximum=5),
        )
        with ThreadPoolExecutor(2) as executor:
            work = Fieldwork(
                kube=kube,
                secrets=Secrets(kube),
                errands=Errands(lambda _hook, _seconds: HookResult(succeeded=True, message="")),
                sources=sources,
                policy=AddressPolicy(deny=()),
                executor=executor,
                namespace="test",
                deadline=time.monotonic() + 5,
                monotonic=time.monotonic,
            )
            found = work.run(Plan(analysis=True, checks=(check,)))
        assert found.checks is not None
        (one,) = found.checks
        return one

    return run


def test_a_value_beyond_its_limit(
    judged: Callable[[], Judged], server: Any, json_reply: Any
) -> None:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in KEYS.items()}
    secret = {**SECRET, "data": data}
    server.replies = [
        lambda seen: json_reply(secret if seen.path.startswith("/api/v1/na") else SERIES)
    ]

    found = judged()

    assert found.verdict is Verdict.FAILED
    assert found.message == "7.5, above the maximum of 5"
    assert server.seen[-1].headers["DD-API-KEY"] == "api"


def test_a_secret_without_the_keys(
    judged: Callable[[], Judged], server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply({**SECRET, "data": {}})]

    found = judged()

    assert found.verdict is Verdict.ERROR
    assert found.message == (
        "Secret test/keys has no datadog_api_key and no datadog_application_key"
    )


def test_a_secret_that_may_not_be_read(
    judged: Callable[[], Judged], server: Any, json_reply: Any
) -> None:
    server.replies = [json_reply({"message": "S3CRET"}, 403)]

    found = judged()

    assert found.verdict is Verdict.ERROR
    assert found.message.startswith("the Secret of the metric source: ")
    assert "S3CRET" not in found.message
