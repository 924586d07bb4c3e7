"""A machine of its own for the tests: a real Debian, started by a real systemd, in a container of systemd-nspawn.

Its disk is made once by mmdebstrap and kept in ~/.cache/smartlogd-tests; what a test writes goes into an overlay and is
gone at the end. It has no network. The checkout's files stand in /src, the locked packages' wheels in /wheels and the
models in /models; smartlogd is brought onto it by nothing but the project's own installer.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
KEPT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smartlogd-tests"
SUITE = os.environ.get("SMARTLOG_TEST_SUITE", "bookworm")
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
PACKAGES = (
    "systemd", "systemd-sysv", "dbus", "udev", "python3", "python3-venv", "procps", "iproute2", "make", "sqlite3",
)  # fmt: skip
SOURCE = (
    "Makefile", "MANIFEST.in", "pyproject.toml", "requirements.lock", "README.md", "LICENSE", "smartlogd", "config",
    "systemd", "scripts",
)  # fmt: skip
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT_S, STOP_S = 30.0, 15.0
ENTER = 'for group; do shift; [ "$group" = -- ] && break; echo $$ >"$group/cgroup.procs"; done; exec "$@"'
DROP_INS = "/etc/systemd/system/smartlogd.service.d"
SETTINGS = """
[device]
name = "door"
[capture]
source = "demo"
"""
# With a view of the host's /proc/sys they would touch what is registered there.
MASKED = ("systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "proc-sys-fs-binfmt_misc.mount")


def until(true: Callable[[], Any], within_s: float, every_s: float = 0.05) -> Any:
    """What `true` gives as soon as that is something; an AssertionError where it is nothing for so long."""
    deadline = time.monotonic() + within_s
    while not (given := true()):
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(every_s)
    return given


class Machine:
    """A running Debian: `run` commands on it, read its `journal`, `wait_for` its units, `cut` its power."""

    def __init__(self, folder: Path, models: Path, suite: str = SUITE) -> None:
        self.folder, self.suite = folder, suite
        self.disk, self.src = folder / "disk", folder / "src"
        folder.mkdir()
        self._models, self._wheels = models, wheels(suite)
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0
        self._groups: list[Path] = []
        self._stack = _overlaid(rootfs(suite), folder)
        copy_source(self.src)
        for name in MASKED:
            (self.disk / "etc/systemd/system" / name).symlink_to("/dev/null")

    # Its life ----------------------------------------------------------------------------------------

    def boot(self) -> Machine:
        """Switch it on, and wait until systemd has started what is to be started."""
        console = self.folder / "console"
        command = [
            # In groups of its own, for two machines in one would be taken for one. It ends with the tests, whatever
            # becomes of them.
            "sh", "-c", ENTER, "sh", *map(str, self._grouped()), "--",
            "setpriv", "--pdeathsig", "TERM", "systemd-nspawn", "--kill-signal=SIGKILL", "--quiet", "--boot",
            f"--directory={self.disk}", f"--machine=smartlogd-{os.getpid()}", "--register=no", "--keep-unit",
            "--console=pipe", "--private-network", "--system-call-filter=adjtimex clock_adjtime",
            f"--bind-ro={self.src}:/src", f"--bind-ro={self._wheels}:/wheels", f"--bind-ro={self._models}:/models",
        ]  # fmt: skip
        with console.open("wb") as out:
            self._nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env={**os.environ, **_cgroups(self.suite)},
            )  # fmt: skip
        try:
            until(self._is_up, BOOT_S)
        except AssertionError:
            self.remove()
            pytest.skip(f"no systemd boots in a container here: {console.read_text(errors='replace')[-400:]}")
        return self

    def cut(self) -> None:
        """Cut its power: what runs on it is killed with its first process. The container's keeper would leave it be."""
        if self._nspawn is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self._first_process() or self._nspawn.pid, signal.SIGKILL)
        try:
            self._nspawn.wait(STOP_S)
        finally:
            self._nspawn.kill()
            self._nspawn = None

    def power_off(self) -> None:
        """Shut it down in order; what does not end by itself is cut."""
        if self._nspawn is None:
            return
        self.run("systemctl", "poweroff", check=False)
        try:
            self._nspawn.wait(STOP_S)
            self._nspawn = None
        except subprocess.TimeoutExpired:
            self.cut()

    def remove(self) -> None:
        """Leave nothing of it."""
        self.cut()
        for group in self._groups:
            folders = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
            with suppress(OSError):  # what is left of one is empty and holds nothing up
                for folder in (*folders, group):
                    folder.rmdir()
        self._stack.close()

    def _grouped(self) -> list[Path]:
        """Control groups of its own: one in the hierarchy of each kind that is there."""
        top = Path("/sys/fs/cgroup")
        tops = [top] if (top / "cgroup.controllers").exists() else [top / "systemd", top / "unified"]
        self._groups = [path / f"smartlogd-{os.getpid()}" for path in tops if path.is_dir()]
        for group in self._groups:
            group.mkdir(exist_ok=True)
        return self._groups

    def _first_process(self) -> int:
        """The machine's PID 1 as it is numbered here; 0 while there is none."""
        assert self._nspawn
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split():
                numbers = re.search(r"^NSpid:(.*)$", Path(f"/proc/{child}/status").read_text(), re.MULTILINE)
                if numbers and numbers[1].split()[1:] == ["1"]:  # before it, nspawn has another child for a moment
                    return int(child)
        return 0

    def _is_up(self) -> bool:
        assert self._nspawn
        if self._nspawn.poll() is not None:
            return False
        self._leader = self._first_process()
        if not self._leader:
            return False
        return self.run("systemctl", "is-system-running", check=False).strip() in {"running", "degraded"}

    # On it -------------------------------------------------------------------------------------------

    def run(
        self, *command: str, check: bool = True, within_s: float = 120.0, stdin: str = "", user: str = "root"
    ) -> str:
        """What a command prints on the machine, errors too; an AssertionError where it fails and `check`."""
        return self.tried(*command, check=check, within_s=within_s, stdin=stdin, user=user).stdout

    def tried(
        self, *command: str, check: bool = False, within_s: float = 120.0, stdin: str = "", user: str = "root"
    ) -> subprocess.CompletedProcess[str]:
        """A command's exit code and all it printed; `user` may be anyone that the machine knows."""
        as_user = () if user == "root" else ("runuser", "-u", user, "--")
        done = subprocess.run(
            [*self._inside(), *as_user, *command], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=within_s, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout}"
        return done

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file onto its disk."""
        self.run("install", "-D", "-m", f"{mode:o}", "/dev/stdin", path, stdin=text)

    def show(self, name: str, unit: str = "smartlogd") -> str:
        """One property of a unit."""
        return self.run("systemctl", "show", "-P", name, unit).strip()

    def wait_for(self, state: str, within_s: float, unit: str = "smartlogd") -> float:
        """Wait until the unit's ActiveState is `state`; gives how long that took."""
        began = time.monotonic()
        until(lambda: self.show("ActiveState", unit) == state, within_s)
        return time.monotonic() - began

    def journal(self, *matches: str, unit: str = "smartlogd") -> list[Mapping[str, str]]:
        """The messages of a unit since the machine was switched on, with all their fields."""
        where = ("--unit", unit) if unit else ()
        told = self.run("journalctl", "--boot", "--output", "json", "--no-pager", *where, *matches, check=False)
        return [json.loads(line) for line in told.splitlines() if line.startswith("{")]

    def _inside(self) -> tuple[str, ...]:
        return ("nsenter", "-t", str(self._leader), "-a", "env", "-i", f"PATH={PATH}", "LANG=C.UTF-8", "HOME=/root")


