#!/bin/bash
# Names of an own vocabulary: an @context in the body of what is written, and of what is asked.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"
TOKEN="${TOKEN:-$(talwerk token)}"

# In the body. Names that the @context does not define stay in the default vocabulary.
curl -fsS "$CITY/ngsi-ld/v1/entities" \
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/ld+json' \
  -d '{
    "@context": {"cycle": "https://vocabulary.example/cycle#", "Stand": "cycle:Stand", "places": "cycle:places"},
    "id": "urn:ngsi-ld:Stand:1",
    "type": "Stand",
    "places": {"value": 12}
  }'

# Whoever asks without an @context sees the names in full.
curl -fsS "$CITY/ngsi-ld/v1/entities/urn:ngsi-ld:Stand:1?format=simplified"
echo

# Whoever brings one asks and reads in its own names. docs/ngsi-ld.md says how to bring one by its address.
curl -fsS "$CITY/ngsi-ld/v1/entityOperations/query?format=simplified" -H 'Content-Type: application/ld+json' \
  -d '{
    "@context": {"cycle": "https://vocabulary.example/cycle#", "Stand": "cycle:Stand", "places": "cycle:places"},
    "type": "Query",
    "entities": [{"type": "Stand"}],
    "q": "places>10"
  }'
