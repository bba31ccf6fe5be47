"""The flow of one check, from the request to the outcome, with both drivers."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import (
    EncodingRules,
    KeySigner,
    OCSPCertStatus,
    OCSPResponseStatus,
    Policy,
    limits,
)
from ocsp.client import (
    AddressPolicy,
    AllowedSchemes,
    CertIDHash,
    CheckStatus,
    ContentTypes,
    HTTPReply,
    HTTPRequest,
    MemoryCache,
    Options,
    Reason,
    Redirects,
    RequestMethod,
    ResponderOrder,
    SendNonce,
    Source,
    SQLiteCache,
)
from tests.pki import NOW, ca, delegate, delegate_signer, key, make
from tests.unit.client.scene import (
    HOUR,
    SERIAL,
    A,
    B,
    C,
    Play,
    Reply,
    asked_for,
    certificate,
    reply,
    response,
    unsuccessful,
)

BROKEN = ocsp.errors.TransportError(A, "connection reset")
UNKNOWN = OCSPCertStatus.UNKNOWN


# --- answers and outcomes --------------------------------------------------------


@pytest.mark.parametrize("status", list(OCSPCertStatus))
def test_a_verified_answer_is_evidence(driver: str, status: OCSPCertStatus) -> None:
    """The outcome is good, revoked or unknown, and lists the attempt."""
    outcome = Play(driver, {A: [reply(response(status))]}).check()
    assert outcome.status.value == status.name.lower()
    assert outcome.evidence is not None
    assert outcome.evidence.status is status
    assert outcome.source is Source.RESPONDER
    assert (outcome.reason, outcome.failure) == (None, None)
    (attempt,) = outcome.attempts
    assert (attempt.url, attempt.method, attempt.hash_name) == (A, "GET", "sha256")
    assert attempt.error is None
    assert attempt.octets > 200


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (BROKEN, Reason.TRANSPORT),
        (ocsp.errors.FetchTimeout(A, "took too long"), Reason.TIMEOUT),
        (ocsp.errors.BodyTooLarge(A, 65536), Reason.TOO_LARGE),
        (ocsp.errors.ForbiddenResponderURL(A, "is private"), Reason.FORBIDDEN),
        (reply(status=404), Reason.HTTP_STATUS),
        (reply(status=500), Reason.HTTP_STATUS),
        (reply(status=204, body=b""), Reason.HTTP_STATUS),
        (reply(status=302, location=B), Reason.REDIRECT),
        (reply(b"<html>", content_type="text/html"), Reason.CONTENT_TYPE),
        (reply(response(), content_type=""), Reason.CONTENT_TYPE),
        (reply(b"<html>"), Reason.NOT_VERIFIED),
        (reply(b""), Reason.NOT_VERIFIED),
        (reply(response()[:-1]), Reason.NOT_VERIFIED),
        (reply(response(serial=SERIAL + 1)), Reason.NOT_VERIFIED),
        (reply(response(end=NOW - HOUR / 2)), Reason.NOT_VERIFIED),
        (reply(response(begin=NOW + HOUR)), Reason.NOT_VERIFIED),
        (reply(unsuccessful(OCSPResponseStatus.TRY_LATER)), Reason.TRY_LATER),
        (reply(unsuccessful(OCSPResponseStatus.UNAUTHORIZED)), Reason.UNAUTHORIZED),
        (
            reply(unsuccessful(OCSPResponseStatus.INTERNAL_ERROR)),
            Reason.RESPONDER_ERROR,
        ),
        (
            reply(unsuccessful(OCSPResponseStatus.MALFORMED_REQUEST)),
            Reason.RESPONDER_ERROR,
        ),
    ],
    ids=lambda each: each.name if isinstance(each, Reason) else "",
)
def test_every_failure_is_indeterminate_with_its_reason(
    driver: str, answer: HTTPReply | Exception, reason: Reason
) -> None:
    """``require_good`` raises with that reason, unless soft failing is chosen."""
    outcome = Play(driver, {A: [answer]}).check()
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.reason is reason
    assert outcome.evidence is None
    assert outcome.attempts
    with pytest.raises(ocsp.RevocationIndeterminate) as raised:
        outcome.require_good()
    assert raised.value.reason is reason
    assert outcome.require_good(ocsp.FailMode.UNSAFE_SOFT) is outcome


def test_the_policy_may_accept_what_is_not_der(driver: str) -> None:
    """With a warning, also from the cache, which keeps the octets received."""
    der = response()
    ber = b"\x30\x80" + der[4:] + b"\0\0"
    assert Play(driver, {A: [reply(ber)]}).check().reason is Reason.NOT_VERIFIED
    policy = Policy(encoding=EncodingRules.TOLERANT)
    play = Play(driver, {A: [reply(ber)]}, Options(policy=policy), MemoryCache())
    for source in (Source.RESPONDER, Source.CACHE):
        outcome = play.check()
        assert (outcome.status, outcome.source) == (CheckStatus.GOOD, source)
        assert outcome.evidence is not None
        assert [each.rule for each in outcome.evidence.warnings] == ["V2"]
        assert outcome.evidence.response.public_bytes(Encoding.DER) == ber


def test_a_media_type_may_have_parameters_and_any_case(driver: str) -> None:
    """RFC 9110 §8.3.1."""
    written = "Application/OCSP-Response; charset=binary"
    assert (
        Play(driver, {A: [reply(content_type=written)]}).check().status
        is CheckStatus.GOOD
    )


def test_any_media_type_is_accepted_if_the_options_say_so(driver: str) -> None:
    """The signature protects the response itself."""
    options = Options(content_types=ContentTypes.ANY)
    answer = reply(content_type="application/octet-stream")
    assert Play(driver, {A: [answer]}, options).check().status is CheckStatus.GOOD


# --- requests --------------------------------------------------------------------


def test_a_short_request_is_sent_by_get(driver: str) -> None:
    """The URL has one slash, the Base64 is escaped, and Accept has the media type."""
    play = Play(driver, {A: [reply()]})
    play.check(certificate(A + "/"))
    (request,) = play.script.sent
    assert request.method == "GET"
    assert request.url.startswith(A + "/MF")
    assert "//" not in request.url[len("http://") :]
    assert len(request.url) <= limits.MAX_GET_URL_BYTES
    assert ("Accept", "application/ocsp-response") in request.headers
    assert asked_for(request).serial_number == SERIAL
    assert isinstance(asked_for(request).hash_algorithm, hashes.SHA256)


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (A + "/" + 255 * "x", Options()),
        (A + "/?query", Options()),
        (A, Options(method=RequestMethod.POST)),
    ],
)
def test_other_requests_are_sent_by_post(
    driver: str, url: str, options: Options
) -> None:
    """The URL is too long or has a query, or the options say POST."""
    play = Play(driver, {A: [reply()]}, options)
    assert play.check(certificate(url)).status is CheckStatus.GOOD
    (request,) = play.script.sent
    assert (request.method, request.url) == ("POST", url)
    assert ("Content-Type", "application/ocsp-request") in request.headers
    assert asked_for(request).serial_number == SERIAL


def test_the_length_of_a_get_is_a_limit(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request whose URL is one octet longer is sent by POST."""
    play = Play(driver, {A: [reply()]})
    play.check()
    length = len(play.script.sent[0].url)
    for maximum, method in ((length, "GET"), (length - 1, "POST")):
        monkeypatch.setattr(limits, "MAX_GET_URL_BYTES", maximum)
        play = Play(driver, {A: [reply()]})
        play.check()
        assert play.script.sent[0].method == method


