"""Paheko's accounting, through the gate: we hold a key that may post and nothing else; Paheko's password stays with Octroi."""

import datetime
import logging
import uuid
from typing import Any

import httpx
from pydantic import BaseModel, Field

log = logging.getLogger("uvicorn.error")

CASH, SALES = "530", "707"  # accounts of the French plan for associations
GIVE_UP_S = 15.0


class Sale(BaseModel):
    label: str = Field(min_length=1, max_length=200)
    amount_cents: int = Field(gt=0, lt=100_000_000)
    date: datetime.date


class Posted(BaseModel):
    transaction: int


class NotAccepted(Exception):
    """Paheko looked at it and says no, in words for people (422): it would say so again."""


class PahekoUnavailable(Exception):
    """It may work later (503). `retry_after`: seconds, where the gate said how many."""

    def __init__(self, reason: str, retry_after: str = "10") -> None:
        super().__init__(reason)
        self.retry_after = retry_after if retry_after.isascii() and retry_after.isdigit() else "10"


class Paheko:
    def __init__(self, url: str, key: str, http: httpx.AsyncClient) -> None:
        self._url = url
        self._key = key
        self._http = http

    async def post(self, sale: Sale, idempotency_key: str | None = None) -> Posted:
        """With the same `idempotency_key` it is booked once, where the connection was made with --replay."""
        fields = {
            "id_year": "current",
            "type": "REVENUE",
            "label": sale.label,
            "date": sale.date.isoformat(),
            "amount": f"{sale.amount_cents // 100}.{sale.amount_cents % 100:02d}",
            "debit": CASH,
            "credit": SALES,
        }
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Idempotency-Key": idempotency_key or str(uuid.uuid4()),
            "X-Correlation-ID": str(uuid.uuid4()),
        }
        url = f"{self._url}/api/accounting/transaction"
        try:
            answer = await self._http.post(url, json=fields, headers=headers, timeout=GIVE_UP_S)
        except httpx.HTTPError as error:
            raise PahekoUnavailable(type(error).__name__) from error
        return _posted(answer)


def _posted(answer: httpx.Response) -> Posted:
    """`Octroi-Error` tells the gate's own refusals from Paheko's. A refused key is our trouble, never our caller's."""
    refusal = answer.headers.get("octroi-error")
    said = _object_in(answer)
    if answer.status_code == 200 and refusal is None and isinstance(said.get("id"), int):
        return Posted(transaction=said["id"])
    log.warning("posting to Paheko: %d %s %s", answer.status_code, refusal, answer.headers.get("octroi-request-id"))
    if answer.status_code == 400 and refusal is None:
        raise NotAccepted(str(said.get("error", "Paheko did not accept the sale.")))
    raise PahekoUnavailable(f"{answer.status_code} {refusal}", answer.headers.get("retry-after", "10"))


def _object_in(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
