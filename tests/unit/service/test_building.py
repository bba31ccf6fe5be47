"""A responder from its configuration: each problem names its setting and its line."""

from __future__ import annotations

import asyncio
import datetime
import inspect
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from ocsp import (
    CertID,
    KeySigner,
    OCSPCertStatus,
    OCSPRequestBuilder,
    OCSPResponse,
    OCSPResponseStatus,
    load_der_ocsp_response,
)
from ocsp.errors import ConfigurationError, SignerUnavailable
from ocsp.http import HTTPAnswer
from ocsp.responder import (
    AnswerStore,
    Authority,
    CannedAuthority,
    ForeignAuthority,
    LocalSource,
    Lookup,
    Responder,
    SignerTrust,
    StatusQuery,
    StatusRecord,
    UnknownSerialPolicy,
)
from ocsp.server import RequestHandler
from ocsp.service import (
    BuiltService,
    build_degraded,
    build_service,
    building,
    check_signers,
    read_configuration,
)
from ocsp.service.signer_following import SignerFollower
from ocsp.signers import LoadedSigner, SignerSpec
from ocsp.store import SQLiteStore
from ocsp.testing.throwaway_ca import ThrowawayCA, Validity, new_ec_key
from tests.ca_folder import DAY, CAFolder


@pytest.fixture
def files(tmp_path: Path) -> CAFolder:
    """Write the files of a CA."""
    return CAFolder(tmp_path)


def _problems(files: CAFolder) -> list[str]:
    """Return what is wrong with the configuration, without the folder."""
    file = read_configuration(files.configuration)
    with (
        pytest.raises(ConfigurationError) as caught,
        build_service(file.configuration) as service,
    ):
        check_signers(service, files.now)
    lines = file.locate(caught.value).lines()
    return [f"{where}: {what}".replace(f"{files.folder}/", "") for where, what in lines]


def test_a_responder_is_built_and_tested(files: CAFolder) -> None:
    """The signer signs an answer that clients accept, and the database is open."""
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        assert list(service.names.values()) == ["CN=Example CA"]
        assert check_signers(service, files.now) == []
        assert service.store is not None
        assert len(service.store.issuers()) == 1


CASES = [
    ("signer", "ocsp.toml:6: issuer.signers.certificate: gone.pem: No such file or directory"),
    ("key", (
        "ocsp.toml:6: issuer.signers.key: other.key: is not the key of the certificate"
        " responder.pem; replace both files, or name others"
    )),
    ("ca", "ocsp.toml:5: issuer.certificate: gone.pem: No such file or directory"),
    ("database", (
        "ocsp.toml:1: database: gone.db does not exist; ocsp status add and ocsp status"
        " import make it"
    )),
    ("stranger", (
        "ocsp.toml:6: issuer.signers: 'CN=stranger' was issued by 'CN=Other CA', not by"
        " 'CN=Example CA'"
    )),
    ("ended", (
        "ocsp.toml:6: issuer.signers: no certificate of a signer is valid now; add a"
        " signer: CN=ended is valid from 20"
    )),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "expected"), CASES)
def test_a_problem_names_its_setting_and_its_line(
    kind: str, expected: str, files: CAFolder
) -> None:
    """And the file that is wrong."""
    text = files.settings()
    match kind:
        case "signer":
            text = text.replace("responder.pem", "gone.pem")
        case "key":
            files.add_delegate("other")
            text = text.replace("responder.key", "other.key")
        case "ca":
            text = text.replace("ca.pem", "gone.pem")
        case "database":
            text = text.replace("status.db", "gone.db")
        case "stranger":
            other = ThrowawayCA.root("Other CA", files.validity, new_ec_key())
            files.add_delegate("stranger", of=other)
            text = files.settings(signer="stranger")
        case "ended":
            files.add_delegate("ended", Validity(files.now - 2 * DAY, files.now - DAY))
            text = files.settings(signer="ended")
    files.write("ocsp.toml", text)
    (problem,) = _problems(files)
    assert expected in problem


def test_all_problems_are_found_at_once(files: CAFolder) -> None:
    """An operator corrects them in one go."""
    text = files.settings().replace("responder.key", "gone.key")
    files.write("ocsp.toml", text.replace("status.db", "gone.db"))
    assert [each.split(":")[1] for each in _problems(files)] == ["1", "6"]


