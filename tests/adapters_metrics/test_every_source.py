"""All types of sources in the same situations, each in its own wire format."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from metric_dialects import BODY, DIALECTS, KEPTN_METRIC, KEPTN_RESOURCES, ONE, Dialect

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.sources.cloudwatch import CloudWatch
from burgee.adapters.sources.registry import Sources
from burgee.adapters.sources.stackdriver import Tokens, provider
from burgee.metrics.model import Check, Limits, Measurement, NoData, Source, SourceError
from burgee.metrics.sources import TYPES


def test_every_type_is_there() -> None:
    assert {name.split()[0] for name in DIALECTS} == TYPES


@dataclass(frozen=True, kw_only=True)
class Asking:
    """One type, and a server that says what a test tells it."""

    dialect: Dialect
    kind: str
    sources: Sources
    server: Any
    reply: Any

    def __call__(self, seconds: float = 5, **fields: Any) -> Measurement:
        return self.sources.measure(
            self._check(fields), self.dialect.keys, timeout_seconds=seconds
        )

    def says(self, content: Any, code: int = 200) -> Measurement:
        """What is made of this body."""
        text = content if isinstance(content, str) else json.dumps(content)
        reply = self.reply(code=code, body=text.encode())
        if self.kind == "keptn" and code == 200:
            if isinstance(content, dict):
                reply = self.reply(body=json.dumps({**KEPTN_METRIC, **content}).encode())
            self.server.replies = [self.reply(body=json.dumps(KEPTN_RESOURCES).encode()), reply]
        else:
            self.server.replies = [reply]
        return self()

    def _check(self, fields: Mapping[str, Any]) -> Check:
        secret = ("test", "auth") if self.dialect.keys is not None else None
        known = {"address": self.server.url, "secret": secret, **self.dialect.fields, **fields}
        return Check(
            id="0",
            name="m",
            source=Source(type=self.kind, **known),
            query=self.dialect.query,
            limits=Limits(),
        )


class OfThePlace(Tokens):
    """A token, whoever asks."""

    def token(self, key: str) -> str:
        del key
        return BODY


OWN_WAYS = {"cloudwatch", "stackdriver", "keptn", "externalmetrics of the own cluster"}
"""Those whose address is not the template's."""

BY_ADDRESS = pytest.mark.parametrize("asking", sorted(DIALECTS.keys() - OWN_WAYS), indirect=True)
BY_THEMSELVES = pytest.mark.parametrize("asking", sorted(OWN_WAYS), indirect=True)


@pytest.fixture(params=sorted(DIALECTS))
def asking(
    request: pytest.FixtureRequest,
    kube: KubeClient,
    server: Any,
    reply: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Any,
) -> Iterator[Asking]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", BODY)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    sources = Sources(
        kube,
        providers={"stackdriver": provider(OfThePlace(), address=server.url)},
        libraries={"cloudwatch": CloudWatch(endpoint=server.url, seconds=0.3)},
    )
    yield Asking(
        dialect=DIALECTS[request.param],
        kind=request.param.split()[0],
        sources=sources,
        server=server,
        reply=reply,
    )
    sources.close()


def test_a_number(asking: Asking) -> None:
    assert asking.says(asking.dialect.one) == ONE


def test_no_number(asking: Asking) -> None:
    found = {name: asking.says(body) for name, body in asking.dialect.nothing.items()}

    assert {name: type(one) for name, one in found.items()} == dict.fromkeys(found, NoData)


def test_several_series(asking: Asking) -> None:
    assert asking.says(asking.dialect.several) == asking.dialect.of_several


@pytest.mark.parametrize(("code", "named"), [(403, "denied"), (429, "busy"), (500, "failed")])
def test_refusals(asking: Asking, code: int, named: str) -> None:
    assert asking.says({"message": BODY}, code) == getattr(asking.dialect, named)


@pytest.mark.parametrize("body", [f"<html>{BODY}</html>", '"', '{"x": [', "[1]", "42"])
def test_garbage(asking: Asking, body: str) -> None:
    found = asking.says(body)

    assert isinstance(found, SourceError | NoData)
    assert BODY not in found.message


def test_a_page_of_some_other_server(asking: Asking) -> None:
    assert asking.says(f"<html>{BODY}</html>") == asking.dialect.senseless


def test_no_answer(asking: Asking) -> None:
    asking.server.replies = [asking.reply(hang=True)]

    assert asking(seconds=0.3) == asking.dialect.late


def test_half_an_answer(asking: Asking) -> None:
    asking.server.replies = [asking.reply(body=b"{" * 1000, stall=True)]

    found = asking(seconds=0.3)

    assert isinstance(found, SourceError)
    assert "makes no sense" not in found.message


def test_a_connection_that_is_dropped(asking: Asking) -> None:
    asking.server.replies = [asking.reply(drop=True)]

    assert isinstance(asking(), SourceError)


def x_own(asking: Asking) -> set[str | None]:
    asking.server.replies = [asking.reply(code=503)]
    asking(headers=(("X-Own", ("a", "b")),))
    return {seen.headers.get("X-Own") for seen in asking.server.seen}


@BY_ADDRESS
def test_headers_of_a_template_are_sent_to_its_address(asking: Asking) -> None:
    assert x_own(asking) == {"a, b"}


@BY_THEMSELVES
def test_headers_of_a_template_are_sent_nowhere_else(asking: Asking) -> None:
    assert x_own(asking) == {None}


@BY_ADDRESS
def test_a_template_may_switch_off_the_check_of_certificates(
    asking: Asking, tls_server: Any
) -> None:
    tls_server.replies = [asking.reply(code=503)]

    checked = asking(address=tls_server.url)
    unchecked = asking(address=tls_server.url, insecure_skip_verify=True)

    assert isinstance(checked, SourceError)
    assert "TLS failed" in checked.message
    assert isinstance(unchecked, SourceError)
    assert "HTTP 503" in unchecked.message


def test_the_certificates_of_clouds_are_always_checked(kube: KubeClient, tls_server: Any) -> None:
    google = provider(OfThePlace(), address=tls_server.url)
    sources = Sources(kube, providers={"stackdriver": google})
    source = Source(
        type="stackdriver", address="", secret=("test", "auth"), insecure_skip_verify=True
    )
    check = Check(id="0", name="m", source=source, query="x", limits=Limits())

    found = sources.measure(check, {"project": "p"}, timeout_seconds=5)
    said = sources.problem(source, {"project": "p"}, timeout_seconds=5)
    sources.close()

    assert isinstance(found, SourceError)
    assert "TLS failed" in found.message
    assert "TLS failed" in said
    assert tls_server.seen == []
