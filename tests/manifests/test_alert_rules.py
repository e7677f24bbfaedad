"""The alerts: valid, explained, and each fires when it should and not otherwise."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from dashboards import alerts, groups
from real_servers import program

DATA = Path(__file__).parent / "data" / "alerts.yaml"
DOCS = Path(__file__).parents[2] / "docs" / "observability.md"
SECONDS = 120


@pytest.fixture
def promtool(tmp_path: Path) -> Path:
    """A folder with the rules as Prometheus reads them; `promtool` is on the PATH."""
    program("promtool", package="Debian's prometheus")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups()}))
    shutil.copy(DATA, tmp_path)
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["promtool", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_the_rules(promtool: Path) -> None:
    assert f"SUCCESS: {len(alerts())} rules found" in run(promtool, "check", "rules", "rules.yaml")


def test_the_alerts_fire_as_they_should(promtool: Path) -> None:
    run(promtool, "test", "rules", DATA.name)


def test_every_alert_is_seen_to_fire_and_not_to_fire() -> None:
    fires, rests = set(), set()
    for test in yaml.safe_load(DATA.read_text("utf-8"))["tests"]:
        for case in test["alert_rule_test"]:
            (fires if case["exp_alerts"] else rests).add(case["alertname"])

    assert fires == rests == {alert["alert"] for alert in alerts()}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert["alert"]))
def test_every_alert_says_what_it_means_and_what_to_do(alert: dict[str, dict[str, str]]) -> None:
    name = str(alert["alert"])

    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    assert alert["annotations"]["runbook"] == f"docs/{DOCS.name}#{name.lower()}"
    assert f"### {name}\n" in DOCS.read_text("utf-8")
