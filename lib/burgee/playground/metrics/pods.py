"""What pods measure themselves, with the labels that relabelling by pod discovery would add.

A Prometheus in a cluster finds pods by its service discovery, which waits up to five seconds
before it scrapes a new one. Here one exporter stands for all pods and asks each that there is.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import requests

from burgee.playground.metrics.exporter import Exporter

JOB = "kubernetes-pods"
_TIMEOUT_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Scraped:
    """Something to ask.

    Attributes:
        url: of its metrics.
        labels: that are added to each of its series.
    """

    url: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


def pods_exporter(pods: Callable[[], Iterable[Scraped]]) -> Exporter:
    """The exporter for all pods.

    Args:
        pods: those that there are now.
    """
    return Exporter(JOB, lambda: _all(pods()))


def pod_labels(namespace: str, name: str) -> dict[str, str]:
    """The labels by which the queries of Flagger know pods."""
    return {"kubernetes_namespace": namespace, "kubernetes_pod_name": name}


def _all(pods: Iterable[Scraped]) -> str:
    """The series of all pods that answer."""
    found: list[str] = []
    for pod in pods:
        with contextlib.suppress(requests.RequestException):
            answer = requests.get(pod.url, timeout=_TIMEOUT_SECONDS)
            if answer.ok:
                found += [labelled(line, pod.labels) for line in answer.text.splitlines()]
    return "".join(f"{line}\n" for line in found if line)


def labelled(line: str, labels: Mapping[str, str]) -> str:
    """A line of the text format with further labels; empty for a comment."""
    if not line or line.startswith("#"):
        return ""
    added = ",".join(f'{name}="{value}"' for name, value in labels.items())
    series, _, value = line.rpartition(" ")
    if series.endswith("}"):
        return f"{series[:-1]},{added}}} {value}"
    return f"{series}{{{added}}} {value}"
