"""An instruction is cut where its sentences end, and never changed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis.strategies import text

from talwerk.portal.lage.warned import STEPS_MAX, sentences


@pytest.mark.parametrize(
    "told, count",
    [
        ("", 0),
        ("Gehen Sie nicht in den Keller. Gehen Sie in höhere Stockwerke.", 2),
        ("Sichern Sie z. B. Möbel und Zelte. Halten Sie ca. 10 m Abstand zu Bäumen.", 2),
        ("ACHTUNG! Hinweis auf mögliche Gefahren: Äste können fallen.\nSchließen Sie alle Fenster!", 3),
        ("- Bleiben Sie im Haus\n- Schließen Sie Fenster", 2),
        ("Gilt bis 15. Juli in der Bad Str. Oberhalb nicht.", 1),
    ],
)
def test_sentences(told: str, count: int) -> None:
    assert len(sentences(told)) == count


def bare(said: str) -> str:
    return re.sub(r"[\s•·–-]+", "", said)


@given(text(alphabet="AbÄö .!?\n•-–1", max_size=80))
def test_not_a_letter_is_lost(said: str) -> None:
    found = sentences(said)
    assert len(found) <= STEPS_MAX
    assert bare("".join(found)) == bare(said)
