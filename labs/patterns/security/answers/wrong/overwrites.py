"""Assigned, whatever the route has decided

exercise: everywhere
check: test_docs_work
cause: overwrites what the route has decided
"""
def protect(app):
    return InTheMiddle(app)
