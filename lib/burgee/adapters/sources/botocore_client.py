"""What is needed of botocore; imported by burgee.adapters.sources.cloudwatch when it is used."""

from typing import Any

from botocore.config import Config
from botocore.session import Session


class Connector:
    """Makes clients of CloudWatch, with the credentials of the place where burgee runs.

    What it has read of the API, nine megabytes, and the credentials are shared by all of them. For
    one thread at a time; the clients are for many.
    """

    def __init__(self, *, endpoint: str, seconds: float) -> None:
        """Read nothing yet.

        Args:
            endpoint: in place of those of the regions; empty for these.
            seconds: to connect, and again for the answer.
        """
        self._session = Session()
        self._endpoint = endpoint or None
        self._config = Config(
            connect_timeout=seconds,
            read_timeout=seconds,
            retries={"total_max_attempts": 2, "mode": "standard"},
        )

    def connect(self, region: str) -> Any:
        """A client for a region of Amazon's.

        It has the credentials that there are at this moment, or none for ever.
        """
        return self._session.create_client(
            "cloudwatch",
            region_name=region,
            endpoint_url=self._endpoint,
            config=self._config,
        )
