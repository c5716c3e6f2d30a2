package io.holdfast.consensus.security;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;

import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;

/**
 * Immutable, any thread: whether what the nodes of a cluster say to each other is closed to strangers, and by which key.
 *
 * <p>Closed means TLS 1.3 in which both ends prove that they hold a key the other accepts ({@link ClusterKey}).
 */
public final class ClusterTraffic {
    /** Anybody may listen, change and take part. Only ever chosen by name. */
    public static final ClusterTraffic OPEN = new ClusterTraffic(null, null);

    private static final String[] PROTOCOLS = {"TLSv1.3"};

    private final ClusterKey key;
    private final SSLContext context;

    private ClusterTraffic(ClusterKey key, SSLContext context) {
        this.key = key;
        this.context = context;
    }

    public static ClusterTraffic closedBy(ClusterKey key) {
        try {
            char[] inMemory = new char[0];
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, inMemory);
            store.setKeyEntry("cluster", key.privateKey(), inMemory, new Certificate[] {key.certificates().get(0)});
            KeyManagerFactory own = KeyManagerFactory.getInstance("SunX509");
            own.init(store, inMemory);
            SSLContext context = SSLContext.getInstance(PROTOCOLS[0]);
            context.init(own.getKeyManagers(), new TrustManager[] {new PinnedKeys(key.certificates())}, null);
            return new ClusterTraffic(key, context);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("this Java cannot use the cluster's key: " + e, e);
        }
    }

    public boolean isClosed() {
        return context != null;
    }

    /** For people: by which key, or that it is open. */
    @Override
    public String toString() {
        return isClosed() ? "closed by key " + key.fingerprint() : "OPEN: neither authenticated nor encrypted";
    }

    /** One end of a connection; sessions are not resumed, so the key is proved each time. */
    public SSLEngine engine(boolean dialing) {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(dialing);
        engine.setSSLParameters(parameters());
        return engine;
    }

    /** For sockets of either side. */
    public SSLContext context() {
        return context;
    }

    public static SSLParameters parameters() {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(PROTOCOLS);
        parameters.setNeedClientAuth(true);
        return parameters;
    }
}
