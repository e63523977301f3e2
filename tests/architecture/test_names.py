"""Names are nouns of the city and of the standards, and the code knows no city."""

import re
import tomllib
from pathlib import Path

from tests.architecture.sources import PACKAGE, modules, named

SAYS_NOTHING = re.compile(r"(^|_)(utils?|helpers?|common|managers?)($|_)")
CODE_AND_PAGES = {".py", ".html", ".css", ".js", ".svg", ".sql", ".toml", ".txt"}
"""Themes, texts and scenarios are TOML, what ``talwerk new`` fills in are texts."""

# Cities, quarters and waters that would slip in first; a word that merely contains one ("erbarmen") is none.
PLACES = re.compile(
    r"(?<![a-zäöüß])(wupper|solingen|remscheid|elberfeld|barmen|vohwinkel|cronenberg|ronsdorf|beyenburg|"
    r"heckinghausen|langerfeld|oberbarmen|schwebebahn|bergisch|schwelm|ennepetal|radevormwald|h(ü|ue)ckeswagen|"
    r"wipperf(ü|ue)rth|d(ü|ue)sseldorf|k(ö|oe)ln|hattingen|velbert)",
    re.IGNORECASE,
)


def names_in_profiles() -> set[str]:
    """The proper names that the city profiles themselves introduce."""

    def walk(value: object) -> set[str]:
        if isinstance(value, dict):
            own = {value["name"]} if isinstance(value.get("name"), str) else set()
            return own.union(*map(walk, value.values()))
        return set().union(*map(walk, value)) if isinstance(value, list) else set()

    profiles = [tomllib.loads(path.read_text()) for path in PACKAGE.glob("cities/*/profile.toml")]
    folders = {path.parent.name for path in PACKAGE.glob("cities/*/profile.toml")}
    return {name for name in folders.union(*map(walk, profiles)) if len(name) > 5}


def places_in(text: str, profile_names: set[str]) -> set[str]:
    own = {name for name in profile_names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)}
    return own | {match.group() for match in PLACES.finditer(text)}


def test_no_name_says_nothing() -> None:
    # Judged is what is ours: the path below the repository, part by part.
    nothing = [
        named(path)
        for path in modules("src", "tests", "tools", "bench")
        if any(SAYS_NOTHING.search(part) for part in Path(named(path)).with_suffix("").parts)
    ]
    assert not nothing


def test_no_place_outside_the_profiles() -> None:
    profile_names = names_in_profiles()
    found = {named(path): places for path in nameless() if (places := places_in(path.read_text(), profile_names))}
    assert not found


def nameless() -> list[Path]:
    """Files that name no city: all but profiles, and recordings, which hold what sources answer, places and all."""
    return [
        path
        for path in sorted(PACKAGE.rglob("*"))
        if path.suffix in CODE_AND_PAGES
        and PACKAGE / "cities" not in path.parents
        and PACKAGE / "connectors" / "recordings" not in path.parents
    ]


def test_every_folder_that_a_city_brings_something_to_is_among_them() -> None:
    folders = {path.relative_to(PACKAGE).parts[0] for path in nameless()}
    assert {"cli", "connectors", "sdk", "services", "texts", "themes", "twin"} <= folders
    assert {path.parent.name for path in nameless() if "templates" in path.parts} >= {"city", "connector"}


def test_places_are_recognised() -> None:
    assert places_in("def wuppertal_levels() -> None: ...", set()) == {"wupper"}
    assert places_in("Zum Musterdorfer Bach", {"Musterdorf"}) == set()
    assert places_in("In Musterdorf, Erbarmen!", {"Musterdorf"}) == {"Musterdorf"}
