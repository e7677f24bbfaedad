import json
from collections.abc import Callable
from typing import Any

import pytest

from burgee.api.manifest import Manifest
from burgee.playground.metacontroller.composite import duration_seconds, parse_composite
from burgee.playground.metacontroller.envelope import (
    FatalAnswer,
    Grouped,
    InvalidHookAnswer,
    customize_body,
    decode_sync,
    group_key,
    inner_key,
    sync_body,
)

RECORDINGS = ["sync-v2-request", "sync-v2-first-request", "finalize-v2-request"]


def grouped(recorded_groups: Manifest) -> Grouped:
    """The objects of a recorded body, regrouped by what they are."""
    found = {}
    for group, objects in recorded_groups.items():
        kind, _, api_version = group.partition(".")
        found[api_version, kind] = {inner_key(o): o for o in objects.values()}
    return found


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_same_objects_make_the_recorded_body(
    recorded: Callable[[str], Manifest], name: str
) -> None:
    body = recorded(name)
    made = sync_body(
        controller=body["controller"],
        parent=body["parent"],
        children=grouped(body["children"]),
        related=grouped(body["related"]),
        finalizing=body["finalizing"],
    )
    assert json.loads(made) == body


def test_the_same_objects_make_the_recorded_customize_body(
    recorded: Callable[[str], Manifest],
) -> None:
    body = recorded("customize-v2-request")
    made = customize_body(controller=body["controller"], parent=body["parent"])
    assert json.loads(made) == body


def test_keys_of_core_and_other_groups() -> None:
    assert group_key("v1", "Service") == "Service.v1"
    assert group_key("apps/v1", "Deployment") == "Deployment.apps/v1"
    assert inner_key({"metadata": {"name": "n"}}) == "n"
    assert inner_key({"metadata": {"name": "n", "namespace": "ns"}}) == "ns/n"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>", id="no JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"status":{},"extra":1}', id="an unknown field"),
        pytest.param(b'{"status":{},"status":{}}', id="a field twice"),
        pytest.param(b'{"status":[]}', id="status is no object"),
        pytest.param(b'{"children":{}}', id="children is no list"),
        pytest.param(b'{"children":[{"metadata":{}}]}', id="a child without kind"),
        pytest.param(b'{"children":["x"]}', id="a child that is no object"),
        pytest.param(b'{"children":[{"kind":"A","metadata":{"labels":[1]}}]}', id="labels"),
        pytest.param(b'{"resyncAfterSeconds":"5"}', id="seconds as text"),
        pytest.param(b'{"resyncAfterSeconds":true}', id="seconds as a flag"),
        pytest.param(b'{"finalized":1}', id="finalized as a number"),
    ],
)
def test_answers_that_are_refused_whole(body: Any) -> None:
    with pytest.raises(InvalidHookAnswer):
        decode_sync(body)


def test_a_null_child_is_fatal() -> None:
    with pytest.raises(FatalAnswer):
        decode_sync(b'{"children":[null]}')


def test_what_is_left_out_has_its_zero() -> None:
    answer = decode_sync(b"{}")
    assert (answer.status, answer.children) == (None, ())
    assert (answer.resync_after_seconds, answer.finalized) == (0.0, False)


def test_a_field_twice_below_the_top_level_is_no_error() -> None:
    assert decode_sync(b'{"status":{"a":1,"a":2}}').status == {"a": 2}


@pytest.mark.parametrize(
    ("text", "seconds"), [("10s", 10), ("1m30s", 90), ("500ms", 0.5), ("1.5h", 5400)]
)
def test_go_durations(text: str, seconds: Any) -> None:
    assert duration_seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "10", "s", "10s!", "1 m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        duration_seconds(text)


def manifest(**webhook: Any) -> Manifest:
    return {
        "metadata": {"name": "c"},
        "spec": {
            "parentResource": {"apiVersion": "flagger.app/v1beta1", "resource": "canaries"},
            "hooks": {"sync": {"version": "v2", "webhook": webhook}},
        },
    }


@pytest.mark.parametrize(
    ("webhook", "url"),
    [
        ({"url": "http://h:1/sync"}, "http://h:1/sync"),
        (
            {"service": {"name": "s", "namespace": "n"}, "path": "/sync"},
            "http://s.n:80/sync",
        ),
        (
            {
                "service": {"name": "s", "namespace": "n", "port": 8, "protocol": "https"},
                "path": "x",
            },
            "https://s.n:8/x",
        ),
    ],
)
def test_hook_addresses(webhook: Manifest, url: str) -> None:
    assert parse_composite(manifest(**webhook)).sync.urls == (url,)


def test_several_hook_servers_keep_the_path() -> None:
    composite = parse_composite(
        manifest(url="http://h/sync"), base_urls=["http://a:1", "http://b:2/"]
    )
    assert composite.sync.urls == ("http://a:1/sync", "http://b:2/sync")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"hooks": {"sync": {"version": "v1", "webhook": {"url": "http://h"}}}}, "v2"),
        ({"hooks": {}}, "sync"),
        ({"parentResource": {}}, "apiVersion"),
        (
            {
                "childResources": [
                    {
                        "apiVersion": "v1",
                        "resource": "pods",
                        "updateStrategy": {"method": "Recreate"},
                    }
                ]
            },
            "Recreate",
        ),
    ],
)
def test_composites_that_are_not_played(change: Manifest, text: str) -> None:
    broken = manifest(url="http://h")
    broken["spec"].update(change)
    with pytest.raises(ValueError, match=text):
        parse_composite(broken)
