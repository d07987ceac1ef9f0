"""structlog's console lines with the id bound to the request, and the stack below them.

exercise: accidents
"""
import structlog


def handle_crashes(app):
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )

    @app.exception_handler(Exception)
    async def crashed(request, error):
        structlog.get_logger().exception("crashed", correlation_id=correlation_id.get(), exc_info=error)
        return error_response(500, "INTERNAL_ERROR", "Something broke.")
