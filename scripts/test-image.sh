#!/bin/sh
# Build the image that `make test-boot` starts: arm64 Debian 13, laid out like Raspberry Pi OS with cloud-init.
#
# usage: scripts/test-image.sh FOLDER
#
# FOLDER keeps what took long: the root file system (made under qemu-user, about eight minutes), the kernel, the image.
# A second run only looks whether they are there; what this script says is part of their names. Run as root: Debian's
# packages are configured by their own programs. Nothing is mounted but binfmt_misc, and no loop device is used.
set -eu
umask 022

folder=${1:?usage: scripts/test-image.sh FOLDER}
release=trixie
packages=systemd,systemd-sysv,systemd-resolved,systemd-timesyncd,libpam-systemd,dbus,udev,kmod,procps,iproute2,netbase
packages=$packages,libnss-resolve,python3,python3-venv,openssh-server,ca-certificates,cloud-init,cloud-guest-utils
packages=$packages,fdisk,e2fsprogs,dosfstools,sudo,adduser,busybox-static
boot_mib=512 root_mib=3072

say() { printf 'test image: %s\n' "$*" >&2; }

refuse() {
    say "$1"
    printf '  %s\n' "$2" >&2
    exit 69
}

for program in mmdebstrap qemu-aarch64-static arch-test mcopy mkfs.vfat mkfs.ext4 sfdisk depmod cpio xz; do
    command -v "$program" >/dev/null || refuse "'$program' is not here." "Bring what is needed: make test-boot-deps"
done
[ "$(id -u)" = 0 ] || refuse "Only root can lay out a root file system." "Run it as root, or with sudo."

script=$(sha256sum <"$0" | cut -c1-12)
mkdir -p "$folder"
cd "$folder"
folder=$(pwd)
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM INT
mark=$(printf '%s %s' "$release" "$packages" | sha256sum | cut -c1-12)
rootfs=rootfs-$mark.tar kernel=kernel-$mark.deb

# --- foreign programs ------------------------------------------------------------------------------
binfmt=/proc/sys/fs/binfmt_misc
[ -e $binfmt/register ] || mount -t binfmt_misc binfmt_misc $binfmt
[ -e $binfmt/qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >$binfmt/register

# --- the root file system and the kernel --------------------------------------------------------------
# Under emulation py3compile alone would take as long as all the rest. The kernel is only fetched: installed inside, it
# would ask for initramfs-tools, and that for half an hour.
if [ ! -e "$rootfs" ] || [ ! -e "$kernel" ]; then
    say "the root file system, which takes about eight minutes ..."
    mkdir "$work/kernel"
    # shellcheck disable=SC2016 # $1 is the hook's own
    mmdebstrap --quiet --architectures=arm64 --variant=minbase --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --essential-hook='chroot "$1" dpkg-divert --quiet --local --rename --add /usr/bin/py3compile' \
        --essential-hook='ln -sf /usr/bin/true "$1/usr/bin/py3compile"' \
        --customize-hook='rm "$1/usr/bin/py3compile"' \
        --customize-hook='chroot "$1" dpkg-divert --quiet --local --rename --remove /usr/bin/py3compile' \
        --customize-hook="cd '$work/kernel' && export APT_CONFIG=\"\$MMDEBSTRAP_APT_CONFIG\" && apt-get download \
            \"\$(apt-cache depends linux-image-arm64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)\"" \
        --include="$packages" "$release" "$work/rootfs.tar" ${SMARTLOG_TEST_APT_MIRROR:+"$SMARTLOG_TEST_APT_MIRROR"}
    mv "$work"/kernel/linux-image-*.deb "$kernel"
    mv "$work/rootfs.tar" "$rootfs"
fi

image=base-$script-$mark.img
if [ -e "$image" ] && [ -e vmlinuz ] && [ -e initrd.gz ] && [ "$(cat current 2>/dev/null)" = "$image" ]; then
    printf '%s\n' "$folder/$image"
    exit 0
fi
say "the image ..."
rm -f base-*.img current

# --- kernel, modules, and the smallest thing that finds the root file system ----------------------------
dpkg -x "$kernel" "$work/kernel-files"
version=$(basename "$work"/kernel-files/usr/lib/modules/*)
cp "$work/kernel-files/boot/vmlinuz-$version" vmlinuz
root=$work/root
mkdir "$root"
tar -C "$root" --numeric-owner -xpf "$rootfs"
mkdir -p "$root/usr/lib/modules"
cp -a "$work/kernel-files/usr/lib/modules/$version" "$root/usr/lib/modules/"
depmod -b "$root" "$version"

first=$work/first
mkdir -p "$first/bin" "$first/proc" "$first/sys" "$first/dev" "$first/newroot" "$first/modules"
cp "$root/usr/bin/busybox" "$first/bin/busybox"
for module in virtio_pci virtio_blk ext4 virtio_net; do
    modprobe -d "$root" -S "$version" --show-depends $module | sed -n 's/^insmod \([^ ]*\).*/\1/p'
done | awk '!seen[$0]++' | while read -r file; do
    name=$(basename "$file" .xz)
    case $file in *.xz) xz -dc "$file" ;; *) cat "$file" ;; esac >"$first/modules/$name"
    printf '%s\n' "$name" >>"$first/modules/order"
