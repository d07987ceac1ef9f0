"""Run a service as production would: environment in, HTTP and log lines out. Knows neither pytest nor Jupyter."""

from labs.service.factory import FactoryError, load_factory
from labs.service.host import Host, Incident, IncidentKind, StartFailed, Unimplemented
from labs.service.runner import Runner
from labs.service.stream import LogStream

__all__ = [
    "FactoryError",
    "Host",
    "Incident",
    "IncidentKind",
    "LogStream",
    "Runner",
    "StartFailed",
    "Unimplemented",
    "load_factory",
]
