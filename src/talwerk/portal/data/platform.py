"""The facts of the pages about the platform: how programs read it, how it is, how often its pages were shown."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from talwerk.broker import Broker
from talwerk.core.instants import MINUTE, datetime_of, instant_of
from talwerk.portal.data.datasets import DatasetPages, tabs
from talwerk.portal.data.examples import of_city
from talwerk.portal.data.views import DoorsView, Service, StatisticsView, StatusView, ViewsDay
from talwerk.portal.site import addresses
from talwerk.portal.site.backstage import Backstage, Platform
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import Scene
from talwerk.services.catalogue.dataset import Kind
from talwerk.services.sources.state import Health

DESCRIPTION = "/api/openapi.json"
PAGE_MAX = 1_000
BACKUP_LATE = 36 * 60 * MINUTE
"""A night that was missed is seen the next noon."""
COPY_LATE = 5 * MINUTE
SHOWN_DAYS = 30


class PlatformPages:
    """The platform as its visitors may see it.

    Args:
        broker: The way to the data, and to the process that writes.
        backstage: What is known behind the pages.
        datasets: The datasets as pages show them.
    """

    def __init__(self, broker: Broker, backstage: Backstage, datasets: DatasetPages) -> None:
        self._broker = broker
        self._backstage = backstage
        self._datasets = datasets
        self._platform: Platform | None = None

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages."""
        return (
            Leaf(addresses.DOORS, self._doors, addresses.DATA, moves=False),
            Leaf(addresses.STATUS, self._status, addresses.DATA, before=self._ask),
            Leaf(addresses.STATISTICS, self._statistics, addresses.DATA, moves=False),
        )

    async def _ask(self) -> None:
        self._platform = await self._backstage.platform()

    def _doors(self, _ask: Ask, scene: Scene) -> Found:
        series = next((place.series for place in chain(scene.named, scene.others())), None)
        kind = series.entity.split(":")[2] if series is not None and series.entity.startswith("urn:ngsi-ld:") else ""
        view = DoorsView(
            tabs=tabs(scene, addresses.DOORS),
            base=self._backstage.base,
            examples=of_city(series, kind, self._backstage.base),
            description=DESCRIPTION,
            code_href=scene.profile.city.source_code,
            budget_s=self._backstage.budget_s,
            page_max=PAGE_MAX,
        )
        return view, ()

    def _status(self, _ask: Ask, scene: Scene) -> Found:
        polled = [one for one in self._datasets.every(scene) if one.kind == Kind.POLLED.value]
        asked = [one for one in polled if one.health not in {"", Health.WAITING.value}]
        ailing = tuple(one for one in asked if one.health != Health.FRESH.value)
        writer, platform = self._broker.writer(), self._platform
        services = [
            Service("pages", "good", scene.now),
            Service("engine", "bad" if writer.trouble else "good"),
        ]
        if asked:
            state = "good" if not ailing else "late"
            services.append(Service("sources", state, count=len(asked) - len(ailing), total=len(asked)))
        if platform is not None:
            services.append(Service("room", "good" if platform.room else "bad"))
            services.append(backup(platform, scene.now))
            if platform.copying:
                late = platform.copied_us is None or scene.now - platform.copied_us > COPY_LATE
                services.append(Service("copy", "late" if late else "good", platform.copied_us))
        view = StatusView(
            tabs=tabs(scene, addresses.STATUS),
            services=tuple(services),
            ailing=ailing,
            version=platform.version if platform is not None else "",
            since_us=platform.since_us if platform is not None else None,
        )
        return view, ()

    def _statistics(self, _ask: Ask, scene: Scene) -> Found:
        zone = ZoneInfo(scene.profile.city.zone)
        today = datetime_of(scene.now).astimezone(zone).date()
        counted = self._backstage.views()
        first = min(counted, default=None)
        days = [day for day in _back(today, SHOWN_DAYS) if first is not None and day >= first]
        kinds: Counter[str] = Counter()
        for day in days:
            kinds.update(counted.get(day, {}))
        view = StatisticsView(
            tabs=tabs(scene, addresses.STATISTICS),
            days=tuple(ViewsDay(_midnight(day, zone), sum(counted.get(day, {}).values())) for day in days),
            kinds=tuple(kinds.most_common()),
            total=kinds.total(),
            since_us=_midnight(first, zone) if first is not None else None,
        )
        return view, ()


def backup(platform: Platform, now: int) -> Service:
    """How the backups are; the first one is given a day and a half.

    Args:
        platform: What is known of them.
        now: The instant of the page.
    """
    if platform.backup_us is None:
        if not platform.backup_late and now - platform.since_us <= BACKUP_LATE:
            return Service("first_backup", "good")
        return Service("backup", "bad" if platform.backup_late else "late")
    late = platform.backup_late or now - platform.backup_us > BACKUP_LATE
    return Service("backup", "late" if late else "good", platform.backup_us)


def _back(today: date, days: int) -> list[date]:
    return [today - timedelta(days=ago) for ago in range(days - 1, -1, -1)]


def _midnight(day: date, zone: ZoneInfo) -> int:
    return instant_of(datetime(day.year, day.month, day.day, tzinfo=zone))
