"""The administrator's commands from beginning to end, on servers that are set up as config/central sets them up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from administration import device_name, empty_database

from smartlogd.sync.administrator import libpq
from smartlogd.sync.bundle import Bundle, kept, parsed

if TYPE_CHECKING:
    from centre import Cluster

pytestmark = pytest.mark.services
ROOT = Path(__file__).parents[2]
CENTRAL = ROOT / "config" / "central"
Central = Callable[..., subprocess.CompletedProcess[str]]


def command(url: str, home: Path) -> Central:
    """`smartlogd central ...` as a process of its own, which finds the centre by DATABASE_URL."""

    def run(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "smartlogd", "central", *words],
            cwd=home,
            env={**os.environ, "DATABASE_URL": url, "HOME": str(home), "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def entered(bundle: Bundle, cluster: Cluster, folder: Path, **other: Any) -> psycopg.Connection[Any]:
    """A connection as the device that was given this enrolment, made of nothing else."""
    ca = folder / "ca.pem"
    ca.write_text(bundle.ca or "")
    at = bundle.address
    told = {"host": at.host, "port": at.port, "dbname": at.database, "user": bundle.login, "password": bundle.secret}
    return psycopg.connect(**{**told, "sslmode": at.sslmode, "sslrootcert": str(ca), "connect_timeout": 5, **other})


def test_a_centre_from_its_first_day_to_a_revoked_device(cluster: Cluster, tmp_path: Path) -> None:
    door, yard = device_name(), device_name()
    with empty_database(cluster) as url:
        central = command(libpq(url), tmp_path)
        assert "no centre" in central("status", code=65).stderr
        assert "fleet key is in" in central("init").stdout
        assert "No device" in central("devices").stdout
        ca = ("--ca", str(cluster.ca)) if cluster.ca else ()
        port = () if cluster.ca is None else ("--host", f"localhost:{cluster.port}")

        made = central("add-device", door, "--owner", "ada@example.org", "--site", "home", *ca, *port).stdout
        bundle = parsed(made)
        assert "enrolled already" in central("add-device", door, code=73).stderr
        file = tmp_path / "yard.json"
        assert str(file) in central("add-device", yard, *ca, *port, "--out", str(file)).stdout
        assert file.stat().st_mode & 0o777 == 0o600
        assert parsed(file.read_text()).device == yard
        assert "is there already" in central("add-device", device_name(), "--out", str(file), code=73).stderr

        told = [json.loads(line) for line in central("devices", "--json").stdout.splitlines()]
        assert {each["name"] for each in told} == {door, yard}
        assert json.loads(central("status", "--json").stdout)["devices"] == 2
        if cluster.ca is not None:
            with entered(bundle, cluster, tmp_path) as device:
                said = device.execute("SELECT api.pull(0, 1, 10)").fetchone()
                assert said is not None
                assert said[0]["device"]["name"] == door
                assert said[0]["fleet_key"] == bundle.fleet_key

        assert "is shut out" in central("revoke", door).stdout
        assert "no device" in central("revoke", "nobody-here", code=66).stderr
        if cluster.ca is not None:
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                entered(bundle, cluster, tmp_path)
            with entered(parsed(file.read_text()), cluster, tmp_path) as other:
                said = other.execute("SELECT api.pull(0, 1, 10) ->> 'fleet_key'").fetchone()
                assert said is not None
                assert said[0] != parsed(file.read_text()).fleet_key
        assert "up to date" in central("upgrade").stdout


def test_no_secret_is_written_into_the_servers_log(cluster: Cluster, tmp_path: Path) -> None:
    if not cluster.is_own:
        pytest.skip("needs the log of a server of its own")
    name = device_name()
    with empty_database(cluster) as url:
        cluster.execute(f"ALTER DATABASE \"{url.database}\" SET log_statement = 'all'")
        central = command(libpq(url), tmp_path)
        central("init")
        bundle = parsed(central("add-device", name).stdout)
        log = (cluster.folder / "log").read_text(errors="replace")
    assert "ALTER ROLE" in log
    assert "SCRAM-SHA-256$" in log
    assert str(bundle.secret) not in log


def test_a_device_believes_only_the_server_that_proves_itself(cluster: Cluster, tmp_path: Path) -> None:
    if cluster.ca is None:
        pytest.skip("needs a server of its own, whose authority is known")
    from centre import Authority

    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other").path
    name = device_name()
    with empty_database(cluster) as url:
        central = command(libpq(url), tmp_path)
        central("init")
        host = ("--host", f"localhost:{cluster.port}")
        bundle = parsed(central("add-device", name, "--ca", str(cluster.ca), *host).stdout)
        assert kept(tmp_path, bundle).exists()
        with entered(bundle, cluster, tmp_path) as device:
            found = device.execute("SELECT current_user, current_setting('application_name')").fetchone()
            assert found is not None
            assert found[0] == bundle.login
        with pytest.raises(psycopg.OperationalError, match=r"certificate verify failed|signature failure"):
            entered(bundle, cluster, tmp_path, sslrootcert=str(other))
        with pytest.raises(psycopg.OperationalError, match="does not match host name"):
            entered(bundle, cluster, tmp_path, host="127.0.0.1")
        with pytest.raises(psycopg.OperationalError, match=r"no encryption|pg_hba"):
            entered(bundle, cluster, tmp_path, sslmode="disable")


# config/central -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of config/central in which prepare.sh was run."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("central") / "central"
    shutil.copytree(CENTRAL, folder)
    subprocess.run(["sh", folder / "prepare.sh", "centre.example.org", "192.0.2.7"], check=True, capture_output=True)
    return folder


def passwords(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_preparing_makes_every_secret_that_the_compose_file_asks_for_and_does_it_once(prepared: Path) -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (CENTRAL / "compose.yaml").read_text()))
    assert asked
    assert asked <= set(passwords(prepared))
    private = [prepared / ".env", *prepared.glob("tls/*.key")]
    assert [path.name for path in private if path.stat().st_mode & 0o077] == []
    held = {path: path.read_bytes() for path in (*private, *prepared.glob("tls/*.crt"))}
    subprocess.run(["sh", prepared / "prepare.sh"], check=True, capture_output=True)
    assert {path: path.read_bytes() for path in held} == held


@pytest.mark.parametrize("service", ["postgres", "mosquitto", "s3"])
def test_every_certificate_is_the_authoritys_and_names_the_host(prepared: Path, service: str) -> None:
    checks = (("centre.example.org", "-verify_hostname"), ("192.0.2.7", "-verify_ip"), (service, "-verify_hostname"))
    for name, how in checks:
        told = ["-CAfile", "tls/ca.crt", "-purpose", "sslserver", how, name, f"tls/{service}.crt"]
        done = subprocess.run(["openssl", "verify", *told], cwd=prepared, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", sorted(CENTRAL.rglob("*.sh")), ids=lambda path: str(path.relative_to(CENTRAL)))
def test_every_script_is_one_that_a_shell_reads(script: Path) -> None:
    assert subprocess.run(["sh", "-n", script], capture_output=True).returncode == 0


def test_nothing_is_published_beyond_this_machine_unless_asked_and_every_image_is_pinned() -> None:
    yaml = pytest.importorskip("yaml")
    services = yaml.safe_load((CENTRAL / "compose.yaml").read_text())["services"]
    assert set(services) == {"postgres", "mosquitto", "s3", "grafana"}
    for name, service in services.items():
        assert re.search(r":[\w.-]*\d[\w.-]*$", service["image"]), name
        for port in service["ports"]:
            assert re.match(r"(\$\{SMARTLOG_PUBLISH:-127\.0\.0\.1\}|127\.0\.0\.1):\d+:\d+$", port), name
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            assert not source.startswith("./") or source.startswith("./tls/") or (CENTRAL / source).exists(), source
    for file in CENTRAL.rglob("provisioning/**/*.yaml"):
        assert yaml.safe_load(file.read_text())["apiVersion"] == 1


def test_pg_hba_lets_nobody_in_over_the_network_without_tls() -> None:
    lines = [line.split() for line in (CENTRAL / "postgres" / "pg_hba.conf").read_text().splitlines()]
    rules = [line for line in lines if line and line[0] != "#"]
    assert {rule[0] for rule in rules} == {"local", "hostssl"}
    assert {rule[-1] for rule in rules} == {"peer", "cert", "scram-sha-256"}
    assert {rule[1] for rule in rules if rule[0] == "hostssl"} == {"smartlog"}


@pytest.fixture(scope="module")
def composed(prepared: Path) -> Iterator[Cluster]:
    """A PostgreSQL set up by the scripts, certificates and pg_hba.conf of config/central (but for TimescaleDB)."""
    from centre import Cluster

    server = Cluster()
    try:
        script = (
            (prepared / "postgres" / "database.sh")
            .read_text()
            .replace("CREATE EXTENSION IF NOT EXISTS timescaledb", "")
        )
        place = {"PGHOST": str(server.folder), "PGPORT": str(server.port)}
        subprocess.run(["sh", "-c", script], env={**os.environ, **place, **passwords(prepared)}, check=True)
        for name, file in (("server.crt", "postgres.crt"), ("server.key", "postgres.key"), ("ca.crt", "ca.crt")):
            (server.folder / name).write_bytes((prepared / "tls" / file).read_bytes())
        rules = (CENTRAL / "postgres" / "pg_hba.conf").read_text().replace("peer", "trust")
        (server.folder / "data" / "pg_hba.conf").write_text(rules)
        server.execute("SELECT pg_reload_conf()")
        yield server
    finally:
        server.remove()


def test_the_composed_server_serves_owner_device_and_grafana_and_nobody_else(
    composed: Cluster, prepared: Path, tmp_path: Path
) -> None:
    secrets = passwords(prepared)
    proof = f"sslmode=verify-full&sslrootcert={prepared / 'tls' / 'ca.crt'}"
    at = f"localhost:{composed.port}"
    central = command(
        f"postgresql://smartlog_owner:{secrets['SMARTLOG_OWNER_PASSWORD']}@{at}/smartlog?{proof}", tmp_path
    )
    open_still = json.loads(central("init", "--json").stdout)["open"]
    assert open_still, "the owner is no superuser and may not close the catalogue"
    with psycopg.connect(composed.url("smartlog"), autocommit=True) as superuser:
        for gap in open_still:
            for statement in () if gap["advice"] else gap["statements"]:
                superuser.execute(statement.encode())
    bundle = parsed(central("add-device", "door", "--owner", "ada@example.org").stdout)
    assert bundle.ca == (prepared / "tls" / "ca.crt").read_text()
    assert "Nothing is open." in central("status").stdout
    with entered(bundle, composed, tmp_path) as device:
        assert device.execute("SELECT api.wire()").fetchone() == (1,)
        for statement in ("SELECT * FROM pg_stat_activity", "SELECT pg_sleep(9)", "CREATE TEMPORARY TABLE x ()"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                device.execute(statement.encode())
            device.rollback()
    for other in ({"dbname": "postgres"}, {"user": "postgres"}, {"sslmode": "disable"}):
        with pytest.raises(psycopg.OperationalError):
            entered(bundle, composed, tmp_path, **other)
    with psycopg.connect(
        f"postgresql://smartlog_grafana:{secrets['SMARTLOG_GRAFANA_PASSWORD']}@{at}/smartlog?{proof}"
    ) as grafana:
        assert panels_that_answer(grafana) >= 7
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            grafana.execute("SELECT * FROM public.users")
    assert "is shut out" in central("revoke", "door").stdout


def panels_that_answer(grafana: psycopg.Connection[Any]) -> int:
    """Ask what every panel of the dashboard asks, with Grafana's macros filled in."""
    dashboard = json.loads((CENTRAL / "grafana" / "dashboards" / "smartlog.json").read_text())
    asked = [target["rawSql"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["query"] for variable in dashboard["templating"]["list"]]
    for sql in asked:
        filled = re.sub(r"\$__timeFilter\(([^)]+)\)", r"\1 BETWEEN now() - interval '7 days' AND now()", sql)
        grafana.execute(filled.replace("$device", "'door', 'yard'").encode()).fetchall()
    return len(asked)
