#!/bin/bash
# Change and delete: merge, one attribute, the whole entity.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"
TOKEN="${TOKEN:-$(talwerk token)}"

BENCH="$CITY/ngsi-ld/v1/entities/urn:ngsi-ld:Bench:park:1"
send() { curl -fsS -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"; }

# Merge: what is not named stays as it is.
send -X PATCH "$BENCH" -d '{"seats": {"value": 5}, "colour": {"value": "green"}}'
curl -fsS "$BENCH?pick=seats,colour,standsIn&format=simplified"
echo

# Delete one attribute, then the entity; its history stays.
send -X DELETE "$BENCH/attrs/colour"
send -X DELETE "$BENCH"
curl -sS -o /dev/null -w '%{http_code}\n' "$BENCH"
