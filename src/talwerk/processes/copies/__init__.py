"""Copies of the city's data: backups, the continuous copy to a second place, and the way back from both."""
