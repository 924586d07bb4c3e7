#!/bin/sh
# Install smartlogd as a service of this machine, bring it up to date, or take it away.
#
# usage: scripts/install.sh [--wheels DIR] [--models DIR] [--python PYTHON] [--dry-run]
#        scripts/install.sh --uninstall [--purge] [--dry-run]
#
#   --wheels DIR   take the packages from a folder of wheels; no network is asked for them
#   --models DIR   take the models from a folder, whatever their files are called there
#   --python X     the Python to make the environment with (/usr/bin/python3)
#   --uninstall    stop it and take it away; the log and the settings stay
#   --purge        and those too: log, models, settings, secrets, user
#   --dry-run      look, say what would be done, and do nothing
#
# Works from a checkout and from an unpacked source archive. A second run does only what is missing. An upgrade that is
# not ready within a minute is taken back, and with it the database where its tables had been changed; the exit code
# is 69 then. docs/decisions/0029 says why it is done like this.
set -eu
umask 022

source=$(cd "$(dirname "$0")/.." && pwd)
. "$source/scripts/suits.sh"

home=/opt/smartlogd releases=/opt/smartlogd/releases
state=/var/lib/smartlogd runtime=/run/smartlogd settings=/etc/smartlogd/smartlogd.toml
share=/usr/local/share/smartlogd program=/usr/local/bin/smartlogd
unit=/usr/local/lib/systemd/system/smartlogd.service
sysusers=/usr/local/lib/sysusers.d/smartlogd.conf tmpfiles=/usr/local/lib/tmpfiles.d/smartlogd.conf
rules=/etc/udev/rules.d/99-smartlogd-dma-heap.rules
patience_s=60

wheels='' models='' wanted=/usr/bin/python3 is_made='' dry='' purge='' verb=install
making='' switching='' fresh='' old='' before='' copy=''

say() { printf '%s\n' "$*"; }

# step SENTENCE COMMAND...: say what is done, and do it unless this is a dry run.
step() {
    say "$1 ..."
    shift
    if [ -z "$dry" ]; then "$@"; fi
}

# as_daemon COMMAND...: with the daemon's rights and folders, so that nothing in its state folder belongs to root.
as_daemon() { (
    cd /
    umask 077
    exec runuser -u smartlogd -- env HOME=$state STATE_DIRECTORY=$state RUNTIME_DIRECTORY=$runtime "$@"
); }

folder() { # the folder that an option names, as an absolute path
    [ -d "${2:-}" ] || refuse "$1 names no folder: '${2:-}'." "Name the folder that holds them."
    (cd "$2" && pwd)
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
        --wheels) wheels=$(folder "$@") || exit $? ;;
        --models) models=$(folder "$@") || exit $? ;;
        --python) wanted=${2:-} ;;
        --dry-run) dry=yes ;;
        --uninstall) verb=uninstall ;;
        --purge) purge=yes ;;
        --help | -h) sed -n '2,/^set -eu/{/^#/s/^# \{0,1\}//p;}' "$0" && exit 0 ;;
        *) say "smartlogd: '$1' is no option of $0." >&2 && sed -n 's/^# \(usage: .*\)/  \1/p' "$0" >&2 && exit 2 ;;
        esac
        case $1 in --wheels | --models | --python) shift ;; esac
        shift
    done
}

# --- may and can it be done -----------------------------------------------------------------------

must_be_root() {
    if [ -z "$dry" ] && [ "$(id -u)" != 0 ]; then
        say "smartlogd: Only root may $verb a service." >&2
        say "  Run it again with sudo." >&2
        exit 77
    fi
}

must_have_systemd() {
    [ -d /run/systemd/system ] || refuse "This machine was not started by systemd, which is to run smartlogd." \
        "Without it, run smartlogd from the checkout: make run"
}

must_be_whole() {
    for piece in pyproject.toml requirements.lock smartlogd/__init__.py systemd/smartlogd.service config/smartlogd.toml; do
        [ -f "$source/$piece" ] || refuse "$source holds no $piece, so it is no whole smartlogd." \
            "Run scripts/install.sh of a checkout, or of an unpacked source archive."
    done
}

# room FOLDER MEBIBYTES WHAT: refuse where less is free on the disk of FOLDER, or of what exists above it.
room() {
    there=$1
    while [ ! -d "$there" ]; do there=$(dirname "$there"); done
    free=$(df -Pk "$there" | awk 'NR == 2 { print int($4 / 1024) }')
    [ "$free" -ge "$2" ] || refuse "$1 has $free MiB left, and $3 needs about $2." \
        "Make room there (sudo apt clean, old recordings), then install again."
}

