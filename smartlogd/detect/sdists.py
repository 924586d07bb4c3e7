"""Source archives of the package index: got without running anything in them, read as a stream."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from smartlogd.base.errors import UnusableInput
from smartlogd.detect.catalogue import ModelSpec, Sdist
from smartlogd.detect.files import folder_made, place

_MOST_ENTRIES = 10_000

_BACKEND = '''"""Says the name and the version of one source archive, which pip asks for; builds nothing."""

import pathlib


class Legacy:
    def prepare_metadata_for_build_wheel(self, folder, config_settings=None):
        facts = pathlib.Path(folder) / "{package}-{version}.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\\nName: {package}\\nVersion: {version}\\n")
        return facts.name


__legacy__ = Legacy()
'''

OPTIONS = ("--no-build-isolation", "--use-pep517")
"""What pip is told beside `--no-binary`, so that it asks the backend that it finds first, and installs none."""


def inert_backend(sdist: Sdist, folder: Path) -> Path:
    """Write a build backend into `folder` for pip's PYTHONPATH, in the place of setuptools; gives `folder`.

    pip builds an archive's metadata even where it is only to download it: it would fetch the newest setuptools
    under no hash, and run the archive's setup.py. This backend answers instead. An archive with a
    pyproject.toml names its own backend and is none that can be got like this.
    """
    package = folder_made(folder) / "setuptools"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "build_meta.py").write_text(_BACKEND.format(package=sdist.package, version=sdist.version))
    return folder


def unpacked(file: Path, members: Mapping[str, ModelSpec], folder: Path) -> tuple[Path, ...]:
    """The models that are `members` (by path) of the archive, placed in `folder`.

    Only what comes before the last of them is decompressed. Raises UnusableInput when one is not there, is no
    plain file, or is not what it should be.
    """
    wanted, placed = dict(members), []
    try:
        with tarfile.open(file, "r|gz") as archive:
            for entry in islice(archive, _MOST_ENTRIES):
                content = archive.extractfile(entry) if entry.isreg() and entry.name in wanted else None
                if content is not None:
                    placed.append(place(content, wanted.pop(entry.name), folder))
                if not wanted:
                    break
    except (tarfile.TarError, EOFError) as error:
        raise UnusableInput(f"{file.name} cannot be read.", f"{error}.") from error
    if wanted:
        raise UnusableInput(f"{file.name} does not hold what it should.", f"Missing: {', '.join(wanted)}.")
    return tuple(placed)
