"""Commands by `kubectl annotate`, as docs/control.md has them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from burgee.api.guards import OWN_PREFIX
from burgee.playground.demo.finding import Finding
from burgee.playground.demo.objects import APP, NAMESPACE
from burgee.playground.demo.stage import PlayFailed, Stage

_EFFECT_SECONDS = 1.5
"""A command takes effect in the sync that sees it, long before the next interval is over."""
_PATIENCE_SECONDS = 10.0
_MERGE = "application/merge-patch+json"
_MANAGER = "kubectl-annotate"


def find_kubectl() -> str:
    """The kubectl beside this Python, else one on the PATH, else nothing."""
    beside = Path(sys.executable).with_name("kubectl")
    return str(beside) if beside.exists() else shutil.which("kubectl") or ""


class Kubectl:
    """Annotates the demo's Canary; without a kubectl the same patch is written directly."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._binary = find_kubectl()

    def annotate(
        self,
        verb: str,
        value: str,
        effect: Callable[[], bool],
        *,
        seconds: float = _EFFECT_SECONDS,
    ) -> Finding:
        """Give a command, and see how soon it takes effect.

        Args:
            verb: of the command.
            value: of the annotation.
            effect: whether it is there.
            seconds: that it may take.

        Raises:
            PlayFailed: kubectl fails, or there is no effect at all.
        """
        key, stage = f"{OWN_PREFIX}{verb}", self._stage
        with self._given(key, value):
            stage.until(
                lambda: stage.cluster.timeline.annotations.get(key) == value,
                _PATIENCE_SECONDS,
                f"the annotation {key}",
            )
            written = time.monotonic()
            stage.until(effect, _PATIENCE_SECONDS, f"the effect of {key}")
            took = time.monotonic() - written
        return Finding(
            holds=took < seconds,
            text=f"{self._name} {key}={value} took effect within {1000 * took:.0f} ms",
        )

    def acknowledged(self, wanted: Iterable[str]) -> Finding:
        """Whether status says that these commands were obeyed, and who gave them."""
        verbs = set(wanted)
        commands = self._stage.cluster.timeline.status.get("commands") or {}
        done = {verb for verb in verbs if commands.get(verb, {}).get("result") == "done"}
        authors = {str(commands[verb].get("by")) for verb in done}
        return Finding(
            holds=done == verbs and authors == {_MANAGER},
            text=f"status has {', '.join(sorted(done))} as obeyed, "
            f"given by {', '.join(sorted(authors)) or 'nobody'}",
        )

    @property
    def _name(self) -> str:
        return "kubectl annotate" if self._binary else "(no kubectl found) a patch with"

    @contextmanager
    def _given(self, key: str, value: str) -> Generator[None]:
        """Write an annotation; kubectl may still be at work inside."""
        if not self._binary:
            self._patch(key, value)
            yield
            return
        with subprocess.Popen(
            [
                *(self._binary, "--namespace", NAMESPACE),
                *("annotate", "canary", APP, f"{key}={value}", "--overwrite"),
            ],
            env={**os.environ, "KUBECONFIG": str(self._stage.cluster.kubeconfig)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield
                _, said = process.communicate(timeout=_PATIENCE_SECONDS)
            finally:
                process.kill()
        if process.returncode:
            raise PlayFailed(f"kubectl annotate: {said.strip()}")

    def _patch(self, key: str, value: str) -> None:
        store = self._stage.cluster.store
        store.patch(
            store.resource("flagger.app/v1beta1", "canaries"),
            NAMESPACE,
            APP,
            {"metadata": {"annotations": {key: value}}},
            content_type=_MERGE,
            manager=_MANAGER,
        )
