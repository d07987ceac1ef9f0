"""One shape: each error of the service's own has its status, its code and the request's id."""

from __future__ import annotations

import pytest

from labs.judge import MISSING, create_order, create_user

from .causes import OTHER_ID
from .steps import assert_error

DECLINED = "4000 0000 0000 0002"  # the number of a card that is refused


@pytest.mark.check(level="easy")
def test_not_found_has_the_shape(service, fresh):
    """What does not exist is a 404 in the one shape; what exists is answered as before."""
    user = create_user(service, fresh)
    assert_error(service.get(f"/orders/{MISSING}"), 404, "NOT_FOUND")
    response = service.get(f"/users/{user['id']}")
    assert response.status == 200, "A user who exists has to be answered with 200."
    assert response.json.get("name") == user.get("name"), "The answer for a user who exists has to be the user."


@pytest.mark.check(level="easy", after="test_not_found_has_the_shape")
def test_each_type_has_its_status(service, fresh):
    """Each type of error has its own status and code."""
    order = create_order(service, fresh)
    email = fresh.email()
    create_user(service, fresh, email=email)
    new_user = {"name": fresh.name(), "email": email, "password": fresh.secret()}
    for amount in (0, -fresh.number(1, 999)):
        body = {"user_id": order["user_id"], "item": fresh.item(), "amount": amount}
        assert_error(service.post("/orders", body), 422, "VALIDATION_ERROR")
    assert_error(service.post("/orders", {"user_id": MISSING, "item": fresh.item(), "amount": 100}), 404, "NOT_FOUND")
    assert_error(service.post("/users", new_user), 409, "CONFLICT")
    pay = f"/orders/{order['id']}/pay"
    assert_error(service.post(pay, {"card_number": DECLINED}), 402, "PAYMENT_DECLINED")
    paid = service.post(pay, {"card_number": "4000 0000 0000 0001"})
    assert paid.status == 200, "An order can be paid after a card was declined: the error must not leave a trace."
    assert_error(service.post(pay, {"card_number": "4000 0000 0000 0001"}), 409, "CONFLICT")


@pytest.mark.check(level="easy", after="test_not_found_has_the_shape")
def test_the_id_is_the_requests(service, fresh):
    """The correlation id in the body is the request's: the caller's own, and the one in the header."""
    given = fresh.token(20)
    path = f"/orders/{MISSING}"
    body = assert_error(service.get(path, headers={"X-Correlation-ID": given}), 404, "NOT_FOUND")
    assert body["correlation_id"] == given, OTHER_ID
    first, second = service.get(path), service.get(path)
    ids = [assert_error(response, 404, "NOT_FOUND")["correlation_id"] for response in (first, second)]
    assert ids == [first.header("X-Correlation-ID"), second.header("X-Correlation-ID")], OTHER_ID
    assert ids[0] != ids[1], (
        "Two requests got the same id: take it from the request's context when the answer is made, not before."
    )


@pytest.mark.check(level="medium", after="test_not_found_has_the_shape")
def test_error_from_a_dependency(service):
    """An error that a dependency raises is answered like one from a route."""
    assert_error(service.get("/drills/dependency"), 404, "NOT_FOUND")
