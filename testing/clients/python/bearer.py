"""Logs in by SASL OAUTHBEARER as an application of PostgreSQL 18's libpq does: a hook hands over the bearer token.

The connection string is the argument, the token is on standard input, JSON comes out.
"""

import ctypes
import glob
import json
import os
import sys

import psycopg

BEARER_TOKEN = 1  # PQAUTHDATA_OAUTH_BEARER_TOKEN


class Request(ctypes.Structure):
    """PGoauthBearerRequest of libpq-fe.h."""

    _fields_ = [
        ("openid_configuration", ctypes.c_char_p),
        ("scope", ctypes.c_char_p),
        ("async_", ctypes.c_void_p),
        ("cleanup", ctypes.c_void_p),
        ("token", ctypes.c_char_p),
        ("user", ctypes.c_void_p),
    ]


HOOK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
token = sys.stdin.read().strip().encode()
asked = []


@HOOK
def hand_over(kind, _connection, data):
    if kind != BEARER_TOKEN:
        return 0
    request = ctypes.cast(data, ctypes.POINTER(Request)).contents
    asked.append([part.decode() if part else None for part in (request.openid_configuration, request.scope)])
    request.token = token
    return 1


# The library that psycopg itself has loaded: the same file gives the same handle.
folder = os.path.join(os.path.dirname(os.path.dirname(psycopg.__file__)), "psycopg_binary.libs")
[library] = glob.glob(os.path.join(folder, "libpq-*.so*"))
ctypes.CDLL(library).PQsetAuthDataHook(hand_over)

try:
    with psycopg.connect(sys.argv[1], connect_timeout=20) as connection:
        [rows] = connection.execute("SELECT count(*)::text FROM orders WHERE id = 1").fetchone()
        print(json.dumps({"libpq": psycopg.pq.version(), "asked": asked, "rows": rows}))
except psycopg.OperationalError as error:
    print(json.dumps({"libpq": psycopg.pq.version(), "asked": asked, "error": str(error)}))
