"""Repeats the notification like everything else.

exercise: posts
check: test_notification_is_sent_once
cause: one more mail to the customer
"""


async def send_payment(downstream, order, given_key):
    key = given_key or f"payment-of-order-{order['id']}"
    body = {"order_id": order["id"], "amount": order["amount"]}
    await downstream.call("POST", "/payments", repeat=True, json=body, headers={"Idempotency-Key": key})


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=True, json={"order_id": order["id"]})
