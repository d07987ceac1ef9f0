"""A page_size that is too large is quietly made 100.
exercise: bounds
check: test_page_size_has_two_bounds
cause: refuse rather than clamp
"""


def page_number():
    return Query(1, ge=1, le=1_000_000_000)


def size():
    def clamped(request: Request, page_size: int = Query(20, ge=1), limit: int = Query(20, ge=1)) -> int:
        return min(limit if request.url.path.endswith("/feed") else page_size, 100)

    return Depends(clamped)
