"""Fields of another name.

exercise: about
check: test_about_reads_the_environment
cause: the two fields `service` and `version`
"""


def about():
    return {"name": os.environ["SERVICE_NAME"], "version": os.environ["APP_VERSION"]}