NOT_OCSP: dict[str, Reply] = {
    **{
        str(status): reply(b"", status=status)
        for status in (204, 301, 400, 403, 404, 405, 411, 414, 415, 429, 500, 501, 503)
    },
    "empty": reply(b""),
    "not DER": reply(b"<html>"),
    "cut off": reply(response()[:-1]),
    "HTML": reply(b"<html>", content_type="text/html"),
    "wrong type": reply(content_type="text/plain"),
    "malformedRequest": reply(unsuccessful(OCSPResponseStatus.MALFORMED_REQUEST)),
    "too large": ocsp.errors.BodyTooLarge(A, 65_536),
    "broken": ocsp.errors.BrokenReply(A, "the connection was reset"),
}
UNDERSTOOD: dict[str, Reply] = {
    **{
        status.name: reply(unsuccessful(status))
        for status in (
            OCSPResponseStatus.TRY_LATER,
            OCSPResponseStatus.INTERNAL_ERROR,
            OCSPResponseStatus.SIG_REQUIRED,
            OCSPResponseStatus.UNAUTHORIZED,
        )
    },
    "for another certificate": reply(response(serial=999)),
    "expired": reply(response(end=NOW - HOUR, begin=NOW - 2 * HOUR)),
    "Retry-After": reply(b"", status=503, retry_after="60"),
    "a proxy without a password": reply(b"", status=407),
    "no connection": BROKEN,
    "no answer": ocsp.errors.FetchTimeout(A, "took too long"),
}
ONE_ROUND = Options(retries=0, cert_id_hash=CertIDHash.SHA256)


