#!/bin/bash
# Errors: a problem document with a type, a sentence, and the place.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"
TOKEN="${TOKEN:-$(talwerk token)}"

show() { curl -sS -w '\n%{http_code}\n' "$@"; }

# Something is missing in the data: 400 with a pointer to it.
show "$CITY/ngsi-ld/v1/entities" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d '{"id": "urn:ngsi-ld:Bench:9", "type": "Bench", "near": {"type": "Relationship", "object": "next door"}}'

# There is no such entity, no such parameter, no such @context.
show "$CITY/ngsi-ld/v1/entities/urn:ngsi-ld:Bench:nowhere"
show "$CITY/ngsi-ld/v1/entities?type=Bench&colour=green"
show "$CITY/ngsi-ld/v1/entities?type=Bench" \
  -H 'Link: <https://127.0.0.1/context.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'

# Writing needs a token.
show "$CITY/ngsi-ld/v1/entities" -H 'Content-Type: application/json' -d '{"id": "urn:x:1", "type": "Bench"}'
