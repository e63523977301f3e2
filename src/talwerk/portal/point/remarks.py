"""Remarks: values that failed their check, look odd, or were put right, gathered into sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from talwerk.core.instants import HOUR
from talwerk.core.quality import flag_of
from talwerk.core.series import Bucket as Hour
from talwerk.core.series import Correction
from talwerk.portal.frame.phrases import Phrasebook
from talwerk.portal.frame.views import FLAG_FAILED, FLAG_SUSPECT, Measure, Reading
from talwerk.portal.point.views import Remark

READ_RUNS = 8
READ_HOURS = 4
CORRECTIONS_MAX = 200
"""More corrections of a window are told by the table with a stand, not in sentences."""

Read = Callable[[int, int], Sequence[Reading]]
"""Reads single values from one instant to another."""

REASON_MAX = 200
SINGLE_MAX = 3
"""So many values that were put right at once are told one by one."""
_KINDS = {FLAG_SUSPECT: "suspect", FLAG_FAILED: "failed"}


def of_readings(readings: Sequence[Reading], measure: Measure, p: Phrasebook) -> tuple[Remark, ...]:
    """One sentence per run of values with the same flag, newest first."""
    made = []
    for flag, group in groupby(readings, key=lambda reading: reading.flag):
        if flag not in _KINDS:
            continue
        run = list(group)
        if len(run) == 1:
            fields = {"time": p.time(run[0].at_us), "value": p.amount(run[0].value, measure)}
            made.append(Remark(run[0].at_us, p.text(f"remark.{_KINDS[flag]}_value", **fields)))
        else:
            made.append(_run(run[0].at_us, run[-1].at_us, len(run), _KINDS[flag], p))
    return tuple(reversed(made))


def of_hours(hours: Sequence[Hour], read: Read, measure: Measure, p: Phrasebook) -> tuple[Remark, ...]:
    """The same where hourly sums are known, newest first: the newest short runs of hours are read value by value."""
    made: list[Remark] = []
    for index, run in enumerate(reversed(list(_runs(hours)))):
        start, end = run[0].start, run[-1].start + HOUR
        if index < READ_RUNS and len(run) <= READ_HOURS:
            failed = [reading for reading in read(start, end) if reading.flag == FLAG_FAILED]
            made.extend(of_readings(failed, measure, p))
        else:
            made.append(_run(start, end, sum(hour.bad for hour in run), "failed", p))
    return tuple(made)


def _runs(hours: Sequence[Hour]) -> Iterator[list[Hour]]:
    for failed, group in groupby(hours, key=lambda hour: hour.bad > 0):
        if failed:
            yield list(group)


def _run(start: int, end: int, count: int, kind: str, p: Phrasebook) -> Remark:
    until = p.time(end) if p.same_day(start, end) else p.moment(end)
    return Remark(start, p.count(f"remark.{kind}_run", count, since=p.time(start), until=until))


def of_corrections(replaced: Sequence[Correction], measure: Measure, p: Phrasebook) -> tuple[Remark, ...]:
    """One sentence per value that another one replaced; of many that were put right at once one for all.

    Each says when the city learned of it, because a page of an earlier stand shows the value from before.
    """
    made = []
    for when, group in groupby(replaced, key=lambda one: one.replaced):
        run = sorted((one for one in group if _is_number(one.value)), key=lambda one: one.at)
        if not run:
            continue
        if len(run) > SINGLE_MAX:
            fields = {"since": p.moment(run[0].at), "until": p.moment(run[-1].at), "when": p.moment(when)}
            told = p.count("remark.corrected_run", len(run), **fields)
            made.append(Remark(run[0].at, told + _who(run[0], p)))
        else:
            made.extend(Remark(one.at, _corrected(one, measure, p) + _why(one, p)) for one in run)
    return tuple(made)


def _corrected(one: Correction, measure: Measure, p: Phrasebook) -> str:
    fields = {"time": p.time(one.at), "before": p.amount(float(one.value), measure), "when": p.moment(one.replaced)}
    if not _is_number(one.after) or one.after_quality is None:
        return p.text("remark.withdrawn", **fields)
    after = p.amount(float(one.after), measure)
    if after != fields["before"]:
        return p.text("remark.corrected", after=after, **fields)
    word, other = (p.text(f"quality.{int(flag_of(flag))}") for flag in (one.quality, one.after_quality))
    return p.text("remark.judged" if word != other else "remark.refined", word=word, other=other, **fields)


def _why(one: Correction, p: Phrasebook) -> str:
    """Who put it right, and why in their words, in one line of bounded length."""
    said = " ".join("".join(c if c.isprintable() else " " for c in one.reason[: 2 * REASON_MAX]).split())
    said = said if len(said) <= REASON_MAX else f"{said[: REASON_MAX - 1]}…"
    return _who(one, p) + (f" {p.text('remark.reason', reason=said)}" if said else "")


def _who(one: Correction, p: Phrasebook) -> str:
    """By whom, as a role and never as a person; nothing where nobody noted it."""
    by = f"remark.by_{one.role}"
    return f" {p.text(by)}" if by in p.texts else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
