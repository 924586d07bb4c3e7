#!/bin/sh
# What Raspberry Pi OS Bookworm runs once, before anything else: name, account, key, Wi-Fi. Then it starts again, and
# smartlogd-first-boot.service does the rest. Trixie has cloud-init for this and never runs it.
#
# It may be cut short and run again: everything here may be done twice. It always ends well, for what it leaves undone
# must not keep the device from starting; what failed is said in smartlogd-failed.txt.
set -u
umask 022

root=${SMARTLOG_CARD_ROOT:-}
boot=$root/boot/firmware
card=$boot/smartlogd
custom=$root/usr/lib/raspberrypi-sys-mods/imager_custom
userconf=$root/usr/lib/userconf-pi/userconf
failures=''

# shellcheck source=/dev/null
. "$card/card.env"

must() { # must SENTENCE COMMAND...: remember what failed, and go on
    sentence=$1
    shift
    "$@" || failures="$failures$sentence; "
}

name_it() {
    if [ -x "$custom" ]; then
        "$custom" set_hostname "$CARD_HOSTNAME"
        return
    fi
    printf '%s\n' "$CARD_HOSTNAME" >"$root/etc/hostname"
    sed -i "s/^127\.0\.1\.1.*/127.0.1.1\t$CARD_HOSTNAME/" "$root/etc/hosts"
}

# The account that the image came with is renamed; `*` is no password: only the key opens it.
make_account() {
    if [ -x "$userconf" ]; then "$userconf" "$CARD_USER" '*'; fi
    home=$(getent passwd "$CARD_USER" | cut -d: -f6)
    [ -n "$home" ] && install -d -m 700 -o "$CARD_USER" -g "$CARD_USER" "$root$home/.ssh" &&
        install -m 600 -o "$CARD_USER" -g "$CARD_USER" "$card/authorized_keys" "$root$home/.ssh/authorized_keys"
}

open_ssh() {
    install -d "$root/etc/ssh/sshd_config.d" &&
        printf 'PasswordAuthentication no\n' >"$root/etc/ssh/sshd_config.d/10-smartlogd.conf" &&
        systemctl --quiet enable ssh
}

join_wifi() {
    from=$card/secrets/wifi.nmconnection
    to=$root/etc/NetworkManager/system-connections/smartlogd-wifi.nmconnection
    [ -e "$from" ] || return 0
    raspi-config nonint do_wifi_country "$CARD_COUNTRY" || return 1
    if sh "$card/first-boot.sh" whole "$from"; then
        install -D -m 600 "$from" "$to" && sync "$to" && cmp -s "$from" "$to" || return 1
    fi
    sh "$card/first-boot.sh" overwrite "$from"
}

# Only now: a cut before this line runs everything again at the next start. The kernel's command line is changed where it
# lies, within its one sector: a new file in its place could be an empty one after a cut, and then nothing starts.
run_no_more() {
    awk -v "wide=$(($(wc -c <"$boot/cmdline.txt") - 1))" \
        '{ gsub(/ systemd\.[^ ]*/, ""); printf "%-" wide "s\n", $0 }' "$boot/cmdline.txt" >"$root/run/smartlogd-cmdline" &&
        dd if="$root/run/smartlogd-cmdline" of="$boot/cmdline.txt" conv=notrunc,fsync 2>/dev/null &&
        rm -f "$boot/firstrun.sh" "$root/run/smartlogd-cmdline"
}

must "the host name was not set" name_it
must "the account was not made" make_account
must "ssh was not opened" open_ssh
must "the Wi-Fi was not set up" join_wifi
must "smartlogd's own first start was not arranged" sh "$card/first-boot.sh" arm
if [ -n "$failures" ]; then
    printf 'The first start of this card did not do everything: %s\r\nFlash it again, or set up by hand what is missing.\r\n' \
        "$failures" >"$boot/smartlogd-failed.txt"
fi
run_no_more || :
