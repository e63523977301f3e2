"""Everything that answers HTTP, put together."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from talwerk import cities
from talwerk.processes.figures import figures
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.places.whereabouts import Gazetteer

from .city import City
from .intake import intake
from .warned import warnings


def routes(city: City) -> list[BaseRoute]:
    """Every address that the city answers; ``docs/api.md`` explains them."""
    from talwerk.app.backstage import backstage
    from talwerk.portal.about.sign_files import sign_routes
    from talwerk.portal.routes import portal_routes
    from talwerk.portal.site.knowledge import Knowledge
    from talwerk.protocols import catalogue, health, live, metrics, ngsild, places, plain, push
    from talwerk.protocols.http import description
    from talwerk.protocols.http.outgoing import Outgoing

    contexts = ngsild.Contexts.open(
        city.clock,
        city.directory / "contexts",
        city.settings.context_map,
        Outgoing(city.settings.egress, allow_loopback=city.settings.dev_allow_loopback),
    )
    territory = cities.territory(city.settings.city)
    gazetteer = Gazetteer(territory, city.official)
    datasets = Catalogue(city.broker, city.profile, city.themes, territory, city.official, city.clock)
    known = Knowledge(city.themes, datasets, gazetteer, backstage(city), warnings(city))
    return [
        *health.routes(city.broker),
        *metrics.routes(partial(figures, city.report, city.tally)),
        *ngsild.routes(city.broker, city.clock, city.workers, contexts),
        *live.routes(city.broker, city.ending),
        *plain.routes(city.broker, city.clock),
        *places.routes(city.broker, gazetteer),
        *catalogue.routes(city.broker, city.profile, city.themes, datasets),
        *push.routes(intake(city), city.credentials.devices, city.clock),
        *description.routes(
            (
                ngsild.description(),
                plain.description(),
                places.description(),
                catalogue.description(),
                push.description(),
                health.description(),
                metrics.description(),
            )
        ),
        *sign_routes(city.profile, cities.folder(city.settings.city), city.simulated),
        *portal_routes(city.broker, city.profile, city.clock, known),
    ]


def endpoint(city: City) -> ASGIApp:
    """All addresses, behind the one guard that knows who asks."""
    from talwerk.portal.crisis.door import CrisisDoor
    from talwerk.portal.crisis.making import FOLDER
    from talwerk.protocols import http

    guarded = http.guarded(
        Starlette(routes=routes(city)),
        credentials=city.credentials,
        hosts=city.settings.hosts,
        dev_open_writes=city.settings.dev_open_writes,
        tally=city.tally,
        clock=city.clock,
    )
    # Before everything else: it needs nothing but its file.
    return CrisisDoor(
        http.marked(guarded, city.simulated),
        city.directory / FOLDER,
        city.profile,
        city.clock,
        city.credentials,
        city.visits.count,
    )
