import pytest
from conformance.excuses import documented, table
from conformance.scenario import names
from conformance.stage import Stage

pytestmark = pytest.mark.slow

ROWS = table()


@pytest.mark.parametrize("name", names())
def test_it_does_what_flagger_did(stage: Stage, name: str) -> None:
    verdict = stage.verdict(name)
    unknown = [
        str(found)
        for found in verdict.differences
        if not any(row.covers(name, found) for row in ROWS)
    ]
    assert verdict.problem == ""
    assert "\n".join(unknown) == ""


def test_every_row_of_the_table_is_needed(stage: Stage) -> None:
    found = [(name, one) for name in names() for one in stage.verdict(name).differences]
    assert [row for row in ROWS if not any(row.covers(*one) for one in found)] == []


def test_users_are_told_about_every_row() -> None:
    assert {row.documented for row in ROWS} - documented() == set()
