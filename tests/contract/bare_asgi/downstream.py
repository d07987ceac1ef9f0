"""Calls of the other team's service: three attempts, and a breaker that ends them all for a second."""

import asyncio
import email.utils
import random
import time

import httpx

from .logs import current_id, event
from .wire import Failure

__all__ = ["Downstream"]

WORTH_ANOTHER = (429, 502, 503, 504)


class Downstream:
    def __init__(self, env):
        self.url = env.get("DOWNSTREAM_URL", "http://127.0.0.1:9").rstrip("/")
        self.token = env.get("DOWNSTREAM_TOKEN", "")
        self.client = httpx.AsyncClient(trust_env=False, timeout=3.0, follow_redirects=False)
        self.failures, self.shut_until = 0, 0.0

    async def close(self):
        await self.client.aclose()

    async def ask(self, method, path, body=None, key=None, once=False):
        deadline = time.monotonic() + 2.75
        headers = {"authorization": f"Bearer {self.token}", "x-correlation-id": current_id.get()}
        if key:
            headers["idempotency-key"] = key
        attempt = 0
        while True:
            attempt += 1
            if time.monotonic() < self.shut_until:
                raise Failure(503, headers=[(b"retry-after", b"1")])
            patience = min(2.4 if once else 0.8, deadline - time.monotonic())
            status, later, response = await self.attempt(method, path, headers, body, patience)
            if status is None:
                self.failures = 0
                return response
            event(
                "warning", "call_failed", fields={"attempt": attempt, "route": path.split("/")[1], "counts_as": status}
            )
            worth = status in WORTH_ANOTHER and (response is None or response.status_code in WORTH_ANOTHER)
            if worth:
                self.failures += 1
                if self.failures >= 10:
                    self.shut_until = time.monotonic() + 1.0
            else:
                self.failures = 0
            pause = 0.08 * 2.5 ** (attempt - 1) * random.uniform(0.75, 1.25)
            wait = waiting(later)
            if wait is not None and wait > 0:
                pause = max(pause, wait + 0.01)
            if once or not worth or attempt == 3 or self.failures >= 10 or time.monotonic() + pause + 0.05 > deadline:
                carried = [(b"retry-after", later.encode())] if status == 503 and wait is not None else []
                raise Failure(status, headers=carried)
            await asyncio.sleep(pause)

    async def attempt(self, method, path, headers, body, patience):
        """(None, None, the answer), or (what it counts as, its Retry-After, the answer if there is one)."""
        try:
            async with asyncio.timeout(patience):
                response = await self.client.request(method, self.url + path, headers=headers, json=body)
        except (TimeoutError, httpx.TimeoutException):
            return 504, None, None
        except httpx.RemoteProtocolError as error:
            broken = "disconnected" in str(error) or "closed connection" in str(error)
            return (503, None, None) if broken else (502, None, httpx.Response(500))
        except httpx.TransportError:
            return 503, None, None
        except httpx.HTTPError:
            return 502, None, httpx.Response(500)
        if 200 <= response.status_code < 300:
            return None, None, response
        counts_as = {404: 404, 504: 504, 429: 503, 503: 503}.get(response.status_code, 502)
        return counts_as, response.headers.get("retry-after"), response


def waiting(later):
    """Seconds until a Retry-After, or None where there is none that can be read."""
    if later is None:
        return None
    if later.isascii() and later.isdigit():
        return min(int(later[:9]), 10**6)
    parsed = email.utils.parsedate_tz(later)
    return email.utils.mktime_tz(parsed) - time.time() if parsed else None
