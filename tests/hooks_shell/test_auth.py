"""Who is let in."""

from pathlib import Path

import pytest

from burgee.errors import InvalidSettings
from hooks.auth import Gate
from hooks.settings import Settings


@pytest.mark.parametrize(
    ("header", "admitted"),
    [
        pytest.param("Bearer right", True, id="right"),
        pytest.param("bearer right", True, id="the scheme in any case"),
        pytest.param("Bearer  right ", True, id="spaces around"),
        pytest.param("Bearer wrong", False, id="wrong"),
        pytest.param("Bearer righ", False, id="a part of it"),
        pytest.param("Bearer right right", False, id="twice"),
        pytest.param("Bearer RIGHT", False, id="other case"),
        pytest.param("Bearer ", False, id="empty"),
        pytest.param("Bearer", False, id="scheme only"),
        pytest.param("Basic right", False, id="other scheme"),
        pytest.param("right", False, id="no scheme"),
        pytest.param("Bearer ünïcode\udce4", False, id="not even text"),
        pytest.param("", False, id="empty header"),
        pytest.param(None, False, id="no header"),
    ],
)
def test_only_the_token_opens(header: str | None, admitted: bool) -> None:
    assert Gate(Settings(token="right")).admits(header) is admitted


def test_an_insecure_gate_is_open() -> None:
    assert Gate(Settings(insecure=True)).admits(None)


def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old\n", encoding="utf-8")
    gate = Gate(Settings(token_file=path))
    assert gate.admits("Bearer old")

    other = tmp_path / "other"
    other.write_text("new", encoding="utf-8")
    other.replace(path)

    assert gate.admits("Bearer new")
    assert not gate.admits("Bearer old")


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_without_a_token_there_is_no_gate(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_text(content, encoding="utf-8")

    with pytest.raises(InvalidSettings):
        Gate(Settings(token_file=path))
    with pytest.raises(InvalidSettings):
        Gate(Settings())
