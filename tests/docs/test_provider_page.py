"""The page of providers says what the code can do, and what Flagger can."""

from dataclasses import fields
from pathlib import Path

from burgee.api.canary import Service
from burgee.routers.base import Capabilities
from burgee.routers.flagger import FLAGGER, IN_PART
from burgee.routers.registry import capabilities_by_provider, users_routes
from burgee.routers.table import field_table, provider_table

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
ROUTES = PAGE.with_name("routes.md")
OURS = capabilities_by_provider()
NOT_IN_FLAGGER = {"gatewayapi:v1:grpc", "smi:v1alpha4"}
CAN = [field.name for field in fields(Capabilities) if isinstance(field.default, bool)]


def test_the_tables_of_providers_are_what_the_code_says() -> None:
    page = PAGE.read_text()

    assert provider_table() in page
    assert field_table() in page


def test_a_difference_stands_in_its_cell() -> None:
    rows = {row.split(" | ")[0].strip("| "): row for row in provider_table().splitlines()[2:]}

    assert len(rows) == len(OURS)
    assert "| yes (Flagger: no) |" in rows["`traefik`"]
    assert "| yes (Flagger: in Blue/Green) |" in rows["`gatewayapi:v1`"]
    assert "Flagger" not in rows["`gatewayapi:v1:grpc` (Flagger: none)"].partition("none)")[2]
    assert "(Flagger: yes)" not in provider_table()


def test_what_flagger_can_is_of_the_same_shape() -> None:
    names = {field.alias for field in Service.model_fields.values()}

    assert set(OURS) - set(FLAGGER) == NOT_IN_FLAGGER
    assert set(FLAGGER) <= set(OURS)
    for provider, able in FLAGGER.items():
        assert able.first_only <= able.honours <= names, provider
        assert not able.mirror_weight or able.mirroring
        assert not able.primary_cookie or able.session_affinity
    for provider, feature in IN_PART:
        assert getattr(FLAGGER[provider], feature) is True


def test_nothing_is_missing_that_flagger_can() -> None:
    for provider, able in FLAGGER.items():
        ours = OURS[provider]
        assert ours.honours >= able.honours, provider
        assert ours.first_only <= able.first_only, provider
        for feature in CAN:
            assert getattr(ours, feature) or not getattr(able, feature), (provider, feature)


def test_routes_of_users_are_those_of_their_page() -> None:
    text = ROUTES.read_text()
    rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| `")]
    page = {provider.strip(): kinds for provider, kinds in rows}

    for provider in OURS:
        kinds = users_routes(provider)
        found = next(
            (
                row
                for names, row in page.items()
                if f"`{provider}`" in names or f"`{provider.partition(':')[0]}:*`" in names
            ),
            "",
        )
        assert bool(kinds) is bool(found), provider
        assert all(kind in found for kind in kinds), provider
