import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.hashing import (
    config_checksum,
    flagger_id,
    go_json,
    is_ours,
    revision_id,
    template_hash,
)
from burgee.targets.naming import Names

SETTINGS = EngineSettings()


def test_names_follow_the_service_where_it_is_called_otherwise(
    make_canary: Callable[..., Canary], make_target: Callable[..., Manifest]
) -> None:
    target = make_target(selector={"matchLabels": {"x": "y", "name": "web", "app": "front"}})
    names = Names.of(make_canary({"port": 80, "name": "www"}), target, SETTINGS)

    assert (names.target, names.primary_workload) == ("podinfo", "podinfo-primary")
    assert (names.apex, names.primary, names.canary) == ("www", "www-primary", "www-canary")
    assert (
        names.selector_key,
        names.selector_value,
        names.primary_label_value,
    ) == ("app", "front", "front-primary")


@pytest.mark.parametrize("spec", [None, {}, {"selector": {"matchLabels": {"tier": "web"}}}])
def test_target_without_an_allowed_selector_label_is_refused(
    make_canary: Callable[..., Canary], spec: Any
) -> None:
    target = {"kind": "Deployment", "metadata": {"name": "podinfo"}, "spec": spec}

    with pytest.raises(InvalidCanary, match="podinfo has none of the labels app, name") as caught:
        Names.of(make_canary(), target, SETTINGS)

    assert caught.value.reason == "NoSelectorLabel"


def test_template_hash_looks_ours(make_target: Callable[..., Manifest]) -> None:
    value = template_hash(make_target())

    assert re.fullmatch(r"b1-[0-9a-f]{16}", value)
    assert is_ours(value)


@pytest.mark.parametrize("foreign", ["", "5498f4fcd6", "b1-", "b1-xyz", "b1-0123456789abcdef0"])
def test_foreign_hash_is_not_ours(foreign: str) -> None:
    assert not is_ours(foreign)


def test_template_hash_ignores_replicas_nulls_and_order(
    make_target: Callable[..., Manifest],
) -> None:
    plain = make_target()
    other = make_target(replicas=5)
    template = other["spec"]["template"]
    template["metadata"]["creationTimestamp"] = None
    template["spec"]["containers"][0]["env"] = None
    other["spec"]["template"] = dict(reversed(template.items()))

    assert template_hash(plain) == template_hash(other)


def test_template_hash_sees_an_annotation_of_the_pods(
    make_target: Callable[..., Manifest],
) -> None:
    changed = make_target()
    changed["spec"]["template"]["metadata"]["annotations"] = {"restarted": "now"}

    assert template_hash(make_target()) != template_hash(changed)


def test_template_hash_sees_the_order_of_containers(make_target: Callable[..., Manifest]) -> None:
    containers = [{"name": "a"}, {"name": "b"}]

    assert template_hash(make_target({"containers": containers})) != template_hash(
        make_target({"containers": containers[::-1]})
    )


def test_revision_is_the_same_with_tracking_off_and_nothing_tracked() -> None:
    assert revision_id("b1-0", None) == revision_id("b1-0", {})


@pytest.mark.parametrize(
    ("template", "tracked"),
    [("b1-1", {"configmap/a": "1"}), ("b1-0", {"configmap/a": "2"}), ("b1-0", {})],
)
def test_revision_changes_with_template_or_configuration(
    template: Manifest, tracked: dict[str, str]
) -> None:
    assert revision_id("b1-0", {"configmap/a": "1"}) != revision_id(template, tracked)


def test_flagger_id_is_a_uuid_of_canary_and_revision() -> None:
    found = flagger_id("u1", "r1")

    assert str(UUID(found)) == found
    assert found == flagger_id("u1", "r1")
    assert len({found, flagger_id("u1", "r2"), flagger_id("u2", "r1")}) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"b": "1", "a": "2"}, '{"a":"2","b":"1"}', id="sorted, no spaces"),
        pytest.param("hello <b>&", '"hello \\u003cb\\u003e\\u0026"', id="html"),
        pytest.param("a\u2028b\u2029", '"a\\u2028b\\u2029"', id="line separators"),
        pytest.param("é😀", '"é😀"', id="other characters stay"),
        pytest.param(
            '\n\t\r"\\\x01\x7f', '"\\n\\t\\r\\"\\\\\\u0001\x7f"', id="control characters"
        ),
        pytest.param(None, "null", id="nothing"),
    ],
)
def test_json_is_written_as_go_writes_it(value: Any, text: str) -> None:
    assert text == go_json(value)


@pytest.mark.parametrize(
    ("manifest", "checksum"),
    [
        pytest.param({"data": {"color": "red"}}, "241889ca0604e333", id="one key"),
        pytest.param(
            {"data": {"message": "hello <b>&", "color": "blue"}}, "d84fe0a40c0bc8a3", id="escapes"
        ),
        pytest.param(
            {"kind": "Secret", "data": {"TOKEN": "czNjcmV0"}}, "2dd50793f65c1065", id="secret"
        ),
        pytest.param({}, "74234e98afe7498f", id="no data is null"),
        pytest.param({"data": {}, "binaryData": {"b": "AA=="}}, "74234e98afe7498f", id="binary"),
    ],
)
def test_checksum_of_configuration_is_flaggers(manifest: Manifest, checksum: str) -> None:
    assert checksum == config_checksum(manifest)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(template=st.dictionaries(st.text(max_size=5), json_values, max_size=5))
def test_template_hash_is_a_function_of_the_template_alone(template: Manifest) -> None:
    target = {"spec": {"template": template, "replicas": 2}}
    before = deepcopy(target)

    assert template_hash(target) == template_hash({"spec": {"template": deepcopy(template)}})
    assert before == target
