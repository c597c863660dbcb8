"""Sign-ins and logouts that are under way: each is good once, for ten minutes, in the browser in which it was begun."""

import secrets
from dataclasses import dataclass, field
from hmac import compare_digest

from fastapi import Request, Response

from till.expiring import Expiring

UNDER_WAY_S = 600
UNDER_WAY_AT_MOST = 10_000


@dataclass(frozen=True)
class Flow:
    kind: str  # "sign-in" or "logout"
    browser: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)  # PKCE (RFC 7636)
    back_to: str  # a path of ours


class Flows:
    def __init__(self, is_https: bool) -> None:
        self._is_https = is_https
        self._cookie = "__Host-till-flow" if is_https else "till-flow"
        self._kept = Expiring[Flow](UNDER_WAY_S, UNDER_WAY_AT_MOST)

    def begin(self, request: Request, kind: str, back_to: str) -> tuple[str, Flow]:
        """`state` and what belongs to it. Tabs of one browser share the cookie, and have a state each."""
        state = secrets.token_urlsafe(32)
        browser = request.cookies.get(self._cookie) or secrets.token_urlsafe(32)
        flow = Flow(kind, browser, secrets.token_urlsafe(32), secrets.token_urlsafe(48), back_to)
        self._kept.put(state, flow)
        return state, flow

    def bind(self, response: Response, flow: Flow) -> None:
        """Lax, not Strict: it has to come along when the browser comes back from Octroi."""
        response.set_cookie(
            self._cookie, flow.browser, max_age=UNDER_WAY_S, path="/", secure=self._is_https, httponly=True, samesite="lax"
        )

    def take(self, request: Request, kind: str, state: str) -> Flow | None:
        """Nothing for a state that is unknown, used, too old, or of another browser: then it stays for the right one."""
        flow = self._kept.get(state)
        browser = request.cookies.get(self._cookie, "")
        if flow is None or flow.kind != kind or not compare_digest(flow.browser.encode(), browser.encode()):
            return None
        return self._kept.take(state)
