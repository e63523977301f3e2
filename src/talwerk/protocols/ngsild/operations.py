"""The one table of operations: the 64 method/resource pairs of NGSI-LD 1.9, and what this broker does with each.

Routes, the conformance page and the API description are generated from it.
"""

from __future__ import annotations

import msgspec

from . import attributes, batch, changing, discovery, entities, temporal, temporal_provision
from .call import Handler

_NONE: frozenset[str] = frozenset()


class Operation(msgspec.Struct, frozen=True):
    """A method on a resource.

    Attributes:
        method: the HTTP method.
        path: below the prefix; a part in braces is variable.
        clause: of the standard, describing the operation.
        title: what it does.
        group: the API group that it belongs to (clause 4.3.5).
        handler: what answers it, None when it is not supported.
        writes: whether it changes anything.
        honoured: parameters that are read.
        refused: parameters that the standard has for it and this broker not yet.
    """

    method: str
    path: str
    clause: str
    title: str
    group: str = "Core"
    handler: Handler | None = None
    writes: bool = False
    honoured: frozenset[str] = _NONE
    refused: frozenset[str] = _NONE


def _named(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHOWN = _named("attrs pick omit options format local")
_PAGE = _named("limit offset after count")
_LINKED = _named("join joinLevel containedBy")
_GEO = _named("georel geometry coordinates geoproperty")
_ORDER = _named("orderBy orderFrom orderGeometry collation")
_MAPS = _named("entityMap entityMapLifetime splitEntities")
_PERIOD = _named("timerel timeAt endTimeAt timeproperty lastN")
_AGGREGATES = _named("aggrMethods aggrPeriodDuration")

_CHOSEN = _named("lang datasetId")
_SELECTED = _named("type id idPattern q expandValues jsonKeys csf scopeQ") | _GEO

_CORE = (
    Operation(
        "POST",
        "/entities",
        "5.6.1",
        "Create entity",
        handler=entities.create_entity,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "GET",
        "/entities",
        "5.7.2",
        "Query entities",
        handler=entities.query_entities,
        honoured=_SHOWN | _PAGE | _SELECTED | _CHOSEN | _LINKED | _named("geometryProperty"),
        refused=_ORDER | _MAPS,
    ),
    Operation("DELETE", "/entities", "5.6.21", "Purge entities", writes=True),
    Operation(
        "GET",
        "/entities/{entityId}",
        "5.7.1",
        "Retrieve entity",
        handler=entities.retrieve_entity,
        honoured=_SHOWN | _CHOSEN | _LINKED | _named("type geometryProperty"),
        refused=_named("entityMap entityMapLifetime"),
    ),
    Operation(
        "DELETE",
        "/entities/{entityId}",
        "5.6.6",
        "Delete entity",
        handler=changing.delete_entity,
        writes=True,
        honoured=_named("type local"),
    ),
    Operation(
        "PATCH",
        "/entities/{entityId}",
        "5.6.17",
        "Merge entity",
        handler=changing.merge_entity,
        writes=True,
        honoured=_named("type options format observedAt lang local"),
    ),
    Operation(
        "PUT",
        "/entities/{entityId}",
        "5.6.18",
        "Replace entity",
        handler=changing.replace_entity,
        writes=True,
        honoured=_named("type local"),
    ),
    Operation(
        "POST",
        "/entities/{entityId}/attrs",
        "5.6.3",
        "Append attributes",
        handler=attributes.append_attributes,
        writes=True,
        honoured=_named("type options local"),
    ),
    Operation(
        "PATCH",
        "/entities/{entityId}/attrs",
        "5.6.2",
        "Update attributes",
        handler=attributes.update_attributes,
        writes=True,
        honoured=_named("type local"),
    ),
    Operation(
        "PATCH",
        "/entities/{entityId}/attrs/{attrId}",
        "5.6.4",
        "Partial attribute update",
        handler=attributes.update_attribute,
        writes=True,
        honoured=_named("type local"),
    ),
    Operation(
        "DELETE",
        "/entities/{entityId}/attrs/{attrId}",
        "5.6.5",
        "Delete attribute",
        handler=attributes.delete_attribute,
        writes=True,
        honoured=_named("type datasetId deleteAll local"),
    ),
    Operation(
        "PUT",
        "/entities/{entityId}/attrs/{attrId}",
        "5.6.19",
        "Replace attribute",
        handler=attributes.replace_attribute,
        writes=True,
        honoured=_named("type local"),
    ),
    Operation(
        "POST",
        "/entityOperations/create",
        "5.6.7",
        "Batch entity creation",
        handler=batch.create_entities,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "POST",
        "/entityOperations/upsert",
        "5.6.8",
        "Batch entity creation or update",
        handler=batch.upsert_entities,
        writes=True,
        honoured=_named("options local"),
    ),
    Operation(
        "POST",
        "/entityOperations/update",
        "5.6.9",
        "Batch entity update",
        handler=batch.update_entities,
        writes=True,
        honoured=_named("options local"),
    ),
    Operation(
        "POST",
        "/entityOperations/delete",
        "5.6.10",
        "Batch entity deletion",
        handler=batch.delete_entities,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "POST",
        "/entityOperations/merge",
        "5.6.20",
        "Batch entity merge",
        handler=batch.merge_entities,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "POST",
        "/entityOperations/query",
        "5.7.2",
        "Query entities by POST",
        handler=entities.post_query,
        honoured=_PAGE | _named("options format local"),
        refused=_ORDER | _MAPS,
    ),
    Operation(
        "GET",
        "/types",
        "5.7.5",
        "List entity types",
        handler=discovery.list_types,
        honoured=_named("details local"),
    ),
    Operation(
        "GET",
        "/types/{type}",
        "5.7.7",
        "Describe entity type",
        handler=discovery.describe_type,
        honoured=_named("local"),
    ),
    Operation(
        "GET",
        "/attributes",
        "5.7.8",
        "List attributes",
        handler=discovery.list_attributes,
        honoured=_named("details local"),
    ),
    Operation(
        "GET",
        "/attributes/{attrId}",
        "5.7.10",
        "Describe attribute",
        handler=discovery.describe_attribute,
        honoured=_named("local"),
    ),
    Operation("POST", "/subscriptions", "5.8.1", "Create subscription", writes=True),
    Operation("GET", "/subscriptions", "5.8.4", "Query subscriptions"),
    Operation("GET", "/subscriptions/{subscriptionId}", "5.8.3", "Retrieve subscription"),
    Operation("PATCH", "/subscriptions/{subscriptionId}", "5.8.2", "Update subscription", writes=True),
    Operation("DELETE", "/subscriptions/{subscriptionId}", "5.8.5", "Delete subscription", writes=True),
)

_TEMPORAL = (
    Operation(
        "POST",
        "/temporal/entities",
        "5.6.11",
        "Create or update temporal entity",
        "Temporal",
        handler=temporal_provision.upsert_history,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "GET",
        "/temporal/entities",
        "5.7.4",
        "Query temporal evolution of entities",
        "Temporal",
        handler=temporal.query_histories,
        honoured=_SHOWN | _PAGE | _PERIOD | _AGGREGATES | _SELECTED | _CHOSEN,
        refused=_ORDER,
    ),
    Operation(
        "GET",
        "/temporal/entities/{entityId}",
        "5.7.3",
        "Retrieve temporal evolution of an entity",
        "Temporal",
        handler=temporal.retrieve_history,
        honoured=_SHOWN | _PERIOD | _AGGREGATES | _CHOSEN | _named("type"),
    ),
    Operation(
        "DELETE",
        "/temporal/entities/{entityId}",
        "5.6.16",
        "Delete temporal entity",
        "Temporal",
        handler=temporal_provision.delete_history,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "POST",
        "/temporal/entities/{entityId}/attrs",
        "5.6.12",
        "Add temporal attributes",
        "Temporal",
        handler=temporal_provision.add_instances,
        writes=True,
        honoured=_named("type local"),
    ),
    Operation(
        "DELETE",
        "/temporal/entities/{entityId}/attrs/{attrId}",
        "5.6.13",
        "Delete temporal attribute",
        "Temporal",
        handler=temporal_provision.delete_attribute_history,
        writes=True,
        honoured=_named("datasetId deleteAll local"),
    ),
    Operation(
        "PATCH",
        "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
        "5.6.14",
        "Modify attribute instance",
        "Temporal",
        handler=temporal_provision.modify_instance,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "DELETE",
        "/temporal/entities/{entityId}/attrs/{attrId}/{instanceId}",
        "5.6.15",
        "Delete attribute instance",
        "Temporal",
        handler=temporal_provision.delete_instance,
        writes=True,
        honoured=_named("local"),
    ),
    Operation(
        "POST",
        "/temporal/entityOperations/query",
        "5.7.4",
        "Query temporal evolution by POST",
        "Temporal",
        handler=temporal.post_query,
        honoured=_PAGE | _named("options format local"),
        refused=_named("orderBy"),
    ),
)

_SOURCES = "/csourceRegistrations"
_WATCHES = "/csourceSubscriptions"

_REGISTRY = (
    Operation("POST", _SOURCES, "5.9.2", "Register context source", "Registry", writes=True),
    Operation("GET", _SOURCES, "5.10.2", "Query context source registrations", "Registry"),
    Operation("GET", _SOURCES + "/{registrationId}", "5.10.1", "Retrieve context source registration", "Registry"),
    Operation(
        "PATCH", _SOURCES + "/{registrationId}", "5.9.3", "Update context source registration", "Registry", writes=True
    ),
    Operation(
        "DELETE", _SOURCES + "/{registrationId}", "5.9.4", "Delete context source registration", "Registry", writes=True
    ),
    Operation("POST", _WATCHES, "5.11.2", "Create registration subscription", "Registry", writes=True),
    Operation("GET", _WATCHES, "5.11.5", "Query registration subscriptions", "Registry"),
    Operation("GET", _WATCHES + "/{subscriptionId}", "5.11.4", "Retrieve registration subscription", "Registry"),
    Operation(
        "PATCH", _WATCHES + "/{subscriptionId}", "5.11.3", "Update registration subscription", "Registry", writes=True
    ),
    Operation(
        "DELETE", _WATCHES + "/{subscriptionId}", "5.11.6", "Delete registration subscription", "Registry", writes=True
    ),
)

_CONTEXTS = (
    Operation("POST", "/jsonldContexts", "5.13.2", "Add @context", "JSONLDContext", writes=True),
    Operation("GET", "/jsonldContexts", "5.13.3", "List @contexts", "JSONLDContext"),
    Operation("GET", "/jsonldContexts/{contextId}", "5.13.4", "Serve @context", "JSONLDContext"),
    Operation(
        "DELETE", "/jsonldContexts/{contextId}", "5.13.5", "Delete or reload @context", "JSONLDContext", writes=True
    ),
)

_DISTRIBUTED = (
    Operation("GET", "/entityMaps", "5.14.4", "Create entity map", "Distributed"),
    Operation("POST", "/entityMaps", "5.14.4", "Create entity map by POST", "Distributed"),
    Operation("GET", "/entityMaps/{entityMapId}", "5.14.1", "Retrieve entity map", "Distributed"),
    Operation("PATCH", "/entityMaps/{entityMapId}", "5.14.2", "Update entity map", "Distributed", writes=True),
    Operation("DELETE", "/entityMaps/{entityMapId}", "5.14.3", "Delete entity map", "Distributed", writes=True),
    Operation("GET", "/temporal/entityMaps", "5.14.5", "Create temporal entity map", "Distributed"),
    Operation("POST", "/temporal/entityMaps", "5.14.5", "Create temporal entity map by POST", "Distributed"),
    Operation("GET", "/info/sourceIdentity", "5.15.1", "Retrieve context source identity", "Distributed"),
)

_SNAPSHOTS = (
    Operation("POST", "/snapshots", "5.16.1", "Create snapshot", "Snapshot", writes=True),
    Operation("DELETE", "/snapshots", "5.16.7", "Purge snapshots", "Snapshot", writes=True),
    Operation("GET", "/snapshots/{snapshotId}", "5.16.2-5", "Retrieve snapshot", "Snapshot"),
    Operation("PATCH", "/snapshots/{snapshotId}", "5.16.2-5", "Update snapshot", "Snapshot", writes=True),
    Operation("DELETE", "/snapshots/{snapshotId}", "5.16.2-5", "Delete snapshot", "Snapshot", writes=True),
    Operation("POST", "/snapshots/{snapshotId}/clone", "5.16.2-5", "Clone snapshot", "Snapshot", writes=True),
)

OPERATIONS: tuple[Operation, ...] = (*_CORE, *_TEMPORAL, *_REGISTRY, *_CONTEXTS, *_DISTRIBUTED, *_SNAPSHOTS)
