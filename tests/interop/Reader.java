import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Enumerated;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Null;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.ocsp.BasicOCSPResponse;
import org.bouncycastle.asn1.ocsp.CrlID;
import org.bouncycastle.asn1.ocsp.OCSPRequest;
import org.bouncycastle.asn1.ocsp.ResponderID;
import org.bouncycastle.asn1.ocsp.ResponseData;
import org.bouncycastle.asn1.ocsp.ServiceLocator;
import org.bouncycastle.asn1.ocsp.SingleResponse;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.Req;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.DefaultAlgorithmNameFinder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/**
 * Reads the messages in a directory with Bouncy Castle, and prints one line of JSON for
 * each: its file name and what it says. The names end with .request or .response; beside
 * NAME stands, if it is signed, NAME.signer, the certificate of the key that signed. Then
 * "verified" says whether it did, or is null where Bouncy Castle does not know how.
 */
public class Reader {
    public static void main(String[] arguments) throws Exception {
        List<Path> files = new ArrayList<>();
        try (var listed = Files.list(Path.of(arguments[0]))) {
            listed.sorted().forEach(files::add);
        }
        for (Path file : files) {
            String name = file.getFileName().toString();
            if (name.endsWith(".signer")) {
                continue;
            }
            Map<String, Object> facts;
            try {
                facts = name.endsWith(".request") ? request(file) : response(file);
            } catch (Exception error) {
                facts = new LinkedHashMap<>();
                facts.put("error", error.toString());
            }
            facts.put("file", name);
            System.out.println(json(facts));
        }
    }

    static Map<String, Object> request(Path file) throws Exception {
        byte[] der = Files.readAllBytes(file);
        OCSPReq request = new OCSPReq(der);
        Map<String, Object> facts = new LinkedHashMap<>();
        GeneralName requestor = request.getRequestorName();
        facts.put("requestor", requestor == null ? null : hex(requestor));
        List<Object> entries = new ArrayList<>();
        for (Req each : request.getRequestList()) {
            Map<String, Object> entry = certID(each.getCertID());
            entry.put("extensions", extensions(each.getSingleRequestExtensions()));
            entries.add(entry);
        }
        facts.put("entries", entries);
        OCSPRequest structure = OCSPRequest.getInstance(der);
        facts.put("extensions", extensions(structure.getTbsRequest().getRequestExtensions()));
        facts.put("signature", null);
        if (request.isSigned()) {
            AlgorithmIdentifier identifier = structure.getOptionalSignature().getSignatureAlgorithm();
            String oid = request.getSignatureAlgOID().getId();
            facts.put("signature", signature(identifier, oid, request.getSignature(), request.getCerts()));
            facts.put("verified", verified(file, identifier, request::isSignatureValid));
        }
        facts.put("written", hex(request.getEncoded()));
        return facts;
    }

    static Map<String, Object> response(Path file) throws Exception {
        OCSPResp response = new OCSPResp(Files.readAllBytes(file));
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("status", response.getStatus());
        if (response.getStatus() == OCSPResp.SUCCESSFUL) {
            successful(facts, (BasicOCSPResp) response.getResponseObject(), file);
        }
        facts.put("written", hex(response.getEncoded()));
        return facts;
    }

    static void successful(Map<String, Object> facts, BasicOCSPResp basic, Path file) throws Exception {
        ResponderID responder = basic.getResponderId().toASN1Primitive();
        ASN1Encodable name = responder.getName();
        facts.put("responder_name", name == null ? null : hex(name));
        facts.put("responder_key_hash", name == null ? hex(responder.getKeyHash()) : null);
        facts.put("produced_at", moment(basic.getProducedAt()));
        ResponseData data = BasicOCSPResponse.getInstance(basic.getEncoded()).getTbsResponseData();
        List<Object> entries = new ArrayList<>();
        for (ASN1Encodable each : data.getResponses()) {
            entries.add(entry(SingleResponse.getInstance(each)));
        }
        facts.put("entries", entries);
        facts.put("extensions", extensions(data.getResponseExtensions()));
        facts.put("signature", signature(basic.getSignatureAlgorithmID(), basic.getSignatureAlgOID().getId(), basic.getSignature(), basic.getCerts()));
        facts.put("verified", verified(file, basic.getSignatureAlgorithmID(), basic::isSignatureValid));
    }

