"""What is needed of google-auth; imported by burgee.adapters.sources.stackdriver when used."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import google.auth
from google.auth import jwt
from google.auth.transport.requests import Request


def signing(key: Mapping[str, object], audience: str) -> Any:
    """Credentials that sign their own tokens with the key of a service account."""
    library: Any = jwt
    return library.Credentials.from_service_account_info(key, audience=audience)


def of_the_place(scopes: Sequence[str]) -> Any:
    """The credentials of the place where burgee runs."""
    library: Any = google.auth
    found, _ = library.default(scopes=scopes)
    return found


def refresh(credentials: Any, *, seconds: float) -> None:
    """Get or sign a new token."""
    transport: Any = Request
    credentials.refresh(partial(transport(), timeout=seconds))
