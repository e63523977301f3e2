"""Themes are found by looking, and what is wrong with one is told with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.core.terms import expand
from talwerk.sdk.theme import Unsourced
from talwerk.services.indicators.themes import Themes

SHIPPED = Themes.load("wuppertal")
OWN = """
key = "{key}"
order = 15
title = {{ de = "Kleingärten", en = "Allotments", easy = "Gärten" }}
summary = {{ de = "Gärten in der Stadt." }}
zielbild = "lebensort"
queried = ["soilMoisture"]

[[indicators]]
key = "aktuell"
title = {{ de = "Feuchte-Sensoren, die melden" }}
formula = {{ de = "Aktuelle Reihen durch alle Reihen." }}
denominator = {{ de = "Reihen mit Takt" }}
unit = "P1"
measure = {{ kind = "fresh" }}

[[people]]
text = {{ de = "Einen Garten suchen." }}

[[city]]
text = {{ de = "Gärten vergeben." }}
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile of somebody's own."""
    folder = tmp_path / "meinestadt"
    shutil.copytree(cities.folder("remscheid"), folder)
    return folder


def drop(profile: Path, text: str, key: str = "gaerten") -> Path:
    path = profile / "themes" / key / "theme.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nine_themes_serve_four_zielbilder() -> None:
    assert len(SHIPPED.themes) == 9
    assert len(SHIPPED.zielbilder) == 4
    assert {theme.zielbild for theme in SHIPPED.themes} == {zielbild.key for zielbild in SHIPPED.zielbilder}
    assert [theme.order for theme in SHIPPED.themes] == sorted(theme.order for theme in SHIPPED.themes)
    assert all(len(theme.indicators) >= 3 for theme in SHIPPED.themes)


def test_every_text_is_there_in_german_and_every_title_in_english() -> None:
    for theme, indicator in SHIPPED.indicators():
        assert indicator.title.en, (theme.key, indicator.key)
        assert indicator.formula.de.endswith("."), (theme.key, indicator.key)
        if isinstance(indicator.measure, Unsourced):
            assert indicator.measure.missing.en, (theme.key, indicator.key)
    for theme in SHIPPED.themes:
        assert all("!" not in act.text.de and act.text.de.endswith(".") for act in (*theme.people, *theme.city))


def test_a_folder_in_a_profile_is_a_theme(profile: Path) -> None:
    drop(profile, OWN.format(key="gaerten"))
    found = Themes.load(str(profile))
    assert [theme.key for theme in found.themes][:3] == ["gesellschaft", "gaerten", "bildung"]
    assert expand("soilMoisture") in found.queried()


def test_a_profile_may_say_it_better(profile: Path) -> None:
    drop(profile, OWN.format(key="netze"), "netze")
    found = Themes.load(str(profile))
    assert len(found.themes) == 9
    theme = found.theme("netze")
    assert theme is not None
    assert theme.title.de == "Kleingärten"


@pytest.mark.parametrize(
    "old, new, line, told",
    [
        ('key = "{key}"', 'key = "garten"', 2, "its folder is called 'gaerten'"),
        ('zielbild = "lebensort"', 'zielbild = "paradies"', 6, "The Zielbild 'paradies' is unknown. Known: lebensort"),
        ("order = 15", "ordr = 15", 3, "Is 'order' meant?"),
        ('unit = "P1"', 'unit = "Prozent"', 14, "UnitCode|pattern|Expected"),
        ('kind = "fresh"', 'kind = "frisch"', 15, "frisch"),
        ('{{ kind = "fresh" }}', '{{ kind = "received", days = 0 }}', 15, ">= 1"),
        ("[[indicators]]\nkey", "[[indicators]]\nky", 10, "Is 'key' meant?"),
        (', easy = "Gärten"', "", 1, "needs de, en and easy"),
        ('queried = ["soilMoisture"]', 'queried = ["soil moisture"]', 1, "neither a short name nor a URI"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(profile: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in OWN
    path = drop(profile, OWN.replace(old, new).format(key="gaerten"))
    with pytest.raises(DomainError) as raised:
        Themes.load(str(profile))
    assert str(raised.value).startswith(f"{path}:{line}: ")
    assert any(part in str(raised.value) for part in told.split("|"))


def test_a_package_of_strangers_cannot_keep_the_city_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for package, text in (("gute_themen", OWN.format(key="gaerten")), ("schlechte_themen", "order = ")):
        folder = tmp_path / package / "gaerten"
        folder.mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text("")
        (folder / "theme.toml").write_text(text, encoding="utf-8")
    info = tmp_path / "fremd-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fremd\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[talwerk.themes]\ngut = gute_themen\nschlecht = schlechte_themen\nfehlt = gibt_es_nicht\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Themes.load("remscheid")
    assert found.theme("gaerten") is not None
    assert len(found.themes) == 10
    assert "schlechte_themen" in caplog.text
    assert "gibt_es_nicht" in caplog.text
