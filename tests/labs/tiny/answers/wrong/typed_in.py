"""The name typed into the source.

exercise: greet
check: test_greets_by_name
cause: typed into greet
"""


def greet(name: str):
    return {"hello": "Ada"}
