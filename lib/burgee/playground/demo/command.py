"""`burgee demo`: whole releases on this machine, with real traffic.

The exit code is 0 only if everything that had to be true was: the phases, the traffic split at
the client, the end state, and no failed request but those of the version that fails on purpose.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import TextIO

from burgee.playground.demo.finding import Finding
from burgee.playground.demo.judgement import no_other_failures
from burgee.playground.demo.narrator import Narrator
from burgee.playground.demo.objects import APP, NAMESPACE
from burgee.playground.demo.providers.base import Provider
from burgee.playground.demo.providers.registry import PROVIDERS
from burgee.playground.demo.scenarios import Scenario, inability, play
from burgee.playground.demo.setting import DemoCluster
from burgee.playground.demo.stage import PlayFailed, Stage
from burgee.playground.demo.view import Snapshot, View, open_view
from burgee.playground.metrics.server import find_prometheus

_TICK_SECONDS = 0.02
_REPAINT_SECONDS = 0.25
_INTERRUPTED = 130


class Unplayable(Exception):
    """A provider cannot do what a scenario needs; the text is one line for a person."""


class Demo:
    """One run of the demo."""

    def __init__(self, cluster: DemoCluster, view: View) -> None:
        self._cluster = cluster
        self._view = view
        self._began = time.monotonic()
        self._painted = 0.0
        self._stage = Stage(cluster, self._tick)
        self._narrator = Narrator(self._stage, self._began)

    def play(self, scenario: Scenario) -> list[Finding]:
        """Play a scenario; returns what had to be true and whether it was."""
        findings: list[Finding] = []
        try:
            for finding in play(self._stage, scenario):
                findings.append(finding)
                self._tell(self._narrator.news(everything=True))
                self._view.say(_line(finding))
        except PlayFailed as failure:
            findings.append(Finding(holds=False, text=str(failure)))
            self._view.say(_line(findings[-1]))
        final = no_other_failures(self._stage)
        self._view.say(_line(final))
        return [*findings, final]

    def keep(self) -> None:
        """Leave everything up until somebody ends it."""
        self._stage.title = "left running, Ctrl-C ends it"
        for line in self._invitation():
            self._view.say(line)
        while True:
            self._tick()

    @property
    def seconds(self) -> float:
        """Since everything was set up."""
        return time.monotonic() - self._began

    def _tick(self) -> None:
        """Wait a moment; paint what happened, each thing by itself, else four times a second."""
        time.sleep(_TICK_SECONDS)
        self._tell(self._narrator.news())
        if time.monotonic() - self._painted >= _REPAINT_SECONDS:
            self._tell([self._narrator.present()])

    def _tell(self, snapshots: Iterable[Snapshot]) -> None:
        for snapshot in snapshots:
            self._view.show(snapshot)
            self._painted = time.monotonic()

    def _invitation(self) -> list[str]:
        cluster = self._cluster
        return [
            "",
            "Everything is still up. In another terminal:",
            f"  export KUBECONFIG={cluster.kubeconfig}",
            f"  kubectl -n {NAMESPACE} get canaries,deploy,svc,pods",
            f"  kubectl -n {NAMESPACE} describe canary {APP}",
            f"  kubectl -n {NAMESPACE} set image deployment/{APP} app={APP}:v5",
            f"  kubectl -n {NAMESPACE} set env deployment/{APP} FAIL_SHARE=0.2",
            f"  kubectl -n {NAMESPACE} annotate canary {APP} burgee.dev/promote=1 --overwrite",
            f"  curl -i -H 'Host: {APP}' {cluster.plane.url}/",
            f"  curl -s '{cluster.metrics.url}/api/v1/query?query={cluster.provider.counter}'",
            f"  logs: {cluster.directory}",
            "",
        ]


def run_demo(
    *,
    scenario: str = Scenario.DEFAULT,
    provider: str = "istio",
    keep: bool = False,
    prometheus: str = "",
    out: TextIO = sys.stdout,
) -> int:
    """Play a scenario and clean up.

    Args:
        scenario: a value of `Scenario`.
        provider: of the traffic, by its name in `PROVIDERS`.
        keep: leave the cluster up afterwards, until SIGINT or SIGTERM.
        prometheus: see `find_prometheus`.
        out: where the view goes.

    Returns:
        The exit code: 0 when all was as it should be, 1 when not, 130 when it was interrupted.

    Raises:
        Unplayable: the provider cannot play the scenario, or its program is missing.
        FileNotFoundError: a program or a manifest is missing.
    """
    played, chosen = Scenario(scenario), PROVIDERS[provider]
    unable = inability(played, chosen)
    if unable:
        raise Unplayable(unable)
    try:
        chosen.program()
    except FileNotFoundError as error:
        raise Unplayable(f"provider {provider}: {error}") from error
    binary = find_prometheus(prometheus)
    # a proxy that the environment names must not see requests to loopback
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"
    # both, because a shell starts what it puts in the background deaf to SIGINT
    previous = {
        number: signal.signal(number, _interrupt) for number in (signal.SIGINT, signal.SIGTERM)
    }
    view = open_view(out)
    directory = Path(tempfile.mkdtemp(prefix="burgee-demo-"))
    code = 1
    try:
        code = _run(played, chosen, directory, binary, view, keep=keep)
    except KeyboardInterrupt:
        view.say("interrupted")
        code = _INTERRUPTED
    except RuntimeError as error:
        view.say(f"the demo could not be set up: {error}")
    finally:
        if code == 1:
            view.say(f"logs are kept in {directory}")
        else:
            shutil.rmtree(directory)
        view.close()
        for number, handler in previous.items():
            signal.signal(number, handler)
    return code


def _run(
    scenario: Scenario,
    provider: Provider,
    directory: Path,
    prometheus: str,
    view: View,
    *,
    keep: bool,
) -> int:
    began = time.monotonic()
    cluster_of = DemoCluster(directory=directory, provider=provider, prometheus=prometheus)
    with cluster_of as cluster:
        view.say(f"set up in {time.monotonic() - began:.1f} s")
        view.say(f"traffic: {provider.name}, {cluster.plane.description}")
        view.say(f"metrics: {cluster.metrics.description}")
        demo = Demo(cluster, view)
        findings = demo.play(scenario)
        code = 0 if all(finding.holds for finding in findings) else 1
        for line in _summary(findings, demo.seconds):
            view.say(line)
        if keep:
            with contextlib.suppress(KeyboardInterrupt):
                demo.keep()
    return code


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _line(finding: Finding) -> str:
    return f"  {'ok' if finding.holds else 'WRONG':<5} {finding.text}"


def _summary(findings: list[Finding], seconds: float) -> list[str]:
    wrong = [finding for finding in findings if not finding.holds]
    verdict = "as it should be" if not wrong else f"{len(wrong)} of them wrong"
    return [
        "",
        f"{len(findings)} things checked in {seconds:.1f} s: {verdict}",
        *(_line(finding) for finding in wrong),
    ]
