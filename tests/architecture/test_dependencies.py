"""Few dependencies, all of them locked with hashes, none of them under a licence that binds the city's own code."""

import json
import re
import tomllib
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT
from tools.third_party import ASSETS, VENDOR, licence, licence_texts, needed, notices, web_assets

DIRECT_DEPENDENCIES = 15
# LGPL and MPL are weak enough for a library.
STRONG_COPYLEFT = re.compile(r"(?<![L\w])A?GPL|(?<!Lesser )(?<!Library )General Public Licen[cs]e", re.IGNORECASE)
PINNED = re.compile(r"^([\w.-]+)==(\S+).*((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)+)$", re.MULTILINE)


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def locked(file: str) -> dict[str, str]:
    """Versions by name; only what carries a hash counts."""
    return {match[1]: match[2] for match in PINNED.finditer((ROOT / file).read_text())}


def names(requirements: list[Any]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements if isinstance(line, str)}


def test_there_are_few() -> None:
    assert len(project()["project"]["dependencies"]) <= DIRECT_DEPENDENCIES


def test_every_dependency_is_locked() -> None:
    described = project()
    groups = described["dependency-groups"]
    run_time = names(described["project"]["dependencies"] + groups["build"])
    run_time |= names(described["project"]["optional-dependencies"]["city"])
    assert run_time <= locked("requirements.txt").keys()
    assert names([line for group in groups.values() for line in group]) <= locked("requirements-dev.txt").keys()


def test_every_locked_package_has_hashes() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        assert len(locked(file)) == (ROOT / file).read_text().count("==") - marker_comparisons(file)


def marker_comparisons(file: str) -> int:
    return len(re.findall(r";.* == ", (ROOT / file).read_text()))


def test_tests_run_what_the_city_runs() -> None:
    assert locked("requirements.txt").items() <= locked("requirements-dev.txt").items()


def test_no_licence_binds_the_citys_own_code() -> None:
    licences = {name: licence(package) for name, package in needed().items()}
    assert "starlette" in licences
    assert not {name for name, text in licences.items() if not text or STRONG_COPYLEFT.search(text)}


def test_strong_copyleft_is_recognised() -> None:
    strong = ["GPL-3.0-or-later", "AGPL-3.0", "GNU General Public License v3 (GPLv3)", "MIT, GPL-2.0"]
    weak = ["LGPL-2.1", "GNU Lesser General Public License v3 (LGPLv3)", "MPL-2.0", "EUPL-1.2", "BSD-3-Clause"]
    assert [bool(STRONG_COPYLEFT.search(text)) for text in strong + weak] == [True] * len(strong) + [False] * len(weak)


def test_notices_hold_every_licence_text() -> None:
    document = notices()
    for name, package in needed().items():
        texts = licence_texts(package)
        assert texts, name
        assert all(text in document for text in texts.values())


def test_web_assets_are_locked_with_hashes_and_without_addresses() -> None:
    locked_files = json.loads((ASSETS / "package-lock.json").read_text())["packages"]
    assert all("integrity" in one for name, one in locked_files.items() if name)
    assert not [name for name, one in locked_files.items() if "resolved" in one]
    for name, version in json.loads((ASSETS / "package.json").read_text())["dependencies"].items():
        assert locked_files[f"node_modules/{name}"]["version"] == version
    for file in ("requirements.txt", "requirements-npm.txt"):
        pinned = (ASSETS / file).read_text()
        assert len(locked(str((ASSETS / file).relative_to(ROOT)))) == pinned.count("==") - len(
            re.findall(r"; .*== ", pinned)
        )
        assert "://" not in pinned


def test_web_assets_are_free_and_in_place_with_their_licences() -> None:
    assert not [
        name for name, _, licence_name in web_assets() if not licence_name or STRONG_COPYLEFT.search(licence_name)
    ]
    document = notices()
    texts = [file.read_text().strip() for file in (VENDOR / "licences").iterdir()]
    assert len(texts) >= 3
    assert all(text in document for text in texts)
