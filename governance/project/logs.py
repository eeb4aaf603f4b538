"""One JSON object a line on standard error, from structlog and from the standard library alike."""

import logging.config

import structlog
from structlog.typing import Processor

from governance.project.env import Environment, WrongSettingError

# Their INFO lines repeat each ring, statement and request, which are counted elsewhere.
CHATTY = ("axes", "botocore", "celery", "django.db.backends", "ldap3", "urllib3")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def level(environment: Environment) -> str:
    found = environment.text("LOG_LEVEL", "INFO").upper()
    if found not in LEVELS:
        raise WrongSettingError("LOG_LEVEL", f"must be one of {', '.join(LEVELS)}, not {found!r}.")
    return found


def configure(lowest: str) -> None:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        structlog.processors.format_exc_info,
                        structlog.processors.JSONRenderer(default=str),
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"handlers": ["stderr"], "level": lowest},
            "loggers": {name: {"level": "WARNING"} for name in CHATTY},
        }
    )
