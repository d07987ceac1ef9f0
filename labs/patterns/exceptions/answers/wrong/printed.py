"""traceback.print_exc: a stack without a level and without an id.

exercise: accidents
check: test_crash_is_logged_once
cause: not with the request's id
"""


def handle_crashes(app):
    @app.exception_handler(Exception)
    async def answer_crash(request, error):
        traceback.print_exception(error)
        return error_response(500, "INTERNAL_ERROR", "Something went wrong.")
