"""`data=` where `json=` was meant.

exercise: posts
check: test_calls_say_what_they_are_about
cause: The body of a call is not what the contract says
"""


async def send_payment(downstream, order, given_key):
    key = given_key or f"payment-of-order-{order['id']}"
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=True, data=body, headers={"Idempotency-Key": key})


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, data={"order_id": order["id"]})
