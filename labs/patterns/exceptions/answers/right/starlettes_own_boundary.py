"""The boundary is Starlette's ExceptionMiddleware a second time, with all handlers, further out.

exercise: boundary
"""
from starlette.middleware.exceptions import ExceptionMiddleware


def add_boundary(app):
    app.add_middleware(ExceptionMiddleware, handlers=app.exception_handlers)
