"""The crisis page: written by the engine, served from memory, without script, font or picture."""
