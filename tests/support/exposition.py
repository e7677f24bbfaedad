"""What a process shows at /metrics, read as Prometheus reads it."""

from collections.abc import Mapping

import requests
from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]


def scrape(url: str) -> dict[str, dict[Labels, float]]:
    """Samples by the name of their series and their labels; none may be there twice."""
    text = requests.get(f"{url}/metrics", timeout=10).text
    found: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            series = found.setdefault(sample.name, {})
            labels = frozenset(sample.labels.items())
            assert labels not in series, sample
            series[labels] = sample.value
    return found


def summed(servers: list[str], name: str, labels: Mapping[str, str]) -> float:
    """`sum(name{labels})` over what these servers show now."""
    return sum(
        value
        for url in servers
        for found, value in scrape(url).get(name, {}).items()
        if labels.items() <= dict(found).items()
    )


def values(url: str, series: str, **labels: str) -> list[float]:
    """All samples of a series with these labels."""
    shown = scrape(url).get(series, {})
    return [value for found, value in shown.items() if labels.items() <= dict(found).items()]
