"""Files beside a profile that its connectors read: how devices write, what the columns of a table mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from talwerk.core.errors import DomainError, Fault
from talwerk.sdk.connector import Connector
from talwerk.sdk.declaration import read_text


def beside(connector: Connector, parameters: dict[str, Any], folder: Path) -> dict[str, dict[str, str]]:
    """The texts of the files that parameters name, by name of the parameter and of the file.

    Args:
        connector: says which parameters name files.
        parameters: as they are set; several names stand with commas between them.
        folder: of the profile.

    Raises:
        DomainError: a file is not there or not what it should be; the message names file and line.
    """
    texts: dict[str, dict[str, str]] = {}
    for parameter, kind in connector.beside.items():
        names = [name.strip() for name in str(parameters.get(parameter) or "").split(",") if name.strip()]
        texts[parameter] = {}
        for name in names:
            if not name.replace("-", "").replace("_", "").isalnum():
                raise DomainError(Fault.INVALID_REQUEST, f"The parameter {parameter} names no file: {name[:60]!r}.")
            path = folder / kind.folder / f"{name}.toml"
            text = read_text(path)
            kind.read(text, str(path))
            texts[parameter][name] = text
    return texts
