"""The object store's own library, bare: what an upload is measured against."""

from __future__ import annotations

from pathlib import Path

from smartlogd.base.time import monotonic_s
from smartlogd.sync.credentials import Credentials
from smartlogd.sync.options import MediaOptions
from smartlogd.sync.place import Place


class Bare:
    """A client as the library makes it, with the same endpoint and keys; no part of the daemon."""

    def __init__(self, options: MediaOptions, credentials: Credentials) -> None:
        import boto3

        self._client = boto3.client(
            "s3",
            region_name=options.region,
            endpoint_url=options.endpoint or None,
            aws_access_key_id=credentials.access,
            aws_secret_access_key=credentials.secret,
            verify=str(options.ca_file) if options.ca_file else None,
        )

    def put(self, file: Path, place: Place) -> float:
        """Send a file whole; how many seconds it took."""
        began_s = monotonic_s()
        with file.open("rb") as body:
            self._client.put_object(Bucket=place.bucket, Key=place.key, Body=body)
        return monotonic_s() - began_s

    def close(self) -> None:
        """Hang up."""
        self._client.close()
