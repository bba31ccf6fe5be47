#!/usr/bin/env bash
# Print the first archive in the apt sources of this machine that has the main part of
# Debian; exit with 1 if there is none. An argument is the folder in the place of /etc/apt.
set -eu

folder="${1:-/etc/apt}"
# A file that is missing is no error: which of them there are differs between machines.
{ cat "$folder"/sources.list "$folder"/sources.list.d/*.list "$folder"/sources.list.d/*.sources 2>/dev/null || true; } |
    sed -nE 's/^(URIs:|deb( \[[^]]*\])?) *([^ ]+).*/\3/p' | grep -m1 -E '/debian/?$'
