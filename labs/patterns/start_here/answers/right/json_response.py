"""A response object instead of a dictionary.

exercise: about
"""
from fastapi.responses import JSONResponse


async def about():
    names = {"service": "SERVICE_NAME", "version": "APP_VERSION"}
    return JSONResponse({field: os.environ[variable] for field, variable in names.items()})
