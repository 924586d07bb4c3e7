#!/bin/sh
# Make the virtual environment and install exactly what a lock file says.
#
# usage: scripts/setup.sh PYTHON VENV LOCK
#
# `make setup` calls this every time; when lock, interpreter and this file are the ones of last time, it has
# nothing to do and says nothing. Everything is installed by plain pip with hashes; nothing needs root.
set -eu

wanted=$1 venv=$2 lock=$3

. "$(dirname "$0")/suits.sh"

# --- which Python ---------------------------------------------------------------------------------
python=$(command -v "$wanted" || true)
if [ -n "$python" ] && ! "$python" -c '' 2>/dev/null && command -v pyenv >/dev/null; then
    # pyenv's shim stands on PATH but refuses a version that is not the active one; take the newest it has.
    for candidate in "$(pyenv root)"/versions/*/bin/"${wanted##*/}"; do
        [ -x "$candidate" ] && python=$candidate
    done
fi
must_suit "$python" "$wanted" "make setup PYTHON=python3.11"
command -v git >/dev/null || printf 'smartlogd: git is not here; updating needs it: sudo apt install git\n' >&2

# --- is there anything to do ----------------------------------------------------------------------
site_packages=$(with_camera_stack "$python")
identity=$("$python" -c 'import sys; print(sys.version.split()[0], sys.base_prefix)')$site_packages
case $venv in /*) location=$venv ;; *) location=$(pwd)/$venv ;; esac
fingerprint="$identity $location $(cat "$lock" pyproject.toml scripts/setup.sh scripts/suits.sh | sha256sum | cut -c1-64)"
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
