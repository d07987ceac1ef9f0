"""Repeats a payment without a key.

exercise: posts
check: test_payment_keeps_its_key
cause: arrived without an Idempotency-Key
"""


async def send_payment(downstream, order, given_key):
    key = given_key or f"payment-of-order-{order['id']}"
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=True, json=body)


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
