"""Follows redirects, as browsers do.

exercise: posts
check: test_redirect_is_no_payment
cause: makes a GET of the POST
"""


async def send_payment(downstream, order, given_key):
    downstream.http.follow_redirects = True
    key = given_key or f"payment-of-order-{order['id']}"
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=True, json=body, headers={"Idempotency-Key": key})


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