megabytes() { # of files and folders together; 0 where there are none
    du -cmsx "$@" 2>/dev/null | awk 'END { print $1 + 0 }'
}

must_suit_the_machine() {
    must_have_systemd
    python=$(command -v "$wanted" || true)
    must_suit "$python" "$wanted" "$0 --python python3.11"
    case $("$python" -c 'import sys; print(sys.base_prefix)') in /home/* | /root/*)
        refuse "$wanted lies in somebody's home, which a service is not let into." \
            "Take the system's own: $0 --python /usr/bin/python3" ;;
    esac
    must_be_whole
    room $home 700 "another version"
    room $state $((150 + $(megabytes $state/smartlog.db*))) "a copy of the log, with models,"
}

# --- what there is, and what is to be --------------------------------------------------------------

look() {
    version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$source/smartlogd/__init__.py")
    camera_stack=$(with_camera_stack "$python")
    if [ -e /etc/rpi-issue ] && [ -z "$camera_stack" ]; then
        say "This is a Raspberry Pi without picamera2. For its own camera: sudo apt install python3-picamera2, then again."
    fi
    mark=$(fingerprint)
    if [ -L $home/venv ]; then
        old=$(dirname "$(readlink $home/venv)")
        old=${old##*/}
        [ -x "$releases/$old/venv/bin/smartlogd" ] || old=''
    fi
    if [ -z "$old" ]; then patience_s=150; fi # nothing waits to be taken back, and a first start on a slow card is long
    fresh=$(grep -lsxF "$mark" "$releases"/*/whole | sort | tail -1) # this one, or one that was refused at the last step
    fresh=${fresh%/whole} fresh=${fresh##*/}
    is_made=$fresh
    fresh=${fresh:-$version-$(($(newest_number) + 1))}
}

fingerprint() { ingredients | sha256sum | cut -c1-64; }

