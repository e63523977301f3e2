"""Mappings: strict, and every message names file, line and what would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from talwerk import cities
from talwerk.core.errors import DomainError
from talwerk.core.terms import expand
from talwerk.sdk.tables.mapping import read_mapping
from talwerk.services.replay.plan import plan
from tests.services.replay.workbench import GAUGE, MAPPING, PROFILE, Bench

CHANNEL = '[[channel]]\ncolumn = "b"\nentity = "gauge"\ntype = "WaterObserved"\nattribute = "flow"\n'


@pytest.mark.parametrize(
    "old, new, line, message",
    [
        ('delimiter = ";"', 'delimeter = ";"', 2, "'delimeter' is unknown in the top level. Is 'delimiter' meant?"),
        ('key = "test"', 'key = "test"\nname = "x"', 6, "'name' is unknown in [source]. Known keys: key, licence, att"),
        (
            'unit = "CMT"',
            'units = "CMT"',
            17,
            "'units' is unknown in [channel 1]. Is 'unit' meant? Known keys: column,",
        ),
        ('offset = "Z"', 'zone = "Europe/Berlin"\noffset = "Z"', 7, "Both zone and offset are given"),
        ('offset = "Z"', 'zone = "Europe/Wuppertal"', 7, "'Europe/Wuppertal' is not in the IANA time zone database"),
        ('offset = "Z"', 'zone = "europe/berlin"', 7, "is 'Europe/Berlin'"),
        ('offset = "Z"', 'zone = "../../etc/passwd"', 7, "is not in the IANA time zone database"),
        ('offset = "Z"', 'zone = "Europe"', 7, "is not in the IANA time zone database"),
        ('offset = "Z"', 'offset = "CET"', 7, 'The offset \'CET\' is neither "Z" nor like "+01:00"'),
        ('offset = "Z"', 'offset = "+15:00"', 7, "The offset '+15:00' is neither"),
        ('offset = "Z"', 'format = "%d.%m.%Y"', 7, "reads no offset; zone or offset is needed"),
        ('offset = "Z"', 'offset = "Z"\nformat = "dd.mm.yyyy"', 7, "'dd.mm.yyyy' is neither \"iso\" nor like"),
        ('offset = "Z"', 'offset = "Z"\nformat = "%Y %z"', 7, "reads an offset from every stamp; zone and offset"),
        ('offset = "Z"', 'offset = "Z"\nstamp = "middle"', 10, "Invalid enum value 'middle'"),
        ('delimiter = ";"', 'delimiter = "."', 1, "The delimiter '.' cannot separate cells with decimal '.'"),
        ('delimiter = ";"', 'delimiter = ";;"', 2, "length <= 1"),
        ('delimiter = ";"', 'encoding = "klingon"', 1, "The encoding 'klingon' is unknown"),
        ('delimiter = ";"', 'encoding = "base64"', 1, "The encoding 'base64' is unknown"),
        ('delimiter = ";"', 'decimal = ":"', 2, "Invalid enum value ':'"),
        ("cadence_s = 900", "cadence_s = 0", 18, "Expected `int` >= 1"),
        ("cadence_s = 900", 'cadence_s = "15 min"', 18, "Expected `int | null`, got `str`"),
        ("cadence_s = 900", "valid_min = 5\nvalid_max = 5", 11, "valid_min 5 is not below valid_max 5"),
        ('column = "level"\n', "", 11, "'column' is missing in [channel 1]"),
        ('unit = "CMT"', 'unit = "cm"', 17, "Expected `str` matching regex"),
        ('entity = "gauge"', 'entity = "the gauge"', 11, "'the gauge' holds other characters than letters"),
        ('entity = "gauge"', 'entity = "urn: gauge"', 11, "is not a URI"),
        ('type = "WaterObserved"', 'type = "Water Observed"', 11, "'Water Observed' holds other characters"),
        ('attribute = "height"', 'attribute = "a b"', 11, "The name 'a b' is neither a short name nor a URI"),
        ("cadence_s = 900", 'dataset = "x"', 11, "The dataset 'x' is not a URI"),
    ],
)
def test_the_place_is_named(bench: Bench, old: str, new: str, line: int, message: str) -> None:
    with pytest.raises(DomainError) as caught:
        bench.plan(MAPPING.replace(old, new, 1))
    assert message in caught.value.detail
    assert (caught.value.where or "").endswith(f"map.toml:{line}")


@pytest.mark.parametrize(
    "mapping, message",
    [
        (MAPPING[: MAPPING.index("[[channel]]")], "'channel' is missing in the top level"),
        ("channel = []\n" + MAPPING[: MAPPING.index("[[channel]]")], "length >= 1"),
        (MAPPING + MAPPING[MAPPING.index("[[channel]]") :], "fill the same attribute of " + GAUGE),
        (
            MAPPING + CHANNEL.replace('"WaterObserved"', '"Other"\ntarget = "x"').replace('"gauge"', f'"{GAUGE}"'),
            "two types",
        ),
        (MAPPING + CHANNEL + 'target = "Another"\n', "given two names: 'A gauge' and 'Another'"),
        (
            MAPPING.replace('"Z"', '"Z"\nstamp = "start"').replace("cadence_s = 900", ""),
            "needs cadence_s (or interval_s)",
        ),
        (
            MAPPING.replace("A gauge", "kluserbruecke").replace("CMT", "MTR"),
            "has the unit MTR; the measuring point 'kluserbruecke' and its levels are in CMT.",
        ),
        ("", "'time' is missing in the top level"),
        ("\0", "not valid TOML"),
    ],
)
def test_contradictions_are_refused(bench: Bench, mapping: str, message: str) -> None:
    with pytest.raises(DomainError) as caught:
        bench.plan(mapping)
    assert message in caught.value.detail
    assert "map.toml" in (caught.value.where or "")


def test_the_three_ways_to_name_an_entity(bench: Bench) -> None:
    def entity(text: str) -> str:
        return bench.plan(MAPPING.replace('entity = "gauge"', f'entity = "{text}"')).targets[0].entity

    assert entity("gauge") == GAUGE
    assert entity("other:g.1") == "urn:ngsi-ld:WaterObserved:05124000:other:g.1"
    assert entity("urn:ngsi-ld:Thing:1") == "urn:ngsi-ld:Thing:1"
    assert entity("https://example.org/gauge") == "https://example.org/gauge"


def test_a_measuring_point_gives_its_name(bench: Bench) -> None:
    (target,) = bench.plan(
        MAPPING.replace("A gauge", "kluserbruecke").replace("gauge", "hochwasserportal-nrw:2736510000100")
    ).targets
    assert target.name == "Kluserbrücke"
    assert target.note == ""


@pytest.mark.parametrize(
    "mapping", sorted(cities.folder("wuppertal").glob("mappings/*.toml")), ids=lambda p: Path(p).stem
)
def test_every_mapping_of_the_profile_fits_it(mapping: Path) -> None:
    made = plan(read_mapping(mapping), PROFILE)
    assert made.notes == ()
    assert all(target.attribute.startswith(expand("x")[:-1]) for target in made.targets)
    for target in made.targets:
        assert target.name
        assert any(target.entity in PROFILE.candidates(point) for point in PROFILE.measuring_points)
