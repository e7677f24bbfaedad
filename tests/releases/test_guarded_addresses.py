"""Addresses that lead inside, and servers that talk: what a Canary shows of them."""

import json
from collections.abc import Callable, Iterator

import pytest
from release_world import APP, App, Arena, analysis, deployment
from scripted_http import Received, Reply, ScriptedServer

from burgee.api.manifest import Manifest

pytestmark = pytest.mark.slow

Make = Callable[..., App]

SECRET = "S3CRET"
METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
LINK_LOCAL = "the address is refused: its address is link-local, which is never reached"


def template(name: str, address: str) -> Manifest:
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "MetricTemplate",
        "metadata": {"name": name},
        "spec": {"provider": {"type": "prometheus", "address": address}, "query": "up"},
    }


def by_template(*names: str) -> list[Manifest]:
    return [{"name": name, "templateRef": {"name": name}} for name in names]


INSIDE = {
    "decimal": ("http://2852039166/", "its host is a number that is no plain IP address"),
    "mapped": ("http://[::ffff:a9fe:a9fe]/", "its address is link-local, which is never reached"),
    "amazon": ("http://[fd00:ec2::254]/", "its address is that of cloud metadata"),
    "zone": ("http://[fe80::1%25eth0]/", "its host holds a percent sign"),
    "user": ("http://prometheus@169.254.169.254/", "it holds credentials"),
    "file": ("file:///etc/passwd", "it begins with neither http:// nor https://"),
    "plain": (METADATA, "its address is link-local, which is never reached"),
}


def test_metrics_of_closed_addresses_are_refused_by_name(initialized: Make) -> None:
    metrics = [{**metric, "thresholdRange": {"max": 1}} for metric in by_template(*INSIDE)]
    app = initialized(
        objects=[*(template(name, url) for name, (url, _) in INSIDE.items()), deployment()],
        analysis=analysis(metrics=metrics),
    )

    status = app.release("app:2", until="Failed")

    told = {check["name"]: check for check in status["checks"]}
    assert set(told) == set(INSIDE)
    for name, (_, why) in INSIDE.items():
        assert told[name]["verdict"] == "Error"
        assert told[name]["message"].startswith(
            f"the metrics server was not reached: the address is refused: {why}"
        )
    assert app.routes == [0, 25, 0]
    [warning] = [w for w in app.warnings() if w.startswith("Metrics cannot be measured")]
    assert f"plain (the metrics server was not reached: {LINK_LOCAL})" in warning


def refusals(app: App) -> list[str]:
    return [text for text in app.warnings() if LINK_LOCAL in text]


@pytest.mark.parametrize("kind", ["confirm-rollout", "pre-rollout", "rollout"])
def test_webhooks_of_closed_addresses_are_refused(initialized: Make, kind: str) -> None:
    hook = {"name": "gate", "type": kind, "url": METADATA, "retries": 5}
    app = initialized(analysis=analysis(webhooks=[hook]))

    app.set_image("app:2")

    app.wait_for(lambda: refusals(app))
    assert not any("attempts" in text for text in refusals(app))
    if kind == "confirm-rollout":
        app.wait_for(lambda: LINK_LOCAL in app.condition("Promoted").get("message", ""))
    else:
        assert LINK_LOCAL in app.wait_run("Failed")["failure"]["message"]


ANSWERS = {
    "garbage": Reply(body=f"<html>{SECRET}</html>".encode()),
    "failed": Reply(status=500, body=SECRET.encode()),
    "denied": Reply(status=403, body=SECRET.encode()),
    "broken-query": Reply(
        status=400,
        body=json.dumps({"status": "error", "errorType": SECRET, "error": SECRET}).encode(),
    ),
    "elsewhere": Reply(status=302, headers={"Location": f"http://127.0.0.1:9/{SECRET}"}),
    "text": Reply(
        body=json.dumps(
            {
                "status": "success",
                "data": {
                    "resultType": "vector",
                    "result": [{"metric": {"x": SECRET}, "value": [1, SECRET]}],
                },
            }
        ).encode()
    ),
    "huge": Reply(body=SECRET.encode() * 1_000_000),
    "header": Reply(status=429, headers={"X-Token": SECRET, "Retry-After": SECRET}),
}


@pytest.fixture
def talkative() -> Iterator[ScriptedServer]:
    """Every answer of it holds what nobody is to see; the path says which it is."""

    def answer(received: Received) -> Reply:
        return ANSWERS[received.path.split("/")[1]]

    with ScriptedServer(answer) as running:
        yield running


def test_no_body_is_ever_shown(initialized: Make, arena: Arena, talkative: ScriptedServer) -> None:
    hooks = [
        {"name": name, "type": kind, "url": f"{talkative.url}/{name}/hook"}
        for name, kind in zip(ANSWERS, ("post-rollout", "event", "rollback"), strict=False)
    ]
    pre = {"name": "pre", "type": "pre-rollout", "url": f"{talkative.url}/failed/pre"}
    alerts = {"name": "chat", "severity": "info", "providerRef": {"name": "chat"}}
    deaf = {"name": "deaf", "severity": "info", "providerRef": {"name": "deaf"}}

    def receiver(name: str, address: str) -> Manifest:
        return {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "AlertProvider",
            "metadata": {"name": name},
            "spec": {"type": "webhook", "address": address},
        }

    path = "/no-body/chat"
    app = initialized(
        objects=[
            *(template(name, f"{talkative.url}/{name}") for name in ANSWERS),
            receiver("chat", f"{arena.webhooks.url}{path}"),
            receiver("deaf", f"{talkative.url}/failed/alert"),
            deployment(),
        ],
        analysis=analysis(metrics=by_template(*ANSWERS), webhooks=hooks, alerts=[alerts, deaf]),
    )
    status = app.release("app:2", until="Failed")
    assert [check["verdict"] for check in status["checks"]] == ["Error"] * len(ANSWERS)
    shown = json.dumps(status)
    app.edit(analysis={"webhooks": [*hooks, pre]})
    app.release("app:3", until="Failed")
    app.wait_for(lambda: arena.webhooks.count(path) >= 5)

    shown += json.dumps([app.canary, app.events(), app.world(), arena.webhooks.received[path]])
    assert SECRET not in shown
    assert APP in shown
    logs = "".join(hook.log.read_text("utf-8") for hook in arena.hooks)
    assert app.namespace in logs
    assert SECRET not in logs
