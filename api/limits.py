"""How often something may be asked for: a bucket of tokens for each who asks."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

_MOST_BUCKETS = 10_000


class TooManyRequestsError(Exception):
    """Come again in `seconds`."""

    def __init__(self, what: str, *, seconds: float) -> None:
        super().__init__(what)
        self.seconds = max(1, math.ceil(seconds))


class RateLimiter:
    """`per_minute` requests a minute for each key, a quarter of them at once; 0 for no limit.

    Of this process: where several serve, each counts by itself.
    """

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._burst = max(1.0, per_minute / 4)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted

    def take(self, key: str) -> None:
        """Raises: TooManyRequestsError: the bucket of this key is empty."""
        if not self._rate:
            return
        now = self._clock()
        with self._lock:
            tokens, counted = self._buckets.get(key, (self._burst, now))
            tokens = min(self._burst, tokens + (now - counted) * self._rate)
            if tokens < 1:
                self._buckets[key] = (tokens, now)
                raise TooManyRequestsError(
                    f"too many requests: {60 * self._rate:.0f} a minute are allowed",
                    seconds=(1 - tokens) / self._rate,
                )
            self._buckets[key] = (tokens - 1, now)
            if len(self._buckets) > _MOST_BUCKETS:
                self._forget_full(now)

    def _forget_full(self, now: float) -> None:
        """A bucket that has filled up again is as good as none."""
        self._buckets = {
            key: (tokens, counted)
            for key, (tokens, counted) in self._buckets.items()
            if tokens + (now - counted) * self._rate < self._burst
        }
