"""What Prometheus sees of the server itself."""

from hooks.meters import Meters
from hooks.series import Series


def meters_of_one_server() -> Meters:
    return Meters(version="1.2.3", mesh_provider="istio", series=Series())


def lines_of(meters: Meters) -> list[str]:
    text = meters.expose().decode()
    return [
        line for line in text.splitlines() if not line.startswith("#") and "_created" not in line
    ]


def test_version_and_provider_are_shown_as_flagger_does() -> None:
    assert 'flagger_info{mesh_provider="istio",version="1.2.3"} 1.0' in lines_of(
        meters_of_one_server()
    )


def test_calls_are_counted_and_timed_by_hook_and_outcome() -> None:
    meters = meters_of_one_server()

    meters.observe(hook="sync", outcome="ok", seconds=0.004)
    meters.observe(hook="sync", outcome="ok", seconds=0.2)
    meters.observe(hook="sync", outcome="stale", seconds=0.2)

    lines = lines_of(meters)
    assert 'burgee_syncs_total{hook="sync",outcome="ok"} 2.0' in lines
    assert 'burgee_syncs_total{hook="sync",outcome="stale"} 1.0' in lines
    bucket = 'burgee_sync_duration_seconds_bucket{hook="sync",le="0.005",outcome="ok"} 1.0'
    assert bucket in lines


def test_the_process_shows_its_own_resources() -> None:
    names = {line.partition(" ")[0] for line in lines_of(meters_of_one_server())}

    assert {"process_cpu_seconds_total", "process_resident_memory_bytes"} <= names


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = meters_of_one_server(), meters_of_one_server()

    one.observe(hook="sync", outcome="ok", seconds=1)

    assert not [line for line in lines_of(other) if line.startswith("burgee_syncs_total")]
