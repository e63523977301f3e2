"""Official warnings for a page: chosen language, sentences of an instruction one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from talwerk.core.instants import Instant
from talwerk.core.scope import Scope
from talwerk.portal.lage.warnings import Notice, Told, Unknown, Warned
from talwerk.services.warnings import InForce, Official, Warnings

STEPS_MAX = 8
_END = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ„\"(])|\s*\n+\s*|\s*[•·]\s+|(?:^|\s+)[-–]\s+(?=[A-ZÄÖÜ])")
_ABBREVIATIONS = r"[A-Za-zÄÖÜäöü]|\d+|bzw|ca|etc|evtl|ggf|inkl|max|min|Nr|St|Str|Tel|usw|vgl|z\.B|d\.h|u\.a"
_SHORTENED = re.compile(rf"(?:^|[\s(])(?:{_ABBREVIATIONS})\.$")


def warned(warnings: Warnings, scope: Scope, now: Instant, locale: str, *, simulated: bool) -> Warned:
    """What is known of official warnings at the page's instant.

    Args:
        warnings: of the city.
        scope: on whose behalf.
        now: the instant of the page.
        locale: language of the page, two letters.
        simulated: whether the city shows simulated values.
    """
    found = warnings.in_force(scope, now)
    answered = [warner.answered for warner in found.warners if warner.answered is not None and warner.is_fresh(now)]
    return Warned(
        notices=tuple(_notice(official, found, locale) for official in found.warnings),
        unknown=tuple(Unknown(warner.publisher, warner.answered) for warner in found.silent),
        asked_us=min(answered, default=None),
        every_s=max((warner.every_s for warner in found.warners), default=0),
        simulated=simulated,
    )


def _notice(official: Official, found: InForce, locale: str) -> Notice:
    publisher = next((warner.publisher for warner in found.warners if warner.key == official.source), "")
    instruction = _told(official.instruction, locale)
    event = _told(official.event, locale)
    return Notice(
        severity=official.severity.name.lower(),
        headline=_told(official.headline, locale) or event,
        event=event,
        description=_told(official.description, locale),
        instruction=tuple(Told(sentence, instruction.lang) for sentence in sentences(instruction.text)),
        issuer=official.issuer or publisher,
        area=official.area,
        start_us=official.start,
        end_us=official.end,
        announced=official.announced(found.now),
        next_us=official.next if official.next is not None and official.next > found.now else None,
    )


def _told(wording: Mapping[str, str], locale: str) -> Told:
    """The text in the page's language, otherwise in German, otherwise in whatever it was issued."""
    for language in (locale, "de", *sorted(wording)):
        if wording.get(language, "").strip():
            return Told(wording[language].strip(), language)
    return Told("", locale)


def sentences(text: str) -> list[str]:
    """An instruction, cut where its own sentences end; not a word is changed.

    Where an abbreviation might have been taken for an end nothing is cut, and what would make a list that nobody
    reads stays one text.
    """
    found: list[str] = []
    for part in _END.split(text.strip()):
        said = part.strip()
        if not said:
            continue
        if found and _SHORTENED.search(found[-1]):
            found[-1] = f"{found[-1]} {said}"
        else:
            found.append(said)
    return found if len(found) <= STEPS_MAX else [text.strip()]
