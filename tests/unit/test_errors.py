"""The exceptions: exact texts, documented base classes, pickling and copying."""

from __future__ import annotations

import copy
import datetime
import inspect
import pickle

import pytest
from cryptography.exceptions import InvalidSignature

import ocsp
from ocsp import errors

MOMENT = datetime.datetime(2026, 7, 1, tzinfo=datetime.UTC)

EXAMPLES: list[tuple[Exception, str]] = [
    (errors.OCSPError("plain"), "plain"),
    (errors.ImportRefused("a.csv", "is not CSV"), "a.csv: is not CSV"),
    (errors.DecodeError("wrong"), "wrong"),
    (errors.DecodeError("wrong", path="tbsRequest"), "tbsRequest: wrong"),
    (errors.DecodeError("wrong", offset=7), "offset 7: wrong"),
    (
        errors.DERError("cut off", path="tbsRequest.requestList[0]", offset=12),
        "tbsRequest.requestList[0] at offset 12: cut off",
    ),
    (errors.SchemaError("other", path="a", offset=0), "a at offset 0: other"),
    (errors.ValueTypeError("other", path="a"), "a: other"),
    (
        errors.LimitExceeded("MAX_ENTRIES", 5, 4, path="requestList"),
        "requestList: 5 exceeds the limit MAX_ENTRIES = 4",
    ),
    (errors.BuildError("no"), "no"),
    (errors.SignatureInvalid("not that of the key"), "not that of the key"),
    (errors.UnsupportedError("never heard of"), "never heard of"),
    (
        errors.MultipleRequestsError(3),
        "OCSP request contains 3 requests; load it with allow_multiple=True",
    ),
    (
        errors.MultipleResponsesError(20),
        (
            "OCSP response contains 20 SINGLERESP structures; "
            "use .responses to iterate through them"
        ),
    ),
    (
        errors.ResponseStatusError(ocsp.OCSPResponseStatus.TRY_LATER),
        "OCSP response status is not successful so the property has no value",
    ),
    (
        errors.MissingExtraError("serving over HTTP", "server"),
        (
            "serving over HTTP needs the extra 'server': in a checkout of the project, "
            "run pip install '.[server]'"
        ),
    ),
    (errors.FetchError("http://a", "broke"), "http://a: broke"),
    (errors.TransportError("http://a", "broke"), "http://a: broke"),
    (errors.BrokenReply("http://a", "ended early"), "http://a: ended early"),
    (errors.FetchTimeout("http://a", "took too long"), "http://a: took too long"),
    (errors.HTTPStatusError("http://a", 503, 2.5), "http://a: answered HTTP 503"),
    (
        errors.ContentTypeError("http://a", "text/html"),
        "http://a: answered with text/html",
    ),
    (
        errors.BodyTooLarge("http://a", 65536),
        "http://a: answered with more than 65,536 octets",
    ),
    (
        errors.RedirectRefused("http://a", "http://b", "and none is followed"),
        "http://a: redirects to http://b, and none is followed",
    ),
    (
        errors.ForbiddenResponderURL("ftp://a", "is neither http nor https"),
        "ftp://a: is neither http nor https",
    ),
    (
        errors.ResponderBackedOff("http://a", 1.25),
        "http://a: failed recently; not contacted for 1.2 more seconds",
    ),
    (errors.NoResponderURL(), "the certificate names no responder"),
    (errors.NoCRLURL(), "the certificate names no CRL"),
    (errors.IssuerNotFound("not given"), "not given"),
    (
        errors.StatusNotGiven("Failed"),
        "the management system gave no OCSP response: Failed",
    ),
    (
        errors.RevocationIndeterminate("no URL", None),
        "the status of the certificate is not known: no URL",
    ),
    (
        errors.RevokedBefore("no URL", None, (), MOMENT),
        (
            "the status of the certificate is not known: no URL; the newest verified"
            " answer, of 2026-07-01 00:00:00+00:00, says revoked"
        ),
    ),
    (
        errors.OlderThanKnown(MOMENT, MOMENT + datetime.timedelta(hours=1), True),
        (
            "the answer of 2026-07-01 00:00:00+00:00 proves nothing new: the newest"
            " verified one is of 2026-07-01 01:00:00+00:00 and says revoked"
        ),
    ),
    (
        errors.StapleMissing(),
        "the TLS server sent no stapled OCSP response, but one is required",
    ),
    (
        errors.StapleEnded(MOMENT),
        "the answer of the responder ended at 2026-07-01 00:00:00+00:00",
    ),
    (
        errors.StapleUnobtainable("names no responder"),
        "the certificate requires a staple (RFC 7633), but it names no responder",
    ),
    (errors.PublishingFailed("/srv/ocsp: full"), "/srv/ocsp: full"),
    (errors.HookFailed("nginx", "ended with code 1"), "nginx: ended with code 1"),
    (
        errors.UnreadableFile("x.pem", "is a device, not a regular file"),
        "x.pem: is a device, not a regular file",
    ),
    (errors.BackendError("x"), "x"),
    (errors.TLSPeerError("a.example:443", "timed out"), "a.example:443: timed out"),
    (
        errors.TLSPeerWrongName("a.example:443", "not for b.example"),
        "a.example:443: its certification path is not trusted: not for b.example",
    ),
    (
        errors.TLSPeerNotTrusted("a.example:443", "no root"),
        "a.example:443: its certification path is not trusted: no root",
    ),
    (errors.StatusChangeRefused("x"), "x"),
    (errors.AlreadyRevoked(255), "serial number 0xff is revoked already"),
    (errors.NotOnHold(255), "serial number 0xff is not on hold"),
    (errors.UnknownIssuer("x"), "x"),
    (errors.RetentionOver("x"), "x"),
    (errors.RequestNotSigned("x"), "x"),
    (errors.RequestorNotTrusted("x"), "x"),
    (
        errors.UnknownCertificate(0x1F2E),
        "there is no record of serial number 0x1f2e",
    ),
    (errors.SourceUnavailable("x"), "x"),
    (errors.SignerUnavailable("x"), "x"),
    (errors.StoreError("x"), "x"),
    (errors.ConfigError("port", "is taken"), "port: is taken"),
    (
        errors.ConfigurationError(
            "ocsp.toml",
            [
                errors.ConfigurationProblem(("answers", "nonce"), "is 3", 7),
                errors.ConfigurationProblem(("issuer", 0, "signers"), "is empty", 9),
            ],
        ),
        "ocsp.toml:7: answers.nonce: is 3; ocsp.toml:9: issuer.signers: is empty",
    ),
]
BASES = {
    "SignatureInvalid": InvalidSignature,
    "DecodeError": ValueError,
    "BuildError": ValueError,
    "MultipleRequestsError": NotImplementedError,
    "MultipleResponsesError": ValueError,
    "ResponseStatusError": ValueError,
    "MissingExtraError": ImportError,
    "TransportError": ConnectionError,
    "FetchTimeout": TimeoutError,
    "IssuerNotFound": LookupError,
    "UnknownCertificate": LookupError,
    "ConfigError": ValueError,
    "TLSPeerError": ConnectionError,
    "AlreadyRevoked": ValueError,
    "NotOnHold": ValueError,
}
CLASSES = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if value.__module__ in {"ocsp.errors.general", "ocsp.errors.configuration"}
    and issubclass(value, Exception)
]


