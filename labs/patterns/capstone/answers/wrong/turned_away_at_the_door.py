"""Unknown paths are turned away at the door, before anybody has work with them.

exercise: stack
check: test_every_answer_is_stamped
cause: does not carry the correlation id of its request
"""
from starlette.routing import Match


class Door:
    def __init__(self, app, routes):
        self.app, self.routes = app, routes

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and all(route.matches(scope)[0] is Match.NONE for route in self.routes):
            return await error_response(404, "NOT_FOUND", "There is no such thing.")(scope, receive, send)
        await self.app(scope, receive, send)


def add_middlewares(app):
    for middleware in (ConflictDrill, BodyLimit, Boundary, SecurityHeaders, CorrelationId):
        app.add_middleware(middleware)
    app.add_middleware(Door, routes=app.routes)
