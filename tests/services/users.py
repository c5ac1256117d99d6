#!/usr/bin/python3
"""The shop's users: /users/{id}."""
from service import READ, serve


def user(request, name):
    request.answer(200, {"id": name, "name": f"User {name}", "email": f"user-{name}@shop.example"})


serve([(READ, r"/users/([^/]+)", user)])
