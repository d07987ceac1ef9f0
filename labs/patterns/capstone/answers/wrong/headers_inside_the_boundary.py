"""Security headers only on what routes answer.

exercise: stack
check: test_crash_is_complete
cause: lacks security headers
"""

def add_middlewares(app):
    for middleware in (ConflictDrill, BodyLimit, SecurityHeaders, Boundary, CorrelationId):
        app.add_middleware(middleware)
