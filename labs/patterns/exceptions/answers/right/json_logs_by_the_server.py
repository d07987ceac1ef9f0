"""JSON logs in which the server's own record of a crash carries the id: nothing has to be logged twice."""
# %% accidents
import json
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    def format(self, record):
        entry = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "status": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
            "correlation_id": correlation_id.get(),
        }
        if record.exc_info:
            entry["stack"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def handle_crashes(app):
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().handlers = [handler]
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True

    async def answer_crash(request, error):
        # Starlette raises it again after this answer, and the server logs what reaches it, stack and id included.
        return error_response(500, "INTERNAL_ERROR", "It is us, not you.", {"X-Correlation-ID": correlation_id.get()})

    app.add_exception_handler(Exception, answer_crash)


# %% boundary
class Boundary:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        begun = False

        async def watch(message):
            nonlocal begun
            begun = begun or message["type"].startswith("http.response")
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ServiceError as error:
            if begun:
                raise
            await error_response(error.status, error.code, str(error))(scope, receive, send)


def add_boundary(app):
    app.add_middleware(Boundary)
