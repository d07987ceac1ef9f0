"""Settings read once per process and kept, as FastAPI's documentation does it.

exercise: about
"""
from functools import lru_cache


@lru_cache
def settings():
    return {"service": os.environ["SERVICE_NAME"], "version": os.environ["APP_VERSION"]}


def about():
    return settings()
