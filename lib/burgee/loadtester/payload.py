"""What a webhook sends.

Source: flagger pkg/apis/flagger/v1beta1, CanaryWebhookPayload.
"""

import re

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from burgee.errors import BadRequest


class Refused(BadRequest):
    """A call that is not served; `code` is the answer's, the text is for a person."""

    def __init__(self, code: int, message: str) -> None:
        """Keep the code beside the message."""
        super().__init__(message)
        self.code = code


class Payload(BaseModel):
    """One Canary, and what its webhook wants."""

    model_config = ConfigDict(frozen=True, strict=True)

    name: str = Field(default="", max_length=253)
    namespace: str = Field(default="", max_length=253)
    metadata: dict[str, str] | None = None

    @property
    def canary(self) -> str:
        """Name and namespace, as Flagger writes them."""
        return f"{self.name}.{self.namespace}"


def read_payload(body: bytes, namespaces: "re.Pattern[str]") -> Payload:
    """The payload of a call.

    Args:
        body: JSON.
        namespaces: is searched for in the payload's namespace.

    Raises:
        Refused: 400 for what is no payload, 403 for a namespace that does not match.
    """
    try:
        payload = Payload.model_validate_json(body)
    except ValidationError:
        raise Refused(400, "the body is not the payload of a webhook") from None
    if not namespaces.search(payload.namespace):
        raise Refused(403, "Forbidden")
    return payload
