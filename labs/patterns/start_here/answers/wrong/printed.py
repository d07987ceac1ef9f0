"""The values are printed, not returned.

exercise: about
check: test_about_answers
cause: a `print` instead of a `return`
"""


def about() -> dict[str, str]:
    print({"service": os.environ["SERVICE_NAME"], "version": os.environ["APP_VERSION"]})
