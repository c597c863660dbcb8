"""Octroi as an OpenID provider: its addresses (OpenID Connect Discovery 1.0) and its public keys (RFC 7517)."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

import httpx
from jwt import PyJWK, PyJWTError

FRESH_S = 3600.0  # as long as this they are taken as they were read; then withdrawn keys are forgotten
ASKING_AGAIN_S = 30.0  # an unknown key is looked up at once, but nobody makes us ask more often than this


class ProviderUnavailable(Exception):
    """It cannot be reached, or says what cannot be. Nobody's credential is wrong for that: 503, never 401."""


@dataclass(frozen=True)
class Endpoints:
    authorization: str
    token: str
    userinfo: str
    end_session: str
    jwks: str


class Provider:
    def __init__(self, issuer: str, http: httpx.AsyncClient) -> None:
        self.issuer = issuer
        self._http = http
        self._lock = asyncio.Lock()  # many requests at once ask once
        self._endpoints: Endpoints | None = None
        self._keys: dict[str, PyJWK] = {}
        self._keys_read_at = -FRESH_S

    async def endpoints(self) -> Endpoints:
        async with self._lock:
            if self._endpoints is None:
                self._endpoints = await self._discover()
            return self._endpoints

    async def key(self, kid: str) -> PyJWK | None:
        """Octroi publishes a new key before it signs with it; one that is not there yet is looked up once more."""
        endpoints = await self.endpoints()
        async with self._lock:
            age = time.monotonic() - self._keys_read_at
            if age >= FRESH_S or (kid not in self._keys and age >= ASKING_AGAIN_S):
                self._keys = _signing_keys(await self._read(endpoints.jwks))
                self._keys_read_at = time.monotonic()
            return self._keys.get(kid)

    async def userinfo(self, access_token: str) -> dict[str, Any]:
        endpoints = await self.endpoints()
        return await self._read(endpoints.userinfo, {"Authorization": f"Bearer {access_token}"})

    async def _discover(self) -> Endpoints:
        found = await self._read(f"{self.issuer}/.well-known/openid-configuration")
        # Whoever answers for somebody else must not be believed (Discovery 1.0 §4.3).
        if found.get("issuer") != self.issuer:
            raise ProviderUnavailable("its discovery document is that of another issuer")
        try:
            return Endpoints(
                authorization=str(found["authorization_endpoint"]),
                token=str(found["token_endpoint"]),
                userinfo=str(found["userinfo_endpoint"]),
                end_session=str(found["end_session_endpoint"]),
                jwks=str(found["jwks_uri"]),
            )
        except KeyError as missing:
            raise ProviderUnavailable(f"its discovery document lacks {missing}") from missing

    async def _read(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = await self._http.get(url, headers=headers)
            answer.raise_for_status()
            read = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderUnavailable(f"{url}: {type(error).__name__}") from error
        if not isinstance(read, dict):
            raise ProviderUnavailable(f"{url}: no object")
        return read


def _signing_keys(key_set: dict[str, Any]) -> dict[str, PyJWK]:
    """Those for ES256, which is all that Octroi signs with; what else may stand there is left alone."""
    keys: dict[str, PyJWK] = {}
    for jwk in key_set.get("keys", []):
        if jwk.get("kty") == "EC" and jwk.get("crv") == "P-256" and jwk.get("use", "sig") == "sig" and "kid" in jwk:
            try:
                keys[jwk["kid"]] = PyJWK.from_dict(jwk, algorithm="ES256")
            except PyJWTError as error:
                raise ProviderUnavailable("one of its keys cannot be read") from error
    return keys
