"""Mein Ort: what applies at an address or in a quarter, two quarters beside each other, the sheet to print."""
