"""What the city does with its data."""
