"""Facts about who answers for the pages: their forms, and what is missing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from talwerk.sdk.contact import Contact, Legal, SignVideo, missing_facts
from talwerk.sdk.look import Look


def made(kind: type[Any], **members: object) -> Any:
    return msgspec.convert(members, kind)


@pytest.mark.parametrize("phone", ["+49 202 5630", "115", ""])
def test_phones(phone: str) -> None:
    assert made(Contact, phone=phone).phone == phone


@pytest.mark.parametrize(
    "kind, members",
    [
        (Contact, {"phone": "0202 5630"}),
        (Contact, {"phone": "javascript:x"}),
        (Contact, {"mail": "nobody"}),
        (Contact, {"mail": "a@b.de\nbcc:c@d.de"}),
        (Contact, {"web": "http://plain.example"}),
        (Contact, {"unconfirmed": ["colour"]}),
        (Contact, {"address": ["", "x"]}),
        (Contact, {"colour": "red"}),
        (Legal, {"assessment": {"on": "2026-02-30", "by": "x", "result": "full"}}),
        (Legal, {"assessment": {"on": "gestern", "by": "x", "result": "full"}}),
        (Legal, {"assessment": {"on": "2026-01-01", "by": "x", "result": "perfect"}}),
        (SignVideo, {"topic": "portal", "file": "../x.mp4", "captions": "x.vtt", "seconds": 5}),
        (SignVideo, {"topic": "portal", "file": "x.exe", "captions": "x.vtt", "seconds": 5}),
        (Look, {"light": {"green": "green"}}),
        (Look, {"light": {"stage-3": "#000000"}}),
    ],
)
def test_what_is_no_fact_is_refused(kind: type[Any], members: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        made(kind, **members)


def test_missing_facts_are_named() -> None:
    everything = set(missing_facts(Contact(), Legal()))
    assert {"contact.name", "contact.phone", "legal.enforcement", "legal.assessment"} <= everything
    some = made(Legal, enforcement={"name": "Stelle"})
    # A name that nobody can reach is no help.
    assert "legal.enforcement" in set(missing_facts(Contact(), some))
    some = made(Legal, enforcement={"name": "Stelle", "phone": "115"})
    assert everything - set(missing_facts(Contact(), some)) == {"legal.enforcement"}


@pytest.mark.parametrize("members, checked", [({}, False), ({"checked_on": "2026-01-01"}, False)])
def test_a_check_has_a_day_and_a_name(members: dict[str, str], checked: bool) -> None:
    video = {"topic": "portal", "file": "x.mp4", "captions": "x.vtt", "seconds": 5}
    assert made(SignVideo, **video, **members).checked is checked
    assert made(SignVideo, **video, checked_on="2026-01-01", checked_by="A").checked
