"""Readiness asks for the API key

exercise: readiness
check: test_not_ready_before_started
cause: the kubelet has none
"""


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.ping()


async def ask_all(health):
    tasks = {
        "database": asyncio.create_task(ask_database(health)),
        "cache": asyncio.create_task(ask_cache(health)),
    }
    await asyncio.wait(tasks.values(), timeout=DEADLINE)
    checks = {}
    for name, task in tasks.items():
        checks[name] = "ok" if task.done() and task.exception() is None else "failed"
        task.cancel()
    return checks


def ready(checks):
    if all(outcome == "ok" for outcome in checks.values()):
        return JSONResponse({"status": "ready", "checks": checks})
    return JSONResponse({"status": "not ready", "checks": checks}, 503)


def create_app():
    app = FastAPI(lifespan=lifespan)
    add_routes(app)
    add_probes(app)

    @app.middleware("http")
    async def wants_a_key(request, call_next):
        if request.url.path == "/health/ready" and request.headers.get("x-api-key") != os.environ["API_KEY"]:
            return JSONResponse({"error": "UNAUTHORIZED"}, 401)
        return await call_next(request)

    return app
