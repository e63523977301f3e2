"""What became of a file: in numbers, as text and as JSON."""

from __future__ import annotations

import msgspec

from talwerk.sdk.tables.findings import Finding
from talwerk.sdk.tables.findings import Kind as FindingKind


class ChannelReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one column.

    Attributes:
        column: its name.
        entity: whose values they are.
        attribute: short attribute name.
        unit: UN/CEFACT code or None.
        new: values that were not there before.
        corrected: values that replaced others of the same time.
        unchanged: values that were there already.
    """

    column: str
    entity: str
    attribute: str
    unit: str | None
    new: int = 0
    corrected: int = 0
    unchanged: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file.

    Attributes:
        file: its name.
        written: False when it was only checked.
        simulated: whether nobody measured these values.
        rows: usable rows.
        rows_skipped: rows that were left out.
        values_skipped: single values that were left out.
        first: end of the oldest interval, RFC 3339, None without rows.
        last: end of the newest interval.
        channels: per column.
        findings: everything odd, with lines.
        notes: what the operator should know.
        seconds: how long it took.
    """

    file: str
    written: bool
    simulated: bool
    rows: int
    rows_skipped: int
    values_skipped: int
    first: str | None
    last: str | None
    channels: tuple[ChannelReport, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        return not self.rows_skipped and not self.values_skipped

    @property
    def values(self) -> tuple[int, int, int]:
        """New, corrected and unchanged values of all columns together."""
        return (
            sum(channel.new for channel in self.channels),
            sum(channel.corrected for channel in self.channels),
            sum(channel.unchanged for channel in self.channels),
        )

    def text(self) -> str:
        """The report as an operator reads it."""
        new, corrected, unchanged = self.values
        span = f", {self.first} to {self.last}" if self.first else ""
        lines = [f"{self.file}: {_counted(self.rows, 'row')}{span}"]
        if self.written:
            lines.append(f"{new:,} values new, {corrected:,} corrected, {unchanged:,} unchanged ({self.seconds:.1f} s)")
            lines += [_channel(channel) for channel in self.channels]
        else:
            lines.append(f"Checked only, nothing written ({self.seconds:.1f} s)")
        if self.simulated:
            lines.append("These values are examples: nobody measured them.")
        if not self.complete:
            rows, values = _counted(self.rows_skipped, "row"), _counted(self.values_skipped, "single value")
            lines.append(f"Left out: {rows}, {values}")
        for finding in self.findings:
            lines += _finding(finding)
        lines += [f"Note: {note}" for note in self.notes]
        return "\n".join(lines)


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _channel(channel: ChannelReport) -> str:
    unit = f" [{channel.unit}]" if channel.unit else ""
    counts = f"{channel.new:,} new, {channel.corrected:,} corrected, {channel.unchanged:,} unchanged"
    return f"  {channel.entity} {channel.attribute}{unit}: {counts}"


def _finding(finding: Finding) -> list[str]:
    where = f" in {finding.column!r}" if finding.column else ""
    if finding.kind in (FindingKind.MISSING, FindingKind.REPEATED):
        return [f"{finding.count:,} x {finding.kind.value}{where}, first in line {finding.examples[0].line}"]
    lines = [f"{finding.count:,} x {finding.kind.value}{where}"]
    lines += [f"    line {example.line}: {example.text}" for example in finding.examples]
    if finding.count > len(finding.examples):
        lines.append(f"    ... and {finding.count - len(finding.examples):,} more")
    return lines
