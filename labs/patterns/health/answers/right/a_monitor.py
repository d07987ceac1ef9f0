"""A task of its own asks four times a second; the probes read what it found, and distrust it when it is old."""


# %% starting
class Monitor:
    def __init__(self, health):
        self.health = health
        self.checks = {"database": "failed", "cache": "failed"}
        self.at = -1e9
        self.pending = {}

    async def run(self):
        while True:
            for name, question in (("database", ask_database), ("cache", ask_cache)):
                if name not in self.pending:
                    self.pending[name] = asyncio.create_task(question(self.health))
            await asyncio.wait(self.pending.values(), timeout=0.5)
            for name, task in list(self.pending.items()):
                if task.done():
                    del self.pending[name]
                self.checks[name] = "ok" if task.done() and not task.exception() else "failed"
            self.at = time.monotonic()
            await asyncio.sleep(0.25)

    def read(self):
        if time.monotonic() - self.at > 2:
            return {"database": "failed", "cache": "failed"}
        return dict(self.checks)


async def initialise(health):
    health.monitor = Monitor(health)
    health.monitor_task = asyncio.create_task(health.monitor.run())
    while not health.started:
        try:
            await health.warm_up()
        except Exception as error:
            log.warning("warm_up_failed %r", error)
            await asyncio.sleep(0.3)
        else:
            health.started = True


async def startup(health):
    return Response(status_code=200 if health.started else 503)


# %% readiness
async def ask_database(health):
    async with health.engine.connect() as connection:
        await connection.execute(text("SELECT count(*) FROM users"))


async def ask_cache(health):
    if not await health.redis.ping():
        raise ConnectionError


async def ask_all(health):
    return health.monitor.read()


def ready(checks):
    code = 503 if "failed" in checks.values() else 200
    return JSONResponse({"status": "ready" if code == 200 else "not ready", "checks": checks}, code)


# %% crowd
async def ask_together(health):
    return health.monitor.read()
