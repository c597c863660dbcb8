"""What is kept for a while, in the memory of this one process.

With several processes this is a table of the database instead: the four methods are all that it takes.
"""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Expiring(Generic[Kept]):
    """At most `most` things: whoever fills it up from outside throws out the oldest, and cannot fill the memory."""

    def __init__(self, seconds: float, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._most = most
        self._now = now
        self._kept: dict[str, tuple[float, Kept]] = {}

    def put(self, name: str, thing: Kept) -> None:
        self._drop_old()
        self._kept.pop(name, None)
        self._kept[name] = (self._now() + self._seconds, thing)

    def get(self, name: str) -> Kept | None:
        until, thing = self._kept.get(name, (0.0, None))
        return thing if until > self._now() else None

    def take(self, name: str) -> Kept | None:
        """Only the first who asks gets it."""
        thing = self.get(name)
        self._kept.pop(name, None)
        return thing

    def drop(self, unwanted: Callable[[Kept], bool]) -> int:
        names = [name for name, (_, thing) in self._kept.items() if unwanted(thing)]
        for name in names:
            del self._kept[name]
        return len(names)

    def _drop_old(self) -> None:
        """All live equally long, so that the first ones are the oldest."""
        now = self._now()
        while self._kept:
            name, (until, _) = next(iter(self._kept.items()))
            if until > now and len(self._kept) < self._most:
                return
            del self._kept[name]
