"""The money is taken, so the answer is 200, recorded or not.

exercise: money
check: test_paid_and_not_recorded
cause: so POST /orders/{id}/pay is a 503
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
    paid = order.model_copy(update={"status": "paid"})
    try:
        async with resources.sessions.begin() as session:
            await Orders(session).mark_paid(order_id)
    except database_errors.DBAPIError:
        log.exception("not_recorded", order_id=order_id)
    log.info("order_paid", order_id=order_id)
    return paid
