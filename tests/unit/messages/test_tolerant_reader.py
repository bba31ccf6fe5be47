"""The tolerant reader: what stays refused, what is copied, and what a message keeps."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

import ocsp
from ocsp import EncodingRules, limits
from ocsp.asn1.der import encode, encode_oid
from tests.pki import ca, key, leaf
from tests.property.deviations import Node, parse
from tests.unit.test_limits import _request, _response

TOLERANT = EncodingRules.TOLERANT
V1 = Node(0xA0, children=[Node(2, b"\0")])
MACOS = (
    "305a3058a00302010030513"
    "04f304d300906052b0e03021a05000414bf7052c8b9c0f760c89123e099815eb2c03942260414"
    "a77f8f03e80d228aa044ee39434e5a04fa6ae29b02144e12ed5e9da63b4854e5f2e82e1448bd0f34c719"
)
"""A request as macOS sends it: version v1 is encoded."""


def _tolerated(message: ocsp.OCSPRequest | ocsp.OCSPResponse) -> list[str]:
    return [str(each) for each in message.tolerated]


def _octets(message: Any) -> bytes:
    found: bytes = message.public_bytes(Encoding.DER)
    return found


def _indefinite(body: bytes) -> bytes:
    return b"\x80" + body + b"\0\0"


def _basic(root: Node) -> Node:
    return root.children[1].children[0].children[1].children[0]


def test_a_request_of_macos_is_read() -> None:
    """The version is recorded, and the octets are kept."""
    data = bytes.fromhex(MACOS)
    with pytest.raises(ocsp.DecodeError, match="default value is encoded"):
        ocsp.load_der_ocsp_request(data)
    request = ocsp.load_der_ocsp_request(data, encoding=TOLERANT)
    assert request.serial_number == 0x4E12ED5E9DA63B4854E5F2E82E1448BD0F34C719
    assert _tolerated(request) == [
        "the default version v1 is encoded, at offset 4 (X.690 §11.5)"
    ]
    assert _octets(request) == data
    assert request.tbs_request_bytes == data[2:]
    assert request == pickle.loads(pickle.dumps(request))
    assert hash(request) == hash(pickle.loads(pickle.dumps(request)))
    (entry,) = request.requests
    assert pickle.loads(pickle.dumps(entry)) == entry


def test_equality_is_that_of_the_octets() -> None:
    """A request in DER and one in BER differ, though they ask the same."""
    data = bytes.fromhex(MACOS)
    request = ocsp.load_der_ocsp_request(data, encoding=TOLERANT)
    root = parse(data)
    del root.children[0].children[0]
    same = ocsp.load_der_ocsp_request(root.encode())
    assert same != request
    assert same.requests == request.requests
    assert same.tolerated == ()


def test_the_members_have_stable_values() -> None:
    """The command line and the published cases use them."""
    assert [each.value for each in EncodingRules] == ["der", "tolerant"]


def test_der_has_nothing_to_tolerate() -> None:
    """The argument changes nothing for a message in DER."""
    der = _response()
    response = ocsp.load_der_ocsp_response(der, encoding=TOLERANT)
    assert response.tolerated == ()
    assert response == ocsp.load_der_ocsp_response(der)


@pytest.mark.parametrize(
    "load", [ocsp.load_der_ocsp_request, ocsp.load_der_ocsp_response]
)
def test_the_encoding_must_be_a_member(load: Any) -> None:
    """Of the enumeration, also for a message in DER."""
    with pytest.raises(TypeError, match="EncodingRules"):
        load(_response(), encoding="tolerant")


def _with_twice(change: Any) -> bytes:
    root = parse(_response())
    change(_basic(root))
    return root.encode()


def _version_twice(basic: Node) -> None:
    basic.children[0].children[:0] = [V1, V1]


def _critical_twice(basic: Node) -> None:
    nonce = Node(
        0x30,
        children=[
            Node(6, encode_oid("1.3.6.1.5.5.7.48.1.2")[2:]),
            Node(1, b"\0"),
            Node(1, b"\xff"),
            Node(4, b"\4\1x"),
        ],
    )
    extensions = Node(0xA1, children=[Node(0x30, children=[nonce])])
    basic.children[0].children.append(extensions)


def _salt_twice(basic: Node) -> None:
    salt = [Node(0xA2, children=[Node(2, bytes([size]))]) for size in (20, 32)]
    basic.children[1] = Node(
        0x30,
        children=[
            Node(6, encode_oid("1.2.840.113549.1.1.10")[2:]),
            Node(0x30, children=salt),
        ],
    )


def _integer_for_critical(basic: Node) -> None:
    basic.children[0].children.insert(0, V1)
    extension = _extension(Node(2, b"\0"))
    basic.children[0].children.append(_list(1, extension))


def _trailing(basic: Node) -> None:
    basic.children[0].children.append(Node(5))


def _version_2(basic: Node) -> None:
    basic.children[0].children.insert(0, Node(0xA0, children=[Node(2, b"\1")]))
    basic.length = _indefinite


def _long_integer(basic: Node) -> None:
    basic.children[0].children.insert(0, Node(0xA0, children=[Node(2, b"\0\0")]))


@pytest.mark.parametrize(
    "change",
    [
        _version_twice,
        _critical_twice,
        _salt_twice,
        _integer_for_critical,
        _trailing,
        _version_2,
        _long_integer,
    ],
)
def test_what_has_two_meanings_stays_refused(change: Any) -> None:
    """Fields that occur twice, further fields, other versions, long integers."""
    with pytest.raises(ocsp.DecodeError):
        ocsp.load_der_ocsp_response(_with_twice(change), encoding=TOLERANT)


def test_an_error_names_the_field_without_an_offset() -> None:
    """Offsets of the message that was written as DER would mislead."""
    with pytest.raises(ocsp.DecodeError) as refused:
        ocsp.load_der_ocsp_response(_with_twice(_version_2), encoding=TOLERANT)
    assert refused.value.path == "responseBytes.tbsResponseData.version"
    assert refused.value.offset is None


def test_an_error_of_another_kind_is_that_of_the_strict_reader() -> None:
    """If there is nothing to tolerate, the error has its offset."""
    root = parse(_response())
    _version_2(_basic(root))
    _basic(root).length = None
    errors = []
    for encoding in EncodingRules:
        with pytest.raises(ocsp.DecodeError) as refused:
            ocsp.load_der_ocsp_response(root.encode(), encoding=encoding)
        errors.append(str(refused.value))
    assert errors[0] == errors[1]
    assert "at offset" in errors[0]


def test_the_places_of_a_response_count_from_its_start() -> None:
    """Also of fields in the BasicOCSPResponse."""
    root = parse(_response())
    _basic(root).children[0].children.insert(0, V1)
    data = root.encode()
    (deviation,) = ocsp.load_der_ocsp_response(data, encoding=TOLERANT).tolerated
    assert deviation.offset == data.index(V1.encode())
    assert deviation.within == ""


def test_octets_after_the_message_stay_refused() -> None:
    """Also end-of-contents octets, and after a message in BER."""
    root = parse(_response())
    root.length = _indefinite
    for data in (_response() + b"x", _response() + b"\0\0", root.encode() + b"\0\0"):
        with pytest.raises(ocsp.DecodeError):
            ocsp.load_der_ocsp_response(data, encoding=TOLERANT)


def test_a_signature_covers_the_octets_received() -> None:
    """A request signed over BER is verified; over its DER it would not be."""
    root = parse(_signed_request())
    tbs, signature = root.children[0], root.children[1].children[0]
    tbs.children.insert(0, V1)
    tbs.length = _indefinite
    wrong = ocsp.load_der_ocsp_request(root.encode(), encoding=TOLERANT)
    with pytest.raises(InvalidSignature):
        wrong.verify_signature()
    signed = key("Test CA").sign(tbs.encode(), ec.ECDSA(hashes.SHA256()))
    signature.children[1] = Node(3, b"\0" + signed)
    right = ocsp.load_der_ocsp_request(root.encode(), encoding=TOLERANT)
    assert right.verify_signature() == ca()
    assert right.tbs_request_bytes == tbs.encode()


def test_certificates_are_copied() -> None:
    """A certificate that is not DER is not repaired, and its message is refused."""
    certificate = ca().public_bytes(Encoding.DER)
    root = parse(_response())
    certs = Node(0x30, certificate)
    _basic(root).children[0].children.insert(0, V1)
    _basic(root).children[3:] = [Node(0xA0, children=[certs])]
    response = ocsp.load_der_ocsp_response(root.encode(), encoding=TOLERANT)
    assert response.certificates == [ca()]
    certs.content = b"\x30\x80" + certificate[4:] + b"\0\0"
    with pytest.raises(ocsp.DecodeError, match="indefinite length is not DER"):
        ocsp.load_der_ocsp_response(root.encode(), encoding=TOLERANT)


def test_the_limits_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Size, number of entries and depth, before and after the message is DER."""
    root = parse(_request(entries=3))
    root.length = _indefinite
    data = root.encode()

    def load() -> ocsp.OCSPRequest:
        return ocsp.load_der_ocsp_request(data, allow_multiple=True, encoding=TOLERANT)

    assert len(load().requests) == 3
    for name, value in (
        ("MAX_ENTRIES", 2),
        ("MAX_MESSAGE_BYTES", len(data) - 1),
        ("MAX_DEPTH", 4),
        ("MAX_TOLERATED_VALUES", 10),
    ):
        with monkeypatch.context() as lowered:
            lowered.setattr(limits, name, value)
            with pytest.raises(ocsp.errors.LimitExceeded) as refused:
                load()
        assert refused.value.limit == name


