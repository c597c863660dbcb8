"""Cookies come along whoever makes the browser send: what changes something has to come from our own page."""

from fastapi import HTTPException, Request

from till.settings import Settings


def must_be_our_page(request: Request, settings: Settings) -> None:
    """`SameSite=Lax` keeps the cookie out of other sites' POSTs; `Origin` keeps out our neighbours of the same site as well."""
    if request.headers.get("origin") != settings.app_url:
        raise HTTPException(403, "This has to come from the page of this application.")
