"""Ingresses and their canary annotations become what nginx serves."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from plane_programs import demand_program

from burgee.playground.dataplane.endpoints import Endpoint, ServicePort
from burgee.playground.dataplane.ingress_nginx import plan, report
from burgee.playground.dataplane.nginx import find_nginx
from burgee.playground.dataplane.nginx_conf import Setting, configuration
from burgee.playground.dataplane.nginx_model import Alternative, Location
from burgee.playground.dataplane.objects import Objects
from burgee.playground.dataplane.plane import Plan
from burgee.playground.dataplane.steering import Rule
from tests.playground_data.cluster_objects import service

PREFIX = "nginx.ingress.kubernetes.io"
CANARY = {f"{PREFIX}/canary": "true"}
APPS = ("web", "web-canary")
_MIRROR = "http://web-canary.test.svc.cluster.local:80$request_uri"


def _pod(app: str, port: int) -> dict[str, Any]:
    return {
        "metadata": {
            "name": app,
            "namespace": "test",
            "labels": {"app": app},
            "annotations": {"burgee.dev/playground-port": str(port)},
        },
        "status": {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _ingress(
    name: str,
    backend: str,
    *,
    path: str = "/",
    kind: str = "Prefix",
    host: str = "web",
    **extra: Any,
) -> dict[str, Any]:
    to = {"service": {"name": backend, "port": {"number": 80}}}
    annotations = extra.pop("annotations", {})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "test", "annotations": annotations},
        "spec": {
            "rules": [
                {
                    "host": host,
                    "http": {"paths": [{"path": path, "pathType": kind, "backend": to}]},
                }
            ],
            **extra,
        },
    }


def _plan(*ingresses: dict[str, Any], running: tuple[str, ...] = APPS) -> Plan:
    return plan(
        Objects(
            services=[service(name, name) for name in APPS],
            pods=[_pod(name, 1000 + n) for n, name in enumerate(running)],
            routes={"Ingress": ingresses},
        )
    )


def _only_location(found: Plan) -> Location:
    [server] = found.config
    [location] = server.locations
    made: Location = location
    return made


def _canary(**annotations: str) -> dict[str, Any]:
    given = {f"{PREFIX}/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return _ingress("web-canary", "web-canary", annotations={**CANARY, **given})


PORT = ServicePort(namespace="test", service="web-canary", port=80)


@pytest.mark.parametrize(
    ("annotations", "expected", "rules"),
    [
        pytest.param(
            {"canary_weight": "30"},
            Alternative(port=PORT, weight=30),
            (Rule(weights={"web": 70, "web-canary": 30}),),
            id="weight",
        ),
        pytest.param(
            {"canary_weight": "1", "canary_weight_total": "400"},
            Alternative(port=PORT, weight=1, weight_total=400),
            (Rule(weights={"web": 99.75, "web-canary": 0.25}),),
            id="of a total",
        ),
        pytest.param(
            {"canary_weight": "0"},
            Alternative(port=PORT),
            (Rule(weights={"web": 100}),),
            id="nothing",
        ),
        pytest.param(
            {"canary_weight": "0", "canary_by_header": "X-Cohort", "canary_by_cookie": "canary"},
            Alternative(port=PORT, header="X-Cohort", cookie="canary"),
            (
                Rule(matching=("x-cohort",), weights={"web-canary": 100}),
                Rule(matching=("cookie",), weights={"web-canary": 100}),
                Rule(weights={"web": 100}),
            ),
            id="header and cookie",
        ),
    ],
)
def test_canary_stands_beside_the_path_of_the_other(
    annotations: dict[str, str], expected: Alternative, rules: tuple[Rule, ...]
) -> None:
    found = _plan(_ingress("web", "web"), _canary(**annotations))
    location = _only_location(found)
    assert (location.port.service, location.ingress) == ("web", "web")
    assert location.alternative == expected
    assert found.rules == {"test/web": rules}


@pytest.mark.parametrize(
    "canary",
    [
        pytest.param(_ingress("c", "web-canary", host="other", annotations=CANARY), id="host"),
        pytest.param(_ingress("c", "web-canary", path="/a", annotations=CANARY), id="path"),
        pytest.param(_ingress("c", "web-canary", kind="Exact", annotations=CANARY), id="type"),
        pytest.param(_ingress("c", "web", annotations=CANARY), id="the same Service"),
    ],
)
def test_canary_of_something_else_takes_nothing(canary: dict[str, Any]) -> None:
    assert _only_location(_plan(_ingress("web", "web"), canary)).alternative is None


def test_canary_without_pods_takes_nothing() -> None:
    found = _plan(_ingress("web", "web"), _canary(canary_weight="100"), running=("web",))
    assert _only_location(found).alternative is None


def test_mirror_is_a_service_with_pods() -> None:
    ingress = _ingress("web", "web", annotations={f"{PREFIX}/mirror-target": _MIRROR})
    found = _plan(ingress)
    location = _only_location(found)
    assert location.mirror == PORT
    assert location.mirror_host == "web-canary.test.svc.cluster.local"
    assert found.rules == {"test/web": (Rule(weights={"web": 100}, mirrored={"web-canary": 100}),)}
    assert _only_location(_plan(ingress, running=("web",))).mirror is None


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        pytest.param("/", "Prefix", [("/", False)], id="everything"),
        pytest.param("/a", "Prefix", [("/a", True), ("/a/", False)], id="whole segments"),
        pytest.param("/a", "Exact", [("/a", True)], id="exact"),
    ],
)
def test_paths(path: str, kind: str, expected: list[tuple[str, bool]]) -> None:
    [server] = _plan(_ingress("web", "web", path=path, kind=kind)).config
    assert [(one.path, one.exact) for one in server.locations] == expected


@pytest.mark.parametrize(
    ("ingress", "why"),
    [
        pytest.param(
            _ingress("web", "web", annotations={f"{PREFIX}/rewrite-target": "/"}),
            "rewrite-target is not known",
            id="annotation",
        ),
        pytest.param(
            _ingress("web", "web", tls=[{}, {"x": 1}]), "spec.tls is not known", id="tls"
        ),
        pytest.param(
            _ingress("web", "web", annotations={f"{PREFIX}/canary-weight": "5"}),
            "not enabled",
            id="no canary",
        ),
        pytest.param(_canary(canary_weight="much"), "invalid literal", id="weight"),
        pytest.param(_canary(canary_by_header_pattern="("), "canary annotations", id="pattern"),
        pytest.param(_canary(canary_by_cookie="a-b"), "no plain name", id="cookie"),
        pytest.param(
            _ingress("web", "web", annotations={f"{PREFIX}/mirror-target": "http://example.com"}),
            "is no Service",
            id="mirror",
        ),
    ],
)
def test_what_is_not_understood_is_refused(ingress: dict[str, Any], why: str) -> None:
    found = _plan(ingress)
    [verdict] = found.verdicts
    assert why in verdict.refusal
    assert found.config == []


def test_ingresses_of_other_classes_are_left_alone() -> None:
    found = _plan(_ingress("web", "web", ingressClassName="other"))
    assert (found.config, found.verdicts) == ([], [])


def test_ingress_that_is_served_has_an_address() -> None:
    [verdict] = _plan(_ingress("web", "web")).verdicts
    assert report(verdict, None) == {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}  # type: ignore[arg-type]


@pytest.fixture
def nginx() -> str:
    demand_program("nginx")
    return find_nginx()


@pytest.mark.parametrize(
    "canary",
    [
        pytest.param({"canary_weight": weight}, id=f"weight {weight}")
        for weight in ("0", "1", "50", "100", "101")
    ]
    + [
        pytest.param(
            {"canary_by_header": "X-Cohort", "canary_by_header_value": 'a "b" $c \\d; {'},
            id="a value full of signs",
        ),
        pytest.param(
            {"canary_by_header": "X-Cohort", "canary_by_header_pattern": r"^in\.(a|b){2}\"$"},
            id="pattern",
        ),
        pytest.param({"canary_by_cookie": "canary", "canary_by_header": "X-C"}, id="both"),
    ],
)
def test_nginx_takes_the_configuration(nginx: str, tmp_path: Path, canary: dict[str, str]) -> None:
    annotations = {f"{PREFIX}/mirror-target": _MIRROR}
    found = _plan(
        _ingress("web", "web", annotations=annotations),
        _canary(**canary),
        _ingress("deep", "web", path="/deep", host=""),
    )
    assert [verdict.refusal for verdict in found.verdicts] == ["", "", ""]
    setting = Setting(directory=tmp_path, port=1, status_port=2)
    text = configuration(setting, found.config, found.endpoints, version="v")
    file = tmp_path / "nginx.conf"
    file.write_text(text)
    tested = subprocess.run(
        [nginx, "-t", "-c", str(file), "-e", str(tmp_path / "error.log")],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert tested.returncode == 0, tested.stderr


def test_endpoints_stand_in_the_configuration(tmp_path: Path) -> None:
    found = _plan(_ingress("web", "web"))
    setting = Setting(directory=tmp_path, port=8080, status_port=8081, user="www")
    text = configuration(setting, found.config, found.endpoints, version="abc")
    assert found.endpoints[ServicePort(namespace="test", service="web", port=80)] == [
        Endpoint(address="127.0.0.1", port=1000)
    ]
    assert "server 127.0.0.1:1000 max_fails=0;" in text
    assert "127.0.0.1:1001" not in text
    assert 'return 200 "abc"' in text
    assert text.startswith("user www;")
