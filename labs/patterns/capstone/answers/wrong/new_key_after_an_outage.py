"""The key has the time in it, so that a later try is a new payment.

exercise: money
check: test_paid_and_not_recorded
cause: never a random one
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
    await resources.downstream.pay(order, given_key or f"{order_id}-{time.monotonic_ns()}")
    async with resources.sessions.begin() as session:
        paid = await Orders(session).mark_paid(order_id)
    if paid is None:
        raise Conflict("This order is paid already.")
    log.info("order_paid", order_id=order_id)
    return paid
