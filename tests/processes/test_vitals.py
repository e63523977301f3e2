from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from talwerk.core.instants import SECOND, SystemClock
from talwerk.processes.vitals import vitals


def test_of_this_process() -> None:
    found = vitals()
    assert found is not None
    assert found.pid == os.getpid()
    assert 0 <= SystemClock().now() - found.started < 24 * 3_600 * SECOND
    assert found.rss_bytes > 10_000_000
    assert found.cpu_s > 0
    with Path(os.devnull).open(), Path(os.devnull).open():
        more = vitals()
    assert more is not None
    assert more.files >= found.files + 2


def test_of_another_process_and_of_none() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        found = vitals(child.pid)
        assert found is not None
        assert found.pid == child.pid
        child.communicate(b"\n")
    assert vitals(child.pid) is None


def test_a_process_whose_name_is_odd() -> None:
    script = "import ctypes; ctypes.CDLL(None).prctl(15, b'a) (b 1 2'); from talwerk.processes.vitals import vitals; "
    script += "v = vitals(); assert v and v.rss_bytes > 1_000_000, v"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
