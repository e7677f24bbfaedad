from collections.abc import Iterator
from pathlib import Path

import pytest
from plane_programs import demand_program
from plane_yard import Yard

from burgee.playground.demo.providers.registry import PROVIDERS


@pytest.fixture(scope="module", params=list(PROVIDERS))
def yard(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Yard]:
    """One for each provider; tests leave all traffic with the primary."""
    demand_program(request.param)
    directory: Path = tmp_path_factory.mktemp(request.param.replace(":", "-"))
    with Yard(request.param, directory) as made:
        yield made
