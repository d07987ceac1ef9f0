"""The values typed into the source.

exercise: about
check: test_about_reads_the_environment
cause: typed into the source
"""


def about():
    return {"service": "orders", "version": "1.0.0"}
