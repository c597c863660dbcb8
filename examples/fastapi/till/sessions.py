"""The application's own sessions: a random number in a cookie that scripts cannot read, and all else here on the server.

So a session can be ended from outside (back-channel logout), which a signed cookie that carries everything cannot.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

from fastapi import Request, Response

from till.expiring import Expiring

SESSIONS_AT_MOST = 10_000


@dataclass(frozen=True)
class Session:
    subject: str  # `sub`: what to store; names and addresses change, and an address changes hands
    name: str | None
    email: str | None
    sid: str  # the session at Octroi, which a logout token names
    id_token: str = field(repr=False)  # to show at the logout whose session it is


class Sessions:
    def __init__(self, hours: int, is_https: bool) -> None:
        self._seconds = hours * 3600
        self._is_https = is_https
        # `__Host-`: only this host sets it, only over TLS, for all its paths (RFC 6265bis §4.1.3.2).
        self._cookie = "__Host-till" if is_https else "till"
        self._kept = Expiring[Session](self._seconds, SESSIONS_AT_MOST)

    def of(self, request: Request) -> Session | None:
        token = request.cookies.get(self._cookie)
        return None if token is None else self._kept.get(_hash(token))

    def begin(self, response: Response, session: Session) -> None:
        """With a new number: what stood in the cookie before a sign-in may be somebody else's."""
        token = secrets.token_urlsafe(32)
        self._kept.put(_hash(token), session)
        response.set_cookie(
            self._cookie, token, max_age=self._seconds, path="/", secure=self._is_https, httponly=True, samesite="lax"
        )

    def end(self, request: Request) -> Session | None:
        """The cookie may stay: it is a key to nothing from here on."""
        token = request.cookies.get(self._cookie)
        return None if token is None else self._kept.take(_hash(token))

    def end_at_octroi(self, sid: str | None, subject: str | None) -> int:
        """Those of one session at Octroi; without one, all of a person."""
        if sid is not None:
            return self._kept.drop(lambda session: session.sid == sid)
        return self._kept.drop(lambda session: session.subject == subject)


def _hash(token: str) -> str:
    """What is kept is no key to anything: a copy of the memory, or later of the database, signs nobody in."""
    return hashlib.sha256(token.encode()).hexdigest()
