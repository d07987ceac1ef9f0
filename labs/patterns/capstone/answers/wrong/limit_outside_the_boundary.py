"""The body's limit stands outermost, to save work.

exercise: stack
check: test_too_large
cause: everything that raises stands inside of it
"""

def add_middlewares(app):
    for middleware in (ConflictDrill, Boundary, SecurityHeaders, CorrelationId, BodyLimit):
        app.add_middleware(middleware)
