"""structlog's JSON lines with the stack as text.

exercise: accidents
"""
import structlog


def handle_crashes(app):
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.EventRenamer("message"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
    )
    logger = structlog.get_logger()

    async def crashed(request, error):
        logger.bind(correlation_id=correlation_id.get()).error("crashed", exc_info=error)
        return error_response(500, "INTERNAL_ERROR", "Something broke.")

    app.add_exception_handler(Exception, crashed)
