"""Never repeats a POST, not even one with a key.

exercise: posts
check: test_payment_keeps_its_key
cause: may be repeated like a GET
"""


async def send_payment(downstream, order, given_key):
    key = given_key or f"payment-of-order-{order['id']}"
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=False, json=body, headers={"Idempotency-Key": key})


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