@pytest.mark.parametrize("answer", NOT_OCSP.values(), ids=NOT_OCSP)
def test_a_get_that_brought_no_ocsp_response_is_repeated_by_post(
    driver: str, answer: Reply
) -> None:
    """Some servers do not support GET, or receive an altered path. One repetition."""
    play = Play(driver, {A: [answer, reply()]})
    assert play.check().status is CheckStatus.GOOD
    assert [request.method for request in play.script.sent] == ["GET", "POST"]
    again = Play(driver, {A: [answer]}, ONE_ROUND)
    assert again.check().status is CheckStatus.INDETERMINATE
    assert [request.method for request in again.script.sent] == ["GET", "POST"]


@pytest.mark.parametrize("answer", UNDERSTOOD.values(), ids=UNDERSTOOD)
def test_a_get_that_a_responder_understood_is_not_repeated_by_post(
    driver: str, answer: Reply
) -> None:
    """Nor one that no responder received, or that is to be repeated later."""
    play = Play(driver, {A: [answer]}, ONE_ROUND)
    play.check()
    assert [request.method for request in play.script.sent] == ["GET"]


def test_a_responder_that_needs_post_is_remembered(driver: str) -> None:
    """For an hour, and until a POST fails; *unauthorized* counts as an answer."""
    unauthorized = reply(unsuccessful(OCSPResponseStatus.UNAUTHORIZED))
    other = reply(response(serial=2))
    play = Play(driver, {A: [reply(status=403), unauthorized, reply(), other]})
    assert play.check().status is CheckStatus.GOOD
    assert play.check(certificate(A, serial=2)).status is CheckStatus.GOOD
    methods = [request.method for request in play.script.sent]
    assert methods == ["GET", "POST", "POST", "POST"]
    play.clock.sleep(3601)
    play.check(certificate(A, serial=3))
    assert play.script.sent[4].method == "GET"


def test_a_post_that_fails_ends_the_preference_for_post(driver: str) -> None:
    """The next request is a GET again."""
    refused = reply(status=405)
    play = Play(driver, {A: [refused, reply(), refused, refused]}, ONE_ROUND)
    for serial in (SERIAL, 2, 3):
        play.check(certificate(A, serial=serial))
    methods = [request.method for request in play.script.sent]
    assert methods == ["GET", "POST", "POST", "GET", "POST"]


def test_a_failed_post_is_not_repeated_by_get(driver: str) -> None:
    """With the option POST the client never sends a GET."""
    play = Play(
        driver, {A: [reply(status=404)]}, Options(method=RequestMethod.POST, retries=0)
    )
    assert play.check().reason is Reason.HTTP_STATUS
    assert [request.method for request in play.script.sent] == ["POST"]


def test_a_nonce_is_sent_by_post_and_the_response_must_have_it(driver: str) -> None:
    """It has 32 octets (RFC 9654); such a check neither uses nor fills the cache."""
    sent = bytes(range(32))
    play = Play(driver, {A: [reply(), reply(response(nonce=sent)), reply()]})
    play.check()
    fresh = play.check(nonce=SendNonce.ALWAYS)
    assert fresh.evidence is not None
    assert fresh.evidence.nonce_matched
    request = play.script.sent[1]
    assert request.method == "POST"
    assert asked_for(request).extensions[0].value == x509.OCSPNonce(sent)
    replayed = play.check(nonce=SendNonce.ALWAYS)
    assert replayed.reason is Reason.NOT_VERIFIED
    assert len(play.script.sent) == 3
    cached = play.check()
    assert cached.source is Source.CACHE
    assert cached.evidence is not None
    assert not cached.evidence.nonce_matched


def test_sha1_is_used_after_sha256_was_unauthorized(driver: str) -> None:
    """RFC 9919 §3.1.1. The next request to that responder starts with SHA-1."""
    unauthorized = reply(unsuccessful(OCSPResponseStatus.UNAUTHORIZED))

    def answer(request: HTTPRequest) -> HTTPReply:
        asked = asked_for(request)
        if not isinstance(asked.hash_algorithm, hashes.SHA1):
            return unauthorized
        return reply(response(serial=asked.serial_number, algorithm=hashes.SHA1()))

    play = Play(driver, {A: [answer]})
    outcome = play.check()
    assert outcome.status is CheckStatus.GOOD
    assert [each.hash_name for each in outcome.attempts] == ["sha256", "sha1"]
    again = play.check(certificate(A, serial=7))
    assert [each.hash_name for each in again.attempts] == ["sha1"]
    # The cache key does not depend on the hash of the response.
    assert play.check().source is Source.CACHE


@pytest.mark.parametrize(
    ("cert_id_hash", "names"),
    [(CertIDHash.SHA256, ["sha256"]), (CertIDHash.SHA1, ["sha1"])],
)
def test_the_options_can_require_one_hash(
    driver: str, cert_id_hash: CertIDHash, names: list[str]
) -> None:
    """Then the client sends one request only."""
    unauthorized = reply(unsuccessful(OCSPResponseStatus.UNAUTHORIZED))
    play = Play(driver, {A: [unauthorized]}, Options(cert_id_hash=cert_id_hash))
    assert [each.hash_name for each in play.check().attempts] == names


