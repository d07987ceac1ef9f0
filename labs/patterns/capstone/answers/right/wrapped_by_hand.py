"""The stamping middlewares are wrapped by hand around all of the framework's own."""
# %% stack
def add_middlewares(app):
    for middleware in (ConflictDrill, BodyLimit, Boundary):
        app.add_middleware(middleware)
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: SecurityHeaders(CorrelationId(build()))
