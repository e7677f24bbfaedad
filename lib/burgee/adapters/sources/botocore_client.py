"""What is needed of botocore; imported by burgee.adapters.sources.cloudwatch when it is used."""

from typing import Any

from botocore.config import Config
from botocore.session import Session


def connect(region: str, *, endpoint: str, seconds: float) -> Any:
    """A client of CloudWatch, with the credentials of the place where burgee runs.

    Args:
        region: of Amazon's.
        endpoint: in place of the region's; empty for that.
        seconds: to connect, and again for the answer.
    """
    config = Config(
        connect_timeout=seconds,
        read_timeout=seconds,
        retries={"total_max_attempts": 2, "mode": "standard"},
    )
    return Session().create_client(
        "cloudwatch", region_name=region, endpoint_url=endpoint or None, config=config
    )