# --- responders ------------------------------------------------------------------


def test_urls_are_tried_in_order_until_one_gives_the_status(driver: str) -> None:
    """The outcome lists every failure."""
    play = Play(driver, {A: [BROKEN], B: [reply()], C: [reply()]})
    outcome = play.check(certificate(A, B, C))
    assert outcome.status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "b"]
    assert [each.error is None for each in outcome.attempts] == [False, True]


def test_after_unknown_the_next_responder_is_asked(driver: str) -> None:
    """RFC 6960 §2.2. If the next one fails, the outcome is unknown."""
    unknown = reply(response(UNKNOWN))
    known = Play(driver, {A: [unknown], B: [reply()]}).check(certificate(A, B))
    assert known.status is CheckStatus.GOOD
    play = Play(driver, {A: [unknown], B: [BROKEN]})
    outcome = play.check(certificate(A, B))
    assert outcome.status is CheckStatus.UNKNOWN
    with pytest.raises(ocsp.CertificateStatusUnknown):
        outcome.require_good(ocsp.FailMode.UNSAFE_SOFT)


def test_the_reason_is_the_failure_nearest_to_an_answer(driver: str) -> None:
    """*unauthorized* is nearer than a broken connection, in whichever order."""
    unauthorized = reply(unsuccessful(OCSPResponseStatus.UNAUTHORIZED))
    for answers in ({A: [unauthorized], B: [BROKEN]}, {A: [BROKEN], B: [unauthorized]}):
        outcome = Play(driver, answers).check(certificate(A, B))
        assert outcome.reason is Reason.UNAUTHORIZED


def test_a_given_url_replaces_the_others_and_may_be_private(driver: str) -> None:
    """URLs in certificates may lead to public addresses only."""
    play = Play(driver, {A: [reply()], B: [reply()]})
    assert play.check(url=B).status is CheckStatus.GOOD
    assert play.script.hosts == ["b"]
    assert play.script.sent[0].address_policy is AddressPolicy.PRIVATE_TOO
    other = Play(driver, {A: [reply()]})
    other.check()
    assert other.script.sent[0].address_policy is AddressPolicy.PUBLIC


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "http://",
        "http://user@a.example",
        "http://a.example/#x",
        "http://a.example/\r\nX: y",
        "http://a.example/ x",
        "http://a.example:99999",
        "http://[::1",
        "http://a.example/" + 2048 * "x",
    ],
)
def test_a_forbidden_url_is_not_used(driver: str, url: str) -> None:
    """Its scheme is not allowed, or it is malformed. The next URL is used."""
    play = Play(driver, {"http": [reply()]})
    outcome = play.check(url=url)
    assert outcome.reason is Reason.FORBIDDEN
    assert play.script.sent == []
    assert play.check(url=["ftp://a.example", A]).status is CheckStatus.GOOD


def test_the_length_of_a_url_is_a_limit(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL that is one character longer is not used."""
    for maximum, status in (
        (len(A), CheckStatus.GOOD),
        (len(A) - 1, CheckStatus.INDETERMINATE),
    ):
        monkeypatch.setattr(limits, "MAX_URL_CHARACTERS", maximum)
        options = Options(method=RequestMethod.POST)
        assert Play(driver, {A: [reply()]}, options).check().status is status


def test_https_is_used_if_the_options_say_so(driver: str) -> None:
    """RFC 5280 §8 warns of circular dependencies; the caller accepts that."""
    url = "https://a.example"
    options = Options(allowed_schemes=AllowedSchemes.HTTP_AND_HTTPS)
    play = Play(driver, {url: [reply()]}, options)
    assert play.check(certificate(url)).status is CheckStatus.GOOD


def test_a_certificate_without_responder_is_indeterminate(driver: str) -> None:
    """V29: it is not good. URLs of other schemes, such as ldap, are ignored."""
    for cert in (certificate(), certificate("ldap://a.example/cn=x")):
        outcome = Play(driver, {}).check(cert)
        assert outcome.status is CheckStatus.INDETERMINATE
        assert outcome.reason is Reason.NO_URL
        assert isinstance(outcome.failure, ocsp.errors.NoResponderURL)


def test_the_number_of_urls_is_a_limit(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate cannot cause hundreds of requests; duplicate URLs count once."""
    monkeypatch.setattr(limits, "MAX_RESPONDER_URLS", 2)
    play = Play(driver, {"http": [BROKEN]}, Options(retries=0))
    play.check(certificate(A, A, B, C))
    assert play.script.hosts == ["a", "b"]


def test_a_certificate_with_no_rev_avail_needs_no_request(driver: str) -> None:
    """RFC 9608: nothing is sent, and ``require_good`` accepts it."""
    oid = x509.ObjectIdentifier("2.5.29.56")
    no_rev_avail = x509.UnrecognizedExtension(oid, b"\x05\x00")
    play = Play(driver, {A: [reply()]})
    for issuer in (ca(), None):
        outcome = play.check(certificate(A, extensions=[no_rev_avail]), issuer)
        assert outcome.status is CheckStatus.NOT_NEEDED
        assert outcome.require_good() is outcome
    assert play.script.sent == []


def test_a_certificate_with_unreadable_extensions_is_indeterminate(
    driver: str,
) -> None:
    """It is not good, and the check does not raise."""
    broken = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.1"), b"\x30\x01"
    )
    cert = certificate(extensions=[broken])
    assert Play(driver, {}).check(cert, ca()).reason is Reason.UNREADABLE
    assert Play(driver, {}).check(cert, None).reason is Reason.NO_ISSUER


