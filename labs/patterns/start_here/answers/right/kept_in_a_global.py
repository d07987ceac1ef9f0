"""Settings kept in a global that the first request fills.

exercise: about
"""
_kept = {}
_version = None


def about():
    global _version
    if not _kept:
        _kept["service"] = os.environ["SERVICE_NAME"]
        _version = os.environ["APP_VERSION"]
    return {**_kept, "version": _version}
