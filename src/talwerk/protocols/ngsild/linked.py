"""Linked entities in answers (NGSI-LD clause 4.5.23): within the relationships that lead to them, or behind the others.

They are read with the Scope of the request, so that one which it hides is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from talwerk.core.entity import Attribute, Entity, Kind
from talwerk.core.errors import DomainError, Fault, bad_data, invalid
from talwerk.core.identifiers import is_iri
from talwerk.core.match import masked
from talwerk.core.query import LIMIT_MAX, LINKS_MAX, Page, Query

from .call import Call
from .encoding import Form, Representation, prepared
from .features import Features, encoded
from .parameters import Parameters
from .projection import EVERYTHING, Projection

LINKED_MAX = LIMIT_MAX
COPIES_MAX = 5_000
"""Entities that one answer may be joined with, and how often they may stand in it."""

_JOINS = ("flat", "inline", "@none")


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """How linked entities are returned.

    Attributes:
        flat: whether they stand behind the linking entities, otherwise within their relationships.
        level: how many relationships are followed, one after another.
        contained: ids of entities that the client has already; nothing is joined with them.
        shown: what is returned of the linking entities, and of those they lead to.
    """

    flat: bool
    level: int
    contained: frozenset[str]
    shown: Projection


def join_of(parameters: Parameters, shown: Projection) -> Join | None:
    """What join, joinLevel and containedBy ask for, None for nothing.

    Raises:
        DomainError: BadRequestData for impossible values, and for members of linked entities in pick or omit that no
            join reaches; InvalidRequest for a joinLevel without a join; TooComplexQuery for more than 5 levels.
    """
    join, level, contained = parameters.text("join"), parameters.number("joinLevel"), parameters.parts("containedBy")
    if join is not None and join not in _JOINS:
        raise bad_data(f"The join {join[:40]!r} does not exist; there are {', '.join(_JOINS)}.", "join")
    if join in (None, "@none"):
        if level is not None or contained:
            raise invalid("The parameters joinLevel and containedBy need a join.", "join")
        if shown.linked:
            raise bad_data("The pick or omit has members of linked entities, and no join asks for those.", "join")
        return None
    level = 1 if level is None else level
    if not level:
        raise bad_data("The joinLevel is 0; it is a number from 1 on.", "joinLevel")
    if level > LINKS_MAX:
        detail = f"The joinLevel is {level}; {LINKS_MAX} is the most."
        raise DomainError(Fault.TOO_COMPLEX, detail, "joinLevel")
    if shown.depth() > level:
        raise bad_data(f"The pick or omit leads deeper than the joinLevel {level}.", "joinLevel")
    strange = next((text for text in contained if not is_iri(text)), None)
    if strange is not None:
        raise bad_data(f"The containedBy holds {strange[:80]!r}, which is not a URI.", "containedBy")
    return Join(flat=join == "flat", level=level, contained=frozenset(contained), shown=shown)


def joined(call: Call, entities: tuple[Entity, ...], how: Representation, join: Join) -> list[dict[str, Any]]:
    """The JSON objects of entities together with those they are linked to.

    Args:
        call: for the broker and the scope.
        entities: the linking ones, as far as they are shown.
        how: how all of them are written.
        join: how far, and where the linked ones stand.

    Raises:
        DomainError: TooManyResults for more than 1,000 linked entities, or 5,000 places where they stand.
    """
    answer = _Answer(call, how, join)
    answer.gather(entities)
    if join.flat:
        return answer.flat(entities)
    return [answer.inline(entity, how, join.shown, (entity.id,)) for entity in entities]


class _Answer:
    """One answer in the making."""

    def __init__(self, call: Call, how: Representation, join: Join) -> None:
        self._call = call
        self._how = how
        self._join = join
        self._found: dict[str, Entity] = {}
        self._shown: dict[str, Projection] = {}
        self._copies = 0

    def gather(self, entities: Iterable[Entity]) -> None:
        """Read the linked entities, level by level."""
        asked: set[str] = set()
        layer = [(prepared(entity, self._how), self._join.shown) for entity in entities]
        seen: set[tuple[str, int]] = set()
        for _ in range(self._join.level):
            # A projection is known by its place in memory: each stands at one place of pick and omit.
            links = {(id_, id(shown)): shown for id_, shown in self._links(layer)}
            wanted = list(dict.fromkeys(id_ for id_, _ in links if id_ not in asked))
            asked.update(wanted)
            self._read(wanted)
            layer = []
            for link, shown in links.items():
                if link not in seen and link[0] in self._found:
                    seen.add(link)
                    self._shown.setdefault(link[0], shown)
                    layer.append((self._seen(link[0], shown), shown))

    def _links(self, layer: Iterable[tuple[Entity, Projection]]) -> Iterator[tuple[str, Projection]]:
        for entity, shown in layer:
            for name, instances in entity.attributes.items():
                if shown.shows(name):
                    inner = shown.linked.get(name, EVERYTHING)
                    yield from ((id_, inner) for one in instances for id_ in targets(one) if self._follows(id_))

    def _follows(self, id_: str) -> bool:
        return id_ not in self._join.contained

    def _read(self, ids: list[str]) -> None:
        if len(self._shown) + len(ids) > LINKED_MAX:
            detail = f"The answer would be joined with more than {LINKED_MAX} entities; ask for fewer, or less deep."
            raise DomainError(Fault.TOO_MANY_RESULTS, detail, "join")
        if ids:
            page = self._call.broker.read(Query(ids=tuple(ids), page=Page(limit=len(ids))), self._call.scope)
            self._found.update((entity.id, entity) for entity in page.entities)

    def _seen(self, id_: str, shown: Projection) -> Entity:
        return prepared(masked(self._found[id_], shown.attributes), self._how)

    def flat(self, entities: tuple[Entity, ...]) -> list[dict[str, Any]]:
        """The linking entities and behind them the linked ones, each once."""
        page = {entity.id for entity in entities}
        written = [encoded(entity, self._how) for entity in entities]
        for id_, shown in self._shown.items():
            if id_ not in page:
                written.append(encoded(self._seen(id_, shown), self._behind(shown)))
        return written

    def _behind(self, shown: Projection) -> Representation:
        how = msgspec.structs.replace(self._how, pick=shown.members, omit=shown.omit)
        if not isinstance(how, Features):
            return how
        concealed = shown.attributes is not None and how.geometry not in shown.attributes
        return msgspec.structs.replace(how, concealed=concealed)

    def inline(self, entity: Entity, how: Representation, shown: Projection, above: tuple[str, ...]) -> dict[str, Any]:
        """An entity with the linked ones within its relationships; ``above`` are those it stands in, and itself."""
        entity = prepared(entity, how)
        document = encoded(entity, how)
        if len(above) > self._join.level:
            return document
        holder = document["properties"] if isinstance(how, Features) else document
        for name, instances in entity.attributes.items():
            short = how.context.compact(name)
            if short in holder and shown.shows(name):
                inner = shown.linked.get(name, EVERYTHING)
                holder[short] = self._filled(holder[short], instances, inner, above)
        return document

    def _filled(self, written: Any, instances: tuple[Attribute, ...], shown: Projection, above: tuple[str, ...]) -> Any:
        """What is written of an attribute, with the entities that its instances lead to."""
        linked = [{id_: self._copy(id_, shown, above) for id_ in self._within(one, above)} for one in instances]
        if not any(linked):
            return written
        alone = len(instances) == 1
        if self._how.form is Form.SIMPLIFIED:
            parts = [written] if alone else written["dataset"].values()
            values = [
                _simplified(one, found) if found else part
                for one, part, found in zip(instances, parts, linked, strict=True)
            ]
            return values[0] if alone else {"dataset": dict(zip(written["dataset"], values, strict=True))}
        for one, part, found in zip(instances, [written] if alone else written, linked, strict=True):
            if found:
                documents = [found[id_] for id_ in targets(one) if id_ in found]
                if one.kind is Kind.LIST_RELATIONSHIP:
                    part["entityList"] = documents
                else:
                    part["entity"] = documents if isinstance(one.value, list) else documents[0]
        return written

    def _within(self, instance: Attribute, above: tuple[str, ...]) -> Iterator[str]:
        # An entity never stands within itself: that would go round in circles.
        return (id_ for id_ in targets(instance) if id_ in self._found and self._follows(id_) and id_ not in above)

    def _copy(self, id_: str, shown: Projection, above: tuple[str, ...]) -> dict[str, Any]:
        self._copies += 1
        if self._copies > COPIES_MAX:
            detail = f"Linked entities would stand in the answer more than {COPIES_MAX} times; flat has each once."
            raise DomainError(Fault.TOO_MANY_RESULTS, detail, "join")
        how = Representation(
            context=self._how.context,
            form=self._how.form,
            system=self._how.system,
            pick=shown.members,
            omit=shown.omit,
            languages=self._how.languages,
            datasets=self._how.datasets,
        )
        return self.inline(masked(self._found[id_], shown.attributes), how, shown, (*above, id_))


def targets(instance: Attribute) -> tuple[str, ...]:
    """The ids that an instance of a relationship leads to; none for other kinds."""
    if instance.kind is Kind.RELATIONSHIP or instance.kind is Kind.LIST_RELATIONSHIP:
        objects = instance.value if isinstance(instance.value, list) else [instance.value]
        return tuple(dict.fromkeys(id_ for id_ in objects if isinstance(id_, str)))
    return ()


def _simplified(instance: Attribute, found: dict[str, dict[str, Any]]) -> Any:
    """The linked entities in place of their ids; ids that lead nowhere stay."""
    if isinstance(instance.value, list):
        return [found.get(id_, id_) if isinstance(id_, str) else id_ for id_ in instance.value]
    return found.get(instance.value, instance.value)
