#!/usr/bin/env bash
# Get the HAProxy of Debian 13 into .cache/haproxy, where that of this machine is older
# than 2.8 and cannot fetch staples by itself. Called by make; safe to call again.
#
# The package and its libraries are unpacked, and run with their own loader: nothing of
# the system changes. Without them, the tests that need them are skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="$PWD/.cache/haproxy"
version="$(dpkg-query --show --showformat '${Version}' haproxy)"
[ ! -x "$folder/haproxy" ] || exit 0
! dpkg --compare-versions "$version" ge 2.8 || exit 0

give_up() {
    echo "HAProxy of Debian 13 is not available: the tests of its updates are skipped" >&2
    exit 0
}

echo "unpacking HAProxy of Debian 13" >&2
rm -rf "$folder"
mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial" "$folder/unpacked"
touch "$folder/state/status"
archive="$(bash tools/debian_archive.sh)" || give_up
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive trixie main" \
    >"$folder/sources.list"
# An apt of its own, which knows only Debian 13, and no package as installed.
apt() {
    apt-get -qq -y -o Debug::NoLocking=true -o APT::Sandbox::User="$(id -un)" \
        -o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State="$folder/state" -o Dir::State::status="$folder/state/status" \
        -o Dir::Cache="$folder/cache" -o Acquire::Languages=none "$@" >/dev/null
}
apt update || give_up
apt install --no-install-recommends --download-only haproxy || give_up
for package in "$folder"/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$folder/unpacked"
done
rm -r "$folder/state" "$folder/cache"

libraries="$(echo "$folder"/unpacked/usr/lib/*-linux-gnu)"
cat >"$folder/haproxy" <<EOF
#!/bin/sh
exec "$libraries"/ld-linux-*.so.* --library-path "$libraries" "$folder/unpacked/usr/sbin/haproxy" "\$@"
EOF
chmod 755 "$folder/haproxy"
