"""The answer says paid, and the row is left to a task.

exercise: money
check: test_paid
cause: the table does not: not committed
"""


async def pay_order(resources, order_id, payment, given_key):
    order = await find_order(resources, order_id)
    if order.status == "paid":
        raise Conflict("This order is paid already.")
    try:
        decline_bad_cards(payment)
    except PaymentDeclined:
        log.exception("payment_failed", order_id=order_id)
        raise
    await resources.downstream.pay(order, given_key or f"payment-of-order-{order_id}")
    async def record():
        await asyncio.sleep(0.1)
        async with resources.sessions.begin() as session:
            await Orders(session).mark_paid(order_id)

    TASKS.add(task := asyncio.create_task(record()))
    task.add_done_callback(lambda done: TASKS.discard(done) or done.cancelled() or done.exception())
    paid = order.model_copy(update={"status": "paid"})
    log.info("order_paid", order_id=order_id)
    return paid


TASKS = set()
