"""A fresh key inside of what is repeated.

exercise: posts
check: test_payment_keeps_its_key
cause: The key belongs to the operation
"""


async def send_payment(downstream, order, given_key):
    body = {"order_id": order["id"], "amount": order["amount"]}

    async def attempt():
        key = given_key or str(uuid4())
        return await downstream.send("POST", "/payments", json=body, headers={"Idempotency-Key": key})

    try:
        await with_retries(attempt, downstream.may_retry)
    except (httpx.HTTPError, TimeoutError) as error:
        raise answer_for(error) from error


async def send_notification(downstream, order):
    await downstream.call("POST", "/notifications", repeat=False, json={"order_id": order["id"]})
