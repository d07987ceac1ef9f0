"""A dependency that reads the query string itself and raises 422.
exercise: bounds
"""


def whole_number(name, default, highest):
    def read(request: Request) -> int:
        text = request.query_params.get(name)
        if text is None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 12 or not 1 <= int(text) <= highest:
            raise HTTPException(422, f"{name} has to be a whole number from 1 to {highest}")
        return int(text)

    return Depends(read)


def page_number():
    return whole_number("page", 1, 10**11)


def size():
    def read(request: Request) -> int:
        name = "limit" if request.url.path.endswith("/feed") else "page_size"
        return whole_number(name, 20, 100).dependency(request)

    return Depends(read)
