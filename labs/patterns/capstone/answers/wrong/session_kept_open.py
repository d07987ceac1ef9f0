"""One session for the whole request, open while downstream is asked.

exercise: money
check: test_waiting_payments_hold_nothing
cause: holds a session that has read something
"""


async def pay_order(resources, order_id, payment, given_key):
    async with resources.sessions.begin() as session:
        order = await Orders(session).get(order_id)
        if order is None:
            raise NotFound("There is no such order.")
        if order.status == "paid":
            raise Conflict("This order is paid already.")
        try:
            decline_bad_cards(payment)
        except PaymentDeclined:
            log.exception("payment_failed", order_id=order_id)
            raise
        await resources.downstream.pay(order, given_key or f"payment-of-order-{order_id}")
        paid = await Orders(session).mark_paid(order_id)
    if paid is None:
        raise Conflict("This order is paid already.")
    log.info("order_paid", order_id=order_id)
    return paid
