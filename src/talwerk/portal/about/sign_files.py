"""The files of videos in sign language, from the profile's own folder and from nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from talwerk.portal.site.languages import sees_unchecked
from talwerk.sdk.profile import Profile

FOLDER = "sign"
_TYPES = {"mp4": "video/mp4", "webm": "video/webm", "vtt": "text/vtt; charset=utf-8"}


def sign_routes(profile: Profile, folder: Path, simulated: Callable[[], bool]) -> list[BaseRoute]:
    """The files that the profile names; what nobody has checked is not there for the public.

    Args:
        profile: Names the videos.
        folder: Of the profile; the files lie in ``sign`` below it.
        simulated: Whether nobody measured what the city holds.
    """
    files = {name: video for video in profile.sign_videos for name in (video.file, video.captions)}

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        video = files.get(name)
        path = folder / FOLDER / name
        if video is None or not path.is_file():
            raise HTTPException(404)
        if not video.checked and not sees_unchecked(request.scope["talwerk.scope"], simulated=simulated()):
            raise HTTPException(404)
        headers = {"cache-control": "public, max-age=86400" if video.checked else "private, no-store"}
        # Browsers fetch videos in ranges; the response knows them.
        return FileResponse(path, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)

    return [Route("/sign/{name}", answer)] if files else []