def test_signers_of_other_times_are_no_problem(files: CAFolder) -> None:
    """One has ended, which is a warning; one is for the time after."""
    files.add_delegate("ended", Validity(files.now - 2 * DAY, files.now - DAY))
    files.add_delegate("next", Validity(files.now + DAY, files.now + 9 * DAY))
    signers = ", ".join(
        f'{{ certificate = "{name}.pem", key = "{name}.key" }}'
        for name in ("ended", "responder", "next")
    )
    text = files.settings()
    files.write("ocsp.toml", text[: text.index("signers")] + f"signers = [{signers}]")
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        (warning,) = check_signers(service, files.now)
    assert "CN=ended ended at" in warning
    assert "remove the signer" in warning


def test_a_short_validity_is_a_warning(files: CAFolder) -> None:
    """Clients of the Web PKI want eight hours; those of a private CA do not."""
    files.write("ocsp.toml", files.settings(top='answers = { validity = "10m" }'))
    configuration = read_configuration(files.configuration).configuration
    assert configuration.answers.validity == datetime.timedelta(minutes=10)
    with build_service(configuration) as service:
        assert any("webpki" in each for each in check_signers(service, files.now))


def _elsewhere(files: CAFolder, setting: str) -> None:
    """Write a configuration without signers."""
    text = files.settings()
    files.write("ocsp.toml", text[: text.index("signers")] + setting)


def _sign_response(files: CAFolder) -> bytes:
    """Sign a response with the key of the CA, as a ceremony does."""
    certificate = files.ca.certificate
    identity = files.ca.identity
    signer = KeySigner(identity.key, identity.certificate)
    responder = Responder([Authority(certificate, [signer])])
    cert_id = CertID.for_serial(certificate, 7, SHA256())
    request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
    lookup = responder.receive(request.public_bytes(Encoding.DER), files.now)
    assert isinstance(lookup, Lookup)
    return responder.finish(lookup, [StatusRecord()]).der


def test_an_offline_ca_needs_no_signer(files: CAFolder) -> None:
    """Its responses are verified when they are loaded."""
    files.folder.joinpath("signed").mkdir()
    _elsewhere(files, 'signed = ["signed"]')
    (problem,) = _problems(files)
    assert "issuer.signed: has no response that clients accept" in problem
    files.folder.joinpath("signed", "7.der").write_bytes(_sign_response(files))
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        assert list(service.names.values()) == ["CN=Example CA"]
        (authority,) = service.elsewhere
        assert isinstance(authority, CannedAuthority)
        assert check_signers(service, files.now) == []


def test_the_responder_of_another_ca_is_named_by_its_url(files: CAFolder) -> None:
    """The request handler asks it."""
    _elsewhere(files, 'responders = ["http://ocsp.example.org/"]')
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        (authority,) = service.elsewhere
        assert isinstance(authority, ForeignAuthority)
        assert authority.urls == ("http://ocsp.example.org/",)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("", "has no signers; give one of signers, signed, responders"),
        ('signed = ["a"]\nresponders = ["http://x/"]', "has signed and responders"),
        ('responders = ["ftp://x/"]', "is not an HTTP URL"),
    ],
)
def test_an_issuer_has_one_kind_of_answers(
    files: CAFolder, setting: str, reason: str
) -> None:
    """Otherwise one of them would never be used."""
    _elsewhere(files, setting)
    with pytest.raises(ConfigurationError, match=reason):
        read_configuration(files.configuration)


@pytest.mark.parametrize("policy", ["verify", "require"])
def test_trusted_requestors_are_configured(files: CAFolder, policy: str) -> None:
    """An unsigned request then gets *sigRequired*, or an answer."""
    text = f'\n[requests]\nsignatures = "{policy}"\ntrusted = ["ca.pem"]\n'
    files.write("ocsp.toml", files.settings() + text)
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        cert_id = CertID.for_serial(files.ca.certificate, 7, SHA256())
        request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
        der = request.public_bytes(Encoding.DER)
        step = service.responder.receive(der, files.now)
        assert isinstance(step, Lookup) == (policy == "verify")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('signatures = "verify"', "needs trusted"),
        ('trusted = ["ca.pem"]', "only used with signatures"),
    ],
)
def test_trusted_requestors_and_signatures_belong_together(
    files: CAFolder, text: str, reason: str
) -> None:
    """One without the other does nothing."""
    files.write("ocsp.toml", f"{files.settings()}\n[requests]\n{text}\n")
    with pytest.raises(ConfigurationError, match=reason):
        read_configuration(files.configuration)


