"""The client of Bindery for back ends: one file, the standard library only, Python 3.9. See docs/client.md."""

import base64
import collections
import datetime
import email.utils
import hashlib
import hmac
import http.client
import json
import random
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
ACCOUNTS_PER_CALL = 100
MOST_SUBJECTS = 10_000  # tokens and accounts whose last time is kept
AHEAD_MS = 5_000  # a login may be so far ahead of the server's clock
TICKET_S = 60


class RefusedError(Exception):
    """The server refused the request: nothing was changed, and the same request is refused again."""

    def __init__(self, status, answer):
        code = answer.get("code") if isinstance(answer, dict) else None
        # A server that is not Bindery might repeat what it was sent.
        known = answer if isinstance(code, str) else {}
        issues = [one for one in known.get("issues") or [] if isinstance(one, dict)]
        texts = [code, known.get("message") or known.get("detail")]
        faults = "".join(f"; {one.get('path') or 'body'}: {one.get('message')}" for one in issues)
        super().__init__(": ".join([f"HTTP {status}", *filter(None, texts)]) + faults)
        self.status, self.code, self.issues = status, code if known else None, issues


class NotSignedError(RefusedError):
    """The secret or the clock is wrong (401). The text says which, as far as the server does."""


class GaveUpError(Exception):
    """No attempt succeeded within the time limit. An event may have been accepted: send its message again."""

    def __init__(self, attempts, reason):
        super().__init__(f"gave up after {attempts} {'attempt' if attempts == 1 else 'attempts'}: {reason}")
        self.attempts, self.reason = attempts, reason


class Bindery:
    """Sends auth events and asks which devices accounts have. It logs nothing. Threads may share it."""

    def __init__(self, url, source=None, secret=None, reader=None, *, time_limit_s=30, attempt_limit_s=10, now=time.time):
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("url is not a URL of http or https")
        self._url, self._source, self._reader = url.rstrip("/"), source, reader
        self._key = None if secret is None else _key_in(secret)
        self._time_limit_s, self._attempt_limit_s, self._now = time_limit_s, attempt_limit_s, now
        self._clock = _Clock()

    def login(self, **data):
        return self.send(self.message("user.login", data))

    def logout(self, **data):
        return self.send(self.message("user.logout", data))

    def logout_everywhere(self, **data):
        return self.send(self.message("user.logout_everywhere", data))

    def deleted(self, **data):
        return self.send(self.message("user.deleted", data))

    def token_changed(self, **data):
        return self.send(self.message("device.token_changed", data))

    def gone(self, tokens):
        """1 to 100 dictionaries with token, at and app. `at`: the push service's time, or that before you sent."""
        message_id = _new_id()
        if any(one.get("at") is None for one in tokens):
            raise ValueError("each token needs `at`: a login after it stays")
        events = [{"id": f"{message_id}-{i}", **self._event("device.gone", one)} for i, one in enumerate(tokens)]
        return self.send({"id": message_id, "body": _json(events)})

    def message(self, event_type, data):
        """Returns the message of an event, to be sent later: an outbox stores it."""
        return {"id": _new_id(), "body": _json(self._event(event_type, data))}

    def send(self, message):
        key, source = self._sender()

        def headers():
            timestamp = str(int(self._now()))
            digest = _hmac(key, f"{message['id']}.{timestamp}.{message['body']}")
            signature = "v1," + base64.b64encode(digest).decode()
            return {"webhook-id": message["id"], "webhook-timestamp": timestamp, "webhook-signature": signature}

        path = "/events/" + urllib.parse.quote(source, safe="")
        return self._post(path, message["body"], headers, ("outcome", "events"))

    def resolve(self, accounts, apps=None):
        """Returns every account with all its devices, in the order asked."""
        found = {}
        for page in self.resolve_pages(accounts, apps):
            for one in page:
                known = found.setdefault((one["account_type"], one["account"]), {**one, "devices": []})
                known["devices"].extend(one["devices"])
        return list(found.values())

    def resolve_pages(self, accounts, apps=None):
        if self._reader is None:
            raise ValueError("resolve needs the option reader")
        headers = {"authorization": f"Bearer {self._reader.strip()}"}
        for first in range(0, len(accounts), ACCOUNTS_PER_CALL):
            asked = _given({"accounts": accounts[first : first + ACCOUNTS_PER_CALL], "apps": apps})
            while True:
                page = self._post("/v1/resolve", _json(asked), lambda: headers, ("accounts",))
                yield page["accounts"]
                if page.get("cursor") is None:
                    break
                asked["cursor"] = page["cursor"]

    def ticket(self, account, account_type=None, session_id=None):
        """Returns a ticket, with which the phone of a person who has just signed in binds its token."""
        key, source = self._sender()
        # Milliseconds: a sign-out everywhere earlier in this second does not end the ticket.
        iat = self._clock.next(_subjects({"account": account}), self._now_ms()) / 1000
        claims = {"iss": source, "sub": account, "account_type": account_type, "sid": session_id}
        times = {"iat": iat, "exp": int(iat) + TICKET_S}
        parts = [{"alg": "HS256", "typ": "JWT"}, _given({**claims, **times})]
        text = ".".join(_base64url(_json(part).encode()) for part in parts)
        return f"{text}.{_base64url(_hmac(key, text))}"

    def _event(self, event_type, given):
        data = _given({name: _text_of(value) for name, value in given.items() if name != "at"})
        at, subjects, now_ms = given.get("at"), _subjects(data), self._now_ms()
        if at is None:
            ms = self._clock.next(subjects, now_ms)
            at = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc).replace(microsecond=ms % 1000 * 1000)
        self._clock.saw(subjects, _ms_of(at), now_ms)
        return {"type": event_type, "timestamp": _text_of(at), "data": data}

    def _now_ms(self):
        return int(self._now() * 1000)

    def _sender(self):
        if self._source is None or self._key is None:
            raise ValueError("events and tickets need the options source and secret")
        return self._key, self._source

    def _post(self, path, body, headers, names):
        """Posts the same body until it is answered: again on 429, on 5xx and on no answer, after growing pauses."""
        end = time.monotonic() + self._time_limit_s
        attempts = 0
        while True:
            attempts += 1
            limit_s = max(0.001, min(self._attempt_limit_s, end - time.monotonic()))
            status, answer, after, reason = _attempt(self._url + path, body, headers(), limit_s)
            is_record = isinstance(answer, dict)
            if 200 <= status < 300 and is_record and all(name in answer for name in names):
                return answer
            if status == 401:
                raise NotSignedError(status, answer)
            if 300 <= status < 500 and status != 429:
                raise RefusedError(status, answer)
            if reason is None:
                reason = f"HTTP {status}" + (f": {answer['code']}" if is_record and isinstance(answer.get("code"), str) else "")
            # Full jitter: senders that failed together do not come back together.
            longest_s = min(FIRST_PAUSE_S * 2 ** min(attempts - 1, 9), LONGEST_PAUSE_S)
            pause_s = _retry_after_s(after, self._now()) + random.random() * longest_s
            if time.monotonic() + pause_s >= end:
                raise GaveUpError(attempts, reason)
            time.sleep(pause_s)


