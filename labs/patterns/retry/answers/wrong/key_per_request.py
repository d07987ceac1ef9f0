"""A random key for each request to pay.

exercise: posts
check: test_one_key_per_order
cause: The customer pressed the button again
"""


async def send_payment(downstream, order, given_key):
    key = given_key or str(uuid4())
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=True, json=body, headers={"Idempotency-Key": key})


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