def test_a_trusted_certificate_that_is_missing_has_its_line(files: CAFolder) -> None:
    """The setting is trusted; it was said to be trusted.certificate."""
    table = '[requests]\nsignatures = "verify"\ntrusted = [\n"ca.pem",\n"gone.pem"]\n'
    files.write("ocsp.toml", f"{files.settings()}{table}")
    file = read_configuration(files.configuration)
    with pytest.raises(ConfigurationError) as caught:
        build_service(file.configuration)
    (problem,) = file.locate(caught.value).problems
    assert (problem.key, problem.line) == ("requests.trusted", 11)
    assert "gone.pem: No such file" in problem.reason


def _asked(service: BuiltService, serial_number: int) -> StatusRecord | None:
    query = StatusQuery(service.authorities[0].key, serial_number)
    (record,) = asyncio.run(service.source.look_up([query]))
    return record


def test_the_status_can_come_from_an_index_txt(files: CAFolder) -> None:
    """Then no database is needed."""
    serial = files.web.serial_number
    files.write("index.txt", f"V\t301231235959Z\t\t{serial:X}\tunknown\t/CN=web\n")
    text = files.settings() + '[issuer.source]\nindex_txt = "index.txt"\n'
    files.write("ocsp.toml", text.replace("status.db", "none.db"))
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        assert service.store is None
        assert _asked(service, serial) is not None
        assert _asked(service, serial + 1) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            'index_txt = "none.txt"',
            "ocsp.toml:7: issuer.source: none.txt: No such file",
        ),
        ('crl = ["none.crl"]', "ocsp.toml:7: issuer.source: none.crl: No such file"),
        ('crl = ["ftp://a/b"]', "ocsp.toml:7: issuer.source: ftp:/a/b: No such file"),
        (
            'directory = "none"\nrevoked = "none"',
            "ocsp.toml:7: issuer.source: none: No such file",
        ),
        (
            'sql = "sqlite:///x"\npreset = "mine"',
            "issuer.source: is 'mine', not one of cfssl",
        ),
    ],
)
def test_a_source_that_cannot_be_read_is_a_problem(
    settings: str, expected: str, files: CAFolder
) -> None:
    """With the line of its table."""
    files.write("ocsp.toml", files.settings() + f"[issuer.source]\n{settings}\n")
    (problem,) = _problems(files)
    assert expected in problem


def test_a_crl_alone_does_not_make_all_others_revoked(files: CAFolder) -> None:
    """It does not say which certificates exist."""
    (files.folder / "ca.crl").write_bytes(b"")
    settings = f'{files.settings()}unlisted = "revoked"\n'
    text = f'{settings}[issuer.source]\ncrl = ["ca.crl"]\n'
    files.write("ocsp.toml", text)
    (problem,) = _problems(files)
    assert "needs issued with unlisted = revoked" in problem
    (files.folder / "serials.txt").write_text("01\n")
    files.write("ocsp.toml", f'{text}issued = "serials.txt"\n')
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        assert isinstance(service.source, LocalSource)


def test_each_issuer_has_its_own_source(files: CAFolder) -> None:
    """One in the database, one in a file; they do not know each other's certificates."""
    serial = files.web.serial_number
    other = ThrowawayCA.root("Other CA", files.validity, new_ec_key())
    (files.folder / "other.pem").write_bytes(other.identity.certificate_pem)
    files.add_delegate("other-responder", of=other)
    files.write("index.txt", "V\t301231235959Z\t\t1234\tunknown\t/CN=web\n")
    files.write(
        "ocsp.toml",
        files.settings()
        + '[[issuer]]\ncertificate = "other.pem"\nsigners = [{ certificate ='
        ' "other-responder.pem", key = "other-responder.key" }]\n'
        '[issuer.source]\nindex_txt = "index.txt"\n',
    )
    configuration = read_configuration(files.configuration).configuration
    with build_service(configuration) as service:
        first, second = (each.key for each in service.authorities)
        queries = [
            StatusQuery(first, serial),
            StatusQuery(second, 0x1234),
            StatusQuery(first, 0x1234),
            StatusQuery(second, serial),
        ]
        found = asyncio.run(service.source.look_up(queries))
        assert [each is not None for each in found] == [True, True, False, False]
        assert isinstance(service.source, LocalSource)
        assert service.source.look_up_now(queries) == found
        assert isinstance(service.source, AnswerStore)


def _settings_with_token(files: CAFolder) -> str:
    uri = "pkcs11:token=ocsp;object=key?module-path=/usr/lib/module.so"
    return files.settings().replace('key = "responder.key"', f'pkcs11 = "{uri}"')


