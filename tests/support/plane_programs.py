"""Programs that data planes need: CI has them all, elsewhere their tests are skipped."""

import os

import pytest

from burgee.playground.demo.providers.registry import PROVIDERS


def demand_program(provider: str) -> None:
    """Skip the test where the program of a provider is missing."""
    try:
        PROVIDERS[provider].program()
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
