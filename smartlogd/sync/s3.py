"""An object store over S3: the one file that knows its client library. Each question is asked on a thread of its own.

The library is imported at the first question, so that a device without a bucket does not pay for it. Nothing is left to
files in somebody's home, to the environment, or to the library's own patience: it asks once, and we try again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from smartlogd.base.errors import WrongConfiguration
from smartlogd.sync.apart import apart
from smartlogd.sync.body import Body, Piece
from smartlogd.sync.bucket_trouble import ObjectsAway, ObjectsTrouble, trouble_of, unproven, unreachable
from smartlogd.sync.credentials import Credentials
from smartlogd.sync.options import MediaOptions
from smartlogd.sync.parts import Begun
from smartlogd.sync.place import Place

Answer = TypeVar("Answer")

SHA256 = "sha256"
"""The name of the metadata that says what the whole file's hash is."""
_BLOCK = 1024 * 1024
_PAGE = 1000
_NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchUpload", "NotFound"})


@dataclass(frozen=True, slots=True)
class Stored:
    """What the object store says of an object: its size, its ETag, and the hash that it was sent with."""

    key: str
    bytes: int
    etag: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What is said of an object when it is sent: its media type, and the hash of the whole where that is known."""

    type: str
    sha256: str | None = None


class Gone(ObjectsTrouble):
    """What was begun in parts is not there any more: somebody, or the store itself, gave it up."""


class Objects:
    """An object store, asked off the loop. ObjectsTrouble where it does not do what it is asked."""

    def __init__(self, options: MediaOptions, credentials: Credentials, *, version: str = "") -> None:
        self._options, self._credentials = options, credentials
        self._name = f"smartlogd/{version}".rstrip("/")
        self._library: Any = None
        self._turn = threading.Lock()
        self._is_over = threading.Event()

    @classmethod
    def of(cls, options: MediaOptions, state: Path, *, credentials: Path | None = None, version: str = "") -> Self:
        """The object store of the settings, with the keys that were left for this device; errors as of Credentials."""
        return cls(options, Credentials.of(state, credentials), version=version)

    async def stat(self, place: Place) -> Stored | None:
        """What is there; None where there is nothing."""

        def asked(client: Any) -> Stored | None:
            return _stored(place.key, client.head_object(Bucket=place.bucket, Key=place.key))

        return await self._asked(_or_none(asked))

    async def put(self, place: Place, piece: Piece, about: About) -> str:
        """Send an object whole; gives the ETag that the server made of what it got."""

        def asked(client: Any) -> str:
            with self._body(piece) as body:
                return _etag(client.put_object(Body=body, **_named(place), **_said(about)))

        return await self._asked(asked)

    async def begin(self, place: Place, about: About) -> Begun:
        """Begin an object in parts."""

        def asked(client: Any) -> Begun:
            return Begun(client.create_multipart_upload(**_named(place), **_said(about))["UploadId"], {})

        return await self._asked(asked)

    async def begun(self, place: Place) -> tuple[Begun, ...]:
        """What was begun in parts under this key and not finished, the newest first."""

        def asked(client: Any) -> tuple[Begun, ...]:
            found = [upload for upload in _uploads(client, place) if upload["Key"] == place.key]
            found.sort(key=lambda upload: upload["Initiated"], reverse=True)
            return tuple(_parts(client, place, upload["UploadId"]) for upload in found)

        return await self._asked(asked)

    async def unfinished(self, folder: Place) -> tuple[Place, ...]:
        """The places, below a folder, of all that was begun in parts and not finished."""
        return await self._asked(
            lambda client: tuple(Place(folder.bucket, each["Key"]) for each in _uploads(client, folder))
        )

    async def part(self, place: Place, upload: Begun, number: int, piece: Piece) -> str:
        """Send one part; gives its ETag. Gone where the whole was given up meanwhile."""

        def asked(client: Any) -> str:
            with self._body(piece) as body:
                sent = {**_named(place), "UploadId": upload.id, "PartNumber": number}
                return _etag(client.upload_part(Body=body, **sent))

        return await self._asked(_or_gone(asked))

    async def finish(self, place: Place, upload: Begun, etags: list[str]) -> str:
        """Make one object of the parts; gives its ETag. Gone as in `part`."""
        parts = [{"PartNumber": number, "ETag": f'"{etag}"'} for number, etag in enumerate(etags, 1)]
        sent = {**_named(place), "UploadId": upload.id, "MultipartUpload": {"Parts": parts}}

        def asked(client: Any) -> str:
            return _etag(client.complete_multipart_upload(**sent))

        return await self._asked(_or_gone(asked))

    async def abandon(self, place: Place) -> int:
        """Give up all that was begun in parts under this key; how many those were."""

        def asked(client: Any) -> int:
            found = [upload["UploadId"] for upload in _uploads(client, place) if upload["Key"] == place.key]
            for id_ in found:
                _or_none(partial(_abort, place=place, id_=id_))(client)
            return len(found)

        return await self._asked(asked)

    async def delete(self, place: Place) -> None:
        """Delete an object; one that is not there is deleted already."""
        await self._asked(_or_none(lambda client: client.delete_object(**_named(place))))

    async def listed(self, folder: Place) -> tuple[Stored, ...]:
        """All objects whose keys begin with that of `folder`, by key."""

        def asked(client: Any) -> tuple[Stored, ...]:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=folder.bucket, Prefix=folder.key)
            entries = (entry for page in pages for entry in page.get("Contents", ()))
            return tuple(Stored(entry["Key"], entry["Size"], entry["ETag"].strip('"')) for entry in entries)

        return await self._asked(asked)

    async def read(self, place: Place, take: Callable[[bytes], object]) -> None:
        """Read an object from its beginning to its end; `take` is handed its bytes, block by block, on the thread."""

        def asked(client: Any) -> None:
            body = client.get_object(**_named(place))["Body"]
            for block in body.iter_chunks(_BLOCK):
                take(block)

        await self._asked(asked)

    async def link(self, place: Place, span_s: int) -> str:
        """A URL by which anyone may read the object for so long. Nothing is asked of the object store for it."""

        def made(client: Any) -> str:
            return str(client.generate_presigned_url("get_object", Params=_named(place), ExpiresIn=span_s))

        return await self._asked(made)

    def close(self) -> None:
        """End whatever is being sent, as soon as its next bytes are asked for; nothing may be asked after it."""
        self._is_over.set()
        library, self._library = self._library, None
        if library is not None:
            library.close()

    def _body(self, piece: Piece) -> Body:
        return Body(piece, self._is_over)

    async def _asked(self, question: Callable[[Any], Answer]) -> Answer:
        return await apart(lambda: self._answered(question), name="object store")

    def _answered(self, question: Callable[[Any], Answer]) -> Answer:
        """On a thread. What goes wrong is raised without the library's frames: they hold the bytes and the keys."""
        with self._turn:
            if self._is_over.is_set():
                raise ObjectsAway("The object store is asked nothing more: this device stops.")
            client = self._library = self._library or _client(self._options, self._credentials, self._name)
        with _told():
            return question(client)


