"""Draining closes the database

exercise: leaving
check: test_draining_service_goes_on
cause: Requests still arrive
"""


def in_service(health):
    return health.started and not health.draining


async def drain(health):
    health.draining = True
    await health.engine.dispose()
    health.engine = None
    return JSONResponse({"status": "draining"}, 202)


def add_routes(app):
    @app.get("/users/{user_id}")
    async def get_user(user_id: int):
        if app.state.health.engine is None:
            raise HTTPException(503, "draining")
        return {"id": user_id}
