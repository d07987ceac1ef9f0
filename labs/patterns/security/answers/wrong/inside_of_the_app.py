"""Added like any other middleware

exercise: everywhere
check: test_crash_has_them
cause: outside of every middleware
"""
def protect(app):
    app.add_middleware(InTheMiddle)
    return app
