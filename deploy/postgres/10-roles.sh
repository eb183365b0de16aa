#!/bin/bash
# Runs once, when the cluster is made: the owner of the data and the analysts' role.
# The owner's password is the one in the secret `pg_dsn`, which the projection reads.
set -euo pipefail
owner=$(sed -nE 's#^postgres(ql)?://redress:([^@]+)@.*#\2#p' /run/secrets/pg_dsn)
[ -n "$owner" ] || { echo "pg_dsn: want postgresql://redress:PASSWORD@postgres/redress" >&2; exit 1; }
psql -X -q -v ON_ERROR_STOP=1 -v owner="$owner" -v bi="$(cat /run/secrets/pg_bi_password)" \
    -U "$POSTGRES_USER" -d postgres <<'SQL'
CREATE ROLE redress LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE redress_bi LOGIN PASSWORD :'bi';
GRANT redress_bi TO redress WITH ADMIN OPTION;
CREATE DATABASE redress OWNER redress;
SQL
