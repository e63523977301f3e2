"""Full names of types and attributes without any user context (NGSI-LD clause 5.2.2 and Annex B).

A short name expands into the default vocabulary, except for those that the core context defines.
Contexts of users belong to the protocol, which also keeps the whole core context; a test holds the two together.
"""

from __future__ import annotations

from .errors import bad_data
from .identifiers import Iri, is_iri

CORE = "https://uri.etsi.org/ngsi-ld/"
DEFAULT_VOCABULARY = "https://uri.etsi.org/ngsi-ld/default-context/"
_GEOJSON = "https://purl.org/geojson/vocab#"
_DUBLIN_CORE = "http://purl.org/dc/terms/"

LOCATION = Iri(CORE + "location")
OBSERVATION_SPACE = Iri(CORE + "observationSpace")
OPERATION_SPACE = Iri(CORE + "operationSpace")

_PLAIN = {
    CORE: """
        Attribute AttributeList ContextSourceIdentity ContextSourceNotification ContextSourceRegistration Date
        DateTime EntityType EntityTypeInfo EntityTypeList GeoProperty JsonProperty LanguageProperty ListProperty
        ListRelationship Notification Property Relationship Subscription TemporalProperty Time VocabProperty
        accept attributeList attributeName attributeNames attributeTypes attributes attrs avg cacheDuration
        contextSourceAlias contextSourceExtras contextSourceInfo contextSourceTimeAt contextSourceUptime cooldown
        createdAt csf data datasetId deletedAt detail distinctCount endAt endTimeAt endpoint entities entity
        entityCount entityId entityList error errors expandValues expiresAt format geoQ geoproperty georel
        idPattern information instanceId isActive join jsonKeys jsons lang lastFailure lastNotification
        lastSuccess linkedMaps localOnly location management managementInterval max min mode modifiedAt notUpdated
        notification notificationTrigger notifiedAt notifierInfo observationInterval observationSpace observedAt
        omit operationSpace operations pick propertyNames q reason receiverInfo refreshRate registrationId
        registrationName relationshipNames scope scopeQ showChanges startAt status stddev subscriptionId
        subscriptionName success sum sumsq sysAttrs temporalQ tenant throttling timeAt timeInterval timeout
        timeproperty timerel timesFailed timesSent totalCount triggerReason typeList typeName typeNames unchanged
        unitCode updated uri watchedAttributes
    """,
    _GEOJSON: """
        Feature FeatureCollection GeometryCollection LineString MultiLineString MultiPoint MultiPolygon Point Polygon
        bbox coordinates features geometry geometryProperty properties
    """,
    _DUBLIN_CORE: "description title",
    DEFAULT_VOCABULARY: "attributeCount attributeDetails",
}
_HAS = """
    dataset:Dataset entityMap:EntityMap joinLevel:JoinLevel json:JSON key:Key languageMap:LanguageMap
    languageMaps:LanguageMaps object:Object objectList:ObjectList objects:Objects objectsLists:ObjectsLists
    objectType:ObjectType previousJson:PreviousJson previousLanguageMap:PreviousLanguageMap
    previousObject:PreviousObject previousObjectList:PreviousObjectList previousValue:PreviousValue
    previousValueList:PreviousValueList previousVocab:PreviousVocab value:Value valueList:ValueList
    valueLists:ValueLists values:Values vocab:Vocab vocabs:Vocabs
"""

_TERMS = {name: Iri(space + name) for space, names in _PLAIN.items() for name in names.split()}
_TERMS |= {term: Iri(f"{CORE}has{name}") for term, _, name in (pair.partition(":") for pair in _HAS.split())}
_TERMS["containedBy"] = Iri(CORE + "isContainedBy")
_NAMES = {full: short for short, full in _TERMS.items()}


def expand(name: str) -> Iri:
    """The IRI of a short name; a name that is an IRI already stays as it is.

    Raises:
        DomainError: BadRequestData when the name could not be part of an IRI.
    """
    core = _TERMS.get(name)
    if core is not None:
        return core
    full = name if ":" in name else DEFAULT_VOCABULARY + name
    if not name or not is_iri(full):
        raise bad_data(f"The name {name[:80]!r} is neither a short name nor a URI.")
    return Iri(full)


def compact(full: str) -> str:
    """The short name of an IRI, or the IRI itself when no short name is certain to expand to it again."""
    core = _NAMES.get(Iri(full))
    if core is not None:
        return core
    short = full.removeprefix(DEFAULT_VOCABULARY)
    return full if not short or ":" in short or short in _TERMS else short


def core_terms() -> dict[str, Iri]:
    """All short names that the core context defines, keywords and prefixes aside."""
    return dict(_TERMS)
