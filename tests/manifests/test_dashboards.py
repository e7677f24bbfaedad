"""The dashboards are well made, and ask for what the hook server shows."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from dashboards import (
    BOARDS,
    BUILT_IN,
    COMPONENTS,
    Query,
    alert_queries,
    board,
    panel_queries,
    panels,
    variable_queries,
)

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from hooks.app import create_app
from hooks.settings import Settings

VALUES = {"namespace": "t", "name": "app", "service": ""}
ALL = [query for path in BOARDS for query in (*panel_queries(path), *variable_queries(path))]
SUFFIXES = ("_bucket", "_count", "_sum")


def stem(path: Path) -> str:
    return path.stem


def where(query: Query) -> str:
    return query.where


@pytest.fixture(scope="module")
def shown() -> set[str]:
    """The names of all metrics at /metrics of a hook server."""
    app = create_app(
        Settings(insecure=True), kube=KubeClient(KubeAccess(server="http://127.0.0.1:1"))
    )
    text = app.test_client().get("/metrics").text
    app.extensions["burgee"].close()
    types = re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)
    return {name for name, _ in types if not name.endswith("_created")}


def family(name: str, shown: set[str]) -> str:
    """The metric that a series belongs to."""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and name.removesuffix(suffix) in shown:
            return name.removesuffix(suffix)
    return name


def test_there_are_two() -> None:
    assert [path.stem for path in BOARDS] == ["burgee-canary", "burgee-releases"]
    assert [board(path)["uid"] for path in BOARDS] == [path.stem for path in BOARDS]


@pytest.mark.parametrize("path", BOARDS, ids=stem)
def test_panels_have_ids_of_their_own_and_room(path: Path) -> None:
    ids = Counter(panel["id"] for panel in panels(path))
    taken: Counter[tuple[int, int]] = Counter()
    for panel in panels(path):
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        taken.update((at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"]))

    assert [number for number, count in ids.items() if count > 1] == []
    assert [place for place, count in taken.items() if count > 1] == []


@pytest.mark.parametrize("path", BOARDS, ids=stem)
def test_every_panel_says_what_it_shows_and_asks_the_chosen_server(path: Path) -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels(path):
        assert panel["title"]
        if panel["type"] == "row":
            continue
        assert panel["description"], panel["title"]
        assert panel["datasource"] == chosen
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters)), panel["title"]
        assert all(target["datasource"] == chosen for target in panel["targets"])


@pytest.mark.parametrize("path", BOARDS, ids=stem)
def test_legends_have_all_that_the_schema_of_grafana_asks_for(path: Path) -> None:
    legends = [p["options"]["legend"] for p in panels(path) if "legend" in p.get("options", {})]

    assert legends
    for legend in legends:
        assert set(legend) == {"calcs", "displayMode", "placement", "showLegend"}


@pytest.mark.parametrize("path", BOARDS, ids=stem)
def test_variables_are_known_and_used(path: Path) -> None:
    known = {variable["name"] for variable in board(path)["templating"]["list"]}
    used = {"datasource"}
    for query in (*panel_queries(path), *variable_queries(path)):
        assert query.variables <= known | set(BUILT_IN), query.where
        used |= query.variables

    assert known <= used


@pytest.mark.parametrize("query", [*ALL, *alert_queries()], ids=where)
def test_every_query_is_promql(query: Query) -> None:
    promql_parser.parse(query.filled(VALUES))


@pytest.mark.parametrize("query", [*ALL, *alert_queries()], ids=where)
def test_every_metric_of_ours_is_one_that_is_shown(query: Query, shown: set[str]) -> None:
    assert {family(name, shown) for name in query.own_metrics} <= shown


def test_everything_that_is_shown_is_looked_at(shown: set[str]) -> None:
    looked_at = {
        family(name, shown) for query in (*ALL, *alert_queries()) for name in query.own_metrics
    }
    ours = {name for name in shown if name.startswith(("burgee_", "flagger_"))}

    assert ours - looked_at == set()


def test_the_side_car_of_grafana_finds_them(
    kustomize: Callable[[Path], list[dict[str, Any]]], tmp_path: Path
) -> None:
    (tmp_path / "components").symlink_to(COMPONENTS)
    user = tmp_path / "user"
    user.mkdir()
    (user / "kustomization.yaml").write_text("components: [../components/grafana-dashboards]\n")

    rendered = kustomize(user)

    files = {}
    for config_map in rendered:
        assert config_map["kind"] == "ConfigMap"
        assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
        files.update(config_map["data"])
    assert files == {path.name: path.read_text("utf-8") for path in BOARDS}
