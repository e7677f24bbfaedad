"""What the bench measures besides time, and that its parts still work; no time is judged."""

from pathlib import Path

import pytest

from bench import fleet, idle, load, routes, throughput
from bench.route_cases import case_of
from bench.servers import StandIn
from burgee.routers.registry import capabilities_by_provider

pytestmark = pytest.mark.slow

MOST_IDLE_CALLS_PER_MINUTE = 10


def test_an_idle_canary_costs_few_calls(tmp_path: Path) -> None:
    found = idle.measure(tmp_path, resyncs=4)

    assert found.syncs == found.resyncs
    assert 0 < found.hooks_per_minute + found.controller_per_minute <= MOST_IDLE_CALLS_PER_MINUTE


def test_every_line_of_the_table_can_be_measured(tmp_path: Path) -> None:
    scenes = throughput.scenes_of(tmp_path)

    rows = list(throughput.measure(tmp_path, scenes, rounds=1, seconds=0.1))

    recorded = 20_000
    assert all(row.body_bytes > recorded for row in rows)
    assert any(row.body_bytes >= 2 * recorded for row in rows)
    assert all(row.syncs_per_second > 0 and row.ratio > 0 for row in rows)


def test_many_releases_end(tmp_path: Path) -> None:
    found = fleet.measure(tmp_path, canaries=3, interval_seconds=1)

    assert found.ideal_seconds == len(fleet.STEP_WEIGHTS)
    assert found.min_seconds >= found.ideal_seconds


def test_the_load_generator_takes_nothing_but_a_200(tmp_path: Path) -> None:
    with StandIn(tmp_path, {"/sync": {"large": "x" * 5_000}, "/small": {}}) as server:
        missing = load.http_post(f"{server.url}/elsewhere", b"{}", token="t")
        small = load.http_post(f"{server.url}/small", b"{}", token="t")

        found = load.run(server.url, [small], count=20)
        with pytest.raises(load.WrongAnswer, match="201"):
            load.run(server.url, [missing], count=20)
        counts = server.counts()

    assert len(found.latencies_ms) == 20
    assert counts["POST /small"] == 20


def test_every_provider_has_routes_that_a_sync_is_done_with() -> None:
    rows = {row.provider: row for row in routes.measure(rounds=1, seconds=0.0)}

    assert set(rows) == set(capabilities_by_provider())
    assert {name for name, row in rows.items() if not row.objects} == {"kubernetes"}


@pytest.mark.parametrize("provider", sorted(capabilities_by_provider()))
def test_the_measured_routes_are_as_wanted_and_those_of_a_step_are_not(provider: str) -> None:
    case = case_of(provider)
    seen = [*routes.observed(case)]

    assert routes.compare(seen, routes.render(case, case.weights))
    if provider not in {"knative", "kubernetes"}:
        assert routes.shows(case, seen, case.weights)
        assert not routes.compare(seen, routes.render(case, case.next_weights))
        assert not routes.shows(case, seen, case.next_weights)


def test_the_measured_canaries_ask_for_all_that_their_providers_honour() -> None:
    for provider, able in capabilities_by_provider().items():
        given = case_of(provider).canary.spec.service.model_dump(by_alias=True, exclude_unset=True)
        own = {"appProtocol", "delegation", "targetPort"}

        assert able.honours - own - ({"match"} if provider.endswith(":grpc") else set()) <= set(
            given
        )
