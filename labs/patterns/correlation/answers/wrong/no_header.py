"""The variable is set, and nobody stamps the answer.

exercise: every_answer
check: test_every_answer_has_an_id
cause: Hand self.app a send of your own
"""


class CorrelationMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            given = Headers(scope=scope).get("x-correlation-id")
            correlation_id.set(new_id() if given is None else choose_id(given))
        await self.app(scope, receive, send)