@pytest.mark.parametrize(("error", "text"), EXAMPLES, ids=lambda each: str(each)[:40])
def test_str_makes_a_sentence_from_the_values(error: Exception, text: str) -> None:
    """``str`` of each error is exactly this text."""
    assert str(error) == text


@pytest.mark.parametrize("error", [error for error, _ in EXAMPLES], ids=repr)
def test_an_error_survives_pickle_and_copy(error: Exception) -> None:
    """Pickling and copying keep the class, the text and all attributes."""
    for twin in (
        pickle.loads(pickle.dumps(error)),
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert twin.args == error.args
        assert twin.__dict__ == error.__dict__


def test_every_class_has_an_example_and_is_in_the_package() -> None:
    """Each class is exported, tested above, and listed in the tree of the module."""
    assert {type(error) for error, _ in EXAMPLES} == set(CLASSES)
    for kind in CLASSES:
        assert getattr(errors, kind.__name__) is kind
        assert kind.__doc__
        assert kind.__name__ in str(errors.__doc__)
        assert issubclass(kind, errors.OCSPError)


@pytest.mark.parametrize(("name", "base"), BASES.items())
def test_errors_have_the_base_classes_of_cryptography(name: str, base: type) -> None:
    """Code that catches the exceptions of ``cryptography`` catches these."""
    assert issubclass(getattr(errors, name), base)


def test_under_adds_names_in_front_of_the_path() -> None:
    """Each level puts its own name before the path of the fault."""
    error = errors.DERError("cut off", path="serialNumber", offset=3)
    for name in ("reqCert", "requestList[2]", "tbsRequest"):
        error.under(name)
    assert error.path == "tbsRequest.requestList[2].reqCert.serialNumber"
    index = errors.SchemaError("wrong", path="[4]")
    index.under("certs")
    assert index.path == "certs[4]"
    alone = errors.SchemaError("wrong")
    alone.under("certs")
    assert alone.path == "certs"


def test_values_are_attributes() -> None:
    """Programs read attributes instead of parsing the text."""
    limit = errors.LimitExceeded("MAX_ENTRIES", 5, 4, path="x", offset=1)
    assert (limit.limit, limit.value, limit.maximum) == ("MAX_ENTRIES", 5, 4)
    assert (limit.path, limit.offset) == ("x", 1)
    assert errors.MultipleRequestsError(3).count == 3
    assert errors.UnknownCertificate(7).serial_number == 7
    config = errors.ConfigError("port", "is taken")
    assert (config.key, config.reason) == ("port", "is taken")
    extra = errors.MissingExtraError("x", "server")
    assert (extra.feature, extra.extra) == ("x", "server")
    refused = errors.ResponseStatusError(ocsp.OCSPResponseStatus.TRY_LATER)
    assert refused.status is ocsp.OCSPResponseStatus.TRY_LATER
