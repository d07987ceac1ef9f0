"""Sent over plain HTTP, too

exercise: headers
check: test_https_only_where_it_is
cause: over plain HTTP
"""
def security_headers(https):
    headers = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    headers["Strict-Transport-Security"] = "max-age=63072000"
    return headers
