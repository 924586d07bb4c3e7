# What a machine must have before anything is made on it. Read by setup.sh and install.sh; runs nothing by itself.

# refuse SENTENCE HINT: nothing was done, here is why, and what to do next.
refuse() {
    printf 'smartlogd: %s\n  %s\n' "$1" "$2" >&2
    exit 69
}

# must_suit PYTHON NAME AGAIN: refuse an interpreter that will not do. NAME is what the person called it, AGAIN the
# command that takes another one.
must_suit() {
    apt_name=python3
    case $2 in *python3.[0-9]*) apt_name=${2##*/} ;; esac
    [ -n "$1" ] && "$1" -c '' 2>/dev/null ||
        refuse "'$2' is not on this machine." "Install it: sudo apt install $apt_name $apt_name-venv"
    "$1" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' ||
        refuse "$("$1" --version) is not supported; smartlogd needs Python 3.11, 3.12 or 3.13." \
            "Name another one: $3"
    "$1" -c 'import sys; raise SystemExit(sys.maxsize < 2**32)' ||
        refuse "This is a 32-bit system; TensorFlow Lite and smartlogd run on 64-bit systems only." \
            "Install the 64-bit edition of Raspberry Pi OS (Raspberry Pi 3 and later can run it)."
    "$1" -c 'import platform; raise SystemExit(platform.machine() not in ("x86_64", "aarch64"))' ||
        refuse "This processor is a $("$1" -c 'import platform; print(platform.machine())')." \
            "smartlogd runs on x86_64 and on aarch64 (64-bit ARM)."
    "$1" -c 'import ensurepip, venv' 2>/dev/null ||
        refuse "$2 can make no virtual environments: its venv module is not whole." \
            "Install it: sudo apt install $apt_name-venv"
}

# with_camera_stack PYTHON: the flag of venv that lets the Pi's camera stack be seen, where it is; it comes from apt and
# cannot be had from an index.
with_camera_stack() {
    if "$1" -c 'from importlib.util import find_spec; raise SystemExit(not find_spec("picamera2"))' 2>/dev/null; then
        echo --system-site-packages
    fi
}
