"""The live block and the plain lines."""

import io

import pytest

from burgee.playground.demo.view import (
    Clients,
    LiveView,
    PlainView,
    Snapshot,
    Steering,
    block,
    open_view,
)

SNAPSHOT = Snapshot(
    title="v2 is released",
    elapsed_seconds=7.3,
    phase="Progressing",
    steering=Steering(weight=30),
    checks=(
        {"name": "request-success-rate", "value": 99.61, "min": 99, "verdict": "Passed"},
        {"name": "request-duration", "verdict": "NoData", "max": 250},
    ),
    clients=[Clients(name="client", versions={"v1": 70, "v2": 30})],
    words="Canary weight 30",
)


def test_block_tells_everything_in_few_lines() -> None:
    text = "\n".join(block(SNAPSHOT, 100))
    for expected in (
        "v2 is released, 7 s",
        "Progressing",
        "30 % to the new version",
        "99.6 % (at least 99): Passed",
        "no value (at most 250): NoData",
        "v1 70 %  v2 30 %  (100 requests, 0 failed)",
        "Canary weight 30",
    ):
        assert expected in text
    assert text.count("█") == 12
    assert text.count("░") == 28


def test_pods_are_shown_where_they_are_the_weight() -> None:
    snapshot = Snapshot(title="t", elapsed_seconds=1.0, steering=Steering(weight=20, pods=(1, 5)))
    assert any("20 % to the new version, 1 of 5 pods" in s for s in block(snapshot, 120))


def test_other_clients_and_other_ways_to_the_canary_are_shown() -> None:
    snapshot = Snapshot(
        title="t",
        elapsed_seconds=1.0,
        steering=Steering(matching=100, mirrored=50),
        clients=[
            Clients(name="client", versions={"v1": 9}),
            Clients(name="insiders", versions={"v2": 3}, failed=1),
        ],
    )
    lines = block(snapshot, 120)
    assert any("0 % to the new version, 100 % of matching requests, 50 % m" in s for s in lines)
    assert "  client   v1 100 %  (9 requests, 0 failed)" in lines
    assert "  insiders v2 100 %  (3 requests, 1 failed)" in lines


@pytest.mark.parametrize("width", [20, 40, 80])
def test_block_fits_the_terminal(width: int) -> None:
    long = Snapshot(title="t", elapsed_seconds=0, phase="Failed", words="word " * 100)
    assert all(len(line) < width for line in block(long, width))


def test_block_of_nothing_has_dashes() -> None:
    lines = block(Snapshot(title="setting up", elapsed_seconds=0.0), 80)
    assert [line.split()[-1] for line in lines if line.startswith("  ")].count("-") == 6


def test_plain_view_prints_one_line_for_each_change() -> None:
    out = io.StringIO()
    view = open_view(out)
    assert isinstance(view, PlainView)
    for _ in range(5):
        view.show(SNAPSHOT)
    view.show(Snapshot(title="t", elapsed_seconds=9.0, phase="Succeeded", words="done"))
    view.close()
    assert out.getvalue().splitlines() == [
        "[  7.3] Progressing   30 %  Canary weight 30",
        "[  9.0] Succeeded      0 %  done",
    ]
    assert "\x1b" not in out.getvalue()


def test_live_view_repaints_in_place_and_shows_the_cursor_again() -> None:
    out = io.StringIO()
    view = LiveView(out, colour=False)
    view.show(SNAPSHOT)
    first = out.getvalue()
    view.show(SNAPSHOT)
    second = out.getvalue().removeprefix(first)
    height = len(block(SNAPSHOT, 80))
    assert second.startswith(f"\x1b[{height}F")
    assert second.count("\n") == height
    view.close()
    view.close()
    assert out.getvalue().count("\x1b[?25h") == 1
    assert out.getvalue().endswith("\x1b[?25h")


def test_live_view_leaves_a_line_for_each_phase() -> None:
    out = io.StringIO()
    view = LiveView(out, colour=True)
    view.show(SNAPSHOT)
    view.show(Snapshot(title="t", elapsed_seconds=9.0, phase="Failed"))
    view.close()
    assert "[  7.3] Progressing\n" in out.getvalue()
    assert "[  9.0] Failed\n" in out.getvalue()
    assert "\x1b[31mFailed" in out.getvalue()
