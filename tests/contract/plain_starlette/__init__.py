"""docs/contract.md without FastAPI: Starlette, SQLAlchemy Core and the standard library's logging.

Written from the page alone, to hold the checks to it: what refuses this service demands more than the page says.
"""

import logging

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from .edge import Boundary, Gate
from .errors import error_answer
from .logs import say, set_up_logs
from .settings import Settings
from .shop import Shop


async def answer_http(_request, error):
    return error_answer(error)


def create_app():
    settings = Settings()
    set_up_logs(settings)
    if unfit_names := settings.unfit():
        say(logging.CRITICAL, "unfit_configuration", variables=unfit_names)
        raise SystemExit(1)
    shop = Shop(settings)
    app = Starlette(
        routes=shop.routes(),
        middleware=[Middleware(Boundary), Middleware(Gate, settings=settings)],
        exception_handlers={HTTPException: answer_http},
        lifespan=shop.lifespan,
    )
    app.router.redirect_slashes = False
    return app
