"""os.getenv instead of os.environ.

exercise: about
"""


def about():
    return dict(service=os.getenv("SERVICE_NAME"), version=os.getenv("APP_VERSION"))
