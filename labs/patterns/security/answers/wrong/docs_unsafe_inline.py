"""Inline scripts, all of them

exercise: docs
check: test_docs_let_nothing_in
cause: 'unsafe-inline' allows exactly what an injected script is
"""
def docs_policy(page):
    return "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self' data:"
