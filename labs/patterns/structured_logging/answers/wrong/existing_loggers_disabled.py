"""dictConfig with its default: loggers that exist already are switched off.
exercise: other_loggers
check: test_library_records_are_json
cause: `disable_existing_loggers` is false
"""

import logging.config


def take_over_other_loggers():
    logging.config.dictConfig(
        {
            "version": 1,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [structlog.stdlib.add_logger_name, *chain()],
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
                }
            },
            "handlers": {
                "out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}
            },
            "root": {"handlers": ["out"], "level": os.environ.get("LOG_LEVEL", "INFO")},
            "loggers": {
                "uvicorn": {"handlers": [], "level": "NOTSET"},
                "uvicorn.error": {"handlers": [], "level": "NOTSET"},
                "uvicorn.access": {"handlers": [], "level": "NOTSET", "propagate": True},
            },
        }
    )
