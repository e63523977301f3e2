"""Measured and simulated values never share a directory: who reads one must not wonder which it is."""

from __future__ import annotations

from itertools import chain

from talwerk.broker import Broker
from talwerk.core.errors import DomainError, Fault
from talwerk.core.quality import Mark, mark_of
from talwerk.core.query import Query, Window
from talwerk.core.scope import Scope
from talwerk.core.series import Series, SeriesKey


class MixedError(DomainError):
    """Measured values would come beside simulated ones."""

    def __init__(self, detail: str) -> None:
        super().__init__(Fault.FORBIDDEN, detail)


def check_unmixed(broker: Broker, scope: Scope, *, simulated: bool) -> None:
    """Refuse simulated values where real observations lie, and the other way round.

    What somebody wrote without a time of observation (a bench, a name) is a statement, not an observation, and
    stands in nobody's way.

    Raises:
        MixedError: the message names one of the series that lie there.
    """
    others = tuple(one for one in broker.provenances(scope) if one.simulated != simulated)
    for series in chain.from_iterable(broker.series_pages(Query(), scope, others)):
        if series.last is not None and (not simulated or _observed(broker, scope, series)):
            theirs, ours = ("measured", "simulated") if simulated else ("simulated", "measured")
            detail = (
                f"The data directory holds {theirs} values ({series.entity}, source {series.provenance.source!r}); "
                f"{ours} ones never go beside them."
            )
            raise MixedError(detail)


def _observed(broker: Broker, scope: Scope, series: Series) -> bool:
    key = SeriesKey(entity=series.entity, attribute=series.attribute, dataset=series.dataset)
    points = broker.points(key, Window(), scope, last=1)
    return bool(points.at) and not mark_of(points.quality[-1]) & Mark.TIME_ASSUMED
