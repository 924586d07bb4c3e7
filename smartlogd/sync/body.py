"""Some bytes of a file on their way into the object store: read when they are sent, and not before."""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from pathlib import Path

from smartlogd.sync.bucket_trouble import ObjectsAway


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a file: all of it, or a part."""

    file: Path
    start: int
    size: int


class Body(io.RawIOBase):
    """Some bytes of a file on their way: sent block by block, so that each has its own deadline, and none once `over`.

    They are read when they are sent: however large the file is, it takes no memory.
    """

    def __init__(self, piece: Piece, over: threading.Event) -> None:
        super().__init__()
        self._file = piece.file.open("rb", buffering=0)
        self._start, self._size, self._at, self._over = piece.start, piece.size, 0, over

    def __len__(self) -> int:
        return self._size

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where it is, within the piece."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go there, within the piece."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes of the piece;"""
        if self._over.is_set():
            raise ObjectsAway("Nothing more is sent: this device stops.")
        left = max(0, self._size - self._at)
        self._file.seek(self._start + self._at)
        content = self._file.read(left if size is None or size < 0 else min(size, left)) or b""
        if left and size and not content:
            raise OSError("the file became shorter")  # or the server would wait for the rest
        self._at += len(content)
        return content

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
