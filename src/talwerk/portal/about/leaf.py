"""The pages around the city: imprint, privacy, accessibility, credits, help, sign language. Facts of the profile."""

from __future__ import annotations

from collections.abc import Container

from talwerk.core.instants import parse_instant
from talwerk.portal.about.views import (
    AccessibilityView,
    HelpView,
    ImagesView,
    ImprintView,
    LegendView,
    PrivacyView,
    Signed,
    SigningView,
    Work,
)
from talwerk.portal.frame.place import Link
from talwerk.portal.frame.static import has_vendor
from talwerk.portal.site import addresses
from talwerk.portal.site.addresses import ACCESSIBILITY, BARRIER, HELP, IMAGES, IMPRINT, PRIVACY, SIGNING
from talwerk.portal.site.answers import PageError
from talwerk.portal.site.contact import fact, office, operator
from talwerk.portal.site.languages import is_checked, sees_unchecked
from talwerk.portal.site.leaf import Ask, Found, Leaf
from talwerk.portal.site.scene import Scene
from talwerk.sdk.contact import SignVideo
from talwerk.sdk.profile import Profile
from talwerk.services.catalogue.catalogue import Catalogue
from talwerk.services.catalogue.dataset import Dataset, Kind
from talwerk.texts import EASY

EXPLAINED = ("start", "here", "map", "themes", "data", "stations")
"""Pages that the help tells about (``help.page_*``), as far as they exist."""
WORKS = (
    Work("Fira Sans", "images.typeface", "The Mozilla Foundation, Telefónica S.A.", "OFL-1.1"),
    Work("KERN UX", "images.style", "KERN", "EUPL-1.2", "https://www.kern-ux.de"),
    Work("htmx", "images.script", "Big Sky Software", "0BSD", "https://htmx.org"),
    Work("uPlot", "images.script", "Leon Sorokin", "MIT", "https://github.com/leeoniya/uPlot"),
    Work("MapLibre GL JS", "images.script", "MapLibre contributors", "BSD-3-Clause", "https://maplibre.org"),
    Work("PMTiles", "images.script", "Protomaps LLC", "BSD-3-Clause", "https://github.com/protomaps/PMTiles"),
)
"""What the build puts in place (``tools/assets/package.json``); a test holds the two together."""
_VIDEO_TYPES = {"mp4": "video/mp4", "webm": "video/webm"}


class Around:
    """The pages of one city.

    Args:
        profile: Its facts.
        datasets: Its official files.
        others: Names of the other pages that it has.
    """

    def __init__(self, profile: Profile, datasets: Catalogue, others: Container[str]) -> None:
        self._profile = profile
        self._datasets = datasets
        self._others = others

    def leaves(self) -> tuple[Leaf, ...]:
        """The kinds of pages; that of sign language only where the profile names videos."""
        still = (
            Leaf(HELP, self._help, moves=False),
            Leaf(IMPRINT, self._imprint, moves=False),
            Leaf(PRIVACY, self._privacy, moves=False),
            Leaf(ACCESSIBILITY, self._accessibility, moves=False),
            Leaf(IMAGES, self._images, moves=False),
            Leaf(addresses.LEGEND, lambda _ask, _scene: (LegendView(), ()), moves=False),
        )
        return (*still, Leaf(SIGNING, self._signing, moves=False)) if self._profile.sign_videos else still

    def _imprint(self, _ask: Ask, _scene: Scene) -> Found:
        contact, legal = self._profile.contact, self._profile.legal
        view = ImprintView(
            operator=operator(contact),
            represented_by=fact(contact.represented_by, "represented_by" in contact.unconfirmed),
            responsible=fact(legal.responsible, "responsible" in legal.unconfirmed),
            code_href=self._profile.city.source_code,
        )
        return view, ()

    def _privacy(self, _ask: Ask, scene: Scene) -> Found:
        legal = self._profile.legal
        view = PrivacyView(
            operator=operator(self._profile.contact),
            officer=office(legal.privacy_officer),
            supervision=office(legal.supervision),
            server_logs=fact(legal.server_logs, "server_logs" in legal.unconfirmed),
            here_href=scene.to.href(addresses.HERE) if addresses.HERE in self._others else "",
            usage_href=scene.to.href(addresses.STATISTICS) if addresses.STATISTICS in self._others else "",
        )
        return view, ()

    def _accessibility(self, _ask: Ask, scene: Scene) -> Found:
        legal, found = self._profile.legal, self._profile.legal.assessment
        # A day has no hour; noon of it is that day in every zone of the country.
        day = scene.p.date(parse_instant(f"{found.on}T12:00:00Z")) if found is not None else ""
        view = AccessibilityView(
            operator=operator(self._profile.contact),
            enforcement=office(legal.enforcement),
            gaps=tuple(self._gaps()),
            result=found.result if found is not None else "",
            assessed_on=day,
            assessed_by=found.by if found is not None else "",
        )
        return view, ()

    def _gaps(self) -> list[str]:
        """What is known to be missing; what the profile cannot know, the operator's examination finds."""
        gaps = ["sources"]
        if not is_checked(EASY):
            gaps.append("easy")
        if not any(video.checked for video in self._profile.sign_videos):
            gaps.append("signing")
        return [*gaps, "people"] if self._profile.legal.assessment is None else gaps

    def _images(self, _ask: Ask, scene: Scene) -> Found:
        layers = [one for one in self._datasets.datasets(scene.scope) if one.kind is Kind.LAYER]
        maps = dict.fromkeys(
            Work(_title(one, scene), "images.map", one.attribution or one.publisher, one.licence) for one in layers
        )
        view = ImagesView(WORKS if has_vendor() else (), tuple(maps), scene.to.href(addresses.DATA))
        return view, ()

    def _help(self, _ask: Ask, scene: Scene) -> Found:
        pages = tuple(
            (Link(scene.texts.text(f"frame.nav_{name}"), scene.to.href(name)), f"help.page_{name}")
            for name in EXPLAINED
            if name in self._others
        )
        view = HelpView(
            pages=pages,
            legend_href=scene.to.href(addresses.LEGEND),
            accessibility_href=f"{scene.to.href(ACCESSIBILITY)}#{BARRIER}",
            operator=operator(self._profile.contact),
        )
        return view, ()

    def _signing(self, _ask: Ask, scene: Scene) -> Found:
        everything = sees_unchecked(scene.scope, simulated=scene.register.simulated)
        videos = tuple(_signed(video, scene) for video in self._profile.sign_videos if video.checked or everything)
        if not videos:
            raise PageError(404)
        return SigningView(videos, self._profile.city.languages[0]), ()


def _title(layer: Dataset, scene: Scene) -> str:
    key = f"dataset.{layer.key}"
    return scene.texts.text(key) if key in scene.texts else layer.title


def _signed(video: SignVideo, scene: Scene) -> Signed:
    return Signed(
        topic=video.topic,
        video_href=f"/sign/{video.file}",
        video_type=_VIDEO_TYPES[video.file.rpartition(".")[2]],
        captions_href=f"/sign/{video.captions}",
        minutes=scene.p.duration(max(video.seconds, 60)),
        checked=video.checked,
    )
