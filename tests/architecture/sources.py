"""What the architecture tests look at: parsed modules of the package and the files of the repository."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "talwerk"

type_of_function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def modules(*folders: str) -> list[Path]:
    """Every Python file below the folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(path: Path) -> str:
    """How a failure names a file."""
    return path.relative_to(ROOT).as_posix()


def functions(path: Path) -> Iterator[type_of_function]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, type_of_function))


def repository_files() -> list[Path]:
    """Tracked files and those about to be: everything but what .gitignore names."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def repository_texts() -> Iterator[tuple[str, str]]:
    """Name and text of every file that holds text."""
    for path in repository_files():
        content = path.read_bytes()
        if b"\0" not in content:
            yield named(path), content.decode(errors="replace")
