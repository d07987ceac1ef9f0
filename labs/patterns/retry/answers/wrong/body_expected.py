"""Reads the body of whatever took the payment.

exercise: posts
check: test_payment_keeps_its_key
cause: JSONDecodeError
"""


async def send_payment(downstream, order, given_key):
    key = given_key or f"payment-of-order-{order['id']}"
    body = {"order_id": order["id"], "amount": order["amount"]}
    response = await downstream.call("POST", "/payments", repeat=True, json=body, headers={"Idempotency-Key": key})
    return response.json()


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
