"""Units: the symbols of the UN/CEFACT Recommendation 20 codes that cities measure in, and of currencies (ISO 4217)."""

from __future__ import annotations

_SYMBOLS = {
    "MMT": "mm",
    "CMT": "cm",
    "MTR": "m",
    "KMT": "km",
    "CEL": "°C",
    "KEL": "K",
    "P1": "%",
    "GQ": "µg/m³",
    "GP": "mg/m³",
    "59": "ppm",
    "MQS": "m³/s",
    "L2": "l/min",
    "MTS": "m/s",
    "KMH": "km/h",
    "DD": "°",
    "A97": "hPa",
    "PAL": "Pa",
    "WTT": "W",
    "KWT": "kW",
    "MAW": "MW",
    "KWH": "kWh",
    "MWH": "MWh",
    "VLT": "V",
    "AMP": "A",
    "SEC": "s",
    "MIN": "min",
    "HUR": "h",
    "DAY": "d",
    "KGM": "kg",
    "TNE": "t",
    "LTR": "l",
    "MTQ": "m³",
    "2N": "dB",
    "DBM": "dBm",
    "D54": "W/m²",
    "LUX": "lx",
    "EUR": "€",
    "C62": "",
}


def symbol(code: str | None) -> str:
    """The symbol of a unit code; the code itself when we do not know it, nothing when there is none."""
    return "" if code is None else _SYMBOLS.get(code, code)
