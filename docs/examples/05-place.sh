#!/bin/bash
# Query by place: what stands within 500 metres of a point.
set -euo pipefail
CITY="${CITY:-http://localhost:8080}"

curl -fsSG "$CITY/ngsi-ld/v1/entities" \
  --data-urlencode 'type=AirObserved,Bench' \
  --data-urlencode 'georel=near;maxDistance==500' \
  --data-urlencode 'geometry=Point' --data-urlencode 'coordinates=[7.150,51.256]' \
  -d pick=id
echo

# The same as GeoJSON, for a map.
curl -fsSG "$CITY/ngsi-ld/v1/entities" -H 'Accept: application/geo+json' \
  --data-urlencode 'type=Bench' \
  --data-urlencode 'georel=within' \
  --data-urlencode 'geometry=Polygon' \
  --data-urlencode 'coordinates=[[[7.1,51.2],[7.2,51.2],[7.2,51.3],[7.1,51.3],[7.1,51.2]]]'
