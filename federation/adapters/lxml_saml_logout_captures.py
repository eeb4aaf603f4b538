"""Reading a logout message without trust, to explain why it was refused."""

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from lxml import etree

from federation.adapters import (
    lxml_saml_captures as captures,
    lxml_saml_documents as documents,
    python3saml_logouts as logouts,
)
from federation.adapters.lxml_saml_shapes import ds, saml, samlp
from federation.domain.captures import CapturedLogout
from federation.domain.saml import ResponseRefused


class LXMLLogoutReader:
    """The port's implementation. Each way is as bounded as the verifier's."""

    def redirected(self, *, query: str) -> CapturedLogout | None:
        try:
            raw = logouts.raw_parameters(query)
            parameter = logouts.the_message(raw)
            root = _parsed(logouts.inflated(unquote(raw[parameter])))
        except ResponseRefused:
            return None
        algorithm = unquote(raw.get("SigAlg", "")).rpartition("#")[2]
        is_signed = bool(raw.get("Signature"))
        return _captured(root, signed=f"in the query, by {algorithm}" if is_signed else "")

    def posted(self, *, parameters: Mapping[str, Sequence[str]]) -> CapturedLogout | None:
        form = {name: values for name, values in parameters.items() if values}
        try:
            parameter = logouts.the_message(form)
            root = _parsed(documents.decoded(text=form[parameter][0]))
        except ResponseRefused:
            return None
        is_signed = root.find(ds("Signature")) is not None
        return _captured(root, signed="in the document" if is_signed else "")


def _parsed(raw: bytes) -> etree._Element:
    root = documents.parsed(raw=raw)
    documents.check_extent(root)
    return root


def _captured(root: etree._Element, *, signed: str) -> CapturedLogout:
    issuer, name_id = root.find(saml("Issuer")), root.find(saml("NameID"))
    return CapturedLogout(
        message=etree.QName(root).localname,
        issuer="" if issuer is None else (issuer.text or "").strip(),
        destination=root.get("Destination", ""),
        issued_at=root.get("IssueInstant", ""),
        signed=signed,
        signed_with=captures.signers(root),
        name_id_format="" if name_id is None else name_id.get("Format", ""),
        sessions=len(root.findall(samlp("SessionIndex"))),
    )
