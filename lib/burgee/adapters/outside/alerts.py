"""Send one alert to a chat service: POST, 5 s, any 2xx is a success.

Source: flagger pkg/notifier/client.go, postMessage.

The address of a chat room is a secret, whether it stands in a Secret or not: neither a log line nor
a result ever holds one, nor what the service answered.
"""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import urlsplit

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import DEFAULT_POLICY, BoundedSession, reason
from burgee.engine.effects import HookResult, SendAlert
from burgee.engine.telling.alert_payloads import KINDS_WITH_TOKEN, address_for, payload_for
from burgee.errors import ClusterError

TIMEOUT_SECONDS = 5.0

_LIMIT_BYTES = 64 * 1024


def deliver(
    alert: SendAlert,
    kube: KubeClient,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    policy: AddressPolicy = DEFAULT_POLICY,
) -> HookResult:
    """POST the letter; the Secret of its receiver is read at this moment.

    Args:
        alert: the letter and its receiver.
        kube: for the Secret.
        timeout_seconds: for the Secret, and again for the POST.
        policy: which addresses may be reached, its proxy's among them.

    Returns:
        How it ended. Never raises.
    """
    try:
        address, token = _address(alert, kube, timeout_seconds)
        if urlsplit(address).scheme not in {"http", "https"}:
            return HookResult(succeeded=False, message="its address is no URL")
        return _post(alert, address, token, timeout_seconds, policy)
    except ClusterError as error:
        return HookResult(succeeded=False, message=f"its Secret cannot be read: {error}")
    except Exception as error:
        return HookResult(succeeded=False, message=reason(error))


def _post(
    alert: SendAlert, address: str, token: str, timeout_seconds: float, policy: AddressPolicy
) -> HookResult:
    receiver = alert.receiver
    url = address_for(receiver.kind, address)
    headers = {"Idempotency-Key": alert.key}
    if token and receiver.kind in KINDS_WITH_TOKEN:
        headers["Authorization"] = f"Bearer {token}"
    with BoundedSession(
        url, limit_bytes=_LIMIT_BYTES, cut=True, proxy=receiver.proxy, policy=policy
    ) as session:
        response = session.post(
            url,
            json=payload_for(receiver, alert.letter, address, alert.key),
            headers=headers,
            timeout=timeout_seconds,
            allow_redirects=False,
        )
    code = response.status_code
    return HookResult(succeeded=200 <= code < 300, message=f"answered {code}", status_code=code)


def _address(alert: SendAlert, kube: KubeClient, timeout_seconds: float) -> tuple[str, str]:
    """Address and token; what the Secret says goes before the AlertProvider."""
    receiver = alert.receiver
    if receiver.secret is None:
        return receiver.address, receiver.token
    namespace, name = receiver.secret
    found = kube.get("v1", "Secret", namespace, name, timeout_seconds=timeout_seconds)
    data: Mapping[str, str] = found.get("data") or {}
    return _text(data, "address"), _text(data, "token")


def _text(data: Mapping[str, str], key: str) -> str:
    """A value of a Secret, without the line end that an editor left; empty for none."""
    try:
        return base64.b64decode(data.get(key, "")).decode().strip()
    except (binascii.Error, UnicodeDecodeError):
        return ""
