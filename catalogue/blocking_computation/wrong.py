import hashlib


def _hashed(password: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), b"salt", 1_500_000)


async def log_in(password: str, stored: bytes) -> bool:
    return _hashed(password) == stored
