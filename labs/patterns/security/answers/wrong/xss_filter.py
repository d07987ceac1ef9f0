"""The filter of 2015 is switched on

exercise: headers
check: test_basics
cause: browsers have dropped
"""
def security_headers(https):
    headers = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "X-XSS-Protection": "1; mode=block",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=63072000"
    return headers
