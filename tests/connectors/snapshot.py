"""Snapshots of Sensor.Community as large as the real one."""

from __future__ import annotations

from talwerk.core.instants import datetime_of

HERE = (51.26, 7.15)
BBOX = "7.0,51.1,7.4,51.4"


def _row(number: int, latitude: float, longitude: float, stamp: str) -> str:
    return (
        f'{{"id":{23_000_000_000 + number},"sampling_rate":null,"timestamp":"{stamp}","location":{{"id":{number},'
        f'"latitude":"{latitude:.3f}","longitude":"{longitude:.3f}","altitude":"152.3","country":"DE",'
        '"exact_location":0,"indoor":0},'
        f'"sensor":{{"id":{number},"pin":"1","sensor_type":{{"id":14,"name":"SDS011","manufacturer":"Nova Fitness"}}}},'
        f'"sensordatavalues":[{{"id":{50_000_000_000 + 2 * number},"value":"{number % 90}.25","value_type":"P1"}},'
        f'{{"id":{50_000_000_001 + 2 * number},"value":"{number % 50}.75","value_type":"P2"}}]}}'
    )


def snapshot(size: int, ours: int, at: int) -> bytes:
    """A snapshot of so many bytes or a little more.

    Args:
        size: bytes.
        ours: sensors within :data:`BBOX`; the others stand elsewhere in the world.
        at: time of all values, microseconds UTC.
    """
    stamp = f"{datetime_of(at):%Y-%m-%d %H:%M:%S}"
    near = [_row(number, *HERE, stamp) for number in range(1, ours + 1)]
    far = [_row(number, number % 50 - 60.0, number % 170, stamp) for number in range(100_000, 101_000)]
    block = ",".join(far)
    return f"[{','.join(near)},{','.join([block] * (size // len(block) + 1))}]".encode()
