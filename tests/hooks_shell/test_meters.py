"""What Prometheus sees."""

from hooks.meters import Meters


def lines_of(meters: Meters) -> list[str]:
    text = meters.expose().decode()
    return [
        line for line in text.splitlines() if not line.startswith("#") and "_created" not in line
    ]


def test_version_and_provider_are_shown_as_flagger_does() -> None:
    meters = Meters(version="1.2.3", mesh_provider="istio")

    assert 'flagger_info{mesh_provider="istio",version="1.2.3"} 1.0' in lines_of(meters)


def test_calls_are_counted_and_timed_by_hook_and_outcome() -> None:
    meters = Meters(version="1", mesh_provider="istio")

    meters.observe(hook="sync", outcome="ok", seconds=0.004)
    meters.observe(hook="sync", outcome="ok", seconds=0.2)
    meters.observe(hook="sync", outcome="stale", seconds=0.2)

    lines = lines_of(meters)
    assert 'burgee_syncs_total{hook="sync",outcome="ok"} 2.0' in lines
    assert 'burgee_syncs_total{hook="sync",outcome="stale"} 1.0' in lines
    bucket = 'burgee_sync_duration_seconds_bucket{hook="sync",le="0.005",outcome="ok"} 1.0'
    assert bucket in lines


def test_a_canary_that_is_gone_haunts_nobody() -> None:
    meters = Meters(version="1", mesh_provider="istio")
    meters.set_canary_status(name="app", namespace="t", value=2)
    meters.set_canary_status(name="other", namespace="t", value=1)
    meters.set_weight(workload="app-primary", namespace="t", percent=90)
    assert 'flagger_canary_weight{namespace="t",workload="app-primary"} 90.0' in lines_of(meters)

    for _ in range(2):
        meters.forget_canary(name="app", namespace="t")
        meters.forget_workload(workload="app-primary", namespace="t")

    lines = lines_of(meters)
    assert 'flagger_canary_status{name="other",namespace="t"} 1.0' in lines
    assert not [line for line in lines if '"app' in line]


def test_two_servers_in_one_process_count_apart() -> None:
    one = Meters(version="1", mesh_provider="istio")
    other = Meters(version="1", mesh_provider="istio")

    one.observe(hook="sync", outcome="ok", seconds=1)

    assert not [line for line in lines_of(other) if line.startswith("burgee_syncs_total")]