# --- redirects -------------------------------------------------------------------

FOLLOW = Options(redirects=Redirects.SAME_SCHEME)


def test_a_redirect_is_followed_if_the_options_say_so(driver: str) -> None:
    """The new URL is used as it is, and its address must be public."""
    play = Play(
        driver, {A: [reply(status=301, location=B + "/q")], B: [reply()]}, FOLLOW
    )
    outcome = play.check(url=A)
    assert outcome.status is CheckStatus.GOOD
    first, second = play.script.sent
    assert second.url == B + "/q"
    # The caller gave the first URL, but not the one of the redirect.
    assert (first.address_policy, second.address_policy) == (
        AddressPolicy.PRIVATE_TOO,
        AddressPolicy.PUBLIC,
    )


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://b.example", Reason.REDIRECT),
        ("file:///etc/passwd", Reason.REDIRECT),
        ("http://[::1", Reason.REDIRECT),
        ("", Reason.REDIRECT),
        ("http://user@b.example", Reason.FORBIDDEN),
        ("//user@b.example", Reason.FORBIDDEN),
        ("http://b.example:0/", Reason.FORBIDDEN),
        ("http://127.0.0.1[2606:4700::1111]/", Reason.FORBIDDEN),
        ("http://[2606:4700::1111].b.example/", Reason.FORBIDDEN),
        ("http://b.example/" + "x" * limits.MAX_URL_CHARACTERS, Reason.FORBIDDEN),
        ("http://b.example:65536/", Reason.FORBIDDEN),
        ("http://b.example\\@127.0.0.1/", Reason.FORBIDDEN),
        ("http://１２７.0.0.1/", Reason.FORBIDDEN),
        (A, Reason.REDIRECT),
    ],
)
def test_a_bad_redirect_is_refused(driver: str, location: str, reason: Reason) -> None:
    """To another scheme, without a location, to a forbidden URL, or in a loop."""
    play = Play(driver, {A: [reply(status=302, location=location)]}, FOLLOW)
    outcome = play.check()
    assert outcome.reason is reason
    hops = [request.method for request in play.script.sent]
    refused = reason is Reason.REDIRECT  # a POST to the first URL follows
    assert (
        hops
        == ["GET"] * (limits.MAX_REDIRECTS + 1 if location == A else 1)
        + ["POST"] * refused
    )


