"""Checks of a running city's report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from talwerk.core.errors import DomainError
from talwerk.core.instants import DAY, HOUR, SECOND, Instant
from talwerk.processes.copies.state import CopiesState
from talwerk.processes.housekeeping import HousekeepingState
from talwerk.processes.report import Report
from talwerk.services.sources.state import Health, SourceState
from talwerk.store.sqlite.scrub import Damage, check_pages

from .amounts import span
from .finding import Finding, error, note, ok, warning

LAG_MOST_MS = 10_000
FILES_SHARE = 0.8
BACKUP_OLD_US = 2 * DAY
FIRST_BACKUP_US = HOUR
COPY_OLD_US = 60 * SECOND
DRILL_OLD_US = 120 * DAY
RESTORE = "Restore the last backup or the second place (talwerk restore); the present files are kept aside."


def check_report(report: Report, directory: Path, *, twin: bool = False) -> Iterator[Finding]:
    """Everything that a running city knows of itself.

    Args:
        report: of the city.
        directory: where its data lies.
        twin: whether its values are the twin's.
    """
    yield check_writer(report)
    if report.halted:
        yield check_halted(report.halted, directory, twin=twin)
    yield from check_duties(report)
    yield from check_files(report)
    if report.housekeeping is not None:
        yield from check_housekeeping(report.housekeeping)
    for source in report.sources if not report.halted else ():
        yield check_source(source, report.at)


def check_halted(halted: str, directory: Path, *, twin: bool) -> Finding:
    """Sources are not polled because of what lies in the directory: the way out depends on whose it is."""
    if twin:
        aside = f"mv {directory} {directory}.old"
        advice = f"Stop the city, put the twin's data aside ({aside}) and start it: the twin makes its values anew."
    else:
        aside = f"mv {directory} {directory}.simulated"
        advice = f"Stop the city, put these data aside ({aside}) and start it, or set data to another directory."
        advice += " Files of simulated values go to the twin: talwerk replay FILE --mapping MAP --feeds twin."
    return error("sources", f"No source is polled, so no value is renewed. {halted}", advice)


def check_writer(report: Report) -> Finding:
    """Whether values are written, and in time."""
    writer = report.writer
    if writer.trouble:
        return error("writer", writer.trouble, "Look at the disk (talwerk status) and into the log.")
    if writer.lag_ms > LAG_MOST_MS:
        return warning(
            "writer",
            f"The oldest batch has waited for {span(writer.lag_ms / 1_000)}; {writer.waiting} wait.",
            "See whether the disk is busy or more is sent than it can take.",
        )
    if report.work.refused:
        what = f"{report.work.refused} batches were refused since the start because too many waited."
        return note("writer", what, "Whoever sent them got 503 and can send them again.")
    return ok("writer", f"Batches are written; the oldest has waited for {writer.lag_ms} ms.")


def check_duties(report: Report) -> Iterator[Finding]:
    """Whether polling, copying and housekeeping go on."""
    for duty in report.duties:
        if duty.error and not duty.running:
            what = f"It has failed {duty.failures} times: {duty.error}"
            yield error(duty.name, what, "The log has the cause; it is tried again by itself.")
        elif duty.failures:
            yield note(duty.name, f"It goes on, after {duty.failures} failures; the last was {duty.error}")


def check_files(report: Report) -> Iterator[Finding]:
    """Whether a process comes near its limit of open files."""
    for process in report.processes:
        vitals = process.vitals
        if vitals is not None and vitals.files_max and vitals.files > vitals.files_max * FILES_SHARE:
            what = f"It has {vitals.files} of {vitals.files_max} files and connections open."
            yield warning(process.name, what, "Raise LimitNOFILE of the service (ulimit -n).")


def check_housekeeping(state: HousekeepingState) -> Iterator[Finding]:
    """Whether pages are damaged, and whether what is not to be kept leaves the city."""
    if state.damaged:
        yield error("pages", _broken(state.damaged), RESTORE)
    elif state.round_ended is not None:
        yield ok("pages", f"All {state.pages} pages of the database were read and agree with their checksums.")
    if state.trouble:
        yield warning("housekeeping", state.trouble, "It is tried again by itself; the log tells more.")


def check_all_pages(path: Path) -> Finding:
    """Read every page of the database now; takes about a second for each gigabyte.

    Args:
        path: the database file.
    """
    try:
        found = check_pages(path)
    except DomainError as problem:
        return error("pages", str(problem), RESTORE)
    if found.damaged:
        return error("pages", _broken(found.damaged), RESTORE)
    return ok("pages", f"All {found.pages} pages of the database were read now and agree with their checksums.")


def _broken(damaged: Sequence[Damage]) -> str:
    places = sorted({damage.place for damage in damaged if damage.place})
    inside = f", in {', '.join(places[:5])}" if places else ""
    return f"{len(damaged)} pages of the database are damaged{inside}."


def check_source(source: SourceState, now: Instant) -> Finding:
    """Whether a source brings values."""
    about = f"source {source.key}"
    for_ = span((now - source.since) / SECOND)
    told = f": {source.error}" if source.error else ""
    if source.health in {Health.UNREACHABLE, Health.MALFORMED}:
        advice = "See whether its operator announced something, and whether the proxy lets it through."
        if source.health is Health.MALFORMED:
            advice = "Its format has changed: look for a newer Talwerk, or put the connector right."
        return error(about, f"{source.title} has been {source.health} for {for_}{told}", advice)
    if source.health in {Health.SILENT, Health.STALE}:
        what = f"{source.title} has been {source.health} for {for_}{told}"
        return warning(about, what, "It answers without new values: ask its operator.")
    if source.health is Health.WAITING:
        so_far = f"{source.title} has sent nothing yet." if source.sends else f"{source.title} was not asked yet."
        return note(about, so_far)
    if source.late_s:
        what = f"{source.title} is fresh, but its last answer was written {span(source.late_s)} after the next was due."
        return warning(about, what, "Ask it less often (every_s in the profile), or give the machine more time for it.")
    return ok(about, f"{source.title} is fresh.")


def check_copies(
    copies: CopiesState | None, now: Instant, *, wanted: bool, since: Instant | None = None
) -> Iterator[Finding]:
    """Whether there is a backup that is young enough, a copy that keeps up, and a drill that passed.

    Args:
        copies: what is known of them, None when nothing is.
        now: the time.
        wanted: whether daily backups are switched on.
        since: when the city was started, None while it does not run.
    """
    copies = copies or CopiesState()
    yield _backup(copies, now, wanted=wanted, since=since)
    if copies.copy_error:
        yield error("copy", copies.copy_error, "Do what it says; or see whether copy_folder is there and has room.")
    elif copies.copy_on and copies.copied is not None and now - copies.copied > COPY_OLD_US:
        what = f"The second place lacks what came in the last {span((now - copies.copied) / SECOND)}."
        yield warning("copy", what, "While the city runs it must stay below a minute: see whether the place is slow.")
    elif copies.copy_on:
        yield ok("copy", "The second place has everything but the last seconds.")
    else:
        advice = "Set copy_folder to a folder on another disk or machine."
        yield note("copy", "There is no second place; a lost disk costs everything since the last backup.", advice)
    yield _drill(copies, now)


def _backup(copies: CopiesState, now: Instant, *, wanted: bool, since: Instant | None) -> Finding:
    advice = "Run talwerk backup FOLDER, and see whether the backup folder is there and has room."
    if copies.backup_error:
        return error("backup", copies.backup_error, advice)
    if copies.backup is None and wanted and since is not None and now - since < FIRST_BACKUP_US:
        return note("backup", "There is no backup yet; the first is made soon after the start.")
    if copies.backup is None:
        what = "There is no backup yet." if wanted else "Daily backups are switched off and there is none."
        return warning("backup", what, advice)
    age = now - copies.backup
    if age > BACKUP_OLD_US:
        return warning("backup", f"The last backup is {span(age / SECOND)} old.", advice)
    return ok("backup", f"The last backup is {span(age / SECOND)} old and was checked.")


def _drill(copies: CopiesState, now: Instant) -> Finding:
    drill = copies.drill
    advice = "Run `talwerk drill`: a backup that was never restored is a hope."
    if drill is None:
        return note("drill", "Restoring was never tried.", advice)
    if not drill.passed:
        return error("drill", f"The last drill failed: {' '.join(drill.findings)}", "Make a new backup and repeat it.")
    age = now - drill.at
    if age > DRILL_OLD_US:
        return note("drill", f"The last drill was {span(age / SECOND)} ago.", advice)
    return ok("drill", f"Restoring was tried {span(age / SECOND)} ago and worked.")
