#!/bin/bash
# Create an entity: a bench with four seats, somewhere in the city.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"
TOKEN="${TOKEN:-$(talwerk token)}"

curl -fsS "$CITY/ngsi-ld/v1/entities" \
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  -d '{
    "id": "urn:ngsi-ld:Bench:park:1",
    "type": "Bench",
    "seats": {"type": "Property", "value": 4},
    "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [7.150, 51.256]}},
    "standsIn": {"type": "Relationship", "object": "urn:ngsi-ld:Park:1"}
  }'

# Read it back, without the packaging.
curl -fsS "$CITY/ngsi-ld/v1/entities/urn:ngsi-ld:Bench:park:1?format=simplified"
