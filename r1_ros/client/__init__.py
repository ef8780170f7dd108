"""The nodes of one robot from plain Python: `R1Client`, `AsyncR1Client` and what they raise."""

from r1_ros.client.asynchronous import AsyncR1Client
from r1_ros.client.client import R1Client
from r1_ros.client.errors import (
    ClientClosedError,
    NoResponseError,
    RequestFailedError,
    ServerMissingError,
)

__all__ = [
    "AsyncR1Client",
    "ClientClosedError",
    "NoResponseError",
    "R1Client",
    "RequestFailedError",
    "ServerMissingError",
]
