#!/bin/sh
# The first start of a card that scripts/flash-pi prepared: move the secrets, install smartlogd, start it.
#
# usage: first-boot.sh arm              arrange that `run` is tried at every start until it has succeeded
#        first-boot.sh run              do it
#        first-boot.sh whole FILE       is it what was written, and not half overwritten?
#        first-boot.sh overwrite FILE   take a secret off the FAT partition
#
# Everything may be cut short by a pulled plug: each step finds out by itself what is done already, and the marker that
# ends it all is written last. Why it failed is left in smartlogd-failed.txt on the boot partition, which any laptop
# reads. SMARTLOG_CARD_ROOT stands before every path, for the tests.
set -eu
umask 077

root=${SMARTLOG_CARD_ROOT:-}
boot=$root/boot/firmware
card=$boot/smartlogd
failed=$boot/smartlogd-failed.txt
here=$root/var/lib/smartlogd-first-boot
units=$root/etc/systemd/system
unit=smartlogd-first-boot.service
doing='' advice=''

say() { printf 'smartlogd first boot: %s\n' "$*" >&3; }

# --- small pieces ---------------------------------------------------------------------------------

# place FILE TARGET MODE: the target is whole or not there, and on the disk when this returns.
place() {
    mkdir -p "$(dirname "$2")"
    cp "$1" "$2.new"
    chmod "$3" "$2.new"
    sync "$2.new"
    mv "$2.new" "$2"
    sync "$(dirname "$2")"
}

# Zeros over the file's own clusters, under its own name, then away with it. Not renamed before: on FAT a rename that is
# cut short can leave an empty name and, without one, the clusters with the secret in them.
overwrite() {
    [ ! -s "$1" ] || dd if=/dev/zero of="$1" bs="$(wc -c <"$1")" count=1 conv=notrunc,fsync 2>/dev/null
    rm -f "$1"
    sync "$(dirname "$1")"
}

# No secret of ours holds a zero byte: a file that does was being overwritten when the power went.
whole() { [ -s "$1" ] && [ "$(tr -d '\000' <"$1" | wc -c)" -eq "$(wc -c <"$1")" ]; }

# --- the steps ------------------------------------------------------------------------------------

arm() {
    [ ! -e "$here/done" ] || return 0
    place "$card/first-boot.sh" "$here/first-boot.sh" 700
    place "$card/$unit" "$units/$unit" 644
    systemctl daemon-reload
    systemctl enable "$unit"
    sync "$units"
}

move_secrets() {
    for secret in "$card"/secrets/smartlogd-*; do
        [ -e "$secret" ] || continue
        credential=$root/etc/credstore/${secret##*/}
        if whole "$secret"; then
            place "$secret" "$credential" 600
            cmp -s "$secret" "$credential"
        fi
        overwrite "$secret"
    done
}

# cloud-init has written the network's key where it belongs, 0600. Only when it is seen there does it go from the card.
forget_wifi() {
    config=$boot/network-config
    [ -e "$config" ] || return 0
    key=$(sed -n 's/.*"password": "\([0-9a-f]\{64\}\)".*/\1/p' "$config")
    [ -n "$key" ] || return 0
    printf '%s\n' "$key" >"$here/key"
    if grep -rqsF -f "$here/key" "$root/etc/netplan" "$root/etc/NetworkManager" "$root/etc/systemd/network"; then
        overwrite "$config"
        printf '# The network is set up; its key was moved off this partition.\nnetwork:\n  config: disabled\n' >"$config"
        sync "$config"
    fi
    overwrite "$here/key"
}

put_settings() {
    place "$card/smartlogd.toml" "$root/etc/smartlogd/smartlogd.toml" 640
    [ ! -e "$card/mqtt-ca.crt" ] || place "$card/mqtt-ca.crt" "$root/etc/smartlogd/mqtt-ca.crt" 644
}

unpack() {
    rm -rf "$here/source"
    mkdir -p "$here/source"
    tar -xzf "$card/source.tar.gz" -C "$here/source" --no-same-owner
}

install_it() {
    set --
    [ ! -d "$card/wheels" ] || set -- "$@" --wheels "$card/wheels"
    [ ! -d "$card/models" ] || set -- "$@" --models "$card/models"
    sh "$here/source/scripts/install.sh" "$@"
}

start_it() {
    systemctl enable smartlogd
    systemctl start smartlogd
    [ "$(systemctl show -P ActiveState smartlogd)" = active ]
}

clean() {
    rm -rf "$here/source" "$here/log" "$card" "$failed"
    sync "$boot"
    systemctl disable "$unit"
}

# --- telling -------------------------------------------------------------------------------------

# step SENTENCE ADVICE COMMAND...: what is done, and what a person does when it fails.
step() {
    doing=$1 advice=$2
    shift 2
    say "$doing"
    printf '\n== %s\n' "$doing"
    "$@"
}

tell_failure() {
    code=$1
    {
        printf 'smartlogd could not be set up on this device.\r\n\r\n'
        printf 'What failed: %s (code %s)\r\n' "$doing" "$code"
        printf 'When: %s by the device'\''s clock, which may not have been set yet\r\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
        printf 'What to do: %s\r\n\r\n' "$advice"
        printf 'The device tries again at each start, and every two minutes while it is on. This file goes when it succeeds.\r\n'
        printf 'The settings may be changed here, in smartlogd/smartlogd.toml: they are read anew at each attempt.\r\n\r\n'
        printf 'The last that was said:\r\n\r\n'
        tail -n 40 "$here/log" | sed 's/$/\r/'
    } >"$failed.new"
    sync "$failed.new"
    mv "$failed.new" "$failed"
    sync "$failed" "$boot" # again the file: on FAT its length goes into the new name only now
    say "failed: $doing; the reason is in smartlogd-failed.txt on the boot partition"
}

ended() {
    code=$?
    trap - EXIT
    set +e
    if [ "$code" -ne 0 ]; then tell_failure "$code"; fi
    exit "$code"
}

run() {
    mkdir -p "$here"
    if [ -e "$here/done" ]; then
        clean
        return 0
    fi
    : >"$here/log"
    exec >>"$here/log" 2>&1
    trap ended EXIT
    step "Moving the secrets off the card's open partition" \
        "Flash the card again; it may be worn out." move_secrets
    step "Taking the Wi-Fi's key off the card's open partition" \
        "Flash the card again; it may be worn out." forget_wifi
    step "Putting the settings into place" \
        "Flash the card again; it may be worn out." put_settings
    step "Unpacking smartlogd" \
        "Flash the card again: source.tar.gz is not whole." unpack
    step "Installing smartlogd" \
        "Read below. Without a network on the device, flash with --offline; with one, look at Wi-Fi name and passphrase." install_it
    step "Starting smartlogd" \
        "Read below. Is the camera plugged in, and do the settings name it?" start_it
    sync # all that was installed, before the word that it was
    : >"$here/done"
    sync "$here/done" "$here"
    say "smartlogd is installed and runs"
    clean
}

exec 3>&1
case ${1:-} in
arm) arm ;;
run) run ;;
whole) whole "$2" ;;
overwrite) overwrite "$2" ;;
*) sed -n 's/^# \(usage: .*\)/\1/p' "$0" >&2 && exit 2 ;;
esac
