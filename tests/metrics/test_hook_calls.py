"""Webhooks of the spec become calls; the checksum is Flagger's."""

from typing import Any

import pytest

from burgee.api.analysis import Webhook
from burgee.api.status import CanaryStatus, Phase
from burgee.engine.effects import HookCall
from burgee.engine.telling.checksum import payload_checksum
from burgee.engine.telling.hook_calls import build_hook_call
from burgee.errors import InvalidCanary


@pytest.mark.parametrize(
    ("tracked", "applied", "checksum"),
    [
        pytest.param(
            {"configmap/b": "9fc3a7c76acaa7c6", "configmap/a": "484637c76acaa7c6"},
            "5f56684589",
            "5b5cdf7f5b",
            id="sorted by key",
        ),
        pytest.param(None, "4cb74184589", "7c9d467496", id="tracking is off"),
        pytest.param({}, "4cb74184589", "56966965f5", id="nothing is tracked"),
        pytest.param(None, "", "758df7c9fc", id="empty"),
    ],
)
def test_checksum_is_what_flagger_sends(
    tracked: dict[str, str] | None, applied: str, checksum: str
) -> None:
    assert checksum == payload_checksum(tracked, applied)


def build(make_canary: Any, **webhook: Any) -> HookCall:
    return build_hook_call(
        make_canary(),
        Webhook.model_validate({"name": "gate", "url": "http://gate/", **webhook}),
        phase=Phase.PROGRESSING,
        status=CanaryStatus(),
        key="uid/1",
    )


def test_a_bare_webhook_gets_flaggers_defaults(make_canary: Any) -> None:
    assert HookCall(
        name="gate",
        type="rollout",
        url="http://gate/",
        payload={
            "name": "podinfo",
            "namespace": "test",
            "phase": "Progressing",
            "checksum": "758df7c9fc",
        },
        timeout_seconds=10,
        retries=0,
        verify_tls=True,
        key="uid/1",
    ) == build(make_canary)


def test_every_field_of_a_webhook_counts(make_canary: Any) -> None:
    call = build(
        make_canary,
        type="pre-rollout",
        timeout="1m30s",
        retries=2,
        disableTLS=True,
        metadata={"cmd": "hey"},
    )

    assert (
        call.type,
        call.timeout_seconds,
        call.retries,
        call.verify_tls,
    ) == ("pre-rollout", 90, 2, False)
    assert call.payload["metadata"] == {"cmd": "hey"}


@pytest.mark.parametrize("metadata", [None, {}])
def test_empty_metadata_is_left_out(make_canary: Any, metadata: dict[str, str] | None) -> None:
    assert "metadata" not in build(make_canary, metadata=metadata).payload


@pytest.mark.parametrize(("timeout", "seconds"), [("5", 10), ("", 10), ("0s", 0), ("500ms", 0.5)])
def test_short_timeouts_count_as_unset(make_canary: Any, timeout: str, seconds: float) -> None:
    assert seconds == build(make_canary, timeout=timeout).timeout_seconds


def test_a_timeout_that_is_none_is_the_users_mistake(make_canary: Any) -> None:
    with pytest.raises(InvalidCanary, match="timeout '1min' is no duration"):
        build(make_canary, timeout="1min")


def test_less_than_no_retries_are_none(make_canary: Any) -> None:
    assert build(make_canary, retries=-1).retries == 0