class Installed:
    """smartlogd on a machine, put there by its own installer: `settings`, `restart`, `ask`, `rows`."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.is_as_new = False
        self.told = ""

    def as_new(self) -> Installed:
        """Installed where it is not, with the settings of the tests and nothing added to the unit, and ready."""
        machine = self.machine
        if not (machine.disk / "opt/smartlogd/venv").is_symlink():
            self.settings(SETTINGS)
            self.told = self.install().stdout
        elif not self.is_as_new:
            self.settings(SETTINGS)
            machine.run("rm", "-rf", DROP_INS, "/etc/credstore/smartlogd-mqtt-password")
            machine.run("systemctl", "daemon-reload")
            self.restart()
        elif machine.show("ActiveState") != "active":
            self.restart()
        self.is_as_new = True
        return self

    def install(self, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the installer of /src, without a network."""
        command = ("sh", "/src/scripts/install.sh", "--wheels", "/wheels", "--models", "/models", *options)
        return self.machine.tried(*command, check=check, within_s=300)

    def settings(self, text: str) -> None:
        """Write its settings, as an administrator does."""
        self.is_as_new = False
        self.machine.write("/etc/smartlogd/smartlogd.toml", text)

    def drop_in(self, text: str) -> None:
        """Change the unit as `systemctl edit` does."""
        self.is_as_new = False
        self.machine.write(f"{DROP_INS}/test.conf", f"[Service]\n{text}\n")
        self.machine.run("systemctl", "daemon-reload")

    def restart(self) -> float:
        """Stop and start it; gives how many seconds the start took until READY=1."""
        self.machine.run("systemctl", "stop", "smartlogd")
        self.machine.run("systemctl", "reset-failed", "smartlogd", check=False)
        began = time.monotonic()
        self.machine.run("systemctl", "start", "smartlogd")
        return time.monotonic() - began

    @property
    def pid(self) -> int:
        """The daemon's process, 0 where there is none."""
        return int(self.machine.show("MainPID"))

    def signal(self, name: str) -> None:
        """Send the daemon a signal."""
        self.machine.run("kill", f"-{name}", str(self.pid))

    def has_begun(self) -> bool:
        """Whether systemd was told that it is ready."""
        return self.machine.show("ActiveState") == "active"

    def ended(self) -> str:
        """How its last process ended: `exited 0`, `killed 15`."""
        words = {"1": "exited", "2": "killed", "3": "dumped"}
        return f"{words.get(self.machine.show('ExecMainCode'), '?')} {self.machine.show('ExecMainStatus')}"

    def ask(self) -> Mapping[str, Any]:
        """What the daemon says of itself through its socket."""
        state: Mapping[str, Any] = json.loads(self.machine.run("smartlogd", "status", "--json"))
        return state

    def query(self, sql: str) -> list[str]:
        """Rows of its database, as another program reads them beside it."""
        return self.machine.run("sqlite3", "file:/var/lib/smartlogd/smartlog.db?mode=ro", sql, user="smartlogd").split()

    def rows(self) -> set[str]:
        """The ids of all events that were acknowledged: they stand in the database."""
        return set(self.query("SELECT event_id FROM events"))


