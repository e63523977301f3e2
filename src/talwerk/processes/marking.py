"""What is written into a city of simulated values is marked as simulated, whoever writes it.

Whoever tries the interface beside a twin does not think of it, and could not say so either. The engine does this
because it alone knows what was written before: others may write at the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec.structs import replace

from talwerk.core.change import Batch, Change, Observations, Provenance
from talwerk.core.series import Nature


class Marking:
    """Marks batches before they are written.

    Args:
        nature: asks the store what its observations are.
        twin: whether the city is a twin: then they are simulated, also before there is any.
    """

    def __init__(self, nature: Callable[[], Nature], *, twin: bool = False) -> None:
        self._ask = nature
        self._nature = Nature.SIMULATED if twin else Nature.EMPTY
        self._marks: dict[Provenance, Provenance] = {}

    def is_open(self, batches: Iterable[Batch]) -> bool:
        """Whether one of these batches could make the city a simulated one, so that it has to be written by itself."""
        return self._known() is Nature.EMPTY and any(
            change.provenance.simulated for batch in batches for change in batch.changes
        )

    def marked(self, batch: Batch) -> Batch:
        """The batch as it is to be written after everything that was committed before."""
        if self._known() is not Nature.SIMULATED or all(change.provenance.simulated for change in batch.changes):
            return batch
        return replace(batch, changes=tuple([self._marked(change) for change in batch.changes]))

    def _known(self) -> Nature:
        if self._nature is Nature.EMPTY:
            # The first observation decides for ever.
            self._nature = self._ask()
        return self._nature

    def _marked(self, change: Change | Observations) -> Change | Observations:
        given = change.provenance
        if given.simulated:
            return change
        # The same object each time: the store compares by identity first.
        marked = self._marks.get(given)
        if marked is None:
            marked = self._marks[given] = replace(given, simulated=True)
        return replace(change, provenance=marked)