done
cat >"$first/init" <<'INIT'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc && $b mount -t sysfs sysfs /sys && $b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "/modules/$module"; done </modules/order
until $b mount -t ext4 -o rw "$($b findfs LABEL=rootfs)" /newroot; do $b sleep 0.2; done 2>/dev/null
$b umount /proc && $b umount /sys && $b mount --move /dev /newroot/dev
exec $b switch_root /newroot /sbin/init
INIT
chmod +x "$first/init"
(cd "$first" && find . | cpio --quiet -o -H newc | gzip -1) >initrd.gz

# --- what Raspberry Pi OS has and Debian has not, and the machine's camera ------------------------------
mkdir -p "$root/boot/firmware" "$root/etc/cloud/cloud.cfg.d" "$root/etc/modules-load.d" "$root/etc/modprobe.d"
printf 'LABEL=rootfs / ext4 defaults,noatime 0 1\nLABEL=bootfs /boot/firmware vfat defaults 0 2\n' >"$root/etc/fstab"
cat >"$root/etc/cloud/cloud.cfg.d/99_raspberry-pi.cfg" <<'CLOUD'
datasource_list: [NoCloud, None]
datasource:
  NoCloud:
    seedfrom: file:///boot/firmware
CLOUD
for service in cloud-init-local cloud-init-main; do
    mkdir -p "$root/etc/systemd/system/$service.service.d"
    printf '[Unit]\nRequiresMountsFor=/boot/firmware\n' >"$root/etc/systemd/system/$service.service.d/card.conf"
done
printf '[Match]\nName=en*\n[Network]\nDHCP=yes\n' >"$root/etc/systemd/network/10-wired.network"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
systemctl --root="$root" --quiet enable systemd-networkd systemd-resolved systemd-timesyncd
printf 'vivid\n' >"$root/etc/modules-load.d/camera.conf"
printf 'options vivid n_devs=1 node_types=0x1\n' >"$root/etc/modprobe.d/camera.conf" # one camera, nothing else
# No time server: whether the host has one must not decide a test. An emulated machine is twenty times slower than a Pi.
mkdir -p "$root/etc/systemd/timesyncd.conf.d" "$root/etc/systemd/system/smartlogd.service.d"
printf '[Time]\nNTP=127.0.0.1\nFallbackNTP=\n' >"$root/etc/systemd/timesyncd.conf.d/none.conf"
printf '[Service]\nTimeoutStartSec=900\nWatchdogSec=180\n' >"$root/etc/systemd/system/smartlogd.service.d/emulated.conf"

# --- the two partitions, and the card ----------------------------------------------------------------
boot=$work/boot
mkdir "$boot"
cp vmlinuz "$boot/kernel8.img"
cp initrd.gz "$boot/initramfs8"
printf 'console=ttyAMA0 root=LABEL=rootfs rootfstype=ext4 fsck.repair=yes rootwait\n' >"$boot/cmdline.txt"
printf 'arm_64bit=1\n' >"$boot/config.txt"
printf '#cloud-config\n' >"$boot/user-data"
printf 'dsmode: local\ninstance_id: image\n' >"$boot/meta-data"
printf '# Nothing is set.\n' >"$boot/network-config"
truncate -s ${boot_mib}M "$work/boot.fat"
mkfs.vfat -F 32 -s 1 -n bootfs "$work/boot.fat" >/dev/null
(cd "$boot" && mcopy -i "$work/boot.fat" ./* ::)
truncate -s ${root_mib}M "$work/root.ext4"
mkfs.ext4 -q -L rootfs -d "$root" "$work/root.ext4"
truncate -s $((8 + boot_mib + root_mib))M "$work/card.img"
sfdisk --quiet "$work/card.img" <<TABLE
label: dos
start=8MiB, size=${boot_mib}MiB, type=c
start=$((8 + boot_mib))MiB, size=${root_mib}MiB, type=83
TABLE
dd if="$work/boot.fat" of="$work/card.img" bs=1M seek=8 conv=notrunc,sparse status=none
dd if="$work/root.ext4" of="$work/card.img" bs=1M seek=$((8 + boot_mib)) conv=notrunc,sparse status=none
mv "$work/card.img" "$image"
printf '%s\n' "$image" >current
printf '%s\n' "$folder/$image"
