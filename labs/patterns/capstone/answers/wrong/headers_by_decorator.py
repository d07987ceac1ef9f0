"""The security headers by `@app.middleware("http")`.

exercise: stack
check: test_broken_stream
cause: ended cleanly
"""

def add_middlewares(app):
    for middleware in (ConflictDrill, BodyLimit, Boundary):
        app.add_middleware(middleware)

    @app.middleware("http")
    async def headers(request, call_next):
        response = await call_next(request)
        for name, value in SecurityHeaders.values.items():
            response.headers.setdefault(name, value)
        return response

    app.add_middleware(CorrelationId)
