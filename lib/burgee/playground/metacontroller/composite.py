"""A CompositeController manifest, read as Metacontroller 4.17 reads it."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from burgee.api.manifest import Manifest, name_of

DEFAULT_TIMEOUT_SECONDS = 10.0
_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|ms|s|m|h)")


class InvalidComposite(ValueError):
    """The manifest is none that the playground can run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretKey:
    """Where the credential of a webhook is kept."""

    namespace: str
    name: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """One hook: several URLs are called in turn."""

    urls: tuple[str, ...]
    timeout_seconds: float
    scheme: str = ""
    """The scheme of the Authorization header, empty where none is sent."""
    secret: SecretKey | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildRule:
    """A listed child kind; `method` is InPlace or OnDelete."""

    api_version: str
    plural: str
    method: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Composite:
    """What the loop needs of a CompositeController."""

    name: str
    manifest: Manifest
    """The whole object, sent with every request."""
    parent_api_version: str
    parent_plural: str
    parent_selector: Mapping[str, Any] | None
    ignore_status_changes: bool
    generate_selector: bool
    resync_period_seconds: float | None
    children: tuple[ChildRule, ...]
    sync: Webhook
    finalize: Webhook | None
    customize: Webhook | None

    @property
    def finalizer(self) -> str:
        """The finalizer that parents carry while there is a finalize hook."""
        return f"metacontroller.io/compositecontroller-{self.name}"


def parse_composite(manifest: Manifest, *, base_urls: Sequence[str] = ()) -> Composite:
    """Read a CompositeController.

    Args:
        manifest: the object as in manifests/.
        base_urls: scheme, host and port of hook servers to call in turn instead of the one that
            the manifest names; the paths stay those of the manifest.

    Raises:
        InvalidComposite: something is missing, or is not played here (v1 hooks, Recreate and
            Rolling updates).
    """
    try:
        return _parse(manifest, base_urls)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidComposite(f"CompositeController {name_of(manifest)}: {error!r}") from error


def duration_seconds(text: str) -> float:
    """The seconds of a Go duration such as 1m30s."""
    parts = _PART.findall(text)
    if not parts or "".join(a + b for a, b in parts) != text:
        raise InvalidComposite(f"{text!r} is no duration")
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


def _parse(manifest: Manifest, base_urls: Sequence[str]) -> Composite:
    spec = manifest["spec"]
    hooks = spec["hooks"]
    parent = spec["parentResource"]
    sync = _webhook("sync", hooks.get("sync"), base_urls)
    if sync is None:
        raise InvalidComposite("no sync hook")
    resync = spec.get("resyncPeriodSeconds")
    return Composite(
        name=name_of(manifest),
        manifest=_as_served(manifest),
        parent_api_version=parent["apiVersion"],
        parent_plural=parent["resource"],
        parent_selector=parent.get("labelSelector"),
        ignore_status_changes=bool(parent.get("ignoreStatusChanges")),
        generate_selector=bool(spec.get("generateSelector")),
        resync_period_seconds=None if resync is None else max(float(resync), 1.0),
        children=tuple(_child(rule) for rule in spec.get("childResources") or ()),
        sync=sync,
        finalize=_webhook("finalize", hooks.get("finalize"), base_urls),
        customize=_webhook("customize", hooks.get("customize"), base_urls),
    )


def _as_served(manifest: Manifest) -> Manifest:
    """The manifest with what an API server adds to it."""
    meta = {
        "uid": str(uuid.uuid4()),
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        **manifest["metadata"],
    }
    return {"status": {}, **manifest, "metadata": meta}


def _child(rule: Mapping[str, Any]) -> ChildRule:
    method = (rule.get("updateStrategy") or {}).get("method") or "OnDelete"
    if method not in {"InPlace", "OnDelete"}:
        raise InvalidComposite(f"{rule['resource']}: updates by {method} are not played here")
    return ChildRule(api_version=rule["apiVersion"], plural=rule["resource"], method=method)


def _webhook(
    kind: str, hook: Mapping[str, Any] | None, base_urls: Sequence[str]
) -> Webhook | None:
    if hook is None:
        return None
    if hook.get("version") != "v2":
        raise InvalidComposite(f"{kind}: only hooks of version v2 are played here")
    webhook = hook["webhook"]
    url = webhook.get("url") or _service_url(webhook)
    path = urlsplit(url).path
    timeout = duration_seconds(webhook["timeout"]) if webhook.get("timeout") else 0.0
    authorization = webhook.get("authorization")
    return Webhook(
        urls=tuple(base.rstrip("/") + path for base in base_urls) or (url,),
        timeout_seconds=timeout if timeout > 0 else DEFAULT_TIMEOUT_SECONDS,
        scheme=(authorization.get("type") or "Bearer") if authorization else "",
        secret=_secret(authorization["secretRef"]) if authorization else None,
    )


def _service_url(webhook: Mapping[str, Any]) -> str:
    service = webhook["service"]
    protocol, port = service.get("protocol") or "http", service.get("port") or 80
    host = f"{service['name']}.{service['namespace']}"
    return f"{protocol}://{host}:{port}/{str(webhook['path']).lstrip('/')}"


def _secret(reference: Mapping[str, str]) -> SecretKey:
    return SecretKey(
        namespace=reference["namespace"], name=reference["name"], key=reference["key"]
    )
