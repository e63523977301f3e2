"""``python -m talwerk.cli`` is ``talwerk``."""

from . import main

main(prog_name="talwerk")