def test_the_number_of_redirects_is_a_limit(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One redirect more is refused."""
    for maximum, status in ((1, CheckStatus.GOOD), (0, CheckStatus.INDETERMINATE)):
        monkeypatch.setattr(limits, "MAX_REDIRECTS", maximum)
        answers = {A: [reply(status=307, location=B)], B: [reply()]}
        assert Play(driver, answers, FOLLOW).check().status is status


def test_a_post_follows_only_redirects_that_keep_the_body(driver: str) -> None:
    """RFC 9110 §15.4: 302 may drop the body, 307 keeps it."""
    options = Options(redirects=Redirects.SAME_SCHEME, method=RequestMethod.POST)
    for status, expected in ((302, Reason.REDIRECT), (307, None)):
        answers = {A: [reply(status=status, location=B)], B: [reply()]}
        play = Play(driver, answers, options)
        assert play.check().reason is expected
        assert {request.method for request in play.script.sent} == {"POST"}


# --- time ------------------------------------------------------------------------


def test_transient_failures_are_retried_after_a_pause(driver: str) -> None:
    """Responders with other failures are not asked again."""
    play = Play(driver, {A: [reply(status=403)], B: [BROKEN, reply()]})
    outcome = play.check(certificate(A, B))
    assert outcome.status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "a", "b", "b"]
    assert play.clock.pauses == [0.25]


def test_a_retry_waits_for_retry_after_within_the_deadline(driver: str) -> None:
    """RFC 9110 §10.2.3: seconds, or a date."""
    later = (NOW + datetime.timedelta(seconds=4)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    for written, pauses in (("3", [3.0]), (later, [4.0]), ("60", []), ("x", [0.25])):
        replies = [reply(status=503, retry_after=written), reply()]
        play = Play(driver, {A: replies}, Options(method=RequestMethod.POST))
        outcome = play.check()
        assert play.clock.pauses == pauses
        assert (outcome.status is CheckStatus.GOOD) is bool(pauses)


def test_without_retries_there_is_no_pause(driver: str) -> None:
    """The failure is the outcome."""
    play = Play(driver, {A: [BROKEN, reply()]}, Options(retries=0))
    assert play.check().reason is Reason.TRANSPORT
    assert play.clock.pauses == []


def test_all_attempts_share_one_deadline(driver: str) -> None:
    """Each exchange gets the remaining time; none starts after the deadline."""
    play = Play(driver, {A: [BROKEN], B: [BROKEN], C: [reply()]})
    play.script.takes = 6.0
    outcome = play.check(certificate(A, B, C))
    assert [request.timeout for request in play.script.sent] == [10.0, 4.0]
    assert isinstance(outcome.attempts[2].error, ocsp.errors.FetchTimeout)
    assert outcome.reason in {Reason.TIMEOUT, Reason.TRANSPORT}
    assert [attempt.started for attempt in outcome.attempts] == [0.0, 6.0, 12.0]
    assert outcome.attempts[0].seconds == 6.0
    assert play.clock.pauses == []


def test_the_back_off_doubles_with_each_failure(driver: str) -> None:
    """1, 2, 4 seconds without a request; an answer ends the back-off."""
    play = Play(driver, {A: [BROKEN, BROKEN, BROKEN, reply()]}, Options(retries=0))
    for seconds in (1, 2, 4):
        assert play.check().reason is Reason.TRANSPORT
        sent = len(play.script.sent)
        play.clock.seconds += seconds - 0.5
        outcome = play.check()
        assert outcome.reason is Reason.BACKED_OFF
        assert isinstance(outcome.failure, ocsp.errors.ResponderBackedOff)
        assert outcome.failure.seconds == pytest.approx(0.5)
        assert len(play.script.sent) == sent
        play.clock.seconds += 0.5
    assert play.check().status is CheckStatus.GOOD


def test_retry_after_of_try_later_sets_the_back_off(driver: str) -> None:
    """*tryLater* comes with HTTP 200, and the header counts."""
    answer = reply(unsuccessful(OCSPResponseStatus.TRY_LATER), retry_after="30")
    play = Play(driver, {A: [answer, reply()]}, Options(retries=0))
    assert play.check().reason is Reason.TRY_LATER
    play.clock.seconds = 29
    assert play.check().reason is Reason.BACKED_OFF
    play.clock.seconds = 30
    assert play.check().status is CheckStatus.GOOD


def test_a_failed_check_is_cached_for_a_while(driver: str) -> None:
    """Checks of another certificate or with another URL are not affected."""
    unauthorized = reply(unsuccessful(OCSPResponseStatus.UNAUTHORIZED))
    play = Play(driver, {A: [unauthorized]})
    first = play.check()
    assert play.check() is first
    for other in (
        lambda: play.check(certificate(A, serial=9)),
        lambda: play.check(url=A + "/other"),
    ):
        sent = len(play.script.sent)
        other()
        assert len(play.script.sent) > sent
    play.clock.seconds = 20
    assert play.check() is not first


# --- cache -----------------------------------------------------------------------


def _checked_ago(seconds: float) -> Play:
    """Return a client that checked once, *seconds* ago; its next request fails."""
    play = Play(
        "threads",
        {A: [reply(), BROKEN, reply(response(begin=NOW))]},
        Options(retries=0),
    )
    play.check()
    play.clock.seconds = seconds
    return play


def test_a_good_answer_is_cached(driver: str) -> None:
    """The next check sends nothing, also if the certificate names another URL."""
    play = Play(driver, {A: [reply()]})
    first = play.check()
    second = play.check(certificate(B))
    assert second.status is CheckStatus.GOOD
    assert second.source is Source.CACHE
    assert isinstance(first.evidence, ocsp.VerifiedResponse)
    assert isinstance(second.evidence, ocsp.VerifiedResponse)
    assert second.evidence.response == first.evidence.response
    assert second.attempts == ()
    assert len(play.script.sent) == 1


def test_revoked_is_cached_and_unknown_is_not(driver: str) -> None:
    """*Unknown* may soon change."""
    for status, expected in (
        (OCSPCertStatus.REVOKED, Source.CACHE),
        (UNKNOWN, Source.RESPONDER),
    ):
        play = Play(driver, {A: [reply(response(status))]})
        play.check()
        assert play.check().source is expected


def test_an_answer_is_refreshed_before_it_expires() -> None:
    """In the last quarter of its lifetime; if that fails, the old answer counts."""
    assert _checked_ago(0.74 * 86_400).check().source is Source.CACHE
    play = _checked_ago(0.97 * 86_400)
    kept = play.check()
    assert (kept.status, kept.source) == (CheckStatus.GOOD, Source.CACHE)
    assert len(kept.attempts) == 1
    # During the back-off of the responder nothing is sent.
    sent = len(play.script.sent)
    assert play.check().source is Source.CACHE
    assert len(play.script.sent) == sent
    play.clock.seconds += 2
    newer = play.check()
    assert newer.source is Source.RESPONDER
    assert play.check().evidence is newer.evidence


def test_an_expired_answer_is_not_used() -> None:
    """A failed refresh does not extend its lifetime."""
    play = _checked_ago(86_400)
    outcome = play.check()
    assert outcome.status is CheckStatus.INDETERMINATE
    assert outcome.reason is Reason.TRANSPORT


def test_http_can_shorten_the_lifetime_of_an_answer(driver: str) -> None:
    """RFC 9111: max-age minus Age; after that the client fetches a newer answer."""
    answer = reply(cache_control="public, max-age=600", age="100")
    play = Play(driver, {A: [answer]})
    play.check()
    play.clock.seconds = 370
    assert play.check().source is Source.CACHE
    play.clock.seconds = 501
    assert play.check().source is Source.RESPONDER


def test_http_cannot_extend_the_lifetime_of_an_answer(driver: str) -> None:
    """The answer expires at its signed nextUpdate."""
    play = Play(driver, {A: [reply(cache_control="max-age=999999"), BROKEN]})
    play.check()
    play.clock.seconds = 86_400
    assert play.check().status is CheckStatus.INDETERMINATE


@pytest.mark.parametrize("control", ["no-store", "private, no-store", "max-age=0"])
def test_cache_control_can_forbid_caching(driver: str, control: str) -> None:
    """RFC 9111 §5.2.2."""
    play = Play(driver, {A: [reply(cache_control=control)]})
    play.check()
    assert play.check().source is Source.RESPONDER


def test_an_answer_from_a_file_is_verified_again(driver: str, tmp_path: object) -> None:
    """A client with a stricter policy does not accept an answer that fails it."""
    path = f"{tmp_path}/answers"
    with SQLiteCache(path) as cache:
        play = Play(driver, {A: [reply()]}, cache=cache)
        first = play.check()
        again = play.check()
        assert again.source is Source.CACHE
        assert again.evidence is not first.evidence
    with SQLiteCache(path) as cache:
        young = ocsp.Policy(max_age=datetime.timedelta(minutes=1))
        strict = Play(driver, {A: [BROKEN]}, Options(policy=young), cache)
        assert strict.check().status is CheckStatus.INDETERMINATE


def test_a_cached_answer_for_another_certificate_is_not_accepted(
    driver: str,
) -> None:
    """The client compares the CertID in the evidence."""

    class Liar(MemoryCache):
        def get(self, cert_id: ocsp.CertID) -> object:  # type: ignore[override]
            other = ocsp.CertID.for_certificate(certificate(A), ca(), hashes.SHA256())
            return super().get(other)

    play = Play(driver, {A: [reply(), BROKEN]}, cache=Liar())
    assert play.check().status is CheckStatus.GOOD
    assert play.check(certificate(A, serial=9)).status is CheckStatus.INDETERMINATE


def test_a_candidate_of_the_options_may_be_the_signer(driver: str) -> None:
    """For a responder that does not include its certificate."""
    signer = delegate_signer()
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response_by_id(
            ocsp.CertID.for_serial(ca(), SERIAL, hashes.SHA256()),
            OCSPCertStatus.GOOD,
            NOW - HOUR,
            NOW + HOUR,
            None,
            None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        .produced_at(NOW - HOUR)
    )
    bare = reply(builder.sign_with(signer).public_bytes(Encoding.DER))
    assert Play(driver, {A: [bare]}).check().status is CheckStatus.INDETERMINATE
    options = Options(candidates=(signer.certificate,))
    assert Play(driver, {A: [bare]}, options).check().status is CheckStatus.GOOD


def test_an_answer_from_the_future_is_not_used() -> None:
    """The clock was set back: an answer is valid from its thisUpdate on."""
    play = _checked_ago(-7200)
    assert play.check().status is CheckStatus.INDETERMINATE


def test_an_answer_verified_with_another_policy_is_verified_again(
    driver: str,
) -> None:
    """Sharing a cache with a lenient client does not weaken a strict client."""
    cache = MemoryCache()
    known = Play(driver, {A: [reply()]}, cache=cache).check()
    assert known.status is CheckStatus.GOOD
    young = ocsp.Policy(max_age=datetime.timedelta(minutes=1))
    strict = Play(driver, {A: [BROKEN]}, Options(policy=young), cache)
    assert strict.check().status is CheckStatus.INDETERMINATE
    other = ocsp.Policy(max_age=datetime.timedelta(hours=2))
    fine = Play(driver, {A: [BROKEN]}, Options(policy=other), cache).check()
    assert fine.source is Source.CACHE
    assert fine.evidence is not known.evidence


def test_a_responder_that_another_client_configured_is_not_trusted(
    driver: str,
) -> None:
    """An answer of that responder in a shared cache is not accepted."""
    cache = MemoryCache()
    elsewhere = delegate("Another CA", "Configured")
    signer = KeySigner(key("Configured"), elsewhere)
    answer = reply(response(signer=signer))
    trusting = Options(responders=(elsewhere,))
    assert Play(driver, {A: [answer]}, trusting, cache).check().status is (
        CheckStatus.GOOD
    )
    other = Play(driver, {A: [BROKEN]}, cache=cache)
    assert other.check().status is CheckStatus.INDETERMINATE


def test_an_answer_with_a_nonce_is_not_offered_to_the_cache(driver: str) -> None:
    """Not even to a cache that would keep it."""

    class Any(MemoryCache):
        def put(self, cert_id: object, evidence: object, expires: object) -> bool:  # type: ignore[override]
            raise AssertionError

    answer = reply(response(nonce=bytes(range(32))))
    play = Play(driver, {A: [answer]}, cache=Any())
    assert play.check(nonce=SendNonce.ALWAYS).status is CheckStatus.GOOD


# --- several certificates --------------------------------------------------------


def test_check_chain_checks_all_certificates_except_the_last(driver: str) -> None:
    """``require_good`` raises for the worst outcome."""

    def answer(request: HTTPRequest) -> HTTPReply:
        return reply(response(serial=asked_for(request).serial_number))

    play = Play(driver, {A: [answer], B: [BROKEN]}, Options(retries=0))
    fine = play.check_chain([certificate(A), ca()])
    assert fine.require_good() is fine
    assert [each.status for each in fine.outcomes] == [CheckStatus.GOOD]
    with pytest.raises(TypeError, match="no truth value"):
        bool(fine)
    with pytest.raises(ValueError, match="a certificate and its issuer"):
        play.check_chain([ca()])
    other = play.check_chain([certificate(A, serial=3), ca(), ca()])
    assert [each.status for each in other.outcomes] == [
        CheckStatus.GOOD,
        CheckStatus.INDETERMINATE,
    ]
    with pytest.raises(ocsp.RevocationIndeterminate):
        other.require_good()
    assert other.require_good(ocsp.FailMode.UNSAFE_SOFT) is other


def test_hedging_asks_the_next_responder_when_one_fails(driver: str) -> None:
    """It does not wait for the delay."""
    play = Play(
        driver,
        {A: [BROKEN], B: [reply()]},
        Options(responder_order=ResponderOrder.HEDGED),
    )
    outcome = play.check(certificate(A, B))
    assert outcome.status is CheckStatus.GOOD
    assert play.script.hosts == ["a", "b"]


def test_the_failure_of_another_certificate_with_this_certid_costs_nothing(
    driver: str,
) -> None:
    """A certificate that the issuer has not signed can have any serial number."""
    play = Play(driver, {A: [reply()]})
    without_place = play.check(certificate(serial=SERIAL))
    assert without_place.reason is Reason.NO_URL
    renamed = make("Other name", "Other name", public=key("Test CA"))
    assert play.check(certificate(A), renamed).reason is Reason.NOT_VERIFIED
    assert play.check(certificate(A)).status is CheckStatus.GOOD


def test_an_answer_in_memory_is_verified_again_for_another_certificate_of_the_ca(
    driver: str,
) -> None:
    """With the same name and key, so that both have the same CertID."""
    signer = ocsp.KeySigner(key("Test CA"), ca())
    play = Play(driver, {A: [reply(response(signer=signer))]})
    assert play.check().status is CheckStatus.GOOD
    no_signatures = x509.KeyUsage(*[False] * 6, True, False, False)
    unsuitable = make("Test CA", "Test CA", extensions=[no_signatures])
    for _ in range(2):
        assert play.check(issuer=unsuitable).reason is Reason.NOT_VERIFIED
        assert play.check().status is CheckStatus.GOOD
