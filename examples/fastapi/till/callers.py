"""Who is calling our API: a person by the session of this application, or a program by an access token of Octroi."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import HTTPException, Request

from till.same_origin import must_be_our_page
from till.sessions import Sessions
from till.settings import Settings
from till.tokens import InvalidToken, Tokens


@dataclass(frozen=True)
class Caller:
    subject: str
    client: str | None  # the program; None: a person at our own page


class Callers:
    def __init__(self, settings: Settings, tokens: Tokens, sessions: Sessions) -> None:
        self._settings = settings
        self._tokens = tokens
        self._sessions = sessions

    def may(self, scope: str) -> Callable[[Request], Awaitable[Caller]]:
        """For `Depends`. A token needs the scope; what people may do is decided here, by this application's own rules."""

        async def caller(request: Request) -> Caller:
            credentials = request.headers.getlist("authorization")
            if credentials:
                return await self._program(credentials, scope)
            session = self._sessions.of(request)
            if session is None:
                raise HTTPException(401, "Sign in, or send an access token.", {"WWW-Authenticate": "Bearer"})
            if request.method not in ("GET", "HEAD"):
                must_be_our_page(request, self._settings)
            return Caller(session.subject, None)

        return caller

    async def _program(self, credentials: list[str], scope: str) -> Caller:
        """RFC 6750 §3.1. A token that the browser's page got hold of is taken here as well."""
        kind, _, token = credentials[0].partition(" ")
        if len(credentials) > 1 or kind.lower() != "bearer":
            raise _refusal(401, "invalid_request", "One Authorization header of the form Bearer TOKEN is taken.")
        try:
            found = await self._tokens.access_token(token.strip())
        except InvalidToken as error:
            raise _refusal(401, "invalid_token", str(error)) from error
        if scope not in found.scopes:
            raise _refusal(403, "insufficient_scope", f"This needs the scope {scope}.", f', scope="{scope}"')
        return Caller(found.subject, found.client)


def _refusal(status: int, code: str, detail: str, more: str = "") -> HTTPException:
    return HTTPException(status, detail, {"WWW-Authenticate": f'Bearer error="{code}"{more}'})
