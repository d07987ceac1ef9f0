"""The feed's route has a limit of its own, and no bounds for it.

exercise: bounds
check: test_limit_is_bounded
cause: “download the table”
"""


def page_number():
    return Query(1, ge=1, le=1_000_000_000)


def size():
    return Query(20, ge=1, le=100)


given = create_app


def create_app():
    app = given()
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/orders/feed"]

    @app.get("/orders/feed", response_model=Feed)
    async def feed(request: Request, limit: int = 20, cursor: str | None = None):
        async with request.app.state.sessions() as session:
            return await read_feed(session, limit, cursor)

    return app
