"""What is drawn as SVG: charts, the Talband, the map of the city; pure functions from facts to paths."""
