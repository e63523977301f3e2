"""Tables of measurements as files: what their columns mean, and how lines become rows at instants."""