ingredients() { # all that makes a release what it is
    surroundings
    cd "$source" && find pyproject.toml smartlogd config/*.toml systemd scripts/install.sh -type f \
        ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}

surroundings() { # all that makes its packages what they are
    "$python" -c 'import sys; print(sys.version)'
    printf '%s\n' "$camera_stack"
    sha256sum <"$source/requirements.lock"
}

newest_number() {
    ls "$releases" 2>/dev/null | sed -n 's/.*-\([0-9][0-9]*\)$/\1/p' | sort -n | tail -1 | grep . || echo 0
}

is_new() { [ "$fresh" != "$old" ]; }
is_active() { [ "$(systemctl show -P ActiveState smartlogd 2>/dev/null)" = active ]; }

# --- making a release ------------------------------------------------------------------------------

make_user() {
    systemd-sysusers "$source/systemd/smartlogd.sysusers.conf"
    systemd-tmpfiles --create "$source/systemd/smartlogd.tmpfiles.conf"
}

make_release() {
    making=$releases/$fresh
    mkdir -p "$making/tmp" # here, for /tmp may be a small disk in memory
    surroundings >"$making/surroundings"
    if [ -n "$old" ] && cmp -s "$making/surroundings" "$releases/$old/surroundings"; then
        take_over
    else
        environment
        packages || refuse "The packages of requirements.lock could not be installed." \
            "Is there a network? Without one, give a folder of their wheels: $0 --wheels DIR"
    fi
    # From a copy: a build leaves files beside its source, and this one runs as root.
    mkdir "$making/tmp/source"
    (cd "$source" && cp -R pyproject.toml README.md LICENSE smartlogd config "$making/tmp/source/")
    pip install --force-reinstall --no-deps --no-build-isolation --no-index "$making/tmp/source"
    cp -R "$source/systemd" "$making/system"
    "$making/venv/bin/smartlogd" --version >/dev/null
    rm -rf "$making/tmp"
    sync
    printf '%s\n' "$mark" >"$making/whole"
    making=''
}

environment() {
    # shellcheck disable=SC2086 # no word at all where the flag is empty
    "$python" -m venv $camera_stack "$@" "$making/venv"
}

# The same packages for the same Python: a second name for each file spares the card half a gigabyte. What names its own
# folder is made anew; pip never writes into a file that is there, it replaces it.
take_over() {
    cp -al "$releases/$old/venv" "$making/venv"
    rm -rf "$making/venv/bin" "$making/venv/pyvenv.cfg"
    environment --without-pip
}

pip() {
    env TMPDIR="$making/tmp" PIP_REQUIRE_VIRTUALENV=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 \
        "$making/venv/bin/python" -m pip --quiet --no-cache-dir "$@"
}

packages() {
    pip install --require-hashes --only-binary :all: ${wheels:+--no-index} ${wheels:+--find-links="$wheels"} \
        -r "$source/requirements.lock"
}

# --- settings and models ---------------------------------------------------------------------------

put_settings() {
    [ -e $settings ] || install -m 640 -o root -g smartlogd "$source/config/smartlogd.toml" $settings
}

settings_suit() {
    as_daemon "$releases/$fresh/venv/bin/smartlogd" check-config --config $settings >/dev/null || {
        say "smartlogd: The new version does not understand $settings; nothing was changed." >&2
        exit 78
    }
}

get_models() {
    mirror=''
    if [ -n "$models" ]; then
        mirror=$(mktemp -d $home/models.XXXXXX) # the daemon's user may not be let into the folder that was named
        chmod 755 "$mirror"
        cp -RL "$models/." "$mirror/" && chmod -R a+rX "$mirror"
    fi
    as_daemon env ${mirror:+SMARTLOG_MODEL_MIRROR="$mirror"} \
        "$releases/$fresh/venv/bin/smartlogd" models fetch --config $settings || lacking=yes
    [ -z "$mirror" ] || rm -rf "$mirror"
    if [ -n "${lacking:-}" ]; then
        say "Not every model could be had. With a network: sudo smartlogd models fetch, then sudo systemctl restart smartlogd"
    fi
}

# --- the switch, and the way back -------------------------------------------------------------------

# What the tables' version is: of the log that is there, and of the code in a release. The first is empty without a log.
tables_now() {
    [ -e $state/smartlog.db ] || return 0
    as_daemon "$releases/$fresh/venv/bin/python" -c "import sqlite3
print(*sqlite3.connect('file:$state/smartlog.db?mode=ro', uri=True).execute('SELECT version_num FROM alembic_version').fetchone())"
}
tables_of() { "$releases/$1/venv/bin/python" -c 'from smartlogd.schema.migrate import head; print(head())'; }

back_up() {
    copy=$state/backups/before-$fresh.db
    as_daemon "$releases/${old:-$fresh}/venv/bin/smartlogd" db backup --config $settings "$copy" >/dev/null ||
        refuse "The log could not be copied, so nothing was changed." "sudo smartlogd db check says what is wrong with it."
}

# Where the tables will change, the daemon is stopped first, so that the copy has every row; else it copies alongside.
prepare_switch() {
    before=$(tables_now)
    if [ -n "$before" ] && [ "$before" = "$(tables_of "$fresh")" ]; then back_up; fi
    switching=yes
    if [ -e $unit ]; then systemctl stop smartlogd; fi
    if [ -n "$before" ] && [ -z "$copy" ]; then back_up; fi
}

switch_to() {
    ln -sfn "releases/$1/venv" $home/venv.new
    mv -T $home/venv.new $home/venv # a rename: at every instant there is one version or the other
    put_system "$releases/$1/system"
}

put_system() {
    install -D -m 644 "$1/smartlogd.service" $unit
    install -D -m 644 "$1/smartlogd.sysusers.conf" $sysusers
    install -D -m 644 "$1/smartlogd.tmpfiles.conf" $tmpfiles
    install -D -m 644 "$1/99-smartlogd-dma-heap.rules" $rules
    install -D -m 755 "$1/smartlogd" $program
    mkdir -p $share
    cp "$1"/*.conf.example "${1%/system}"/venv/share/smartlogd/*.toml $share/
    systemctl daemon-reload
    if [ -S /run/udev/control ]; then udevadm control --reload && udevadm trigger --subsystem-match=dma_heap; fi
}

start() {
    systemctl reset-failed smartlogd 2>/dev/null || true
    systemctl --quiet enable smartlogd
    systemctl restart --no-block smartlogd
}

# Ready is: systemd was told READY=1, and the control socket answers with the version that was started. A start that
# failed five times in a row will not do better at the sixth.
is_ready() {
    waited=0
    while [ $waited -lt $patience_s ]; do
        if is_active && as_daemon "$home/venv/bin/smartlogd" status --json --config $settings 2>/dev/null |
            grep -qF "\"version\": \"$1\""; then return 0; fi
        case $(systemctl show -P ActiveState smartlogd) in failed) return 1 ;; esac
        if [ "$(systemctl show -P NRestarts smartlogd)" -ge 5 ]; then return 1; fi
        sleep 1
        waited=$((waited + 1))
    done
    return 1
}

why_not() {
    systemctl show smartlogd -p ActiveState -p SubState -p Result -p ExecMainStatus | tr '\n' ' ' && echo
    journalctl --unit smartlogd --boot --lines 12 --output cat --no-pager 2>/dev/null || true
}

roll_back() {
    switching=''
    say "Going back to $old ..."
    systemctl stop smartlogd || true
    switch_to "$old"
    if [ -n "$copy" ] && [ "$(tables_now)" != "$before" ]; then
        say "Bringing back the log of before; what the new version wrote is set aside beside it ..."
        as_daemon "$releases/$old/venv/bin/smartlogd" db restore --config $settings "$copy"
    fi
    rm -rf "${releases:?}/$fresh"
    start
    if is_ready "${old%-*}"; then say "Version $old runs again."; else say "Version $old does not become ready either."; fi
}

prove() {
    if is_ready "$version"; then
        switching=''
        return 0
    fi
    say "smartlogd: Version $fresh did not become ready. It said:" >&2
    why_not | sed 's/^/  /' >&2
    if [ -n "$old" ] && is_new; then roll_back >&2; fi
    switching=''
    exit 69
}

prune() { # the release that runs and the one before it stay, and the newest two copies of the log
    for kept in "$releases"/*; do
        case ${kept##*/} in "$fresh" | "$old") ;; *) rm -rf "$kept" ;; esac
    done
    ls -t $state/backups/before-*.db 2>/dev/null | tail -n +3 | while read -r aged; do rm -f "$aged"; done
}

