#!/usr/bin/python3
"""The shop's orders: /v1/orders?user={id}."""
from service import READ, serve, wants_query


@wants_query
def orders(request, query):
    user = query.get("user", "")
    lines = [{"id": f"{user}-{n}", "product": product, "quantity": n} for n, product in enumerate(["book", "lamp"], 1)]
    request.answer(200, {"user": user, "orders": lines})


serve([(READ, r"/v1/orders", orders)])