# What it is made of --------------------------------------------------------------------------------


def needs() -> None:
    """Skip where no machine can be made here."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to start a systemd in a container")
    lacking = [name for name in ("systemd-nspawn", "mmdebstrap", "nsenter", "setpriv") if not shutil.which(name)]
    if lacking:
        pytest.skip(f"needs {', '.join(lacking)} (make test-deps)")


def rootfs(suite: str) -> Path:
    """A small Debian, made once and kept."""
    mark = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:12]
    kept = KEPT / f"{suite}-{platform.machine()}-{mark}"
    if not kept.exists():
        with _made(kept) as unfinished:
            _must("mmdebstrap", "--variant=minbase", "--aptopt=APT::Install-Recommends \"false\"",
                  f"--include={','.join(PACKAGES)}", suite, str(unfinished), _mirror())  # fmt: skip
    return kept


def wheels(suite: str) -> Path:
    """The locked packages for the Python of that Debian, fetched once and kept."""
    python = PYTHONS[suite]
    lock = _lock_for(python)
    kept = KEPT / f"wheels-{python}-{platform.machine()}-{hashlib.sha256(lock.encode()).hexdigest()[:12]}"
    if not kept.exists():
        with _made(kept) as unfinished:
            listed = unfinished / "lock"
            listed.write_text(lock)
            tag = python.replace(".", "")
            tags = [f"--platform=manylinux_{glibc}_{platform.machine()}" for glibc in ("2_28", "2_27", "2_17")]
            _must(
                sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary",
                ":all:", "--python-version", python, "--implementation=cp", f"--abi=cp{tag}", "--abi=abi3",
                "--abi=none", *tags, f"--platform=manylinux2014_{platform.machine()}",
                "--requirement", str(listed), "--dest", str(unfinished),
            )  # fmt: skip
            listed.unlink()
    return kept


def copy_source(folder: Path) -> None:
    """The files of the checkout from which it is installed, in a folder of their own; what was in it goes."""
    for old in folder.iterdir() if folder.is_dir() else ():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name in SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder)


def _lock_for(python: str) -> str:
    """The lock's packages and hashes as that Python has them: pip judges by the Python that it runs on."""
    there = {"python_version": python, "python_full_version": f"{python}.0"}
    kept = []
    for block in (ROOT / "requirements.lock").read_text().replace("\\\n", " ").splitlines():
        if "==" not in block or block.startswith("#"):
            continue
        said, _, hashes = block.partition(" --hash")
        wanted = Requirement(said.strip())
        if wanted.marker is None or wanted.marker.evaluate(there):
            kept.append(f"{wanted.name}{wanted.specifier} --hash{hashes}")
    return "\n".join(kept) + "\n"


def _mirror() -> str:
    """Where this machine's own apt gets its packages."""
    told = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=False
    ).stdout.split()
    if not told:
        pytest.skip("needs an apt that knows a mirror")
    return told[0]


@contextmanager
def _made(kept: Path) -> Iterator[Path]:
    """A folder that gets its name when it is whole."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
    try:
        unfinished.chmod(0o755)
        yield unfinished
        unfinished.rename(kept)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _must(*command: str) -> None:
    """Run a program that needs the network."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"needs what {Path(command[0]).name} could not get: {done.stdout.strip()[-300:]}")


def _overlaid(lower: Path, folder: Path) -> ExitStack:
    """`folder`/disk: what `lower` holds, and what is written goes elsewhere; closing what is given takes it away."""
    upper, work, disk = (folder / name for name in ("upper", "work", "disk"))
    for place in (upper, work, disk):
        place.mkdir()
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    done = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, str(disk)], capture_output=True, text=True, check=False
    )
    stack = ExitStack()
    stack.callback(shutil.rmtree, folder, ignore_errors=True)  # last: half a gigabyte for each release
    if done.returncode == 0:
        stack.callback(subprocess.run, ["umount", "-l", str(disk)], check=False)
    else:  # no overlay here: then a copy
        subprocess.run(["cp", "-a", f"{lower}/.", str(disk)], check=True)
    return stack


def _cgroups(suite: str) -> Mapping[str, str]:
    """On a host with the old control groups, those of the guest: Debian 12 takes them, later ones refuse them."""
    if Path("/sys/fs/cgroup/cgroup.controllers").exists():
        return {}
    return {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "no" if suite == "bookworm" else "yes"}
