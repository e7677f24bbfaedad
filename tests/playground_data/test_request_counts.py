"""An access log becomes the metrics of ingress-nginx."""

from pathlib import Path

from burgee.playground.metrics.ingress_nginx import RequestCounts
from burgee.playground.metrics.scrape import parse_exposition

REQUESTS = "nginx_ingress_controller_requests"
DURATION = "nginx_ingress_controller_response_duration_seconds"


def _line(canary: str, status: str, response: str) -> str:
    labels = ["demo", "shop", "shop", canary, "/", "GET", status]
    return "\t".join([*labels, "0.010", response]) + "\n"


def _shown(counts: RequestCounts, name: str, **labels: str) -> list[float]:
    return [
        value
        for found, value in parse_exposition(counts.exposition())
        if found["__name__"] == name and labels.items() <= found.items()
    ]


def test_requests_are_counted_by_who_got_them(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    counts = RequestCounts(log)
    assert _shown(counts, REQUESTS) == []
    log.write_text(_line("", "200", "0.003") * 3 + _line("demo-shop-canary-80", "500", "0.03"))
    assert _shown(counts, REQUESTS, canary="") == [3]
    assert _shown(counts, REQUESTS, canary="demo-shop-canary-80", status="500") == [1]
    assert _shown(counts, f"{DURATION}_bucket", canary="", le="0.005") == [3]
    assert _shown(counts, f"{DURATION}_bucket", status="500", le="0.025") == [0]
    assert _shown(counts, f"{DURATION}_bucket", status="500", le="+Inf") == [1]
    assert _shown(counts, f"{DURATION}_sum", status="500") == [0.03]


def test_log_is_read_as_it_grows_and_half_a_line_waits(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    counts = RequestCounts(log)
    line = _line("", "200", "0.003")
    log.write_text(line + line[:10])
    assert _shown(counts, REQUESTS) == [1]
    with log.open("a") as more:
        more.write(line[10:] + line)
    assert _shown(counts, REQUESTS) == [3]


def test_requests_without_one_response_time_have_no_duration(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    counts = RequestCounts(log)
    log.write_text(_line("", "503", "-") + _line("", "503", "0.001, 0.002") + "nonsense\n")
    assert _shown(counts, REQUESTS, status="503") == [2]
    assert _shown(counts, f"{DURATION}_count", status="503") == [0]
