"""A list instead of an object.

exercise: about
check: test_about_answers
cause: dictionary
"""


def about():
    return [os.environ["SERVICE_NAME"], os.environ["APP_VERSION"]]
