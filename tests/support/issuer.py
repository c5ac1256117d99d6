"""An issuer of tokens for tests: keys of every kind, their JWK set, and tokens made by python3-jwt; and tokens put
together by hand, which no library would make."""
import base64
import json
import time

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

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
