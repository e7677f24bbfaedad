"""The environment, read once into one frozen value.

Three layers, later ones win: the defaults (Flagger's), variables named as Flagger's flags in
upper snake case, and FLAGGER_FLAGS, a string of Flagger's own command line for people who move
from it. Where Flagger itself has its environment win over its flags (addresses and the token of
alerts), it is so here as well. What is burgee's own starts with BURGEE_.
"""

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from burgee.adapters import tracing
from burgee.adapters.outside.addresses import AddressPolicy, Network, networks, policy_for
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidSettings
from hooks.flags import parse_bool, parse_flags

LOG_LEVELS = ("debug", "info", "warning", "error")


class Settings(BaseModel):
    """What the hook server was told; see the README for the names in the environment.

    Attributes:
        engine: the part that decides answers.
        token: what Metacontroller must send as bearer token; empty where a file holds it.
        token_file: a file with that token, read again when it changes.
        insecure: no bearer token is demanded.
        budget_seconds: for one sync, all IO together.
        tracing: OpenTelemetry's variables ask for traces.
        addresses: which networks addresses that users write may reach.
        ignored_flags: flags of Flagger that have no meaning here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineSettings = Field(default_factory=EngineSettings)
    token: str = Field(default="", repr=False)
    token_file: Path | None = None
    insecure: bool = False
    budget_seconds: float = 8.0
    max_body_bytes: int = 32 * 1024 * 1024
    bind: str = "0.0.0.0:8080"
    threads: int = 8
    log_level: str = "info"
    tracing: bool = False
    addresses: AddressPolicy = Field(default_factory=lambda: policy_for(os.environ))
    ignored_flags: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read every setting.

        Raises:
            InvalidSettings: a value cannot be used; the text names its variable.
        """
        chosen, ignored = _engine_values(environ)
        own = _own_values(environ)
        if "min_interval_seconds" in own:
            chosen["min_interval_seconds"] = own.pop("min_interval_seconds")
        own["addresses"] = policy_for(
            environ,
            allow=own.pop("allow_networks", ()),
            deny=own.pop("deny_networks", ()),
        )
        settings = cls(
            engine=EngineSettings(**chosen),
            tracing=tracing.is_wanted(environ),
            ignored_flags=ignored,
            **own,
        )
        if not (settings.insecure or settings.token or settings.token_file):
            raise InvalidSettings(
                "no bearer token: set BURGEE_TOKEN or BURGEE_TOKEN_FILE, "
                "or BURGEE_INSECURE=true to serve without one"
            )
        return settings


Reader: TypeAlias = Callable[[str], Any]
"""Turns a text into a value; ValueError's text says what is wrong with it."""


def _engine_values(environ: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    chosen: dict[str, Any] = {}
    given = {variable for variable in _VARIABLES if environ.get(variable)}
    for variable in given:
        field, read = _VARIABLES[variable]
        chosen[field] = _read(variable, read, environ[variable])
    flags, ignored = _read("FLAGGER_FLAGS", parse_flags, environ.get("FLAGGER_FLAGS", ""))
    for flag, text in flags.items():
        field, read = _FLAGS[flag.replace("-", "_").upper()]
        value = _read(f"FLAGGER_FLAGS: -{flag}", read, text)
        if field not in {_VARIABLES[variable][0] for variable in given & _OVER_FLAGS}:
            chosen[field] = value
    return chosen, ignored


def _own_values(environ: Mapping[str, str]) -> dict[str, Any]:
    own: dict[str, Any] = {}
    for variable, (field, read) in _OWN.items():
        text = environ.get(variable)
        if text:
            own[field] = _read(variable, read, text)
    return own


def _read(variable: str, read: Reader, text: str) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise InvalidSettings(f"{variable}: {error}") from None


def _number(minimum: float, maximum: float) -> Reader:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not minimum <= value <= maximum:
            raise ValueError(f"must be a number from {minimum:g} to {maximum:g}")
        return value

    return read


def _whole(minimum: int, maximum: int) -> Reader:
    def read(text: str) -> int:
        if not text.isdecimal() or not minimum <= int(text) <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return int(text)

    return read


def _url(text: str) -> str:
    split = urlsplit(text)
    if split.scheme not in {"http", "https"} or not split.netloc:
        raise ValueError("must be a URL that starts with http:// or https://")
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _some_words(text: str) -> tuple[str, ...]:
    found = _words(text)
    if not found:
        raise ValueError("must be a comma-separated list with at least one item")
    return found


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return networks(*_words(text))
    except ValueError:
        raise ValueError("must be a comma-separated list of networks such as 10.0.0.0/8") from None


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def _token(text: str) -> str:
    if not text.strip().isascii():
        raise ValueError("must be ASCII")
    return text.strip()


_FLAGS: dict[str, tuple[str, Reader]] = {
    "MESH_PROVIDER": ("mesh_provider", str),
    "METRICS_SERVER": ("metrics_server", _url),
    "SELECTOR_LABELS": ("selector_labels", _some_words),
    "INCLUDE_LABEL_PREFIX": ("include_label_prefix", _words),
    "ENABLE_CONFIG_TRACKING": ("config_tracking", parse_bool),
    "NO_CROSS_NAMESPACE_REFS": ("no_cross_namespace_refs", parse_bool),
    "CLUSTER_NAME": ("cluster_name", str),
    "INGRESS_ANNOTATIONS_PREFIX": ("ingress_annotations_prefix", str),
    "INGRESS_CLASS": ("ingress_class", str),
    "SLACK_URL": ("slack_url", _url),
    "SLACK_USER": ("slack_user", str),
    "SLACK_CHANNEL": ("slack_channel", str),
    "SLACK_TOKEN": ("slack_token", _token),
    "SLACK_PROXY_URL": ("slack_proxy_url", _url),
    "MSTEAMS_URL": ("msteams_url", _url),
    "MSTEAMS_PROXY_URL": ("msteams_proxy_url", _url),
    "EVENT_WEBHOOK": ("event_webhook", _url),
}

_VARIABLES = {
    **{name: found for name, found in _FLAGS.items() if name != "EVENT_WEBHOOK"},
    "EVENT_WEBHOOK_URL": _FLAGS["EVENT_WEBHOOK"],
}
_OVER_FLAGS = frozenset(
    {
        "EVENT_WEBHOOK_URL",
        "MSTEAMS_PROXY_URL",
        "MSTEAMS_URL",
        "SLACK_PROXY_URL",
        "SLACK_TOKEN",
        "SLACK_URL",
    }
)

_OWN: dict[str, tuple[str, Reader]] = {
    "BURGEE_TOKEN": ("token", _token),
    "BURGEE_TOKEN_FILE": ("token_file", Path),
    "BURGEE_INSECURE": ("insecure", parse_bool),
    "BURGEE_ALLOW_NETWORKS": ("allow_networks", _networks),
    "BURGEE_DENY_NETWORKS": ("deny_networks", _networks),
    "BURGEE_MIN_INTERVAL_SECONDS": ("min_interval_seconds", _number(0.1, 3600)),
    "BURGEE_BUDGET_SECONDS": ("budget_seconds", _number(0.5, 300)),
    "BURGEE_MAX_BODY_BYTES": ("max_body_bytes", _whole(1024, 1024**3)),
    "BURGEE_BIND": ("bind", str),
    "BURGEE_THREADS": ("threads", _whole(1, 256)),
    "BURGEE_LOG_LEVEL": ("log_level", _log_level),
}
