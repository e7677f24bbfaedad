"""What performing effects does to the cluster, once and again, and when it fails."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from burgee.adapters.deeds import Deed, Note, ignore
from burgee.adapters.effects import event_manifest, perform
from burgee.engine.effects import (
    ApplyForeign,
    DeleteObject,
    EmitEvent,
    EventType,
    HookCall,
    HookResult,
    MergePatch,
    Scale,
    SendAlert,
)
from burgee.engine.letters import Letter, Receiver, Severity
from burgee.errors import ClusterError

TS = datetime(2026, 11, 23, 7, 30, 12, 345678, tzinfo=UTC)
CANARY = {
    "apiVersion": "flagger.app/v1beta1",
    "kind": "Canary",
    "metadata": {"name": "app", "namespace": "t", "uid": "u-1", "resourceVersion": "77"},
}
SCALE = Scale(api_version="apps/v1", kind="Deployment", namespace="t", name="app", replicas=0)
PATCH = MergePatch(
    api_version="v1", kind="Service", namespace="t", name="app", patch={"spec": {"x": None}}
)
APPLY = ApplyForeign(
    manifest={
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "app", "namespace": "t"},
        "spec": {"selector": {"app": "app-primary"}},
    }
)
DELETE = DeleteObject(
    api_version="networking.k8s.io/v1", kind="Ingress", namespace="t", name="web", uid="u-9"
)
EVENT = EmitEvent(type=EventType.WARNING, message="rolled back", key="u-1/b1-00/Failed/0")
CALL = HookCall(
    name="notify",
    type="post-rollout",
    url="http://hook.invalid",
    payload={},
    timeout_seconds=1,
    retries=0,
    verify_tls=True,
    key="k-1",
)


class Bag:
    """Keeps what was handed over."""

    def __init__(self) -> None:
        self.told: list[HookCall] = []
        self.sent: list[SendAlert] = []

    def tell(self, call: HookCall) -> None:
        self.told.append(call)

    def send(self, alert: SendAlert) -> None:
        self.sent.append(alert)


def never(_: HookCall) -> HookResult:
    pytest.fail("no hook was to be called")


def run(
    client: Any,
    *effects: Any,
    seconds: float = 5,
    call_hook: Any = never,
    bag: Bag | None = None,
    note: Note = ignore,
) -> Any:
    return perform(
        effects,
        client,
        CANARY,
        deadline=time.monotonic() + seconds,
        call_hook=call_hook,
        outgoing=bag or Bag(),
        note=note,
        now=lambda: TS,
    )


def test_effects_happen_in_their_order(api: Any) -> None:
    done: list[str] = []

    def answer(request: Any) -> Any:
        done.append(f"{request.method} {request.target.partition('?')[0]}")
        return api.reply({})

    def call(hook: HookCall) -> HookResult:
        done.append(hook.name)
        return HookResult(succeeded=True, message="200", status_code=200)

    server = api.serve(answer)

    results = run(api.connect(server), SCALE, CALL, EVENT, PATCH, APPLY, call_hook=call)

    assert done == [
        "PATCH /apis/apps/v1/namespaces/t/deployments/app/scale",
        "notify",
        "POST /api/v1/namespaces/t/events",
        "PATCH /api/v1/namespaces/t/services/app",
        "PATCH /api/v1/namespaces/t/services/app",
    ]
    assert results == {"k-1": HookResult(succeeded=True, message="200", status_code=200)}
    assert server.requests[2].json() == {"spec": {"x": None}}
    assert server.requests[3].json() == APPLY.manifest
    assert "fieldManager=burgee&force=true" in server.requests[3].target


def test_only_the_very_object_is_deleted(api: Any) -> None:
    server = api.serve(lambda _: api.reply({"kind": "Status"}))

    run(api.connect(server), DELETE)

    (request,) = server.requests
    assert (request.method, request.target) == (
        "DELETE",
        "/apis/networking.k8s.io/v1/namespaces/t/ingresses/web",
    )
    assert request.json()["preconditions"] == {"uid": "u-9"}
    assert request.json()["propagationPolicy"] == "Background"


def test_an_event_is_complete() -> None:
    found = event_manifest(EVENT, CANARY, TS)

    name = found["metadata"].pop("name")
    assert name.startswith("app.")
    assert len(name) == len("app.") + 16
    assert found == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"namespace": "t"},
        "involvedObject": {
            "apiVersion": "flagger.app/v1beta1",
            "kind": "Canary",
            "name": "app",
            "namespace": "t",
            "uid": "u-1",
            "resourceVersion": "77",
        },
        "reason": "Synced",
        "message": "rolled back",
        "type": "Warning",
        "source": {"component": "burgee"},
        "firstTimestamp": "2026-11-23T07:30:12Z",
        "lastTimestamp": "2026-11-23T07:30:12Z",
        "count": 1,
    }


def test_the_name_of_an_event_follows_its_key_only() -> None:
    later = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    other = EmitEvent(type=EventType.WARNING, message="rolled back", key="another")

    def name(event: EmitEvent, now: datetime) -> str:
        return str(event_manifest(event, CANARY, now)["metadata"]["name"])

    assert name(EVENT, TS) == name(EVENT, later)
    assert name(EVENT, TS) != name(other, TS)


def test_the_longest_canary_name_still_gives_a_name() -> None:
    canary = {**CANARY, "metadata": {**CANARY["metadata"], "name": "a" * 253}}

    assert len(event_manifest(EVENT, canary, TS)["metadata"]["name"]) <= 253


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param("a" * 1024, "a" * 1024, id="just fits"),
        pytest.param("a" * 1025, "a" * 1021 + "…", id="one too many"),
        pytest.param("ü" * 1000, "ü" * 510 + "…", id="not cut within a character"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_message_has_at_most_1024_bytes(message: str, expected: str) -> None:
    event = EmitEvent(type=EventType.NORMAL, message=message, key="k")

    found = event_manifest(event, CANARY, TS)["message"]

    assert found == expected
    assert len(found.encode()) <= 1024


@pytest.fixture(autouse=True)
def plain_logging() -> None:
    """Whatever an application of another test has set up: every level is seen here."""
    structlog.reset_defaults()


def test_a_repeated_event_is_no_failure_and_no_noise(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}, 409))

    with capture_logs() as lines:
        run(api.connect(server), EVENT)

    assert [line["log_level"] for line in lines] == ["debug"]


@pytest.mark.parametrize("code", [403, 404, 422, 500])
def test_a_failed_event_is_logged_and_what_follows_happens(api: Any, code: int) -> None:
    server = api.serve(
        lambda r: api.reply({"message": "S3CRET"}, code if "event" in r.target else 200)
    )

    with capture_logs() as lines:
        run(api.connect(server), EVENT, SCALE)

    assert len(server.requests) == 2
    assert [(line["event"], line["log_level"]) for line in lines] == [("event dropped", "warning")]
    assert "S3CRET" not in str(lines)


@pytest.mark.parametrize(
    "effect", [SCALE, PATCH, APPLY, DELETE], ids=["scale", "merge patch", "apply", "delete"]
)
@pytest.mark.parametrize("code", [404, 409])
def test_what_changed_or_went_away_is_left_to_the_next_sync(
    api: Any, effect: Any, code: int
) -> None:
    server = api.serve(lambda r: api.reply({}, 201 if "event" in r.target else code))

    with capture_logs() as lines:
        run(api.connect(server), effect, EVENT)

    assert len(server.requests) == 2
    assert lines[0]["event"] == "left to the next sync"
    assert lines[0]["effect"] == type(effect).__name__


@pytest.mark.parametrize(
    "effect", [SCALE, PATCH, APPLY, DELETE], ids=["scale", "merge patch", "apply", "delete"]
)
@pytest.mark.parametrize("code", [403, 422, 500])
def test_another_failure_ends_the_sync(api: Any, effect: Any, code: int) -> None:
    server = api.serve(lambda _: api.reply({"message": "S3CRET"}, code))

    with pytest.raises(ClusterError) as caught:
        run(api.connect(server), effect, EVENT)

    assert caught.value.status == code
    assert "S3CRET" not in str(caught.value)
    assert len(server.requests) == 1


def test_nothing_is_sent_after_the_deadline(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}))
    client = api.connect(server)

    with capture_logs() as lines:
        run(client, EVENT, seconds=-1)
    with pytest.raises(ClusterError, match="no time is left"):
        run(client, SCALE, seconds=-1)

    assert server.requests == []
    assert lines[0]["event"] == "event dropped"


def test_a_hanging_server_holds_effects_up_until_the_deadline_only(api: Any) -> None:
    server = api.serve(lambda _: api.Reply(then="hang"))
    started = time.monotonic()

    with pytest.raises(ClusterError, match="no answer in time"):
        run(api.connect(server), SCALE, EVENT, seconds=0.3)

    assert time.monotonic() - started < 2


TOLD = EmitEvent(
    type=EventType.NORMAL, message="step", key="u-1/b1-00/Progressing/1", calls=(CALL, CALL)
)
ALERT = SendAlert(
    key="a-1",
    receiver=Receiver(id="t/slack", kind="slack"),
    letter=Letter(name="app", namespace="t", message="hello", severity=Severity.INFO),
)


def test_a_new_event_is_told_and_an_alert_is_handed_over(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}, 201))
    bag = Bag()

    run(api.connect(server), TOLD, ALERT, bag=bag)

    assert (bag.told, bag.sent) == ([CALL, CALL], [ALERT])
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [
        pytest.param(409, 0, id="it was told when it was new"),
        pytest.param(403, 2, id="an event that is lost is told all the same"),
    ],
)
def test_who_is_told_of_an_event_that_could_not_be_created(api: Any, code: int, told: int) -> None:
    server = api.serve(lambda _: api.reply({"kind": "Status"}, code))
    bag = Bag()

    run(api.connect(server), TOLD, bag=bag)

    assert len(bag.told) == told


def test_every_effect_is_noted_with_how_it_ended(api: Any) -> None:
    codes = {"PATCH": 200, "DELETE": 404, "POST": 409}
    server = api.serve(lambda request: api.reply({}, codes[request.method]))
    deeds: list[Deed] = []
    call = replace(CALL, type="rollback")

    run(
        api.connect(server),
        *(SCALE, APPLY, DELETE, EVENT, call),
        call_hook=lambda _: HookResult(succeeded=False, message="403", status_code=403),
        note=deeds.append,
    )

    assert [(d.kind, d.type, d.name, d.outcome) for d in deeds] == [
        ("effect", "Scale", "Deployment/app", "done"),
        ("effect", "ApplyForeign", "Service/app", "done"),
        ("effect", "DeleteObject", "Ingress/web", "left"),
        ("effect", "EmitEvent", "Warning", "left"),
        ("webhook", "rollback", "notify", "failed"),
    ]


def test_an_effect_that_ends_the_sync_is_noted_as_failed(api: Any) -> None:
    server = api.serve(lambda _request: api.reply({}, 500))
    deeds: list[Deed] = []

    with pytest.raises(ClusterError):
        run(api.connect(server), EVENT, PATCH, SCALE, note=deeds.append)

    assert [(d.type, d.outcome) for d in deeds] == [
        ("EmitEvent", "dropped"),
        ("MergePatch", "failed"),
    ]
