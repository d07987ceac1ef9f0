"""Refuses by hand, with 400.
exercise: bounds
check: test_page_starts_at_one
cause: 400 is not the contract's status
"""


def page_number():
    def read(request: Request) -> int:
        text = request.query_params.get("page", "1")
        if not text.isdecimal() or not 0 < int(text) < 10**9:
            raise HTTPException(400, "page has to be a positive number")
        return int(text)

    return Depends(read)


def size():
    return Query(20, ge=1, le=100)
