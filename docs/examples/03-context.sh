#!/bin/bash
# Names of an own vocabulary: an @context in the body, and by its address in a Link header.
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

# By address: the city fetches and keeps the document, or knows it as a file:
#   talwerk up --context-map https://vocabulary.example/cycle.jsonld=docs/examples/cycle.jsonld
curl -fsS "$CITY/ngsi-ld/v1/entities?type=Stand&q=places>10&format=simplified" \
  -H 'Link: <https://vocabulary.example/cycle.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
