"""What may not be read or written is found at once."""

from __future__ import annotations

from pathlib import Path

from talwerk.processes.doctor import Level
from talwerk.processes.doctor.access import check_readable, check_writable
from tests.cli.test_refusals import powerless


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    assert not list(check_readable(path, "device keys"))
    path.write_text("{}")
    assert not list(check_readable(path, "device keys"))
    with powerless():
        (finding,) = check_readable(Path("/etc/passwd"), "device keys")
    assert (finding.level, "/etc/passwd may not be" in finding.what) == (Level.ERROR, True)


def test_a_folder_that_may_not_be_written_or_is_none(tmp_path: Path) -> None:
    assert not list(check_writable(tmp_path / "a" / "b", "backup", "backup_folder"))
    (tmp_path / "file").write_text("")
    (finding,) = check_writable(tmp_path / "file" / "b", "copy", "copy_folder")
    assert (finding.level, "copy_folder" in finding.advice) == (Level.ERROR, True)
    with powerless():
        (finding,) = check_writable(Path("/"), "copy", "copy_folder")
    assert (finding.level, finding.what.startswith("/ may not be written")) == (Level.ERROR, True)
