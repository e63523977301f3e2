"""The conformance page: what of NGSI-LD is there, generated from the table of operations.

``python -m talwerk.protocols.ngsild.conformance`` writes it into ``docs/``; a test fails when it is stale.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from talwerk.core.patterns import LENGTH_MAX as PATTERN_LENGTH_MAX
from talwerk.core.query import LIMIT_DEFAULT, LIMIT_MAX, LINKS_MAX, OFFSET_MAX
from talwerk.protocols.http.bodies import BATCH_BYTES_MAX, BODY_BYTES_MAX
from talwerk.protocols.http.strict_json import DEPTH_MAX

from . import q
from .batch_decoding import ENTITIES_MAX
from .call import PREFIX
from .context_documents import BYTES_MAX, TIMEOUT_S
from .context_library import DOCUMENTS_MAX
from .contexts import CORE_ADDRESS
from .linked import COPIES_MAX, LINKED_MAX
from .operations import OPERATIONS, Operation
from .parameters import PARAMETERS

PAGE = Path("docs/ngsi-ld-conformance.md")

_HEAD = f"""\
# NGSI-LD: what is there

This page is generated from the table of operations in `src/talwerk/protocols/ngsild/operations.py`
(`python -m talwerk.protocols.ngsild.conformance`). Clauses are those of ETSI GS CIM 009; the aim is version 1.8.1.
The list of operations is that of version 1.9.1, so that nothing is left out of sight.

What is not supported answers `422 OperationNotSupported` and names the operation or the parameter. An unknown
parameter answers `400 InvalidRequest`, a method that a resource does not have `405` with `Allow`. Errors are problem
documents (RFC 9457) with the standard's `type` and the media type `application/json`.

| Limit | Value |
|---|---|
| entities per page | {LIMIT_DEFAULT} unless `limit` says otherwise, {LIMIT_MAX:,} at most |
| `offset` | {OFFSET_MAX:,} at most; the links with `rel="next"` lead further |
| request body | {BODY_BYTES_MAX >> 20} MiB, batches {BATCH_BYTES_MAX >> 20} MiB and {ENTITIES_MAX:,} entities |
| JSON | {DEPTH_MAX} levels deep, numbers within 64 bits, no name twice in one object |
| `q` | {q.LENGTH_MAX:,} characters, {q.TERMS_MAX} terms, {q.NESTING_MAX} levels of parentheses |
| times | between the years 1800 and 2200 |

- **@context**: addresses, term definitions and lists of both, in `Link` and body; documents that name others. They are
  fetched from public hosts only, {BYTES_MAX >> 20} MiB, {TIMEOUT_S:g} s and {DOCUMENTS_MAX} documents at most, and
  kept; what is not to be had answers `504 LdContextNotAvailable`. The core context, <{CORE_ADDRESS}>, is built in,
  under the addresses of its other versions too. Scoped contexts answer `400`.
- **q**: the whole grammar is read and evaluated. Linked entities (`sensor{{Device:humidity}}==40`) are those that are
  there and may be seen, {LINKS_MAX} links deep at most; a type stands there as a term or address. They may be asked
  without a `join`, where clause 5.7.2.4 wants one; beside a `join` they lead no deeper than `joinLevel`.
  A `LanguageProperty` is asked in every language (`street=="Markt"`, `street[*]=="Markt"`) or in one (`street[nl]`).
  Patterns (`~=`, `!~=`, `idPattern`) are those of RE2 and match when they are found anywhere; `^` and `$` anchor them.
  They have {PATTERN_LENGTH_MAX:,} characters at most. Between quotes a pattern stands as it is, only `\\"` means a
  quote. A malformed or too large one answers `400 InvalidRequest`. `jsonKeys` is read and changes nothing: values are
  only expanded for `expandValues`. So is `csf`: without registrations there are no context sources to choose from.
- **scopeQ**: `/a/+/c`, `/a/#`, joined by `;`, `,` and `|` with or without parentheses.
- **georel**: relations are decided in the plane of longitude and latitude, distances run along the geodesic of WGS 84
  (between two points exactly). Rings that are open count as closed; one that crosses itself encloses what it goes
  around an odd number of times; what has no area is the line or point that remains.
  No stored geometry lets a query fail.
