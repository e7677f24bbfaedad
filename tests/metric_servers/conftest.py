"""How real servers are asked: through the registry of sources, as the hook server does it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import KubeAccess
from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.sources.registry import Sources
from burgee.metrics.model import Check, Limits, Measurement, Source

Ask = Callable[..., Measurement]
Problem = Callable[..., str]


@pytest.fixture(scope="session")
def sources() -> Iterator[Sources]:
    nowhere = KubeClient(KubeAccess(server="http://127.0.0.1:1"))
    made = Sources(nowhere, policy=AddressPolicy(deny=()))
    yield made
    made.close()
    nowhere.close()


def source_of(kind: str, address: str, data: dict[str, str] | None, fields: Any) -> Source:
    secret = None if data is None else ("test", "auth")
    return Source(type=kind, address=address, secret=secret, **fields)


@pytest.fixture(scope="session")
def ask(sources: Sources) -> Ask:
    """The number that a server has for a query, or why there is none."""

    def asked(
        kind: str, address: str, query: str, data: dict[str, str] | None = None, **fields: Any
    ) -> Measurement:
        source = source_of(kind, address, data, fields)
        check = Check(id="0", name="m", source=source, query=query, limits=Limits())
        return sources.measure(check, data, timeout_seconds=15)

    return asked


@pytest.fixture(scope="session")
def problem(sources: Sources) -> Problem:
    """Why a server is not online; empty where it is."""

    def asked(kind: str, address: str, data: dict[str, str] | None = None, **fields: Any) -> str:
        source = source_of(kind, address, data, fields)
        return sources.problem(source, data, timeout_seconds=15)

    return asked
