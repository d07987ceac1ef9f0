"""The handler answers and logs nothing.

exercise: accidents
check: test_crash_is_logged_once
cause: neither logged nor raised again
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.")
