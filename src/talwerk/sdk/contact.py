"""Who answers for a city's pages and how to reach them: facts for the imprint and its neighbours, never invented."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Line = Annotated[str, Meta(min_length=1, max_length=200)]
Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Phone = Annotated[str, Meta(pattern=r"^(\+[1-9][0-9 ]{5,24}|1[0-9]{2})?$")]
Mail = Annotated[str, Meta(pattern=r"^([^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+)?$", max_length=200)]
Web = Annotated[str, Meta(pattern=r"^(https://[^\s\"<>]+)?$", max_length=500)]


def _check(declared: msgspec.Struct, unconfirmed: tuple[str, ...]) -> None:
    unknown = set(unconfirmed) - set(declared.__struct_fields__)
    if unknown:
        raise ValueError(f"unconfirmed names {sorted(unknown)}, which the section does not have")


class Office(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who can be reached.

    Attributes:
        name: of the office, as it calls itself; never of a person.
        address: lines of the postal address below the name.
        phone: in international form with spaces, or a short number like 115.
        mail: e-mail address.
        web: page of its own.
        unconfirmed: which of these no source has confirmed.
    """

    name: Annotated[str, Meta(max_length=200)] = ""
    address: Annotated[tuple[Line, ...], Meta(max_length=5)] = ()
    phone: Phone = ""
    mail: Mail = ""
    web: Web = ""
    unconfirmed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self, self.unconfirmed)

    @property
    def reachable(self) -> bool:
        """Whether it says any way to it."""
        return bool(self.address or self.phone or self.mail or self.web)


class Contact(Office, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who runs the portal.

    Attributes:
        represented_by: the role that speaks for it, for example "Oberbürgermeisterin oder Oberbürgermeister".
    """

    represented_by: Annotated[str, Meta(max_length=200)] = ""


class Assessment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An examination of the pages' accessibility by people.

    Attributes:
        on: its day.
        by: who examined.
        result: whether the pages meet the demands fully, in part or not.
    """

    on: Day
    by: Line
    result: Literal["full", "part", "none"]

    def __post_init__(self) -> None:
        date.fromisoformat(self.on)


class Legal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the law wants a public body to say.

    Attributes:
        responsible: the role that answers for what is written.
        server_logs: what a server before the city keeps of a visit, and for how long; in the city's own language.
        privacy_officer: who watches over personal data within the operator.
        supervision: the authority for complaints about personal data.
        enforcement: who decides when the operator does not remove a barrier.
        assessment: of the pages' accessibility, None while nobody has examined them.
        unconfirmed: which of these no source has confirmed.
    """

    responsible: Annotated[str, Meta(max_length=200)] = ""
    server_logs: Annotated[str, Meta(max_length=500)] = ""
    privacy_officer: Office = Office()
    supervision: Office = Office()
    enforcement: Office = Office()
    assessment: Assessment | None = None
    unconfirmed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self, self.unconfirmed)


class SignVideo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A video in sign language; the public sees it once somebody who signs has checked it.

    Attributes:
        topic: what it explains.
        file: MP4 or WebM below the profile's folder ``sign``.
        captions: WebVTT file beside it: what is signed, in the city's own language.
        seconds: how long it is.
        checked_on: day of the check, empty while nobody has checked it.
        checked_by: who did.
    """

    topic: Literal["portal", "navigation", "accessibility", "crisis"]
    file: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_\-]*\.(mp4|webm)$", max_length=100)]
    captions: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_\-]*\.vtt$", max_length=100)]
    seconds: Annotated[int, Meta(ge=1)]
    checked_on: Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    checked_by: Annotated[str, Meta(max_length=200)] = ""

    def __post_init__(self) -> None:
        if self.checked_on:
            date.fromisoformat(self.checked_on)

    @property
    def checked(self) -> bool:
        """Whether somebody answers for it."""
        return bool(self.checked_on and self.checked_by)


def missing_facts(contact: Contact, legal: Legal) -> Iterator[str]:
    """Dotted names of what the pages about the operator have to say and the profile does not."""
    for name in ("name", "represented_by", "address", "phone", "mail"):
        if not getattr(contact, name):
            yield f"contact.{name}"
    for name in ("responsible", "server_logs", "assessment"):
        if not getattr(legal, name):
            yield f"legal.{name}"
    for name in ("privacy_officer", "supervision", "enforcement"):
        office: Office = getattr(legal, name)
        if not (office.name and office.reachable):
            yield f"legal.{name}"
