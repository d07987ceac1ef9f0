"""Both exercises at once."""

# %% greet
def greet(name: str):
    return dict(hello=name)


# %% double
def double(number: int):
    return {"number": number + number}
