"""Set where a route matched, and on crashes

exercise: everywhere
check: test_answers_that_no_route_made
cause: set for routes that exist
"""
def protect(app):
    async def protected(scope, receive, send):
        async def send_with_headers(message):
            if message["type"] == "http.response.start" and "endpoint" in scope and message["status"] != 405:
                headers = MutableHeaders(scope=message)
                for name, value in security_headers(scope["scheme"] == "https").items():
                    headers.setdefault(name, value)
            await send(message)

        await app(scope, receive, send_with_headers if scope["type"] == "http" else send)

    return protected
