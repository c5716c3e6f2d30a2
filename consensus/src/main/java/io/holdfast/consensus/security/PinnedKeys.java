package io.holdfast.consensus.security;

import java.net.Socket;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Immutable, any thread: trusts these public keys and no others, whatever else the certificate around one says. That the
 * peer holds the private key is proved by TLS itself (RFC 8446, 4.4.3).
 */
final class PinnedKeys extends X509ExtendedTrustManager {
    private final Set<PublicKey> pinned = new HashSet<>();

    PinnedKeys(List<X509Certificate> certificates) {
        certificates.forEach(c -> pinned.add(c.getPublicKey()));
    }

    private void check(X509Certificate[] chain) throws CertificateException {
        if (chain == null || chain.length == 0) {
            throw new CertificateException("it shows no key");
        }
        if (!pinned.contains(chain[0].getPublicKey())) {
            throw new CertificateException("it holds another key: " + ClusterKey.fingerprint(chain[0].getPublicKey()));
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        check(chain);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
