"""An issuer of tokens for tests: keys of every kind, their JWK set, and tokens made by python3-jwt; and tokens put
together by hand, which no library would make."""
import base64
import json
import ssl
import time

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from origins import HttpOrigin, response
from raw import wait_until

ISSUER = "https://id.example.com"
AUDIENCE = "api"
SECRET = "a secret that is longer than the longest hash, which is sixty-four bytes"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
SYMMETRIC = ["HS256", "HS384", "HS512"]
CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


def b64(data):
    if isinstance(data, (dict, list)):
        data = json.dumps(data)
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def new_key(algorithm):
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm]())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def public_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM,
                                         serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def jwk(key, **more):
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = public.public_numbers()
        made = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        numbers, size = public.public_numbers(), (key.key_size + 7) // 8
        made = {"kty": "EC", "crv": f"P-{key.key_size}", "x": number(numbers.x, size), "y": number(numbers.y, size)}
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        made = {"kty": "OKP", "crv": "Ed25519", "x": b64(raw)}
    return {**made, **more}


def claims(**changes):
    now = int(time.time())
    made = {"iss": ISSUER, "aud": [AUDIENCE], "sub": "ada", "iat": now, "nbf": now, "exp": now + 600,
            "scope": "orders:read profile", **changes}
    return {name: value for name, value in made.items() if value is not None}


class Keys:
    """One key for each kind of algorithm, known by the kid that is the algorithm's name."""

    def __init__(self):
        one_rsa = new_key("RS256")
        self.private = {a: one_rsa if a[:2] in ("RS", "PS") else new_key(a) for a in ALGORITHMS}

    def jwks(self):
        return json.dumps({"keys": [jwk(key, kid=name, use="sig") for name, key in self.private.items()]})

    def token(self, algorithm="RS256", headers=None, key=None, **changes):
        secret = SECRET if algorithm in SYMMETRIC else self.private[algorithm]
        return jwt.encode(claims(**changes), key or secret, algorithm, {"kid": algorithm, **(headers or {})})

    def sign(self, algorithm, header, payload):
        """The token of these very bytes, rightly signed: what is wrong with it is the rest."""
        if not isinstance(header, (str, bytes)):
            header = json.dumps(header)
        if not isinstance(payload, (str, bytes)):
            payload = json.dumps(payload)
        signed = f"{b64(header)}.{b64(payload)}"
        if algorithm in SYMMETRIC:
            made = jwt.algorithms.get_default_algorithms()[algorithm].sign(signed.encode(), SECRET.encode())
        elif algorithm == "RS256":
            made = self.private[algorithm].sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        else:
            made = jwt.algorithms.get_default_algorithms()[algorithm].sign(signed.encode(), self.private[algorithm])
        return f"{signed}.{b64(made)}"


class Issuer(HttpOrigin):
    """An issuer that publishes its keys (`current`, by kid) over HTTP or, with a certificate and its key, HTTPS. `fault`
    says what goes wrong until it is None again; "slow" holds what is asked until then."""

    def __init__(self, identity=None, fault=None):
        self.context = None
        if identity:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*identity)
        self.fault, self.cache_control = fault, None
        self.current = {}
        self.rotate()
        super().__init__(answer=self._answer, close=True)
        self.url = f"{'https' if identity else 'http'}://localhost:{self.port}"
        self.issuer = self.url

    def rotate(self, kid=None, keep=0):
        """A new key under a name of its own, which signs from now on; the last `keep` ones are published beside it."""
        kid = kid or f"key-{time.monotonic_ns()}"
        known = list(self.current.items())
        self.current = {kid: new_key("ES256"), **dict(known[:keep])}
        self.kid = kid

    def token(self, kid=None, headers=None, **changes):
        return jwt.encode(claims(**{"iss": self.issuer, **changes}), self.current[kid or self.kid], "ES256",
                          {"kid": kid or self.kid, **(headers or {})})

    def fetches(self, target="/jwks.json"):
        return sum(request.target == target for request in list(self.requests))

    def _serve(self, connection):
        if self.context:
            connection.socket = self.context.wrap_socket(connection.socket, server_side=True)
        super()._serve(connection)

    def _answer(self, request):
        if self.fault == "slow":
            wait_until(lambda: self.fault != "slow", what="the issuer's patience")
        answers = {"down": None, "html": response(b"<html>sorry</html>", headers="Content-Type: text/html\r\n"),
                   "huge": response(b"{" + b" " * 10_000_000 + b"}"), "no keys": response(b'{"keys": []}'),
                   "failing": response(b"{}", 500, reason="Oops"),
                   "redirecting": response(b"", 302, f"Location: {self.url}/elsewhere\r\n", "Found")}
        if self.fault in answers:
            return answers[self.fault]
        if request.target == "/.well-known/openid-configuration":
            named = "https://evil.example" if self.fault == "another issuer" else self.issuer
            return response(json.dumps({"issuer": named, "jwks_uri": f"{self.url}/jwks.json"}).encode())
        keys = [jwk(key, kid=name, use="sig") for name, key in list(self.current.items())]
        cache = f"Cache-Control: {self.cache_control}\r\n" if self.cache_control else ""
        return response(json.dumps({"keys": keys}).encode(), headers=cache)
