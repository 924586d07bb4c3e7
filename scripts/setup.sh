#!/bin/sh
# Make the virtual environment and install exactly what a lock file says.
#
# usage: scripts/setup.sh PYTHON VENV LOCK
#
# `make setup` calls this every time; when lock, interpreter and this file are the ones of last time, it has
# nothing to do and says nothing. Everything is installed by plain pip with hashes; nothing needs root.
set -eu

wanted=$1 venv=$2 lock=$3

refuse() {
    printf 'smartlogd: %s\n  %s\n' "$1" "$2" >&2
    exit 69
}

# --- which Python ---------------------------------------------------------------------------------
python=$(command -v "$wanted" || true)
if [ -n "$python" ] && ! "$python" -c '' 2>/dev/null && command -v pyenv >/dev/null; then
    # pyenv's shim stands on PATH but refuses a version that is not the active one; take the newest it has.
    for candidate in "$(pyenv root)"/versions/*/bin/"${wanted##*/}"; do
        [ -x "$candidate" ] && python=$candidate
    done
fi
apt_name=python3
case $wanted in *python3.[0-9]*) apt_name=${wanted##*/} ;; esac
[ -n "$python" ] && "$python" -c '' 2>/dev/null ||
    refuse "'$wanted' is not on this machine." "Install it: sudo apt install $apt_name $apt_name-venv"

"$python" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
    refuse "$("$python" --version) is not supported; smartlogd needs Python 3.11, 3.12 or 3.13." \
        "Name another one: make setup PYTHON=python3.11"
"$python" -c 'import sys; raise SystemExit(sys.maxsize < 2**32)' ||
    refuse "This is a 32-bit system; TensorFlow Lite and smartlogd run on 64-bit systems only." \
        "Install the 64-bit edition of Raspberry Pi OS (Raspberry Pi 3 and later can run it)."
"$python" -c 'import platform; raise SystemExit(platform.machine() not in ("x86_64", "aarch64"))' ||
    refuse "This processor is a $("$python" -c 'import platform; print(platform.machine())')." \
        "smartlogd runs on x86_64 and on aarch64 (64-bit ARM)."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    refuse "$wanted can make no virtual environments: its venv module is not whole." \
        "Install it: sudo apt install $apt_name-venv"
command -v git >/dev/null || printf 'smartlogd: git is not here; updating needs it: sudo apt install git\n' >&2

# --- is there anything to do ----------------------------------------------------------------------
site_packages=
if "$python" -c 'from importlib.util import find_spec; raise SystemExit(not find_spec("picamera2"))' 2>/dev/null; then
    site_packages=--system-site-packages # the Pi's camera stack comes from apt and cannot be had from an index
fi
identity=$("$python" -c 'import sys; print(sys.version.split()[0], sys.base_prefix)')$site_packages
case $venv in /*) location=$venv ;; *) location=$(pwd)/$venv ;; esac
fingerprint="$identity $location $(cat "$lock" pyproject.toml scripts/setup.sh | sha256sum | cut -c1-64)"
stamp=$venv/.installed-from-${lock##*/}
[ -x "$venv/bin/smartlogd" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ] && exit 0

# --- make it --------------------------------------------------------------------------------------
if [ -e "$venv" ]; then
    has=$("$venv/bin/python" -c 'import sys, pip; print(sys.version.split()[0], sys.base_prefix)' 2>/dev/null || true)
    grep -qs 'include-system-site-packages = true' "$venv/pyvenv.cfg" && has=$has--system-site-packages
    grep -qsF "$location" "$venv/bin/activate" || has= # its programs name the folder they were installed in
    if [ "$has" != "$identity" ]; then
        [ -f "$venv/pyvenv.cfg" ] || [ -z "$(ls -A "$venv")" ] ||
            refuse "'$venv' is in the way: it is no virtual environment." "Move it away, or choose: make setup VENV=.venv-mine"
        rm -rf "$venv"
    fi
fi
[ -e "$venv/pyvenv.cfg" ] || {
    echo "Making $venv with $("$python" --version) ..."
    "$python" -m venv $site_packages "$venv"
}
rm -f "$stamp"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_REQUIRE_VIRTUALENV=1
packages() { "$venv/bin/python" -m pip install --require-hashes --only-binary :all: -r "$lock" "$@"; }
if ! packages --quiet --no-index 2>/dev/null; then # not all of them are here yet
    echo "Installing $(grep -c '==' "$lock") packages from $lock ..."
    packages || refuse "The packages of $lock could not be installed." \
        "Is there a network? Then 'make setup' again: it goes on where it stopped."
fi
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
printf '%s\n' "$fingerprint" >"$stamp"
echo "Ready: $venv"
