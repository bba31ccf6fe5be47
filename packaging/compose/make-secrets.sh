#!/bin/sh
# Make the passwords of compose.yaml, in files that only their programs can read. It
# keeps those that exist. Run it as root, after responder.key is in the folder: the files
# belong to the users in the containers.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
cd secrets

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

[ -e postgresql_password ] || random >postgresql_password
[ -e valkey_password ] || random >valkey_password
printf 'postgresql:5432:ocsp:ocsp:%s\n' "$(cat postgresql_password)" >pgpass
{
    printf 'requirepass %s\n' "$(cat valkey_password)"
    printf '%s\n' 'save ""' 'maxmemory 1gb' 'maxmemory-policy volatile-ttl'
} >valkey_configuration

# libpq does not use a file of passwords that its group can read.
chown 10080:10080 pgpass
chown 999:10080 valkey_configuration valkey_password
chmod 0440 valkey_configuration valkey_password
if [ -e responder.key ]; then
    chown 10080:10080 responder.key
    chmod 0400 responder.key
fi
