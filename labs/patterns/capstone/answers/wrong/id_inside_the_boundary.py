"""The correlation id is inside of the boundary.

exercise: stack
check: test_crash_is_complete
cause: does not carry the correlation id
"""

def add_middlewares(app):
    for middleware in (ConflictDrill, BodyLimit, CorrelationId, Boundary, SecurityHeaders):
        app.add_middleware(middleware)
