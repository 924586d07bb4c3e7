"""The machine's sensors, as the kernels of a Pi 4, a Pi 5, a Jetson Orin, a PC and a container show them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from smartlogd.base.health import Body
from smartlogd.telemetry.probes import DAY_S, SAMPLE_S, Probes, Written, throttled


def machine(root: Path, files: Mapping[str, str]) -> Path:
    """A root folder with these files of a kernel in it."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"{text}\n")
    return root


def zones(**temperatures: int) -> dict[str, str]:
    """Thermal zones in this order: type (with _ for -) and thousandths of a degree."""
    files = {}
    for number, (kind, temperature) in enumerate(temperatures.items()):
        files[f"sys/class/thermal/thermal_zone{number}/type"] = kind.replace("_", "-")
        files[f"sys/class/thermal/thermal_zone{number}/temp"] = str(temperature)
    return files


def chip(number: int, name: str, **values: int) -> dict[str, str]:
    """A chip of the hardware monitor."""
    folder = f"sys/class/hwmon/hwmon{number}"
    return {f"{folder}/name": name, **{f"{folder}/{key}": str(value) for key, value in values.items()}}


def test_a_pi_4_that_is_starved_and_was_before(tmp_path: Path) -> None:
    files = {
        **zones(cpu_thermal=61835),
        "sys/bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled": "50005",
        **chip(0, "cpu_thermal", temp1_input=61835),
        **chip(1, "rpi_volt", in0_lcrit_alarm=1),
    }
    body = Probes(machine(tmp_path, files)).read()
    assert body.temperature_c == pytest.approx(61.835)
    assert body.throttled == ("under-voltage", "throttled")


def test_a_pi_whose_firmware_is_found_only_by_its_old_path(tmp_path: Path) -> None:
    root = machine(tmp_path, {"sys/devices/platform/soc/soc:firmware/get_throttled": "0xe0000"})
    assert Probes(root).read().throttled == (
        "frequency-capped-before",
        "throttled-before",
        "soft-temperature-limit-before",
    )


def test_a_pi_5_has_no_such_file_but_a_voltage_alarm(tmp_path: Path) -> None:
    files = {**zones(cpu_thermal=48300), **chip(0, "rp1_adc", temp1_input=47000), **chip(2, "rpi_volt")}
    files["sys/class/hwmon/hwmon2/in0_lcrit_alarm"] = "0"
    body = Probes(machine(tmp_path, files)).read()
    assert (body.temperature_c, body.throttled) == (pytest.approx(48.3), ())
    machine(tmp_path, {"sys/class/hwmon/hwmon2/in0_lcrit_alarm": "1"})
    assert Probes(tmp_path).read().throttled == ("under-voltage",)


def test_the_alarm_says_now_where_the_firmware_says_before(tmp_path: Path) -> None:
    files = {
        "sys/bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled": "50000",
        **chip(0, "rpi_volt", in0_lcrit_alarm=1),
    }
    assert Probes(machine(tmp_path, files)).read().throttled == ("under-voltage", "throttled-before")


def test_a_jetson_orin_has_many_zones_and_the_processors_is_taken(tmp_path: Path) -> None:
    files = zones(cpu_thermal=52406, gpu_thermal=48100, soc0_thermal=51000, tj_thermal=53000)
    root = machine(tmp_path, files)
    # The zones of units that are switched off do not answer (EAGAIN); a folder cannot be read as a file either.
    (root / "sys/class/thermal/thermal_zone7/temp").mkdir(parents=True)
    (root / "sys/class/thermal/thermal_zone7/type").write_text("cpu1-thermal\n")
    assert Probes(root).read().temperature_c == pytest.approx(52.406)


def test_a_jetson_nano_does_not_take_its_power_chips_hundred_degrees(tmp_path: Path) -> None:
    files = zones(AO_therm=41000, CPU_therm=33000, GPU_therm=31500, PMIC_Die=100000)
    assert Probes(machine(tmp_path, files)).read().temperature_c == pytest.approx(33.0)
    only_false = machine(tmp_path / "other", zones(PMIC_Die=100000))
    assert Probes(only_false).read().temperature_c is None


