"""The checksum in webhook payloads, equal to Flagger's: gates compare it between calls.

Source: flagger pkg/controller/webhook.go and pkg/canary/spec.go: FNV-1a over the printed form of
a Go struct, its decimal digits replaced as Kubernetes does for pod template hashes.
"""

from collections.abc import Mapping

_OFFSET = 2166136261
_PRIME = 16777619
_SAFE = str.maketrans("0123456789", "456789bcdf")


def payload_checksum(tracked_configs: Mapping[str, str] | None, last_applied_spec: str) -> str:
    """The checksum of a status, at most ten characters.

    Args:
        tracked_configs: status.trackedConfigs; None and empty differ.
        last_applied_spec: status.lastAppliedSpec.
    """
    configs = "<nil>"
    if tracked_configs is not None:
        entries = " ".join(f"{key}:{tracked_configs[key]}" for key in sorted(tracked_configs))
        configs = f"map[{entries}]"
    printed = (
        "(struct { TrackedConfigs *map[string]string; LastAppliedSpec string })"
        f"{{TrackedConfigs:(*map[string]string){configs} LastAppliedSpec:(string){last_applied_spec}}}"
    )
    return str(_fnv32a(printed.encode())).translate(_SAFE)


def _fnv32a(data: bytes) -> int:
    result = _OFFSET
    for byte in data:
        result = (result ^ byte) * _PRIME & 0xFFFFFFFF
    return result