finish() { # whatever ended us: no half release stays, and no stopped service
    left_with=$?
    trap - EXIT
    set +e
    if [ -n "$making" ]; then rm -rf "$making"; fi
    if [ -n "$switching" ] && [ -n "$old" ]; then roll_back >&2; fi
    exit $left_with
}

# --- the two verbs ----------------------------------------------------------------------------------

install_it() {
    must_suit_the_machine
    look
    if [ -z "$dry" ]; then
        exec 9>/run/smartlogd-install.lock
        flock -n 9 || refuse "Another installation is under way." "Wait for its end."
    fi
    trap finish EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    step "Making the user smartlogd and its folders" make_user
    if [ -z "$is_made" ]; then
        step "Making $releases/$fresh with $("$python" --version), which takes a minute or some" make_release
    else
        say "$releases/$fresh is made already."
    fi
    step "Putting the settings where they are missing: $settings" put_settings
    step "Reading the settings with the new version" settings_suit
    step "Getting the models that are missing" get_models
    if is_new; then
        step "Copying the log, and stopping what runs" prepare_switch
        step "Switching from ${old:-nothing} to $fresh" switch_to "$fresh"
        step "Starting it, and waiting until it is ready" start
    else
        step "Putting the service's files where they are missing" put_system "$releases/$fresh/system"
        is_active || step "Starting it, and waiting until it is ready" start
    fi
    if [ -n "$dry" ]; then return; fi
    prove
    if is_new; then prune; fi
    say "smartlogd $fresh is ready. Ask it: sudo smartlogd status. Its settings: $settings. Its messages: journalctl -u smartlogd"
}

stop_it() { systemctl --quiet disable --now smartlogd 2>/dev/null || true; }

remove_it() {
    rm -rf $home $share
    rm -f $unit $sysusers $tmpfiles $rules $program
    systemctl daemon-reload
    systemctl reset-failed smartlogd 2>/dev/null || true
}

purge_it() {
    rm -rf $state ${settings%/*}
    rm -f /etc/credstore/smartlogd-*
    if getent passwd smartlogd >/dev/null; then userdel smartlogd; fi
}

uninstall_it() {
    must_have_systemd
    step "Stopping the service" stop_it
    step "Removing the program and the service's files" remove_it
    if [ -n "$purge" ]; then
        step "Removing the log, the models, the settings, the secrets and the user" purge_it
    else
        say "The log in $state and the settings in ${settings%/*} stay. To remove them too: $0 --uninstall --purge"
    fi
}

read_options "$@"
must_be_root
"${verb}_it"
