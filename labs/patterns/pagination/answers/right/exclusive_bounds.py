"""The same bounds with `gt` and `lt`, and a last page that just fits into 64 bits.
exercise: bounds
"""


def page_number():
    return Query(default=1, gt=0, lt=2**63 // 100)


def size():
    return Query(default=20, gt=0, lt=101)
