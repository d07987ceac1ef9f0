"""The seed's policy, for JSON as well

exercise: headers
check: test_policy_for_json
cause: 'self' allows what nobody needs
"""
def security_headers(https):
    headers = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    }
    if https:
        headers["Strict-Transport-Security"] = "max-age=63072000"
    return headers