def test_an_ocsp_error_in_ber_is_read() -> None:
    """It has no responseBytes."""
    response = ocsp.load_der_ocsp_response(
        b"\x30\x80\x0a\x01\x06\x00\x00", encoding=TOLERANT
    )
    assert response.response_status is ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert len(response.tolerated) == 1


# --- a bare BasicOCSPResponse ----------------------------------------------------


def test_a_bare_basic_response_is_read() -> None:
    """As the response that contains it."""
    der = _response()
    basic = _basic(parse(der)).encode()
    response = ocsp.load_der_basic_ocsp_response(basic)
    assert response == ocsp.load_der_ocsp_response(der)
    assert _octets(response) == der


def test_a_bare_basic_response_may_deviate() -> None:
    """It is kept in the response as it was received."""
    root = parse(_response())
    tbs = _basic(root).children[0]
    tbs.children.insert(0, V1)
    basic = _basic(root).encode()
    with pytest.raises(ocsp.DecodeError):
        ocsp.load_der_basic_ocsp_response(basic)
    response = ocsp.load_der_basic_ocsp_response(basic, encoding=TOLERANT)
    assert _octets(response).endswith(basic)
    assert response.tbs_response_bytes == tbs.encode()


@pytest.mark.parametrize("data", [b"", b"0\0", _response(), b"\x30\x03\x02\x01\x05"])
def test_other_data_is_no_basic_response(data: bytes) -> None:
    """Offsets count from the start of the data."""
    with pytest.raises(ocsp.DecodeError) as refused:
        ocsp.load_der_basic_ocsp_response(data)
    assert refused.value.offset is not None
    assert 0 <= refused.value.offset <= len(data)


