"""A variable that nobody sets.

exercise: about
check: test_about_answers
cause: raised
"""


def about():
    return {"service": os.environ["SERVICE"], "version": os.environ["VERSION"]}
