"""The pods of the stage as something to scrape."""

from collections.abc import Callable

from burgee.api.manifest import annotations_of, name_of, namespace_of
from burgee.playground.dataplane.endpoints import PORT_ANNOTATION
from burgee.playground.metrics.exporter import Exporter
from burgee.playground.metrics.pods import Scraped, pod_labels, pods_exporter
from burgee.playground.storage.store import Store


def pods_of(store: Store) -> Exporter:
    """An exporter for the pods that there are in the cluster at each moment."""
    return pods_exporter(_pods(store))


def _pods(store: Store) -> Callable[[], list[Scraped]]:
    pods = store.resource("v1", "pods")

    def found() -> list[Scraped]:
        return [
            Scraped(
                url=f"http://{pod['status']['podIP']}:{port}/metrics",
                labels=pod_labels(namespace_of(pod), name_of(pod)),
            )
            for pod in store.list(pods)[0]
            if (port := annotations_of(pod).get(PORT_ANNOTATION))
            and (pod.get("status") or {}).get("podIP")
        ]

    return found
