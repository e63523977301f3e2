"""What the doctor says of facts that the pages owe to their readers."""

from __future__ import annotations

import msgspec
import pytest

from talwerk import cities
from talwerk.processes.doctor.declared import check_declared
from talwerk.processes.doctor.finding import Level
from talwerk.sdk.contact import Contact, Legal, Office


@pytest.mark.parametrize("public, level", [(True, Level.WARNING), (False, Level.NOTE)])
def test_missing_and_unconfirmed_facts_matter_in_public(public: bool, level: Level) -> None:
    found = list(check_declared(cities.load("wuppertal"), public=public))
    assert [finding.level for finding in found] == [level, level]
    assert "contact.mail" in found[0].what
    assert "contact.phone" in found[1].what
    assert "legal.supervision.web" in found[1].what


def test_a_profile_that_says_everything_is_in_order() -> None:
    stelle = Office(name="Stelle", phone="115")
    legal = msgspec.convert(
        {
            "responsible": "Leitung",
            "server_logs": "Nichts.",
            "assessment": {"on": "2026-01-01", "by": "Prüfstelle", "result": "part"},
        },
        Legal,
    )
    legal = msgspec.structs.replace(legal, privacy_officer=stelle, supervision=stelle, enforcement=stelle)
    contact = Contact(name="Stadt", represented_by="Amt", address=("Weg 1",), phone="115", mail="a@b.example")
    whole = msgspec.structs.replace(cities.load("wuppertal"), contact=contact, legal=legal)
    assert [finding.level for finding in check_declared(whole, public=True)] == [Level.OK]
