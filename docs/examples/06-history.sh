#!/bin/bash
# Histories: the values of a stretch of time, and the newest.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"

POINT="$CITY/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:AirObserved:park"

curl -fsS "$POINT?attrs=temperature&timerel=between&timeAt=2026-11-20T08:00:00Z&endTimeAt=2026-11-20T10:00:00Z&format=temporalValues"
echo

curl -fsS "$POINT?attrs=temperature&lastN=1&format=temporalValues"
