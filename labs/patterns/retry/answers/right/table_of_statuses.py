"""The errors from a table, without a chain of ifs.

exercise: answer_for
"""
BY_STATUS = {404: NotFound, 429: Unavailable, 503: Unavailable, 504: TookTooLong}


def answer_for(error):
    match error:
        case httpx.HTTPStatusError():
            made = BY_STATUS.get(error.response.status_code, BadGateway)
            return made(error.response.headers.get("retry-after"))
        case TimeoutError() | httpx.TimeoutException():
            return TookTooLong()
        case httpx.RequestError():
            return Unavailable("1")
        case _:
            return BadGateway()
