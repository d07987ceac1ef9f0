"""A name put together.

exercise: greet
"""


def greet(name: str):
    return {"hello": "" + name}
