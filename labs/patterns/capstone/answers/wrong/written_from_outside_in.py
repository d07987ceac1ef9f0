"""Added in the order in which they are drawn: the outermost first.

exercise: stack
check: test_crash_is_complete
cause: does not carry the correlation id
"""

def add_middlewares(app):
    for middleware in (CorrelationId, SecurityHeaders, Boundary, BodyLimit, ConflictDrill):
        app.add_middleware(middleware)
