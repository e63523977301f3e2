"""The pages of "Mein Ort": a street or a quarter is asked for, and one page says what is known of it.

What somebody asks for is sent in the body of a form. It is used for the answer and kept nowhere: not on the shelf of
pages, not in the log, not by the browser. Only boroughs and quarters have addresses of their own.
"""

from __future__ import annotations

from dataclasses import replace

from talwerk.portal.frame.place import Link
from talwerk.portal.here.facts import Facts
from talwerk.portal.here.figures import Figures
from talwerk.portal.here.places import QUARTERS_LEAST, Atlas
from talwerk.portal.here.views import CompareView, HereView, Miss, PlaceView, SheetView, SuggestView
from talwerk.portal.site import addresses
from talwerk.portal.site.answers import PageElsewhere, PageError, shortened
from talwerk.portal.site.leaf import Ask, Leaf, Places
from talwerk.portal.site.leaf import Found as Shown
from talwerk.portal.site.scene import Scene
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.indicators.themes import Themes
from talwerk.services.places import Found
from talwerk.services.places.asking import answer, knows_streets
from talwerk.services.places.parts import Named
from talwerk.services.places.question import TEXT_MAX, Question
from talwerk.services.places.whereabouts import Gazetteer
from talwerk.services.warnings import Warnings

ASKED, AS_STREET = "ort", "strasse"
"""Fields of the form: what is asked for, and whether a street is meant where a quarter has the same name."""
ONE, OTHER = "a", "b"
"""Fields of the comparison: keys of both quarters."""
SHORTEST = 3
"""Characters before which nothing is looked for."""
CHOICES = 6


class Here:
    """The pages of one city.

    Args:
        gazetteer: its places.
        datasets: which sources speak.
        themes: what is asked of quarters, too.
        warnings: official ones.
    """

    def __init__(self, gazetteer: Gazetteer, datasets: Catalogue, themes: Themes, warnings: Warnings) -> None:
        self._gazetteer = gazetteer
        self._facts = Facts(gazetteer, datasets, Figures(gazetteer, themes), warnings)

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages; none for a city whose profile names no parts."""
        if self._gazetteer.territory is None:
            return ()
        pairs = len(self._gazetteer.territory.quarters) >= QUARTERS_LEAST
        compare = Leaf(addresses.COMPARE, self._compare, addresses.HERE, reads=(ONE, OTHER), moves=False)
        return (
            Leaf(addresses.HERE, self._entry, takes=(ASKED, AS_STREET), moves=False),
            Leaf(addresses.SUGGEST, self._suggest, addresses.HERE, takes=(ASKED,), moves=False),
            Leaf(addresses.HERE, self._part, addresses.HERE, "/{key}"),
            *((compare,) if pairs else ()),
            Leaf(addresses.SHEET, self._sheet_of_house, addresses.HERE, takes=(ASKED, AS_STREET), moves=False),
            Leaf(addresses.SHEET, self._sheet, addresses.HERE, "/{key}", moves=False),
        )

    def _entry(self, ask: Ask, scene: Scene) -> Shown:
        atlas = Atlas(self._gazetteer, scene)
        if ask.form is None:
            return self._way_in(atlas, scene), ()
        asked = " ".join(ask.form.get(ASKED, "").split())[:TEXT_MAX]
        if len(asked) < SHORTEST:
            return self._way_in(atlas, scene, asked, Miss.SHORT), ()
        found = answer(self._gazetteer, asked, CHOICES, streets_only=AS_STREET in ask.form)
        match found.meant:
            case Named(area=area):
                raise PageElsewhere(atlas.link(area).href)
            case Found() as house:
                return self._facts.of_house(house, _number(asked), atlas, scene)
        if found.parts or found.houses:
            view = self._way_in(atlas, scene, asked, Miss.SEVERAL)
            return replace(view, choices=atlas.choices(found)[:CHOICES]), ()
        if examples := atlas.examples():
            return replace(self._way_in(atlas, scene, asked, Miss.MADE_UP), choices=examples), ()
        nothing = Miss.NOTHING if knows_streets(self._gazetteer) else Miss.STREETLESS
        return self._way_in(atlas, scene, asked, nothing), ()

    def _way_in(self, atlas: Atlas, scene: Scene, asked: str = "", miss: Miss | None = None) -> HereView:
        compare = scene.to.href(addresses.COMPARE) if atlas.compares else ""
        return HereView(atlas.field(asked), atlas.boroughs(), compare, miss)

    def _suggest(self, ask: Ask, scene: Scene) -> Shown:
        """Suggestions; they are asked for by a script, and never by an address that a browser would remember."""
        if ask.form is None:
            raise PageElsewhere(scene.to.href(addresses.HERE))
        asked = ask.form.get(ASKED, "").strip()
        if len(asked) < SHORTEST:
            return SuggestView(()), ()
        return SuggestView(Atlas(self._gazetteer, scene).choices(answer(self._gazetteer, asked, CHOICES))[:CHOICES]), ()

    def _part(self, ask: Ask, scene: Scene) -> Shown:
        return self._told_of(ask.path["key"], scene)

    def _told_of(self, key: str, scene: Scene) -> tuple[PlaceView, Places]:
        """What is known of a part.

        Raises:
            PageError: There is none of that key.
        """
        atlas = Atlas(self._gazetteer, scene)
        area = atlas.area(key)
        if area is None:
            way_in = Link(scene.texts.text("here.all_parts"), scene.to.href(addresses.HERE))
            raise PageError(404, scene.texts.text("here.unknown", name=shortened(key)), (way_in,))
        return self._facts.of_part(area, atlas, scene)

    def _compare(self, ask: Ask, scene: Scene) -> Shown:
        chosen = ask.query.get(ONE, ""), ask.query.get(OTHER, "")
        told = [self._told_of(key, scene) for key in chosen if all(chosen)]
        view = CompareView(
            action=scene.to.href(addresses.COMPARE),
            groups=Atlas(self._gazetteer, scene).groups(),
            chosen=chosen,
            places=tuple(view for view, _ in told),
            trail=(Link(scene.texts.text("frame.nav_here"), scene.to.href(addresses.HERE)),),
        )
        return view, tuple(place for _, places in told for place in places)

    def _sheet(self, ask: Ask, scene: Scene) -> Shown:
        view, places = self._told_of(ask.path["key"], scene)
        return SheetView(view), places

    def _sheet_of_house(self, ask: Ask, scene: Scene) -> Shown:
        """The sheet of an address, which is sent once more; whatever is not clear leads back to the field."""
        asked = (ask.form or {}).get(ASKED, "")
        found = answer(self._gazetteer, asked, streets_only=True).meant
        if not isinstance(found, Found):
            raise PageElsewhere(scene.to.href(addresses.HERE))
        view, places = self._facts.of_house(found, _number(asked), Atlas(self._gazetteer, scene), scene)
        return SheetView(view), places


def _number(asked: str) -> str:
    """The house number that was typed, empty without one."""
    question = Question.of(asked)
    return "" if question.number is None else f"{question.number}{question.suffix}"
