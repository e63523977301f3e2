#!/bin/bash
# Send what a sensor measured: many entities at once, each with the time of its value.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"
TOKEN="${TOKEN:-$(talwerk token)}"

measured() { # time, temperature at the park, temperature at the station
  curl -fsS "$CITY/ngsi-ld/v1/entityOperations/upsert?options=update" \
    -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d "[
      {\"id\": \"urn:ngsi-ld:AirObserved:park\", \"type\": \"AirObserved\",
       \"location\": {\"type\": \"Point\", \"coordinates\": [7.150, 51.256]},
       \"temperature\": {\"value\": $2, \"unitCode\": \"CEL\", \"observedAt\": \"$1\"}},
      {\"id\": \"urn:ngsi-ld:AirObserved:station\", \"type\": \"AirObserved\",
       \"location\": {\"type\": \"Point\", \"coordinates\": [7.149, 51.246]},
       \"temperature\": {\"value\": $3, \"unitCode\": \"CEL\", \"observedAt\": \"$1\"}}
    ]"
}

measured 2026-11-20T08:00:00Z 4.5 5.5
measured 2026-11-20T09:00:00Z 5.0 6.5
measured 2026-11-20T10:00:00Z 6.5 8.0