    static Map<String, Object> entry(SingleResponse structure) throws Exception {
        SingleResp single = new SingleResp(structure);
        Map<String, Object> facts = certID(single.getCertID());
        CertificateStatus status = single.getCertStatus();
        String word = status == CertificateStatus.GOOD ? "good" : "unknown";
        facts.put("revoked_at", null);
        facts.put("reason", null);
        if (status instanceof RevokedStatus) {
            RevokedStatus revoked = (RevokedStatus) status;
            word = "revoked";
            facts.put("revoked_at", moment(revoked.getRevocationTime()));
            facts.put("reason", revoked.hasRevocationReason() ? revoked.getRevocationReason() : null);
        }
        facts.put("status", word);
        facts.put("this_update", moment(single.getThisUpdate()));
        facts.put("next_update", moment(single.getNextUpdate()));
        facts.put("extensions", extensions(structure.getSingleExtensions()));
        return facts;
    }

    static Map<String, Object> certID(CertificateID id) {
        Map<String, Object> facts = new LinkedHashMap<>();
        String hash = new DefaultAlgorithmNameFinder().getAlgorithmName(id.getHashAlgOID());
        facts.put("hash", hash.toLowerCase().replace("-", ""));
        facts.put("name_hash", hex(id.getIssuerNameHash()));
        facts.put("key_hash", hex(id.getIssuerKeyHash()));
        facts.put("serial", id.getSerialNumber());
        return facts;
    }

    static Map<String, Object> signature(ASN1Encodable identifier, String oid, byte[] value, X509CertificateHolder[] certificates) throws Exception {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("algorithm", hex(identifier));
        facts.put("oid", oid);
        facts.put("value", hex(value));
        List<Object> digests = new ArrayList<>();
        for (X509CertificateHolder each : certificates) {
            digests.add(hex(MessageDigest.getInstance("SHA-256").digest(each.getEncoded())));
        }
        facts.put("certificates", digests);
        return facts;
    }

    interface Check {
        boolean by(ContentVerifierProvider verifier) throws Exception;
    }

    static Boolean verified(Path file, AlgorithmIdentifier identifier, Check check) throws Exception {
        String name = file.getFileName().toString();
        Path signer = file.resolveSibling(name + ".signer");
        X509CertificateHolder certificate = new X509CertificateHolder(Files.readAllBytes(signer));
        ContentVerifierProvider verifier;
        try {
            verifier = new JcaContentVerifierProviderBuilder().setProvider(new BouncyCastleProvider()).build(certificate);
            verifier.get(identifier);
        } catch (OperatorCreationException error) {
            return null; // an algorithm that it does not know
        }
        return check.by(verifier);
    }

    static List<Object> extensions(Extensions extensions) throws Exception {
        List<Object> found = new ArrayList<>();
        if (extensions == null) {
            return found;
        }
        for (ASN1ObjectIdentifier oid : extensions.getExtensionOIDs()) {
            Extension extension = extensions.getExtension(oid);
            byte[] value = extension.getExtnValue().getOctets();
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("oid", oid.getId());
            facts.put("critical", extension.isCritical());
            facts.put("value", hex(value));
            meaning(facts, oid.getId(), value);
            found.add(facts);
        }
        return found;
    }

