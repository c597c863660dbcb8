"""The three kinds of token that Octroi signs, and what has to be true of each.

One issuer signs them all with the same keys, so that the signature alone says nothing: an ID token is no access token, and
neither ends a session. `typ` and `aud` tell them apart (RFC 8725 §3.11, §3.12).
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

import jwt

from till.provider import Provider

ALGORITHMS = ["ES256"]  # ours to say, never the token's: `none` and HS256 are refused here (RFC 8725 §3.1)
CLOCKS_DIFFER_S = 30
BACKCHANNEL_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"


class InvalidToken(Exception):
    """Why, in words that may be shown: never the token."""


@dataclass(frozen=True)
class AccessToken:
    subject: str
    client: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class LogoutToken:
    jti: str
    sid: str | None
    subject: str | None


class Tokens:
    def __init__(self, provider: Provider, client_id: str, audience: str) -> None:
        self._provider = provider
        self._client_id = client_id
        self._audience = audience

    async def id_token(self, token: str, nonce: str) -> dict[str, Any]:
        """OpenID Connect Core 1.0 §3.1.3.7. `sid` is what a logout will name; `nonce` binds it to this browser's sign-in."""
        claims = await self._verified(token, "JWT", self._client_id, ["sub", "exp", "iat", "nonce", "sid"])
        if claims["aud"] not in (self._client_id, [self._client_id]):
            raise InvalidToken("The ID token is for others as well.")
        if not compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise InvalidToken("The ID token is of another sign-in: its nonce is not ours.")
        return claims

    async def access_token(self, token: str) -> AccessToken:
        """RFC 9068 §4."""
        claims = await self._verified(token, "at+jwt", self._audience, ["sub", "exp", "iat", "client_id"])
        scope = claims.get("scope", "")
        return AccessToken(str(claims["sub"]), str(claims["client_id"]), frozenset(str(scope).split()))

    async def logout_token(self, token: str) -> LogoutToken:
        """OpenID Connect Back-Channel Logout 1.0 §2.6; that `jti` comes once is for the caller to see to."""
        claims = await self._verified(token, "logout+jwt", self._client_id, ["iat", "exp", "jti", "events"])
        events, sid, subject = claims["events"], claims.get("sid"), claims.get("sub")
        if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL_LOGOUT), dict):
            raise InvalidToken("The logout token tells of no logout.")
        if "nonce" in claims:
            raise InvalidToken("A logout token has no nonce.")
        if not isinstance(sid, str) and not isinstance(subject, str):
            raise InvalidToken("The logout token names neither a session nor a person.")
        return LogoutToken(str(claims["jti"]), sid, subject)

    async def _verified(self, token: str, typ: str, audience: str, required: list[str]) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise InvalidToken("This is no JWT.") from error
        found = str(header.get("typ", "JWT")).lower().removeprefix("application/")
        if found != typ.lower():
            raise InvalidToken(f"This is no token of type {typ}.")
        kid = header.get("kid")
        key = await self._provider.key(kid) if isinstance(kid, str) else None
        if key is None:
            raise InvalidToken("It is signed with a key that the provider does not publish.")
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=ALGORITHMS,
                audience=audience,
                issuer=self._provider.issuer,
                leeway=CLOCKS_DIFFER_S,
                options={"require": ["iss", "aud", *required]},
            )
        except (jwt.PyJWTError, TypeError) as error:
            raise InvalidToken(f"The token is refused: {type(error).__name__}.") from error