# --- where default values are omitted --------------------------------------------

FALSE = Node(1, b"\0")
CRITICAL_FALSE = "the default FALSE of critical is encoded"
PARAMETER = "a default value of RSASSA-PSS-params is encoded"


def _extension(*flag: Node) -> Node:
    name = Node(6, encode_oid("1.2.3.4")[2:])
    return Node(0x30, children=[name, *flag, Node(4, b"\5\0")])


def _list(number: int, *extensions: Node) -> Node:
    return Node(0xA0 | number, children=[Node(0x30, children=list(extensions))])


def _messages(message: ocsp.OCSPRequest | ocsp.OCSPResponse) -> set[str]:
    return {each.message for each in message.tolerated}


@pytest.mark.parametrize("number", [0, 2])
def test_false_is_omitted_in_requests(number: int) -> None:
    """In requestExtensions, and in those of an entry."""
    root = parse(_request())
    tbs = root.children[0]
    holder = tbs if number == 2 else tbs.children[0].children[0]
    holder.children.append(_list(number, _extension(FALSE)))
    request = ocsp.load_der_ocsp_request(root.encode(), encoding=TOLERANT)
    assert _messages(request) == {CRITICAL_FALSE}
    extensions = request.extensions if number == 2 else request.requests[0].extensions
    assert [(each.critical, each.oid.dotted_string) for each in extensions] == [
        (False, "1.2.3.4")
    ]


