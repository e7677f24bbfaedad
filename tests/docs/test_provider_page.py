"""The page of providers says what the code can do."""

from pathlib import Path

from burgee.routers.table import provider_table

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def test_the_table_of_providers_is_what_the_code_says() -> None:
    assert provider_table() in PAGE.read_text()
