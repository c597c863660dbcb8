"""The application: what each route does, and what is said when something fails.

    uvicorn --app-dir examples/fastapi --factory till.main:create_app
"""

import logging
from pathlib import Path

import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from till.callers import Caller, Callers
from till.flows import Flows
from till.paheko import NotAccepted, Paheko, PahekoUnavailable, Posted, Sale
from till.provider import Provider, ProviderUnavailable
from till.sessions import Sessions
from till.settings import Settings, read_settings
from till.sign_in import sign_in_routes
from till.tokens import Tokens

log = logging.getLogger("uvicorn.error")

PAGE = Path(__file__).parent.parent / "page"
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or read_settings()
    http = httpx.AsyncClient(timeout=10.0)  # as long as the process; redirects are not followed
    provider = Provider(settings.issuer, http)
    tokens = Tokens(provider, settings.client_id, settings.audience)
    sessions = Sessions(settings.session_hours, settings.is_https)
    callers = Callers(settings, tokens, sessions)
    paheko = Paheko(settings.paheko_url, settings.octroi_key, http)

    app = FastAPI(title="Till", docs_url=None, redoc_url=None)
    app.include_router(sign_in_routes(settings, provider, tokens, sessions, Flows(settings.is_https)))

    @app.get("/api/me")
    async def me(request: Request) -> dict[str, str | None]:
        """What the page asks first: 401 is its cue to send the browser to /api/login."""
        session = sessions.of(request)
        if session is None:
            raise HTTPException(401, "Nobody is signed in.")
        return {"sub": session.subject, "name": session.name, "email": session.email}

    @app.post("/api/sales")
    async def sell(
        sale: Sale,
        caller: Caller = Depends(callers.may("sales.write")),
        idempotency_key: str | None = Header(default=None, min_length=1, max_length=200),
    ) -> Posted:
        posted = await paheko.post(sale, idempotency_key)
        log.info("sale %d by %s at %s", posted.transaction, caller.subject, caller.client or "our page")
        return posted

    say_what_fails(app)
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app


def say_what_fails(app: FastAPI) -> None:
    """Trouble of ours is never a 401 or a 403: whoever gets these gives up, whoever gets a 503 tries again."""

    @app.exception_handler(ProviderUnavailable)
    async def no_provider(_: Request, error: ProviderUnavailable) -> JSONResponse:
        log.error("Octroi: %s", error)
        return JSONResponse({"detail": "Octroi cannot be reached."}, 503, {"Retry-After": "10"})

    @app.exception_handler(PahekoUnavailable)
    async def no_paheko(_: Request, error: PahekoUnavailable) -> JSONResponse:
        log.error("Paheko: %s", error)
        return JSONResponse({"detail": "The accounts cannot be reached."}, 503, {"Retry-After": error.retry_after})

    @app.exception_handler(NotAccepted)
    async def not_accepted(_: Request, error: NotAccepted) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 422)

    @app.middleware("http")
    async def guard(request: Request, call_next) -> Response:  # type: ignore[no-untyped-def]
        answer = await call_next(request)
        answer.headers.update(SECURITY_HEADERS)
        if request.url.path.startswith("/api/"):
            answer.headers["Cache-Control"] = "no-store"
        return answer
