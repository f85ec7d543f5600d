"""Who may use the page, and as whom: a token in the address becomes a cookie, and each form carries a second one."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Session", "Sessions", "allowed_host", "is_loopback"]


@dataclass(frozen=True)
class Session:
    """A browser that came with a marker's token."""

    id: str
    marker: str
    csrf: str
    """The word that each form carries. Another site can't know it."""


class Sessions:
    """The markers' tokens, and the sessions that began with them."""

    def __init__(self, markers: Sequence[str]) -> None:
        self.tokens = {marker: secrets.token_urlsafe(24) for marker in markers}
        self._sessions: dict[str, Session] = {}

    def enter(self, token: str) -> Session | None:
        """A new session for whoever has this token; None where nobody has it."""
        found = None
        for marker, known in self.tokens.items():
            if hmac.compare_digest(known.encode(), token.encode(errors="replace")):
                found = marker
        if found is None:
            return None
        session = Session(secrets.token_urlsafe(24), found, secrets.token_urlsafe(24))
        self._sessions[session.id] = session
        return session

    def find(self, id: str | None) -> Session | None:
        """The session of a cookie, or None."""
        return self._sessions.get(id or "")


def is_loopback(host: str) -> bool:
    """Whether an address to listen at is this machine's own."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_host(header: str, host: str, port: int) -> bool:
    """Whether a request's Host header names this page, and no name that somebody else has made lead here.

    A name of an attacker's domain can be made to point to 127.0.0.1; an address in digits can't.

    Args:
        host: what the page listens at.
    """
    name, colon, number = header.rpartition(":")
    if not colon or not number.isdigit():
        name, number = header, "80"
    if int(number[:6]) != port:
        return False
    name = name.strip("[]").lower()
    if is_loopback(host):
        return is_loopback(name)
    if name in {host.lower(), "localhost", socket.gethostname().lower(), socket.getfqdn().lower()}:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
