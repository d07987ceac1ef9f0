"""Starlette's BaseHTTPMiddleware, with the variable set before call_next; the boundary and the job by hand.
"""
# %% every_answer
from starlette.middleware.base import BaseHTTPMiddleware


class CorrelationMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        given = request.headers.get("x-correlation-id")
        ident = new_id() if given is None else choose_id(given)
        correlation_id.set(ident)
        response = await call_next(request)
        response.headers["X-Correlation-ID"] = ident
        return response


# %% border
def choose_id(given):
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    return given if 8 <= len(given) <= 64 and alphabet.issuperset(given) else new_id()


# %% afterwards
def in_this_context(job):
    ident = correlation_id.get()

    async def run():
        token = correlation_id.set(ident)
        try:
            await job()
        finally:
            correlation_id.reset(token)

    return run


# %% accidents
def answer_accidents(app):
    @app.middleware("http")
    async def boundary(request, call_next):
        try:
            return await call_next(request)
        except Exception as error:
            log.error("request_failed", exc_info=error)
            body = {"error": "INTERNAL_ERROR", "message": "Sorry.", "correlation_id": correlation_id.get()}
            return JSONResponse(body, 500)
