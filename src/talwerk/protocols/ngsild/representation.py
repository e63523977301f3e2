"""How an answer is to be written: Accept, format, options (NGSI-LD clauses 6.3.4, 6.3.7 and 6.3.11)."""

from __future__ import annotations

from collections.abc import Mapping

from talwerk.core.errors import DomainError, Fault, bad_data, invalid
from talwerk.core.identifiers import is_iri
from talwerk.protocols.http.negotiation import preferred

from .call import JSON, JSON_LD, Call
from .contexts import Context
from .encoding import Form, Representation
from .features import GEO_JSON, Features
from .language import parse_lang
from .parameters import Parameters
from .projection import Projection

_FORMS: Mapping[str, Form] = {
    "normalized": Form.NORMALIZED,
    "concise": Form.CONCISE,
    "simplified": Form.SIMPLIFIED,
    "keyValues": Form.SIMPLIFIED,
}
AGGREGATED = "aggregatedValues"
_TEMPORAL_FORMS: Mapping[str, Form] = {**_FORMS, "temporalValues": Form.SIMPLIFIED, AGGREGATED: Form.SIMPLIFIED}
_SYSTEM = "sysAttrs"
DEFAULT_DATASET = "@none"
# What the standard has, and this broker not yet.
_REFUSED = frozenset({"splitEntities"})


def entity_representation(call: Call, context: Context, shown: Projection) -> Representation:
    """How entities are written.

    Raises:
        DomainError: NotAcceptable; InvalidRequest for an unknown format or option.
    """
    media_type = preferred(call.headers.get(b"accept"), (JSON, JSON_LD, GEO_JSON))
    if media_type != GEO_JSON:
        return _representation(call, context, shown, _FORMS)
    form, system = _options(call.parameters, _FORMS)
    geometry = context.expand(call.parameters.text("geometryProperty") or "location")
    return Features(
        context=context,
        form=form,
        system=system,
        pick=shown.members,
        omit=shown.omit,
        geometry=geometry,
        concealed=shown.attributes is not None and geometry not in shown.attributes,
        languages=_languages(call.parameters),
        datasets=_datasets(call.parameters),
    )


def temporal_representation(call: Call, context: Context, shown: Projection) -> Representation:
    """How histories are written.

    Raises:
        DomainError: NotAcceptable; InvalidRequest for an unknown format or option; BadRequestData for members of linked
            entities, which no history is joined with.
    """
    if shown.linked:
        raise bad_data("The pick or omit has members of linked entities; histories are not joined with any.", "pick")
    return _representation(call, context, shown, _TEMPORAL_FORMS)


def plain_representation(call: Call, context: Context) -> Representation:
    """How everything else is written.

    Raises:
        DomainError: NotAcceptable.
    """
    linked = preferred(call.headers.get(b"accept"), (JSON, JSON_LD)) == JSON_LD
    return Representation(context=context, linked=linked)


def _representation(call: Call, context: Context, shown: Projection, forms: Mapping[str, Form]) -> Representation:
    form, system = _options(call.parameters, forms)
    return Representation(
        context=context,
        form=form,
        system=system,
        linked=preferred(call.headers.get(b"accept"), (JSON, JSON_LD)) == JSON_LD,
        pick=shown.members,
        omit=shown.omit,
        languages=_languages(call.parameters),
        datasets=_datasets(call.parameters),
    )


def _languages(parameters: Parameters) -> tuple[str, ...] | None:
    text = parameters.text("lang")
    return None if text is None else parse_lang(text)


def _datasets(parameters: Parameters) -> frozenset[str | None] | None:
    """The datasets that are wanted, ``@none`` being the default instances (clause 4.5.5)."""
    names = parameters.parts("datasetId")
    for name in names:
        if name != DEFAULT_DATASET and not is_iri(name):
            raise bad_data(f"The datasetId {name[:80]!r} is neither a URI nor {DEFAULT_DATASET}.", "datasetId")
    return frozenset(None if name == DEFAULT_DATASET else name for name in names) or None


def _options(parameters: Parameters, forms: Mapping[str, Form]) -> tuple[Form, bool]:
    """The form of attributes and whether the broker's own times are wanted; format wins over options."""
    wanted = [*parameters.parts("options")]
    chosen = parameters.text("format")
    for name in [*wanted, *([chosen] if chosen else [])]:
        if name in _REFUSED:
            raise DomainError(Fault.NOT_SUPPORTED, f"The representation {name} is not supported.")
        if name not in forms and (name != _SYSTEM or name == chosen):
            where = "format" if name == chosen else "options"
            raise invalid(f"The {where} {name[:40]!r} does not exist; there are {', '.join(forms)}, {_SYSTEM}.", where)
    system = _SYSTEM in wanted
    named = [chosen] if chosen else [name for name in wanted if name != _SYSTEM]
    if len({forms[name] for name in named}) > 1:
        raise invalid(f"The options {', '.join(named)} contradict each other.", "options")
    return (forms[named[0]] if named else Form.NORMALIZED), system
