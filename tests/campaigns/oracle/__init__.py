"""
A second judgement of responses and CRLs, to compare that of the package with.

It is written from RFC 6960, RFC 5280 and RFC 9919, and shares no code with
``ocsp.verification``. asn1crypto reads the messages, ``cryptography`` checks the
signatures. The oracle does not find reasons; it says which results are right:

* a status that is not in ``Verdict.may`` must not be accepted;
* if ``Verdict.must`` is set, the message must be accepted.

Between the two it leaves room: for what a policy decides, for messages in an unusual
form, and for moments within a second of a limit.
"""