@pytest.mark.parametrize("next_update", [False, True])
@pytest.mark.parametrize("of_entry", [False, True])
def test_false_is_omitted_in_responses(of_entry: bool, next_update: bool) -> None:
    """In responseExtensions, and in those of an entry, with nextUpdate or without."""
    root = parse(_response())
    tbs = _basic(root).children[0]
    entry = tbs.children[2].children[0]
    del entry.children[3:]
    if next_update:
        entry.children.append(Node(0xA0, children=[Node(0x18, b"20300101000000Z")]))
    holder = entry if of_entry else tbs
    holder.children.append(_list(1, _extension(FALSE), _extension(FALSE)))
    response = ocsp.load_der_ocsp_response(root.encode(), encoding=TOLERANT)
    assert _messages(response) == {CRITICAL_FALSE}
    assert response.tolerated[0].occurrences == 2


def test_other_parts_with_false_are_copied() -> None:
    """What looks like an extension in an AlgorithmIdentifier is none."""
    parameters = Node(0x30, children=[Node(5), Node(1, b"\0"), Node(5)])
    algorithm = Node(0x30, children=[Node(6, b"\x2a\x03\x04"), parameters])
    for root in (parse(_request()), parse(_response())):
        first = root.children[0]
        if first.tag == 0x30:
            tbs, cert_id = first, first.children[0].children[0].children[0]
            load: Any = ocsp.load_der_ocsp_request
        else:
            tbs = _basic(root).children[0]
            cert_id = tbs.children[2].children[0].children[0]
            load = ocsp.load_der_ocsp_response
        cert_id.children[0] = algorithm
        tbs.children.insert(0, V1)
        message = load(root.encode(), encoding=TOLERANT)
        (entry,) = message.requests if tbs is first else message.responses
        assert algorithm.encode() in entry.cert_id.der
        assert len(message.tolerated) == 1


SHA1 = bytes.fromhex("300906052b0e03021a0500")
MGF1 = encode_oid("1.2.840.113549.1.1.8")
DEFAULTS = {
    0: Node(0xA0, SHA1),
    1: Node(0xA1, encode(0x30, MGF1, SHA1)),
    2: Node(0xA2, b"\x02\x01\x14"),
}


def _pss(fields: list[Node]) -> Node:
    name = Node(6, encode_oid("1.2.840.113549.1.1.10")[2:])
    return Node(0x30, children=[name, Node(0x30, children=fields)])


@pytest.mark.parametrize("chosen", [(0,), (1,), (2,), (0, 1), (0, 1, 2)])
def test_default_parameters_are_omitted(chosen: tuple[int, ...]) -> None:
    """In responses and in signed requests; the trailer, which is accepted, remains."""
    trailer = Node(0xA3, b"\x02\x01\x01")
    expected = _pss([trailer]).encode()
    for root in (parse(_response()), parse(_signed_request())):
        of_request = root.children[0].tag == 0x30
        signed = root.children[1].children[0] if of_request else _basic(root)
        index = 0 if of_request else 1
        fields = [*(_copied(DEFAULTS[each]) for each in chosen), trailer]
        signed.children[index] = _pss(fields)
        load: Any = (
            ocsp.load_der_ocsp_request if of_request else ocsp.load_der_ocsp_response
        )
        message = load(root.encode(), encoding=TOLERANT)
        assert message.signature_algorithm_identifier == expected
        (deviation,) = message.tolerated
        assert (deviation.message, deviation.occurrences) == (PARAMETER, len(chosen))


