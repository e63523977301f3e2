"""The catalogue: what data the city has, from whom, on which terms and in which state."""
