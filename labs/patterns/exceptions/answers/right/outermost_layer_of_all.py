"""The boundary stands outside of the whole stack; after a late failure it logs, and returns without ending the body."""
# %% accidents
def handle_crashes(app):
    """The boundary answers them; until it is there, this does."""
    app.add_exception_handler(Exception, answer_crash)


async def answer_crash(request, error):
    log.error("request_failed", exc_info=error)
    return error_response(500, "INTERNAL_ERROR", "Unexpected error.", {"X-Correlation-ID": correlation_id.get()})


# %% boundary
def add_boundary(app):
    app.exception_handlers.pop(Exception)
    build = app.build_middleware_stack

    def build_with_boundary():
        stack = build()
        # Starlette's outermost layer would answer a crash in plain text first: leave it out.
        inner = stack.app

        async def boundary(scope, receive, send):
            if scope["type"] != "http":
                await inner(scope, receive, send)
                return
            started = False

            async def watch(message):
                nonlocal started
                started = started or message["type"] == "http.response.start"
                await send(message)

            try:
                await inner(scope, receive, watch)
            except ServiceError as error:
                headers = {"X-Correlation-ID": correlation_id.get()}
                await error_response(error.status, error.code, str(error), headers)(scope, receive, send)
            except Exception as error:
                if started:
                    log.exception("failed after the first byte")
                    return
                await (await answer_crash(Request(scope), error))(scope, receive, send)

        return boundary

    app.build_middleware_stack = build_with_boundary
