"""What a value in an answer measures, whichever server it is from."""

import pytest

from burgee.adapters.sources.asking import Garbage, measured
from burgee.metrics.model import Measurement, NoData, Sample


@pytest.mark.parametrize(
    ("value", "means"),
    [
        pytest.param(None, NoData(), id="null"),
        pytest.param(float("nan"), NoData(), id="not a number"),
        pytest.param("NaN", NoData(), id="not a number, in words"),
        pytest.param(0, Sample(value=0.0), id="nought"),
        pytest.param(-1, Sample(value=-1.0), id="negative"),
        pytest.param(2**53, Sample(value=2.0**53), id="a large integer"),
        pytest.param("99.5", Sample(value=99.5), id="in words"),
        pytest.param("+Inf", Sample(value=float("inf")), id="infinite"),
    ],
)
def test_values(value: object, means: Measurement) -> None:
    assert measured(value) == means


@pytest.mark.parametrize("value", [True, [], {}, "", "a", 10**400])
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(Garbage):
        measured(value)