@pytest.mark.parametrize("hangs", [False, True])
def test_a_process_begins_without_a_token(
    files: CAFolder, monkeypatch: pytest.MonkeyPatch, *, hangs: bool
) -> None:
    """Its signer refuses; a check of the configuration reports it."""
    thaw = threading.Event()

    def load(spec: SignerSpec) -> LoadedSigner:
        if hangs:
            thaw.wait(60)
        raise SignerUnavailable(f"{spec.certificate}: the token is away")

    monkeypatch.setattr(building, "load_signer", load)
    monkeypatch.setattr(building, "START_SECONDS", 0.01)
    files.write("ocsp.toml", _settings_with_token(files))
    configuration = read_configuration(files.configuration).configuration
    with build_degraded(configuration) as service:
        (signer,) = service.authorities[0].signers
        why = "no signature within" if hangs else "the token is away"
        with pytest.raises(SignerUnavailable, match=why):
            signer.sign(b"data")
    thaw.set()
    with pytest.raises(ConfigurationError, match="the token is away"):
        build_service(configuration)


SIGNERS = 'signers = [{ certificate = "second.pem", key = "second.key" }]'
LOST = {
    "key": (SIGNERS, "second.key"),
    "certificate of the signer": (SIGNERS, "second.pem"),
    "responses": ('signed = ["signed"]', "signed"),
    "CRL": (f'{SIGNERS}\nsource = {{ crl = ["second.crl"] }}', "second.crl"),
    "index": (f'{SIGNERS}\nsource = {{ index_txt = "index.txt" }}', "index.txt"),
}


@pytest.mark.parametrize("kind", LOST)
def test_files_of_one_issuer_that_are_gone_cost_no_other_one(
    files: CAFolder, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When a process is started again; a check of the configuration reports it."""
    setting, gone = LOST[kind]
    second = files.new_ca("Second CA")
    (files.folder / "second-ca.pem").write_bytes(second.identity.certificate_pem)
    files.add_delegate("second", of=second)
    with SQLiteStore(files.folder / "status.db") as store:
        store.add(second.certificate, 7)
    (files.folder / gone).unlink(missing_ok=True)
    table = f'[[issuer]]\ncertificate = "second-ca.pem"\n{setting}\n'
    top, own = files.settings().split("[[issuer]]")
    files.write("ocsp.toml", f"{top}{table}[[issuer]]{own}")
    configuration = read_configuration(files.configuration).configuration
    with pytest.raises(ConfigurationError):
        build_service(configuration)

    async def answer(serial: int, issuer: ThrowawayCA) -> OCSPResponse:
        cert_id = CertID.for_serial(issuer.certificate, serial, SHA256())
        request = OCSPRequestBuilder().add_certificate_by_id(cert_id).build()
        body = request.public_bytes(Encoding.DER)
        given = handler.handle("POST", b"/", body)
        reply = await given if inspect.isawaitable(given) else given
        reply = reply if isinstance(reply, HTTPAnswer) else reply.at(files.now)
        return load_der_ocsp_response(reply.body)

    with build_degraded(configuration) as service:
        handler = RequestHandler(service.responder, service.source)
        lost = asyncio.run(answer(7, second))
        good = asyncio.run(answer(files.web.serial_number, files.ca))
        SignerFollower(lambda _: None).follow(service)
    assert lost.response_status is OCSPResponseStatus.TRY_LATER
    assert good.certificate_status is OCSPCertStatus.GOOD
    words = "begins without its key" if kind == "key" else "CN=Second CA get tryLater"
    assert any(words in each and gone in each for each in caplog.messages)


def test_an_issuer_whose_signer_is_gone_keeps_its_settings(files: CAFolder) -> None:
    """They hold when its signers are back: all its certificates are revoked."""
    files.folder.joinpath("responder.pem").unlink()
    own = """[[issuer]]
compromised = 2026-01-01T00:00:00Z
cert_hash = true
unlisted = "unknown"
trust = "local"
"""
    text = files.settings().replace("[[issuer]]\n", own)
    files.write("ocsp.toml", f'{text}[retention]\nexpired = "30d"\n')
    configuration = read_configuration(files.configuration).configuration
    with build_degraded(configuration) as service:
        (authority,) = service.authorities
    assert authority.compromised == datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    assert authority.retention == datetime.timedelta(days=30)
    assert authority.cert_hash
    assert authority.unlisted is UnknownSerialPolicy.UNKNOWN
    assert authority.trust is SignerTrust.LOCAL


def test_an_issuer_whose_certificate_is_gone_is_an_error(files: CAFolder) -> None:
    """Nothing then says which requests are about it."""
    files.folder.joinpath("ca.pem").unlink()
    configuration = read_configuration(files.configuration).configuration
    with pytest.raises(ConfigurationError, match=r"ca\.pem"):
        build_degraded(configuration)
