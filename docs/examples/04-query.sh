#!/bin/bash
# Query: by type and condition, only some attributes, page by page.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"

# Of the measuring points, those above 7 degrees.
curl -fsSG "$CITY/ngsi-ld/v1/entities" \
  --data-urlencode 'type=AirObserved' --data-urlencode 'q=temperature>7' --data-urlencode 'pick=id,temperature' \
  -d format=concise
echo

# One per page, with the number of all; the Link header leads to the next page.
curl -fsS -D - -o /dev/null "$CITY/ngsi-ld/v1/entities?type=AirObserved&limit=1&count=true" |
  grep -iE '^(ngsild-results-count|link):'
