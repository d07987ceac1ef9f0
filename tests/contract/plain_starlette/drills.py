"""Trouble on demand."""

import asyncio
import logging
import math
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .errors import Problem
from .intake import LEVEL, USER, body_of, fitting, text
from .logs import LEVELS, say
from .tables import now, users


class Silent:
    def __repr__(self):
        raise RuntimeError("no text of this")


class Drills:
    def __init__(self, engine):
        self.engine = engine

    def routes(self):
        posts = {
            "log": self.log,
            "library": self.library,
            "odd": self.odd,
            "hostile": self.hostile,
            "crash": self.crash,
            "insert-and-fail": self.insert_and_fail,
        }
        gets = {
            "private": self.private,
            "dependency": needing_a_row(self.dependency),
            "bad-response": self.bad_response,
            "stream": self.stream,
            "gather": self.gather,
            "background": self.background,
            "slow/{n:int}": self.slow,
            "thread/{n:int}": self.thread,
        }
        return [Route(f"/drills/{name}", drill, methods=["POST"]) for name, drill in posts.items()] + [
            Route(f"/drills/{name}", drill, methods=["GET"]) for name, drill in gets.items()
        ]

    async def log(self, request):
        an_object = {"fields": lambda value: None if isinstance(value, dict) else "is not an object"}
        body = fitting(await body_of(request), {**LEVEL, "message": text(1, 10_000), **an_object})
        say(LEVELS[body.get("level", "info").upper()], body["message"], **body.get("fields", {}))
        return Response(status_code=204)

    async def library(self, request):
        body = fitting(await body_of(request), {**LEVEL, "message": text(1, 10_000)})
        logging.getLogger("vendor.billing").log(LEVELS[body.get("level", "info").upper()], body["message"])
        return Response(status_code=204)

    async def odd(self, _request):
        say(
            logging.INFO,
            "odd_values",
            when=datetime.now(UTC),
            ident=uuid.uuid4(),
            price=Decimal("19.99"),
            tags={"new", "sale"},
            ratio=math.nan,
            blob=b"\x00\xffbytes",
            problem=ValueError("odd"),
        )
        return Response(status_code=204)

    async def hostile(self, _request):
        loop = []
        loop.append(loop)
        readings = [1.5, math.inf]
        say(logging.INFO, "hostile_values", broken=Silent(), loop=loop, pairs={(1, 2): "pair"}, readings=readings)
        return Response(status_code=204)

    async def crash(self, request):
        body = await body_of(request)
        secret = body.get("secret")
        raise RuntimeError(body.get("detail")) if secret is not body else AssertionError

    async def private(self, _request):
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})

    async def dependency(self, _request):
        raise AssertionError("the dependency let it through")

    async def bad_response(self, _request):
        if unfitting := [name for name, value in {"id": "seven"}.items() if not isinstance(value, int)]:
            raise TypeError(f"the answer's {unfitting} do not fit")

    async def stream(self, _request):
        async def chunks():
            yield b"first"
            raise RuntimeError("the source is gone")

        return StreamingResponse(chunks(), media_type="text/plain")

    async def gather(self, _request):
        async def child(n):
            await asyncio.sleep(0)
            say(logging.INFO, "child", n=n)

        async with asyncio.TaskGroup() as group:
            for n in (1, 2, 3):
                group.create_task(child(n))
        return JSONResponse({"children": 3})

    async def background(self, _request):
        async def later():
            say(logging.INFO, "background_done")

        return JSONResponse({"status": "accepted"}, 202, background=BackgroundTask(later))

    async def insert_and_fail(self, request):
        body = fitting(await body_of(request), USER)
        async with self.engine.begin() as connection:
            row = {"name": body["name"], "email": body["email"], "password_hash": "!", "created_at": now()}
            await connection.execute(users.insert().values(**row))
            raise RuntimeError("after the insert")

    async def slow(self, request):
        await asyncio.sleep(0.01)
        say(logging.INFO, "slow_done", n=request.path_params["n"])
        return JSONResponse({"n": request.path_params["n"]})

    def thread(self, request):
        time.sleep(0.01)
        say(logging.INFO, "thread_done", n=request.path_params["n"])
        return JSONResponse({"n": request.path_params["n"]})


def needing_a_row(endpoint):
    async def guarded(request):
        if not request.query_params.get("row"):
            raise Problem(404)
        return await endpoint(request)

    return guarded
