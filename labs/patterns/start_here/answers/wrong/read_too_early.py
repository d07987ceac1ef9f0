"""The environment is read when the cell runs, before anybody has started the service.

exercise: about
check: test_about_reads_the_environment
cause: were read when the cell ran
"""

SERVICE_NAME = os.environ.get("SERVICE_NAME", "orders")
APP_VERSION = os.environ.get("APP_VERSION", "1.0.0")


def about() -> dict[str, str]:
    return {"service": SERVICE_NAME, "version": APP_VERSION}
