import java.io.FileInputStream;
import java.net.URI;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Validates certificates by PKIX, with OCSP only: no CRL, and no soft failure. Arguments:
 * the certificate of the CA, then certificates. Prints a line for each: good, or the reason.
 */
public class Pkix {
    public static void main(String[] arguments) throws Exception {
        X509Certificate ca = read(arguments[0]);
        for (int at = 1; at < arguments.length; at++) {
            System.out.println(validate(ca, read(arguments[at])));
        }
    }

    private static X509Certificate read(String file) throws Exception {
        try (FileInputStream stream = new FileInputStream(file)) {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(stream);
        }
    }

    private static String validate(X509Certificate ca, X509Certificate leaf) throws Exception {
        CertPath path = CertificateFactory.getInstance("X.509").generateCertPath(List.of(leaf));
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK));
        PKIXParameters parameters = new PKIXParameters(Set.of(new TrustAnchor(ca, null)));
        parameters.addCertPathChecker(checker);
        try {
            validator.validate(path, parameters);
            return "good";
        } catch (CertPathValidatorException error) {
            return error.getReason().toString();
        }
    }
}
