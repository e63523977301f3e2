"""Push: the door for sources that send by themselves, sensors of citizens and webhooks of networks.

``POST /push/<connector>/<source>`` with the key of a device. An answer of 2xx means: on disk. What cannot be used
although it is well-formed (a device that nobody declared) is answered by 2xx as well and told in the answer and by the
source's state: senders take everything else for a failure of the city, come again, and stop sending for all devices at
last.
"""

from __future__ import annotations

from .description import description
from .door import PATH, routes

__all__ = ["PATH", "description", "routes"]
