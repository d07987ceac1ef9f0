"""A middleware that raises stands outside of the boundary.

exercise: stack
check: test_error_from_a_middleware
cause: everything that raises stands inside of it
"""

def add_middlewares(app):
    for middleware in (BodyLimit, Boundary, ConflictDrill, SecurityHeaders, CorrelationId):
        app.add_middleware(middleware)
