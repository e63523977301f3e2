"""What a profile owes to those who read the pages: who runs them, how to reach them, what has been checked."""

from __future__ import annotations

from collections.abc import Iterator

from talwerk.sdk.contact import missing_facts
from talwerk.sdk.profile import Profile

from .finding import Finding, note, ok, warning

IMPRINT = "imprint"


def check_declared(profile: Profile, *, public: bool) -> Iterator[Finding]:
    """Whether the pages can say what they have to.

    Args:
        profile: of the city.
        public: whether others than this machine reach it and its values are measured; then what is missing matters.
    """
    contact, legal = profile.contact, profile.legal
    found = warning if public else note
    missing = tuple(missing_facts(contact, legal))
    if missing:
        what = f"The profile does not say {', '.join(missing)}; the pages say that it is missing."
        yield found(IMPRINT, what, "Add them to the profile (docs/tutorial-city.md).")
    sections = {
        "contact": contact.unconfirmed,
        "legal": legal.unconfirmed,
        "legal.privacy_officer": legal.privacy_officer.unconfirmed,
        "legal.supervision": legal.supervision.unconfirmed,
        "legal.enforcement": legal.enforcement.unconfirmed,
    }
    doubtful = [f"{section}.{name}" for section, names in sections.items() for name in names]
    if doubtful:
        what = f"No source has confirmed {', '.join(doubtful)}; the pages say so."
        yield found(IMPRINT, what, 'Confirm them and take them out of "unconfirmed".')
    if not missing and not doubtful:
        yield ok(IMPRINT, "The profile says who runs the portal and how to reach them.")