class _Clock:
    """The last time (ms since 1970) of each token and account: of two events of one millisecond, a removal would win."""

    def __init__(self):
        self._last, self._floor, self._lock = collections.OrderedDict(), 0, threading.Lock()

    def next(self, subjects, now_ms):
        with self._lock:
            ms = max([now_ms, *(self._last.get(one, self._floor) + 1 for one in subjects)])
            self._keep(subjects, ms)
            return ms

    def saw(self, subjects, ms, now_ms):
        """Takes note of a caller's own time. One that is far ahead must not spoil those of the events that follow."""
        if ms is not None and ms <= now_ms + AHEAD_MS:
            with self._lock:
                self._keep(subjects, ms)

    def _keep(self, subjects, ms):
        for one in subjects:
            self._last[one] = max(ms, self._last.pop(one, self._floor))
        while len(self._last) > MOST_SUBJECTS:
            self._floor = max(self._floor, self._last.popitem(last=False)[1])


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _attempt(url, body, headers, limit_s):
    """Returns status, JSON, Retry-After, and why there is no answer. The text of an error might repeat what was sent."""
    headers = {"content-type": "application/json", "user-agent": "bindery", **headers}
    request = urllib.request.Request(url, body.encode(), headers, method="POST")
    try:
        try:
            with _OPENER.open(request, timeout=limit_s) as response:
                return response.status, _parsed(response.read()), response.headers.get("retry-after"), None
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _parsed(error.read()), error.headers.get("retry-after"), None
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", error)
        return 0, None, None, type(cause).__name__


def _parsed(content):
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _retry_after_s(text, now):
    if text is None:
        return 0
    if text.isdecimal():
        return int(text) if len(text) < 10 else float("inf")
    try:
        return max(0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (TypeError, ValueError):
        return 0


def _key_in(secret):
    encoded = re.sub(r"^(?:v1,)?whsec_|=+$", "", secret.strip())
    is_base64 = re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3})?", encoded)
    key = base64.b64decode(encoded + "=" * (-len(encoded) % 4)) if is_base64 else b""
    if not 24 <= len(key) <= 64:
        raise ValueError("a webhook secret must be whsec_ and the base64 of 24 to 64 bytes")
    return key


def _subjects(data):
    """The tokens and accounts that an event is about. iOS has a token in either case."""
    tokens = [f"token {data[name]}".lower() for name in ("token", "old_token") if name in data]
    accounts = [data, *(data.get("accounts") or [])]
    return tokens + [f"account {one['account']}" for one in accounts if "account" in one]


def _text_of(value):
    if not isinstance(value, datetime.datetime):
        return value
    if value.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return value.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms_of(at):
    try:
        moment = at if isinstance(at, datetime.datetime) else datetime.datetime.fromisoformat(at.replace("Z", "+00:00"))
        return int(moment.timestamp() * 1000)
    except ValueError:
        return None  # the server judges it


def _given(data):
    return {name: value for name, value in data.items() if value is not None}


def _json(value):
    return json.dumps(value, separators=(",", ":"))


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _new_id():
    return f"msg_{uuid.uuid4()}"
