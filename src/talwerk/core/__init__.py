"""Pure values of the city: entities, changes, queries, times, scopes. No I/O anywhere in this package."""
