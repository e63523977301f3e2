"""The repository works on any machine and names no private place."""

import re
import stat

import pytest

from tests.architecture.sources import ROOT, repository_texts

MACHINE_PATH = re.compile(r"(?<![\w.:/}~-])(?:/(?:home|root|Users|work|farm|srv)/|[A-Z]:\\Users\\)\w")
REGISTRY = re.compile(
    r"\b(?:(?:test\.)?pypi\.(?:org|python\.org)|pythonhosted\.org|registry\.(?:npmjs|yarnpkg)\.\w+|npmjs\.com|"
    r"deb\.debian\.org|ghcr\.io|docker\.io)|--(?:extra-)?index-url|--find[-]links",
    re.IGNORECASE,
)
LOCKS = ("requirements.txt", "requirements-dev.txt", "package-lock.json")


def lines_with(pattern: re.Pattern[str], text: str) -> list[str]:
    return [line.strip()[:120] for line in text.splitlines() if pattern.search(line)]


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["machine path", "registry"])
def test_no_private_place(pattern: re.Pattern[str]) -> None:
    assert not {name: lines for name, text in repository_texts() if (lines := lines_with(pattern, text))}


def test_private_places_are_recognised() -> None:
    home, registry = "/ho" + "me/ada/talwerk", "https://py" + "pi.org/simple"
    assert lines_with(MACHINE_PATH, f'path = "{home}"')
    assert not lines_with(MACHINE_PATH, "https://example.org" + home)
    assert lines_with(REGISTRY, registry)


def test_locks_hold_no_addresses() -> None:
    texts = dict(repository_texts())
    address = re.compile(r"\w+://")
    resolved = re.compile(r'"resolved"')
    assert not {
        name: lines
        for name in LOCKS
        if (lines := lines_with(resolved if name.endswith(".json") else address, texts.get(name, "")))
    }


@pytest.mark.parametrize("name", [".ci/run", "tools/setup"])
def test_scripts_can_be_run(name: str) -> None:
    assert (ROOT / name).stat().st_mode & stat.S_IXUSR