def _copied(node: Node) -> Node:
    """Return *node* with a copy of its content."""
    return Node(node.tag, node.content)


def test_parameters_of_other_algorithms_are_copied() -> None:
    """They may have the same octets."""
    root = parse(_response())
    name = Node(6, b"\x2a\x03\x04")
    parameters = Node(0x30, children=[_copied(DEFAULTS[2])])
    algorithm = Node(0x30, children=[name, parameters])
    _basic(root).children[1] = algorithm
    _basic(root).children[0].children.insert(0, V1)
    response = ocsp.load_der_ocsp_response(root.encode(), encoding=TOLERANT)
    assert response.signature_algorithm_identifier == algorithm.encode()
    assert len(response.tolerated) == 1


def _signed_request() -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(leaf(), ca(), hashes.SHA256())
    builder = builder.requestor_name(x509.RFC822Name("me@example.com"))
    return _octets(builder.sign_with(ocsp.KeySigner(key("Test CA"), ca())))


def test_certificates_of_a_signed_request_are_copied() -> None:
    """A long length outside of them is tolerated, inside of them it is not."""
    root = parse(_signed_request())
    signature = root.children[1].children[0]
    signature.length = _indefinite
    request = ocsp.load_der_ocsp_request(root.encode(), encoding=TOLERANT)
    assert request.certificates == [ca()]
    assert len(request.tolerated) == 1
    certs = signature.children[2].children[0]
    certs.children[0].length = _indefinite
    spoiled = ocsp.load_der_ocsp_request(root.encode(), encoding=TOLERANT)
    with pytest.raises(ocsp.DecodeError, match="indefinite length is not DER"):
        spoiled.certificates  # noqa: B018


def test_a_signature_that_is_no_encoding_is_left_alone() -> None:
    """A request with such a signature loads, as with DER."""
    root = parse(_signed_request())
    root.children[1].children[0] = Node(0x30, children=[Node(5)])
    request = ocsp.load_der_ocsp_request(root.encode(), encoding=TOLERANT)
    assert request.tolerated == ()
    with pytest.raises(ocsp.DecodeError):
        request.signature  # noqa: B018


@pytest.mark.parametrize(
    "octets",
    [
        "3080 0000",
        "3080 0500 0000",
        "3080 3080 0000 0000",
        "3080 0a0100 a080 0000 0000",
        "3080 0a0100 a080 3080 0000 0000 0000",
        "3080 0a0100 a080 3080 0601 2a 0402 3000 0000 0000 0000",
        "3080 0a0100 a080 3080 06092b0601050507300101 0500 0000 0000 0000",
        "3080 0a0100 a080 3080 06092b0601050507300101 0402 3000 0000 0000 0000",
        "3080 0a0100 a080 3080 06092b0601050507300101 0404 30023000 0000 0000 0000",
    ],
)
@pytest.mark.parametrize(
    "load", [ocsp.load_der_ocsp_request, ocsp.load_der_ocsp_response]
)
def test_other_structures_are_refused(load: Any, octets: str) -> None:
    """Without another exception than ``DecodeError``."""
    with pytest.raises(ocsp.DecodeError):
        load(bytes.fromhex(octets), encoding=TOLERANT)


def test_a_place_inside_of_segments_says_so() -> None:
    """Its offset counts from the start of the joined segments."""
    root = parse(_response())
    basic = _basic(root)
    basic.children[0].children.insert(0, V1)
    octets = root.children[1].children[0].children[1]
    octets.tag, octets.children = 0x24, [Node(4, basic.encode())]
    response = ocsp.load_der_ocsp_response(root.encode(), encoding=TOLERANT)
    assert response.tbs_response_bytes == basic.children[0].encode()
    segments, version = response.tolerated
    assert str(version).startswith("the default version v1 is encoded, at offset ")
    place = f" of the content of the OCTET STRING at offset {segments.offset} "
    assert place in str(version)
    octets.children = [Node(4, basic.encode() + b"\0")]
    with pytest.raises(ocsp.DecodeError) as refused:
        ocsp.load_der_ocsp_response(root.encode(), encoding=TOLERANT)
    assert refused.value.offset is None
