"""All of it is read, then counted

exercise: body_limit
check: test_told_before_the_rest
cause: reads the whole body before it counts
"""
def limit_body(app):
    @app.middleware("http")
    async def limit(request, call_next):
        if len(await request.body()) > MAX_BODY:
            return error_response(413, "Too large.")
        return await call_next(request)
