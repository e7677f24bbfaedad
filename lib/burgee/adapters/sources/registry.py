"""All sources of metrics: which of them a check goes to."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import DEFAULT_POLICY
from burgee.adapters.sources import (
    datadog,
    dynatrace,
    externalmetrics,
    graphite,
    influxdb,
    keptn,
    newrelic,
    splunk,
    stackdriver,
)
from burgee.adapters.sources.asking import Provider
from burgee.adapters.sources.cloudwatch import CloudWatch
from burgee.adapters.sources.prometheus import Prometheus
from burgee.adapters.sources.sending import NO_TIME, Sender
from burgee.adapters.sources.together import Together
from burgee.metrics.model import Check, Measurement, Source, SourceError
from burgee.metrics.sources import PROMETHEUS

PROVIDERS: Mapping[str, Provider] = {
    "datadog": datadog.PROVIDER,
    "dynatrace": dynatrace.PROVIDER,
    "externalmetrics": externalmetrics.PROVIDER,
    "graphite": graphite.PROVIDER,
    "influxdb": influxdb.PROVIDER,
    "newrelic": newrelic.PROVIDER,
    "splunk": splunk.PROVIDER,
}
"""Those that one HTTP request asks."""


class Library(Protocol):
    """A source that a library of its cloud asks, all the way."""

    def measure(
        self, check: Check, secret: Mapping[str, str] | None, *, seconds: float
    ) -> Measurement:
        """Run one query. Never raises."""
        ...

    def problem(self, source: Source, secret: Mapping[str, str] | None, *, seconds: float) -> str:
        """Why it does not answer; empty where it does. Never raises."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class Sources:
    """Every type of source, with their connections kept; for use by many threads at once."""

    def __init__(
        self,
        kube: KubeClient,
        *,
        policy: AddressPolicy = DEFAULT_POLICY,
        providers: Mapping[str, Provider] | None = None,
        libraries: Mapping[str, Library] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open nothing yet.

        Args:
            kube: for metrics that the API server serves.
            policy: which addresses may be reached.
            providers: in place of those of their types.
            libraries: likewise.
            now: seconds since 1970.
        """
        self._kube = kube
        self._together = Together()
        self._prometheus = Prometheus(policy=policy)
        self._sender = Sender(policy=policy, now=now)
        self._providers: Mapping[str, Provider] = {
            **PROVIDERS,
            "stackdriver": stackdriver.provider(stackdriver.Tokens()),
            **(providers or {}),
        }
        self._libraries: Mapping[str, Library] = {
            "cloudwatch": CloudWatch(now=now),
            **(libraries or {}),
        }

    def measure(
        self, check: Check, secret: Mapping[str, str] | None, *, timeout_seconds: float
    ) -> Measurement:
        """Run the query of a check.

        Args:
            check: what to ask, and where.
            secret: the data of the source's Secret, decoded; None where it could not be found.
            timeout_seconds: for this query; a provider may take less.

        Returns:
            The number, that there is none, or why it could not be asked. Never raises.
        """
        held = None if secret is None else frozenset(secret.items())
        return self._together.ask(
            (check.source, check.query, check.interval_seconds, held),
            lambda seconds: self._measure(check, secret, seconds),
            seconds=timeout_seconds,
        )

    def problem(
        self, source: Source, secret: Mapping[str, str] | None, *, timeout_seconds: float
    ) -> str:
        """Why the source does not answer a question that needs no data; empty where it does.

        Never raises. The words are burgee's own, as those of a measurement that failed.
        """
        if timeout_seconds <= 0:
            return NO_TIME
        if source.type == PROMETHEUS:
            return self._prometheus.problem(source, secret, timeout_seconds=timeout_seconds)
        if library := self._libraries.get(source.type):
            return library.problem(source, secret, seconds=timeout_seconds)
        if source.type == "keptn":
            return ""
        if _of_own_cluster(source):
            return externalmetrics.problem_in_cluster(self._kube, seconds=timeout_seconds)
        provider = self._providers.get(source.type)
        if provider is None:
            return _unknown(source)
        inquiry = self._sender.inquiry(_reached(source), secret)
        return self._sender.problem(provider, inquiry, seconds=timeout_seconds)

    def close(self) -> None:
        """Close all connections."""
        self._prometheus.close()
        self._sender.close()
        for library in self._libraries.values():
            library.close()

    def _measure(
        self, check: Check, secret: Mapping[str, str] | None, timeout_seconds: float
    ) -> Measurement:
        source = check.source
        if timeout_seconds <= 0:
            return SourceError(message=NO_TIME)
        if source.type == PROMETHEUS:
            return self._prometheus.measure(check, secret, timeout_seconds=timeout_seconds)
        if library := self._libraries.get(source.type):
            return library.measure(check, secret, seconds=timeout_seconds)
        if source.type == "keptn":
            return keptn.measure(check, self._kube, seconds=timeout_seconds)
        if _of_own_cluster(source):
            return externalmetrics.measure_in_cluster(
                source, check.query, self._kube, seconds=timeout_seconds
            )
        if provider := self._providers.get(source.type):
            inquiry = self._sender.inquiry(_reached(source), secret, check)
            return self._sender.measure(provider, inquiry, seconds=timeout_seconds)
        return SourceError(message=_unknown(source))


def _reached(source: Source) -> Source:
    """The source as far as a template decides how it is reached.

    Google's address is no template's, and may get the token of burgee's own pod: its certificate
    is always checked.
    """
    if source.type != "stackdriver":
        return source
    return replace(source, headers=(), insecure_skip_verify=False)


def _unknown(source: Source) -> str:
    return f"there are no metrics of type {source.type}"


def _of_own_cluster(source: Source) -> bool:
    return source.type == "externalmetrics" and not source.address
