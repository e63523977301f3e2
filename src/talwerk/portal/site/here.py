"""The pages of "Mein Ort": a street or a quarter is asked for, and one page says what is known of it.

What somebody asks for is sent in the body of a form. It is used for the answer and kept nowhere: not on the shelf of
pages, not in the log, not by the browser. Only boroughs and quarters have addresses of their own.
"""

from __future__ import annotations

from talwerk.portal.here_views import HereView, Miss, SuggestView
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.places import Found
from talwerk.services.places.asking import answer
from talwerk.services.places.parts import Named
from talwerk.services.places.question import TEXT_MAX, Question
from talwerk.services.places.whereabouts import Gazetteer

from . import addresses
from .answers import PageElsewhere, PageError
from .here_facts import Facts
from .here_places import Atlas
from .leaf import Ask, Leaf
from .leaf import Found as Shown
from .measuring import shortened
from .scene import Scene

ASKED, AS_STREET = "ort", "strasse"
"""Fields of the form: what is asked for, and whether a street is meant where a quarter has the same name."""
SHORTEST = 3
"""Characters before which nothing is looked for."""
CHOICES = 6


class Here:
    """The pages of one city.

    Args:
        gazetteer: its places.
        datasets: which sources speak.
    """

    def __init__(self, gazetteer: Gazetteer, datasets: Catalogue) -> None:
        self._gazetteer = gazetteer
        self._facts = Facts(gazetteer, datasets)

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages; none for a city whose profile names no parts."""
        if self._gazetteer.territory is None:
            return ()
        return (
            Leaf(addresses.HERE, self._entry, takes=(ASKED, AS_STREET), moves=False),
            Leaf(addresses.SUGGEST, self._suggest, addresses.HERE, takes=(ASKED,), moves=False),
            Leaf(addresses.HERE, self._part, addresses.HERE, "/{key}"),
        )

    def _entry(self, ask: Ask, scene: Scene) -> Shown:
        atlas = Atlas(self._gazetteer, scene)
        if ask.form is None:
            return self._way_in(atlas), ()
        asked = " ".join(ask.form.get(ASKED, "").split())[:TEXT_MAX]
        if len(asked) < SHORTEST:
            return self._way_in(atlas, asked, Miss.SHORT), ()
        found = answer(self._gazetteer, asked, CHOICES, streets_only=AS_STREET in ask.form)
        match found.meant:
            case Named(area=area):
                raise PageElsewhere(atlas.link(area).href)
            case Found() as house:
                number = Question.of(asked).number
                line, quarter = atlas.house(house, "" if number is None else str(number))
                where = (house.house.longitude, house.house.latitude)
                return self._facts.of_house(line, where, quarter, atlas, scene)
        view = self._way_in(atlas, asked, Miss.SEVERAL if found.parts or found.houses else Miss.NOTHING)
        return HereView(view.field, view.boroughs, view.compare, view.miss, atlas.choices(found)[:CHOICES]), ()

    def _way_in(self, atlas: Atlas, asked: str = "", miss: Miss | None = None) -> HereView:
        return HereView(atlas.field(asked), atlas.boroughs(), "", miss)

    def _suggest(self, ask: Ask, scene: Scene) -> Shown:
        """Suggestions; they are asked for by a script, and never by an address that a browser would remember."""
        if ask.form is None:
            raise PageElsewhere(scene.to.href(addresses.HERE))
        asked = ask.form.get(ASKED, "").strip()
        if len(asked) < SHORTEST:
            return SuggestView(()), ()
        return SuggestView(Atlas(self._gazetteer, scene).choices(answer(self._gazetteer, asked, CHOICES))[:CHOICES]), ()

    def _part(self, ask: Ask, scene: Scene) -> Shown:
        atlas = Atlas(self._gazetteer, scene)
        area = atlas.area(ask.path["key"])
        if area is None:
            raise PageError(404, scene.texts.text("here.unknown", name=shortened(ask.path["key"])))
        return self._facts.of_part(area, atlas, scene)
