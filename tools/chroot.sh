#!/usr/bin/env bash
# Runs a command in a Debian of its own: tools/chroot.sh SUITE COMMAND [ARGUMENT...]
# Debian is unpacked once, into .cache/chroot/SUITE, by debootstrap. The command finds a
# fresh copy of this repository in its working directory /ocsp. What it keeps in
# /ocsp/.venv and /ocsp/.cache is there again the next time. Needs root.
#
# The settings of this machine for apt, pip and certificate authorities apply inside too.
set -euo pipefail
cd "$(dirname "$0")/.."

suite="$1"
shift
root="$PWD/.cache/chroot/$suite"

say() { printf '%s\n' "$*" >&2; }

if [ "$(id -u)" -ne 0 ]; then
    say "error: a chroot needs root"
    exit 3
fi

if [ ! -e "$root.complete" ]; then
    bash tools/setup.sh debootstrap
    if ! archive="$(bash tools/debian_archive.sh)"; then
        say "error: the apt sources of this machine name no Debian archive"
        exit 3
    fi
    say "unpacking Debian $suite"
    rm -rf "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase --include=python3,python3-venv,make,ca-certificates,openssl \
        "$suite" "$root" "$archive" >"$root.log" 2>&1 || { tail -5 "$root.log" >&2; exit 3; }
    touch "$root.complete"
fi

# The machine's ways to the registries: proxies, certificate authorities, mirrors.
apt-config dump | grep -E '^Acquire::(http|https|ForceIPv4|Check|Retries)' \
    >"$root/etc/apt/apt.conf.d/90machine" || true
for file in /etc/pip.conf "$HOME/.config/pip/pip.conf" /usr/local/share/ca-certificates; do
    target="$root${file/#$HOME//root}"
    mkdir -p "$(dirname "$target")"
    [ ! -e "$file" ] || cp -rT "$file" "$target"
done
chroot "$root" update-ca-certificates >/dev/null 2>&1

# The files of the repository as they are now, and the upstream tests if they are here.
mkdir -p "$root/ocsp/.cache"
find "$root/ocsp" -mindepth 1 -maxdepth 1 ! -name .venv ! -name .cache -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' name; do [ ! -e "$name" ] || printf '%s\0' "$name"; done |
    tar --create --null --files-from=- | tar --extract --directory "$root/ocsp" --no-same-owner
[ ! -d .cache/upstream ] || cp -r .cache/upstream "$root/ocsp/.cache/"

# Mounts and processes of the command end with it.
export root
# shellcheck disable=SC2016
exec unshare --mount --pid --fork bash -c '
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    exec env -u VIRTUAL_ENV -u PYTHONPATH HOME=/root LANG=C.UTF-8 \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$root" sh -c "cd /ocsp && exec \"\$@\"" sh "$@"
' bash "$@"
