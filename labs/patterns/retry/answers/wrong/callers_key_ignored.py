"""Makes its own key even if the caller sent one.

exercise: posts
check: test_callers_key_is_used
cause: Use given_key when there is one
"""


async def send_payment(downstream, order, given_key):
    key = f"payment-of-order-{order['id']}"
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=True, json=body, headers={"Idempotency-Key": key})


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
