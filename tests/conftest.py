"""What every test may ask for: the real footage, the real models, and how long to try."""

from __future__ import annotations

import faulthandler
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from centre import Centre, Cluster

    from smartlogd.detect.registry import Registry

ROOT = Path(__file__).parents[1]
CENTRAL_URL = os.environ.get("SMARTLOG_TEST_CENTRAL_URL")
MODELS = Path(os.environ.get("SMARTLOG_TEST_MODELS", ROOT / ".cache" / "models"))
NOTES = pytest.StashKey[list[str]]()

sys.path.insert(0, str(Path(__file__).parent))  # for tests/centre.py

# The same examples on every run: a red test is red for everyone. HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("long", settings.get_profile("steady"), max_examples=1000)
settings.register_profile("explore", deadline=None, max_examples=1000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long proofs at full length")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[NOTES] = []
    usual = "long" if config.getoption("--long") else "steady"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", usual))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for note in config.stash[NOTES]:
        terminalreporter.write_line(f"house: {note}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """A thread that a test left behind would keep the process alive for ever: show where it stands, and fail."""
    faulthandler.dump_traceback_later(20, exit=True)


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test sees none of the SMARTLOG_ variables of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("SMARTLOG_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """A command that was run within a test sets the log up for a terminal; the next test finds it as it was."""
    logger = logging.getLogger("smartlogd")
    before = logger.handlers[:], logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.fixture
def house_note(pytestconfig: pytest.Config) -> list[str]:
    """Remarks that are printed at the end of the run and fail nothing."""
    return pytestconfig.stash[NOTES]


@pytest.fixture(scope="session")
def long_run(pytestconfig: pytest.Config) -> bool:
    """Whether proofs run at full length (`make test-long`) or a tenth of it."""
    return bool(pytestconfig.getoption("--long"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real footage, photographs and models beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not (folder / "MANIFEST.json").is_file():
        pytest.skip("needs the footage folder ../shared/data beside the checkout")
    return folder


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The models that `make test` fetched, and no way to fetch others."""
    from smartlogd.detect.registry import Registry, read_catalogue

    return Registry(read_catalogue(), MODELS)


@pytest.fixture(scope="session")
def model(registry: Registry) -> Callable[[str], Path]:
    """A model's file by its name; a test that asks for one that is not here is skipped."""

    def found(name: str) -> Path:
        if next(state.word for state in registry.states() if state.spec.name == name) == "missing":
            pytest.skip(f"needs the model {name}; with a network, `make test` fetches it")
        return registry.path(name)

    return found


@pytest.fixture(scope="session")
def models_dir(registry: Registry, model: Callable[[str], Path]) -> Path:
    """The folder with every model in it that smartlogd runs on unless something else is set."""
    for state in registry.states():
        if state.spec.stands_for == state.spec.name and state.spec.type != "sound":
            model(state.spec.name)
    return MODELS


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real PostgreSQL: started for this run, or the one that SMARTLOG_TEST_CENTRAL_URL names."""
    from centre import Cluster

    made = Cluster(CENTRAL_URL)
    yield made
    made.remove()


@pytest.fixture
def centre(cluster: Cluster) -> Iterator[Centre]:
    """A fresh central database, migrated; `centre.device(name)` is a connection logged in as a device."""
    from centre import make_centre

    made = make_centre(cluster)
    yield made
    made.remove()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A disk of so much room, or the reason why there is none here."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        place = tmp_path / "disk"
        place.mkdir(exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            pytest.skip(f"needs the right to mount a tmpfs (root): {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in reversed(mounted):
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def fill() -> Callable[[Path], Path]:
    """Writes a file until the disk has no room left."""

    def filled(disk: Path) -> Path:
        descriptor = os.open(disk / "fill", os.O_WRONLY | os.O_CREAT)
        with suppress(OSError):
            while os.write(descriptor, b"x" * 4096):
                pass
        os.close(descriptor)
        return disk / "fill"

    return filled
