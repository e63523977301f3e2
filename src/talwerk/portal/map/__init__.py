"""The map, its twin in words, and the files that both are made of."""