def test_the_hottest_of_two_clusters_of_processors_counts(tmp_path: Path) -> None:
    files = zones(bigcpu_thermal=70000, littlecpu_thermal=45000)
    assert Probes(machine(tmp_path, files)).read().temperature_c == pytest.approx(70.0)
    twins = {"sys/class/thermal/thermal_zone0/type": "cpu", "sys/class/thermal/thermal_zone0/temp": "50000"}
    twins |= {"sys/class/thermal/thermal_zone1/type": "cpu", "sys/class/thermal/thermal_zone1/temp": "44000"}
    assert Probes(machine(tmp_path / "twins", twins)).read().temperature_c == pytest.approx(50.0)


def test_a_pc_has_a_package_and_a_board(tmp_path: Path) -> None:
    files = {"sys/class/thermal/thermal_zone0/type": "acpitz", "sys/class/thermal/thermal_zone0/temp": "27800"}
    files |= {"sys/class/thermal/thermal_zone1/type": "x86_pkg_temp", "sys/class/thermal/thermal_zone1/temp": "44000"}
    body = Probes(machine(tmp_path, files)).read()
    assert (body.temperature_c, body.throttled) == (44.0, ())


def test_a_pc_without_zones_has_a_chip_in_its_processor(tmp_path: Path) -> None:
    files = {**chip(0, "nvme", temp1_input=61000), **chip(1, "k10temp", temp1_input=55125)}
    assert Probes(machine(tmp_path, files)).read().temperature_c == pytest.approx(55.125)


def test_a_zone_of_an_unknown_kind_is_better_than_none(tmp_path: Path) -> None:
    assert Probes(machine(tmp_path, zones(board=39000))).read().temperature_c == pytest.approx(39.0)


@pytest.mark.parametrize("said", ["", "hot", "nan", "-274000", "255000000", "inf"])
def test_what_is_no_temperature_is_none(tmp_path: Path, said: str) -> None:
    files = {"sys/class/thermal/thermal_zone0/type": "cpu-thermal", "sys/class/thermal/thermal_zone0/temp": said}
    assert Probes(machine(tmp_path, files)).read().temperature_c is None


def test_a_container_with_nothing_says_nothing(tmp_path: Path) -> None:
    assert Probes(tmp_path, state=tmp_path / "gone").read() == Body()


def test_a_number_that_is_none_has_no_flags() -> None:
    assert throttled("throttled=0x5") == ()
    assert throttled("") == ()


def test_this_machine_says_how_much_room_and_memory_there_is(tmp_path: Path) -> None:
    body = Probes(state=tmp_path).read()
    room = os.statvfs(tmp_path)
    assert body.disk_total_bytes == room.f_blocks * room.f_frsize
    assert body.disk_free_bytes is not None
    assert 0 < body.disk_free_bytes <= body.disk_total_bytes
    assert body.memory_bytes is not None
    assert body.memory_bytes > 1 << 20


def test_what_is_written_is_told_for_a_day(tmp_path: Path) -> None:
    now = [1000.0]
    root = machine(tmp_path, {"proc/self/io": "rchar: 5\nwchar: 7\nwrite_bytes: 4096\ncancelled_write_bytes: 1"})
    probes = Probes(root, clock_s=lambda: now[0])
    first = probes.read()
    assert (first.written_bytes, first.written_bytes_day) == (4096, None)
    now[0] += DAY_S / 2
    machine(tmp_path, {"proc/self/io": "write_bytes: 14096"})
    assert probes.read().written_bytes_day == 20_000


def test_only_the_last_day_counts_for_what_is_written_in_one() -> None:
    written, told, count = Written(), None, 0
    for hour in range(72):
        count += 1000 if hour < 36 else 10
        told = written.a_day(count, hour * SAMPLE_S)
    assert told == 240


def test_memory_and_writing_that_make_no_sense_are_none(tmp_path: Path) -> None:
    root = machine(tmp_path, {"proc/self/io": "write_bytes: many", "proc/self/status": "Name: x\n\nVmRSS:"})
    body = Probes(root).read()
    assert (body.written_bytes, body.memory_bytes) == (None, None)


def test_a_root_that_cannot_even_be_looked_for_is_a_machine_with_nothing() -> None:
    assert Probes(Path("x" * 5000)).read() == Body()