def _client(options: MediaOptions, credentials: Credentials, name: str) -> Any:
    """The library's client, told everything, so that it looks for nothing."""
    import boto3.session
    import botocore.session
    from botocore.config import Config

    core = botocore.session.Session()
    for variable in ("config_file", "credentials_file"):
        core.set_config_variable(variable, os.devnull)
    style = options.addressing if options.addressing != "auto" else ("path" if options.endpoint else "virtual")
    config = Config(
        signature_version="s3v4",
        s3={
            "addressing_style": style,
            "payload_signing_enabled": False,
        },  # the line is private, and the ETag is compared
        connect_timeout=options.connect_s,
        read_timeout=options.answer_s,
        retries={"total_max_attempts": 1},
        request_checksum_calculation="when_required",  # not every object store knows them, and an ETag every one
        response_checksum_validation="when_required",
        user_agent=name,
    )
    with _told():
        return boto3.session.Session(botocore_session=core).client(
            "s3",
            region_name=options.region,
            endpoint_url=options.endpoint or None,
            aws_access_key_id=credentials.access,
            aws_secret_access_key=credentials.secret,
            verify=str(options.ca_file) if options.ca_file else True,
            config=config,
        )


@contextmanager
def _told() -> Iterator[None]:
    """Let the library's complaints be told as ours."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as error:
        trouble: Exception = _trouble(error.response)
    except exceptions.SSLError as error:
        trouble = unproven(str(error.kwargs.get("error", error)))
    except (exceptions.HTTPClientError, exceptions.ConnectionError, OSError) as error:
        trouble = unreachable(str(error))
    except (exceptions.BotoCoreError, ValueError) as error:  # before anything was sent
        trouble = WrongConfiguration(
            f"The object store cannot be asked ({type(error).__name__}).", "Check the settings of [sync.media]."
        )
    else:
        return
    raise trouble from None


def _trouble(response: Mapping[str, Any]) -> ObjectsTrouble:
    said = response.get("Error", {})
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return trouble_of(str(said.get("Code", "")), status, str(said.get("Message", "")))


def _or_none(question: Callable[[Any], Answer]) -> Callable[[Any], Answer | None]:
    """The same question, answered by None where what it asks for is not there."""

    def asked(client: Any) -> Answer | None:
        from botocore.exceptions import ClientError

        try:
            return question(client)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _NOT_THERE:
                return None
            raise

    return asked


def _or_gone(question: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """The same question; Gone where the parts are not there any more."""

    def asked(client: Any) -> Answer:
        from botocore.exceptions import ClientError

        try:
            return question(client)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"NoSuchUpload", "InvalidPart", "InvalidPartOrder"}:
                raise Gone("What was sent in parts is not there any more.", "It is sent anew.") from None
            raise

    return asked


def _uploads(client: Any, place: Place) -> Iterator[Mapping[str, Any]]:
    """All that was begun in parts under keys that begin with this one's."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=place.bucket, Prefix=place.key)
    for page in pages:
        yield from page.get("Uploads", ())


def _parts(client: Any, place: Place, id_: str) -> Begun:
    pages = client.get_paginator("list_parts").paginate(**_named(place), UploadId=id_)
    parts = (part for page in pages for part in page.get("Parts", ()))
    return Begun(id_, {part["PartNumber"]: (part["Size"], part["ETag"].strip('"')) for part in parts})


def _abort(client: Any, place: Place, id_: str) -> None:
    client.abort_multipart_upload(**_named(place), UploadId=id_)


def _stored(key: str, head: Mapping[str, Any]) -> Stored:
    return Stored(key, head["ContentLength"], _etag(head), head.get("Metadata", {}).get(SHA256))


def _named(place: Place) -> dict[str, str]:
    return {"Bucket": place.bucket, "Key": place.key}


def _said(about: About) -> dict[str, Any]:
    return {"ContentType": about.type, "Metadata": {SHA256: about.sha256} if about.sha256 else {}}


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ETag", "")).strip('"')
