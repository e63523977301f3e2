"""How an office can be reached, as the profile says it, and what of that no source has confirmed."""

from __future__ import annotations

from dataclasses import dataclass

from talwerk.sdk.contact import Contact, Office


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the profile; without lines it is missing, and the page says so.

    Attributes:
        lines: what it says, one or more lines.
        href: where it leads: a number to call, a mail address, a page; or empty.
        unconfirmed: whether no source has confirmed it.
    """

    lines: tuple[str, ...] = ()
    href: str = ""
    unconfirmed: bool = False


@dataclass(frozen=True, slots=True)
class OfficeFacts:
    """Somebody who can be reached.

    Attributes:
        name: of the office.
        ways: how to reach it, each with the key of its word (``fact.phone``, ...); those that have to be said and are
            missing have no lines.
    """

    name: Fact
    ways: tuple[tuple[str, Fact], ...] = ()


def operator(contact: Contact) -> OfficeFacts:
    """Who runs the portal, with every way that has to be said."""
    return OfficeFacts(
        fact(contact.name, "name" in contact.unconfirmed),
        tuple((f"fact.{name}", way) for name, way in _ways(contact).items() if name != "web" or way.lines),
    )


def office(declared: Office) -> OfficeFacts:
    """Somebody who can be reached, with the ways that are known."""
    known = tuple((f"fact.{name}", way) for name, way in _ways(declared).items() if way.lines)
    return OfficeFacts(fact(declared.name, "name" in declared.unconfirmed), known)


def _ways(declared: Office) -> dict[str, Fact]:
    doubtful = declared.unconfirmed
    called = f"tel:{declared.phone.replace(' ', '')}"
    return {
        "address": Fact(declared.address, "", "address" in doubtful),
        "phone": fact(declared.phone, "phone" in doubtful, called),
        "mail": fact(declared.mail, "mail" in doubtful, f"mailto:{declared.mail}"),
        "web": fact(declared.web, "web" in doubtful, declared.web),
    }


def fact(text: str, unconfirmed: bool = False, href: str = "") -> Fact:
    """One fact of the profile in one line; one that is not there is missing."""
    return Fact((text,), href, unconfirmed) if text else Fact()
