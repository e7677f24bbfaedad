"""What Prometheus sees of the server itself."""

import pytest

from burgee.adapters.deeds import Deed, Kind, Took
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


def deed(kind: Kind, what: str, outcome: str) -> Deed:
    return Deed(kind=kind, type=what, name="any", outcome=outcome, took=Took(began=0, seconds=0.2))


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (
            deed(Kind.CHECK, "datadog", "NoData"),
            [
                'burgee_checks_total{source="datadog",verdict="NoData"} 1.0',
                'burgee_check_duration_seconds_sum{source="datadog",verdict="NoData"} 0.2',
            ],
        ),
        (
            deed(Kind.CHECK, "", "Error"),
            ['burgee_checks_total{source="none",verdict="Error"} 1.0'],
        ),
        (
            deed(Kind.PROBE, "influxdb", "offline"),
            ['burgee_source_probes_total{outcome="offline",source="influxdb"} 1.0'],
        ),
        (
            deed(Kind.WEBHOOK, "rollout", "failed"),
            ['burgee_webhook_duration_seconds_count{outcome="failed",type="rollout"} 1.0'],
        ),
        (
            deed(Kind.EFFECT, "Scale", "done"),
            ['burgee_effects_total{effect="Scale",outcome="done"} 1.0'],
        ),
        (
            deed(Kind.DELIVERY, "slack", "delivered"),
            ['burgee_told_total{kind="slack",outcome="delivered"} 1.0'],
        ),
    ],
    ids=lambda value: f"{value.kind} {value.type}" if isinstance(value, Deed) else None,
)
def test_deeds_are_counted_by_kind(done: Deed, expected: list[str]) -> None:
    meters = meters_of_one_server()
    before = lines_of(meters)

    meters.note(done)

    added = [line for line in lines_of(meters) if line not in before]
    names = {line.partition("{")[0] for line in added if line.startswith("burgee_")}
    assert set(expected) <= set(added)
    stems = {"_bucket", "_count", "_sum"}
    wanted = {line.partition("{")[0] for line in expected}
    assert {n for n in names if not n.endswith(tuple(stems))} <= wanted


def test_what_is_still_to_be_delivered_is_asked_when_it_is_shown() -> None:
    meters, waiting = meters_of_one_server(), {"alert": 0, "event": 0}
    meters.show_waiting(lambda: waiting)

    waiting["event"] = 3

    assert 'burgee_told_waiting{what="alert"} 0.0' in lines_of(meters)
    assert 'burgee_told_waiting{what="event"} 3.0' in lines_of(meters)


def test_the_process_shows_its_own_resources() -> None:
    names = {line.partition(" ")[0] for line in lines_of(meters_of_one_server())}

    assert {"process_cpu_seconds_total", "process_resident_memory_bytes"} <= names


def test_two_servers_in_one_process_count_apart() -> None:
    one, other = meters_of_one_server(), meters_of_one_server()

    one.observe(hook="sync", outcome="ok", seconds=1)

    assert not [line for line in lines_of(other) if line.startswith("burgee_syncs_total")]