- **Aggregated values**: all eight methods; periods begin at `timeAt`, or with the oldest value, and their months are
  those of the calendar in UTC. Only numbers are summed; texts have totalCount, distinctCount, min and max, everything
  else the counts. `stddev` is that of the population. Periods without values are left out. Values that failed their
  quality checks count. Where the unit of an attribute changed, the values of the newest unit count.
- **Representations**: normalized, concise, simplified (keyValues), temporalValues,
  aggregatedValues; `application/json`,
  `application/ld+json`, and `application/geo+json` for entities. A feature's `@context` stands in the body unless
  `Prefer: body=json` asks for the Link header; its geometry is shown even where `pick` or `attrs` leave it out.
- **Linked entities** (`join`, `joinLevel`, `containedBy`; members of them in the braces of `pick` and `omit`): at most
  {LINKS_MAX} levels, {LINKED_MAX:,} entities and, inline, {COPIES_MAX:,} places. They are read with the rights of the
  request; one that it may not see is left out like one that does not exist. Relationships of the entity itself lead to
  them, those of its attributes do not. `flat` always answers a list, and an entity never stands within itself.
- **Languages**: `lang` takes a language for its regions and a region for its language; where none suits, the text
  without a language or the first one. **Datasets**: `datasetId` applies to linked entities and histories too.
- **Paging**: `Link` with `rel="next"` carries an opaque cursor in the parameter `after`, which is ours.
- **Null**: `urn:ngsi-ld:null` removes in merges, updates and partial updates, down to members of values,
  sub-attributes, `observedAt`, `unitCode` and `scope`; everywhere else it is refused. Plain JSON null is refused; a
  `JsonProperty` may hold null inside.
- **Deleting**: an entity or attribute that is deleted keeps its history, which then has `deletedAt` and an instance
  that is null. Such instances are shown with `timeproperty` `modifiedAt` or `deletedAt`, and where no time is asked
  for. An entity that is created again goes on with its history. The setting `delete_history_with_entity` erases the
  history instead.
- **History and current state are one**: what is added to a history becomes current when it is the newest, and what is
  deleted below `/temporal` is gone from the current state too.
- **Batches** are worked off in their order: an entity that stands twice is changed twice, or was there already.
- **Geometries**: shape and ranges of coordinates are checked; rings that are open or cross themselves are kept as sent.
- **Tenants**: `NGSILD-Tenant` answers `404 NonexistentTenant`.
"""


def conformance_page() -> str:
    """The page as Markdown."""
    supported = sum(operation.handler is not None for operation in OPERATIONS)
    parts = [_HEAD, f"\n## Operations\n\n{supported} of {len(OPERATIONS)} are supported.\n"]
    for group, operations in groupby(OPERATIONS, key=lambda operation: operation.group):
        parts += [
            f"\n### {group}\n\n",
            "| Method | Resource | Clause | Operation | Supported |\n|---|---|---|---|---|\n",
        ]
        parts += [_row(operation) for operation in operations]
    parts.append("\n## Parameters\n")
    for operation in OPERATIONS:
        if operation.handler is not None:
            parts += _parameters(operation)
    return "".join(parts)


def _row(operation: Operation) -> str:
    state = "yes" if operation.handler is not None else "no (422)"
    cells = (operation.method, f"`{operation.path}`", operation.clause, operation.title, state)
    return f"| {' | '.join(cells)} |\n"


def _parameters(operation: Operation) -> Iterator[str]:
    yield f"\n### {operation.method} {PREFIX}{operation.path}\n\n"
    if operation.honoured:
        yield "| Parameter | Clause | Meaning |\n|---|---|---|\n"
        for name in sorted(operation.honoured):
            parameter = PARAMETERS[name]
            yield f"| `{name}` | {parameter.clause} | {_cell(parameter.meaning)} |\n"
    if operation.refused:
        yield f"\nNot supported: {_listed(operation.refused)}.\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE).write_text(conformance_page(), encoding="utf-8")
