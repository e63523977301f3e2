#!/bin/bash
# Aggregates: mean and maximum of every two hours.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"

curl -fsSG "$CITY/ngsi-ld/v1/temporal/entities/urn:ngsi-ld:AirObserved:park" \
  -d attrs=temperature -d format=aggregatedValues -d aggrMethods=avg,max -d aggrPeriodDuration=PT2H \
  -d timerel=between -d timeAt=2026-11-20T08:00:00Z -d endTimeAt=2026-11-20T12:00:00Z
