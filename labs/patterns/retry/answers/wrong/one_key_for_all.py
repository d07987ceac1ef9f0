"""The key names the operation, not the order.

exercise: posts
check: test_one_key_per_order
cause: Two orders have the same key
"""


async def send_payment(downstream, order, given_key):
    key = given_key or "payment"
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=True, json=body, headers={"Idempotency-Key": key})


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
