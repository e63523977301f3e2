"""Pure declarations: all that a city profile, a connector or a theme may import besides ``core``."""
