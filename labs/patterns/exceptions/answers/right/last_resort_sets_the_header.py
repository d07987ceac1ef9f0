"""Crashes stay with the outermost handler, which sets the header itself; the boundary only answers known errors."""
# %% accidents
def handle_crashes(app):
    async def last_resort(request, error):
        try:
            raise error
        except Exception:
            log.exception("crash on %s", request.method)
        headers = {"X-Correlation-ID": correlation_id.get()}
        return error_response(500, "INTERNAL_ERROR", "An unexpected error occurred.", headers)

    app.exception_handlers[500] = last_resort


# %% boundary
class KnownErrors:
    def __init__(self, app, handlers):
        self.app, self.handlers = app, handlers

    async def __call__(self, scope, receive, send):
        state = {"started": False}

        async def tell(message):
            if message["type"] == "http.response.start":
                state["started"] = True
            await send(message)

        try:
            await self.app(scope, receive, tell)
        except (ServiceError, StarletteHTTPException) as error:
            if state["started"]:
                raise RuntimeError("failed after the answer had started") from error
            handler = self.handlers[ServiceError if isinstance(error, ServiceError) else StarletteHTTPException]
            response = await handler(Request(scope), error)
            await response(scope, receive, send)


def add_boundary(app):
    app.add_middleware(KnownErrors, handlers=app.exception_handlers)
