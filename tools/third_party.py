"""The notices of everything that Talwerk needs at run time, read from what is installed.

`make wheel` puts the result into the wheel; the architecture tests judge the licences with the same functions.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "tools" / "assets"
VENDOR = ROOT / "src" / "talwerk" / "portal" / "static" / "vendor"
LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)


def needed(package: str = "talwerk", extras: tuple[str, ...] = ("city",)) -> dict[str, Distribution]:
    """The distributions that a package and the given extras pull in, by name, without itself."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(f"{package}[{','.join(extras)}]")]
    while waiting:
        parent = waiting.pop()
        for line in requires(parent.name) or []:
            child = Requirement(line)
            wanted = child.marker is None or any(
                child.marker.evaluate({"extra": extra}) for extra in (*sorted(parent.extras), "")
            )
            if wanted and canonicalize_name(child.name) not in found:
                found[canonicalize_name(child.name)] = distribution(child.name)
                waiting.append(child)
    return dict(sorted(found.items()))


def licence(package: Distribution) -> str:
    """The licence that a distribution declares: expression, the short old field, or classifiers."""

    def declared(field: str) -> list[str]:
        return package.metadata.get_all(field) or []

    short = [text.strip() for text in declared("License") if "\n" not in text.strip()]
    classifiers = [text.rpartition(" :: ")[2] for text in declared("Classifier") if text.startswith("License")]
    return ", ".join(declared("License-Expression") or list(filter(None, short)) or classifiers)


def licence_texts(package: Distribution) -> dict[str, str]:
    """The licence and notice files that a distribution ships, by name."""
    return {
        Path(file).name: file.read_text().strip()
        for file in package.files or []
        if ".dist-info" in str(file) and LICENCE_FILE.search(str(file))
    }


def web_assets() -> list[tuple[str, str, str]]:
    """Name, version and licence of what the pages load and a wheel carries, from the lock file."""
    wanted = json.loads((ASSETS / "package.json").read_text())["dependencies"]
    locked = json.loads((ASSETS / "package-lock.json").read_text())["packages"]
    entries = [(name, locked[f"node_modules/{name}"]) for name in wanted]
    # KERN brings the typeface, which has a licence of its own.
    fonts = ("Fira Sans (subsets, by @kern-ux/native)", locked["node_modules/@kern-ux/native"]["version"], "OFL-1.1")
    return [*((name, one["version"], one["license"]) for name, one in entries), fonts]


def notices() -> str:
    """One Markdown document: an overview, then every licence text."""
    packages = needed().values()
    rows = [f"| {one.name} | {one.version} | {licence(one)} |" for one in packages]
    texts = [
        f"## {one.name} {one.version}: {name}\n\n~~~~text\n{text}\n~~~~"
        for one in packages
        for name, text in licence_texts(one).items()
    ]
    rows += [f"| {name} | {version} | {licence_name} |" for name, version, licence_name in web_assets()]
    texts += [
        f"## {file.name}\n\n~~~~text\n{file.read_text().strip()}\n~~~~"
        for file in sorted((VENDOR / "licences").glob("*"))
    ]
    head = "# What Talwerk builds on\n\nTalwerk itself is licensed under the EUPL-1.2. At run time it needs:\n"
    return "\n".join([head, "| package | version | licence |", "|---|---|---|", *rows, "", "\n\n".join(texts), ""])


if __name__ == "__main__":
    sys.stdout.write(notices())
