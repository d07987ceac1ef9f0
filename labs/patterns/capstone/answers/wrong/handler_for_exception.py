"""A handler for Exception in place of the boundary.

exercise: stack
check: test_crash_is_complete
cause: does not carry the correlation id
"""

def add_middlewares(app):
    app.add_exception_handler(Exception, answer_error)
    for middleware in (ConflictDrill, BodyLimit, SecurityHeaders, CorrelationId):
        app.add_middleware(middleware)