    static void meaning(Map<String, Object> facts, String oid, byte[] value) throws Exception {
        switch (oid) {
            case "1.3.6.1.5.5.7.48.1.2":
                facts.put("meaning", hex(ASN1OctetString.getInstance(value).getOctets()));
                break;
            case "1.3.6.1.5.5.7.48.1.3":
                facts.put("meaning", reference(CrlID.getInstance(value)));
                break;
            case "1.3.6.1.5.5.7.48.1.4":
                List<Object> types = new ArrayList<>();
                for (ASN1Encodable each : ASN1Sequence.getInstance(value)) {
                    types.add(ASN1ObjectIdentifier.getInstance(each).getId());
                }
                facts.put("meaning", types);
                break;
            case "1.3.6.1.5.5.7.48.1.6":
            case "2.5.29.24":
                facts.put("meaning", moment(ASN1GeneralizedTime.getInstance(value).getDate()));
                break;
            case "1.3.6.1.5.5.7.48.1.7":
                facts.put("meaning", locator(ServiceLocator.getInstance(value)));
                break;
            case "1.3.6.1.5.5.7.48.1.8":
                List<Object> choices = new ArrayList<>();
                for (ASN1Encodable each : ASN1Sequence.getInstance(value)) {
                    ASN1Sequence pair = ASN1Sequence.getInstance(each);
                    choices.add(Arrays.asList(hex(pair.getObjectAt(0)), pair.size() == 1 ? null : hex(pair.getObjectAt(1))));
                }
                facts.put("meaning", choices);
                break;
            case "1.3.6.1.5.5.7.48.1.9":
                ASN1Null.getInstance(ASN1Primitive.fromByteArray(value));
                facts.put("meaning", "NULL");
                break;
            case "2.5.29.21":
                facts.put("meaning", ASN1Enumerated.getInstance(value).getValue());
                break;
            case "2.5.29.29":
                List<Object> names = new ArrayList<>();
                for (GeneralName each : GeneralNames.getInstance(value).getNames()) {
                    names.add(hex(each));
                }
                facts.put("meaning", names);
                break;
            default:
        }
    }

    static Map<String, Object> reference(CrlID crl) throws Exception {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("url", crl.getCrlUrlIA5() == null ? null : crl.getCrlUrlIA5().getString());
        facts.put("number", crl.getCrlNum() == null ? null : crl.getCrlNum().getValue());
        facts.put("time", crl.getCrlTime() == null ? null : moment(crl.getCrlTime().getDate()));
        return facts;
    }

    static Map<String, Object> locator(ServiceLocator service) throws IOException {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("issuer", hex(service.getIssuer()));
        List<Object> places = null;
        if (service.getLocator() != null) {
            places = new ArrayList<>();
            for (AccessDescription each : service.getLocator().getAccessDescriptions()) {
                places.add(List.of(each.getAccessMethod().getId(), hex(each.getAccessLocation())));
            }
        }
        facts.put("locator", places);
        return facts;
    }

    static String moment(Date date) {
        if (date == null) {
            return null;
        }
        SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd'T'HH:mm:ss'Z'");
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        return format.format(date);
    }

    static String hex(ASN1Encodable value) throws IOException {
        return hex(value.toASN1Primitive().getEncoded("DER"));
    }

    static String hex(byte[] octets) {
        StringBuilder text = new StringBuilder();
        for (byte each : octets) {
            text.append(String.format("%02x", each));
        }
        return text.toString();
    }

    /** All texts here are ASCII without quotes, but for those of errors. */
    static String json(Object value) {
        if (value instanceof Map) {
            List<String> parts = new ArrayList<>();
            ((Map<?, ?>) value).forEach((name, each) -> parts.add(json(name) + ":" + json(each)));
            return "{" + String.join(",", parts) + "}";
        }
        if (value instanceof List) {
            List<String> parts = new ArrayList<>();
            ((List<?>) value).forEach(each -> parts.add(json(each)));
            return "[" + String.join(",", parts) + "]";
        }
        if (value == null || value instanceof Boolean || value instanceof Integer || value instanceof BigInteger) {
            return String.valueOf(value);
        }
        return "\"" + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", " ") + "\"";
    }
}
