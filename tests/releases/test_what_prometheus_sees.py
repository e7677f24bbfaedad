"""Releases by two hook servers, as their /metrics tell of them."""

from collections.abc import Iterator

import pytest
from exposition import scrape, summed, values
from release_world import APP, App, Arena, analysis
from scripted_peers import vector

from burgee.playground.metacontroller.faults import FaultRates, Faults

pytestmark = pytest.mark.slow

COUNTS = "flagger_canary_{}_total"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with Arena(tmp_path_factory.mktemp("seen"), hooks=2) as made:
        yield made


def at_rest(pair: Arena, namespace: str, phase: str = "Initialized", **spec: object) -> App:
    app = pair.app(namespace, **spec)
    app.wait_phase(phase)
    app.wait_scaled(0)
    return app


def counted(pair: Arena, app: App, ending: str, **labels: str) -> float:
    urls = [hook.url for hook in pair.hooks]
    return summed(urls, COUNTS.format(ending), {"namespace": app.namespace, **labels})


def shown(pair: Arena, app: App, series: str, **labels: str) -> list[float]:
    """What each server says of it; each has its own picture."""
    return [
        value
        for hook in pair.hooks
        for value in values(hook.url, series, namespace=app.namespace, **labels)
    ]


def test_every_release_is_counted_once_over_all_servers(pair: Arena) -> None:
    app = at_rest(pair, "counted")
    assert [counted(pair, app, ending) for ending in ("successes", "failures")] == [0, 0]

    app.release("app:2")
    app.wait_scaled(0)
    pair.prometheus.answers[app.namespace] = lambda _: vector(1)
    app.release("app:3", until="Failed")

    kind = {"name": APP, "deployment_strategy": "canary", "analysis_status": "completed"}
    assert counted(pair, app, "successes", **kind) == counted(pair, app, "successes") == 1
    assert counted(pair, app, "failures", **kind) == counted(pair, app, "failures") == 1
    steps = shown(pair, app, "flagger_canary_duration_seconds_count", name=APP)
    assert sum(steps) >= 4


def test_releases_are_told_apart_by_strategy_and_analysis(pair: Arena) -> None:
    blue_green = at_rest(
        pair, "bluegreen", analysis=analysis(iterations=2, maxWeight=None, stepWeight=None)
    )
    skipped = at_rest(pair, "skipped", skipAnalysis=True)

    blue_green.release("app:2")
    skipped.release("app:2")

    assert counted(pair, blue_green, "successes", deployment_strategy="blue-green") == 1
    assert counted(pair, skipped, "successes", analysis_status="skipped") == 1
    assert counted(pair, skipped, "successes", analysis_status="completed") == 0


def test_the_newest_phase_and_step_of_all_servers_is_the_canarys(pair: Arena) -> None:
    app = at_rest(pair, "phases")
    app.release("app:2")
    app.wait_scaled(0)

    phases: dict[str, float] = {}
    for hook in pair.hooks:
        found = scrape(hook.url)["burgee_canary_phase_start_timestamp_seconds"]
        for labels, began in found.items():
            about = dict(labels)
            if about["namespace"] == app.namespace:
                phases[about["phase"]] = max(began, phases.get(about["phase"], 0))
    assert max(phases, key=lambda phase: phases[phase]) == "Succeeded"
    assert max(shown(pair, app, "burgee_canary_last_step_timestamp_seconds")) > 1.7e9


def test_measurements_and_weights_of_a_run(pair: Arena) -> None:
    app = at_rest(pair, "measured")
    app.set_image("app:2")
    app.wait_weight(25)
    app.wait_for(lambda: max(shown(pair, app, "flagger_canary_weight", workload=APP)) >= 25)
    app.wait_run("Succeeded")

    durations = shown(pair, app, "flagger_canary_metric_analysis", metric="request-duration")
    assert set(durations) == {0.025}, "seconds, where the query gave 25 ms"
    rates = shown(pair, app, "flagger_canary_metric_analysis", metric="request-success-rate")
    assert set(rates) == {100}


def test_a_canary_that_cannot_be_worked_with_is_held(pair: Arena) -> None:
    app = pair.app("held", service={"port": 0})
    app.wait(lambda status: bool(status.get("conditions")))

    app.wait_for(
        lambda: shown(pair, app, "burgee_canary_held_timestamp_seconds", reason="InvalidService")
    )


def test_the_server_that_lets_a_canary_go_shows_it_no_more(pair: Arena) -> None:
    app = at_rest(pair, "gone")
    app.wait_for(lambda: len(shown(pair, app, "flagger_canary_total")) == 2)

    pair.cluster.delete("flagger.app/v1beta1", "Canary", app.namespace, APP)
    pair.cluster.wait_gone("flagger.app/v1beta1", "Canary", app.namespace, APP)

    left = [
        hook
        for hook in pair.hooks
        if any(
            ("namespace", app.namespace) in labels
            for series in scrape(hook.url).values()
            for labels in series
        )
    ]
    assert len(left) < 2


def test_an_end_that_is_answered_again_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Answers and writes of status are lost, so that the same end is worked out again."""
    faults = Faults(FaultRates(lost_answer=0.4, status_failure=0.4), seed=3)
    with Arena(tmp_path_factory.mktemp("again"), faults=faults) as arena:
        app = at_rest(arena, "again")
        for number in range(2, 6):
            app.release(f"app:{number}", seconds=40)

        assert faults.happened["lost_answer"]
        assert faults.happened["status_failure"]
        assert counted(arena, app, "successes") == 4
        assert counted(arena, app, "failures") == 0


def test_what_was_done_for_releases_is_counted(pair: Arena) -> None:
    urls = [hook.url for hook in pair.hooks]
    names = {
        "burgee_checks_total": {"source": "prometheus", "verdict": "Passed"},
        "burgee_check_duration_seconds_count": {"source": "prometheus", "verdict": "Passed"},
        "burgee_source_probes_total": {"source": "prometheus", "outcome": "online"},
        "burgee_webhook_duration_seconds_count": {"type": "rollout", "outcome": "succeeded"},
        "burgee_effects_total": {"effect": "Scale", "outcome": "done"},
        "burgee_told_total": {"kind": "event", "outcome": "delivered"},
    }
    pair.prometheus.answers[""] = lambda _: vector(1)
    before = {name: summed(urls, name, labels) for name, labels in names.items()}
    app = at_rest(
        pair,
        "deeds",
        analysis=analysis(
            webhooks=[
                {"name": "load", "type": "rollout", "url": f"{pair.webhooks.url}/load"},
                {"name": "log", "type": "event", "url": f"{pair.webhooks.url}/log"},
            ]
        ),
    )

    app.release("app:2")
    app.wait_scaled(0)

    for name, labels in names.items():
        assert summed(urls, name, labels) > before[name], name
