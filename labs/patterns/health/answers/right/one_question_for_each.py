"""Single flight for each dependency: a question that hangs is asked once, and all probes wait for it, each for its own time."""


# %% readiness
class Dependency:
    def __init__(self, question):
        self.question = question
        self.task = None

    async def check(self):
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self.question())
            self.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.wait([self.task], timeout=0.5)
        return "ok" if self.task.done() and not self.task.exception() else "failed"


async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT id FROM users LIMIT 1"))


async def ask_cache(health):
    await health.redis.echo("hello")


def dependencies(health):
    if not hasattr(health, "dependencies"):
        health.dependencies = {
            "database": Dependency(lambda: ask_database(health)),
            "cache": Dependency(lambda: ask_cache(health)),
        }
    return health.dependencies


async def ask_all(health):
    async with asyncio.TaskGroup() as group:
        tasks = {name: group.create_task(one.check()) for name, one in dependencies(health).items()}
    return {name: task.result() for name, task in tasks.items()}


def ready(checks):
    if "failed" in checks.values():
        return JSONResponse({"status": "not ready", "checks": checks}, status_code=503)
    return JSONResponse({"status": "ready", "checks": {**checks, "startup": "ok"}})


# %% crowd
async def ask_together(health):
    return await ask_all(health)
