"""Libraries of clouds, which are large and imported when they are first needed."""

from importlib import import_module
from typing import Any

from burgee.adapters.sources.asking import Unusable


def library(module: str, extra: str) -> Any:
    """The module beside this one that imports the libraries of an extra.

    Raises:
        Unusable: they are not installed.
    """
    try:
        return import_module(f"burgee.adapters.sources.{module}")
    except ImportError:
        raise Unusable(
            f"{extra} needs burgee[{extra}], which is not installed where burgee runs"
        ) from None
