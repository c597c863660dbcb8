"""Signing in and out: to Octroi and back (authorization code with PKCE), out again, and being told that a session has ended."""

import logging
from urllib.parse import parse_qs, urlencode

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from till.expiring import Expiring
from till.flows import Flow, Flows
from till.provider import Provider, ProviderUnavailable
from till.same_origin import must_be_our_page
from till.sessions import Session, Sessions
from till.settings import Settings
from till.tokens import InvalidToken, Tokens

log = logging.getLogger("uvicorn.error")

SCOPES = "openid profile email"
AGAIN = "This sign-in was not begun in this browser, was used already, or is too old. Begin again."
LARGEST_FORM = 16_384


def sign_in_routes(
    settings: Settings, provider: Provider, tokens: Tokens, sessions: Sessions, flows: Flows
) -> APIRouter:
    routes = APIRouter(prefix="/api")
    callback_url = f"{settings.app_url}/api/callback"
    logged_out_url = f"{settings.app_url}/api/logged-out"
    told = Expiring[bool](seconds=600, most=100_000)

    def oauth() -> AsyncOAuth2Client:
        """A new one for each sign-in: it keeps the token that it fetched, which must not become another person's."""
        return AsyncOAuth2Client(
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            token_endpoint_auth_method="client_secret_basic",
            code_challenge_method="S256",
            redirect_uri=callback_url,
            scope=SCOPES,
            timeout=10.0,
        )

    @routes.get("/login")
    async def login(request: Request, next: str = "/") -> Response:
        endpoints = await provider.endpoints()
        state, flow = flows.begin(request, "sign-in", _path_of_ours(next))
        async with oauth() as client:
            url, _ = client.create_authorization_url(
                endpoints.authorization, state=state, nonce=flow.nonce, code_verifier=flow.code_verifier
            )
        answer = RedirectResponse(url, status_code=303)
        flows.bind(answer, flow)
        return answer

    @routes.get("/callback")
    async def callback(
        request: Request, state: str = "", code: str = "", iss: str = "", error: str = ""
    ) -> Response:
        flow = flows.take(request, "sign-in", state)
        if flow is None:
            raise HTTPException(400, AGAIN)
        # Without this, another provider could get hold of our code (RFC 9207).
        if iss != settings.issuer:
            raise HTTPException(400, "This answer is not from the provider that was asked.")
        if error or not code:
            refused = "access_denied" if error == "access_denied" else "failed"
            return RedirectResponse(f"/?{urlencode({'sign_in': refused})}", status_code=303)
        session = await session_from(code, flow)
        answer = RedirectResponse(flow.back_to, status_code=303)
        sessions.end(request)
        sessions.begin(answer, session)
        return answer

    async def session_from(code: str, flow: Flow) -> Session:
        given = await redeem(code, flow)
        try:
            id_token = str(given["id_token"])
            claims = await tokens.id_token(id_token, flow.nonce)
            person = await provider.userinfo(str(given["access_token"]))
        except (InvalidToken, KeyError) as error:
            log.error("the answer of the token endpoint is refused: %s", error)
            raise HTTPException(502, "The provider's answer could not be verified.") from error
        if person.get("sub") != claims["sub"]:
            raise HTTPException(502, "The provider told of somebody else.")  # Core 1.0 §5.3.2
        email = person.get("email") if person.get("email_verified") is True else None
        return Session(str(claims["sub"]), person.get("name"), email, str(claims["sid"]), id_token)

    async def redeem(code: str, flow: Flow) -> dict[str, object]:
        url = (await provider.endpoints()).token
        try:
            async with oauth() as client:
                return dict(await client.fetch_token(url, code=code, code_verifier=flow.code_verifier))
        except OAuthError as error:
            log.error("the token endpoint refused: %s", error.error)
            if error.error == "invalid_grant":
                raise HTTPException(400, AGAIN) from error
            raise HTTPException(502, "The provider did not accept this application.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderUnavailable(f"{url}: {type(error).__name__}") from error

    @routes.post("/logout")
    async def logout(request: Request) -> Response:
        """Out here at once; the page then goes to the address in the answer, so that Octroi ends its session too."""
        must_be_our_page(request, settings)
        session = sessions.end(request)
        if session is None:
            return JSONResponse({"location": "/"})
        endpoints = await provider.endpoints()
        state, flow = flows.begin(request, "logout", "/")
        parameters = {
            "id_token_hint": session.id_token,
            "client_id": settings.client_id,
            "post_logout_redirect_uri": logged_out_url,
            "state": state,
        }
        answer = JSONResponse({"location": f"{endpoints.end_session}?{urlencode(parameters)}"})
        flows.bind(answer, flow)
        return answer

    @routes.get("/logged-out")
    async def logged_out(request: Request, state: str = "") -> Response:
        flow = flows.take(request, "logout", state)
        if flow is None:
            raise HTTPException(400, "This logout was not begun in this browser, was used already, or is too old.")
        return RedirectResponse(f"{flow.back_to}?signed_out", status_code=303)

    @routes.post("/backchannel-logout")
    async def backchannel_logout(request: Request) -> Response:
        """From Octroi itself, without a browser and without a cookie: the token is all the proof there is."""
        never_kept = {"Cache-Control": "no-store"}
        try:
            token = await tokens.logout_token(await _only_field(request, "logout_token"))
            if told.get(token.jti):
                raise InvalidToken("This logout token came before.")
        except InvalidToken as error:
            body = {"error": "invalid_request", "error_description": str(error)}
            return JSONResponse(body, status_code=400, headers=never_kept)
        told.put(token.jti, True)
        ended = sessions.end_at_octroi(token.sid, token.subject)
        log.info("back-channel logout: %d sessions ended", ended)
        return Response(status_code=200, headers=never_kept)

    return routes


def _path_of_ours(path: str) -> str:
    """`//evil.example` and `/\\evil.example` are other hosts: whoever writes a link to /api/login must not choose one."""
    is_plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if is_plain and path.startswith("/") and not path.startswith("//") else "/"


async def _only_field(request: Request, name: str) -> str:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise InvalidToken("The body is too large.")
    values = parse_qs(body.decode("latin-1")).get(name, [])
    if len(values) != 1:
        raise InvalidToken(f"{name} is needed, once.")
    return values[0]
