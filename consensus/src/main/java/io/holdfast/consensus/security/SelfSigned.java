package io.holdfast.consensus.security;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

import javax.security.auth.x500.X500Principal;

/**
 * Has no state: the envelope in which TLS carries a public key, an X.509 certificate signed with its own private key
 * (RFC 5280, 4.1). The JDK makes none, so its few DER bytes are put together here; the JDK then reads and verifies them.
 */
final class SelfSigned {
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int UTC_TIME = 0x17;
    private static final int GENERALIZED_TIME = 0x18;
    private static final int SEQUENCE = 0x30;
    private static final int EXPLICIT_0 = 0xa0;
    /** SEQUENCE { OBJECT IDENTIFIER ecdsa-with-SHA256 } (RFC 5758, 3.2). */
    private static final byte[] ECDSA_WITH_SHA256 = {0x30, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d,
        0x04, 0x03, 0x02};
    /** "Has no well-defined expiration date" (RFC 5280, 4.1.2.5). */
    private static final String NEVER = "99991231235959Z";

    private SelfSigned() {
    }

    /** For a key on an elliptic curve. */
    static X509Certificate of(KeyPair keys, String name, ZonedDateTime from) throws GeneralSecurityException {
        byte[] named = new X500Principal("CN=" + name).getEncoded();
        String start = from.withZoneSameInstant(ZoneOffset.UTC).format(DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'"));
        byte[] signed = der(SEQUENCE,
                der(EXPLICIT_0, der(INTEGER, new byte[] {2})),
                der(INTEGER, new BigInteger(120, new SecureRandom()).setBit(120).toByteArray()),
                ECDSA_WITH_SHA256,
                named,
                der(SEQUENCE, der(UTC_TIME, ascii(start)), der(GENERALIZED_TIME, ascii(NEVER))),
                named,
                keys.getPublic().getEncoded());
        Signature signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(keys.getPrivate());
        signature.update(signed);
        byte[] whole = der(SEQUENCE, signed, ECDSA_WITH_SHA256, der(BIT_STRING, new byte[] {0}, signature.sign()));
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(whole));
        certificate.verify(keys.getPublic());
        return certificate;
    }

    private static byte[] der(int tag, byte[]... contents) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : contents) {
            content.writeBytes(part);
        }
        int length = content.size();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (length >= 0x100) {
            out.write(0x82);
            out.write(length >> 8);
        } else if (length >= 0x80) {
            out.write(0x81);
        }
        out.write(length);
        out.writeBytes(content.toByteArray());
        return out.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
