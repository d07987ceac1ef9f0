"""A random key, drawn once and kept with the order; notifications go out in the background."""
# %% posts
waiting = set()


async def send_payment(downstream, order, given_key):
    key = given_key or order.setdefault("payment_key", str(uuid4()))
    body = {"order_id": order["id"], "amount": order["amount"], "currency": "EUR"}
    await downstream.call("POST", "/payments", repeat=True, json=body, headers={"idempotency-key": key})


async def send_notification(downstream, order):
    async def tell():
        try:
            await downstream.send("POST", "/notifications", json={"order_id": order["id"]})
        except (httpx.HTTPError, TimeoutError):
            log.exception("notification_failed")

    task = asyncio.create_task(tell())
    waiting.add(task)
    task.add_done_callback(waiting.discard)
