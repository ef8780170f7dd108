"""Who may use the page: the machine itself, or who has the token; never another site's page."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAFE_SITES = ("", "same-origin", "none")


class InvalidAddressError(ValueError):
    """An address or port that nothing can be served on; the message names it."""


def is_loopback(host: str) -> bool:
    """Does only this machine reach the address?"""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Refusal:
    """Why a request is not served: an HTTP status and a sentence."""

    status: int
    sentence: str


@dataclass(frozen=True)
class Access:
    """The rules.

    Attributes:
        token: that every call of /api must bear; empty: none, for an address of this machine alone.
        hosts: names under which the page is reached; empty: any (then a token is needed). Without
            it a foreign name that leads to 127.0.0.1 could read the page (DNS rebinding).
    """

    token: str = ""
    hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.token and not self.hosts:
            raise InvalidAddressError("without a token, the names of this machine must be given")

    def refusal(self, path: str, headers: Mapping[str, str]) -> Refusal | None:
        """Why a request is refused; None: it is served.

        Args:
            path: of the request.
            headers: with names in lower case.
        """
        host = headers.get("host", "")
        if self.hosts and _hostname(host) not in self.hosts:
            return Refusal(421, f"this page is not called {host[:100]!r}")
        if not path.startswith("/api/"):
            return None  # the page itself holds nothing of the robot
        origin = headers.get("origin", "")
        if origin and origin.partition("://")[2] != host:
            return Refusal(403, f"a page of {origin[:100]!r} may not speak to this robot")
        if headers.get("sec-fetch-site", "") not in _SAFE_SITES:
            return Refusal(403, "another site may not speak to this robot")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if self.token and not (
            scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), self.token.encode())
        ):
            return Refusal(
                401, "the token is missing or wrong: open the address that r1 serve told"
            )
        return None


def _hostname(host: str) -> str | None:
    """Without the port; None: not a name."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
