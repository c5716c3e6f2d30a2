package io.holdfast.node.admin;

import io.holdfast.consensus.security.ClusterTraffic;

import javax.net.ssl.HttpsURLConnection;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.URL;

/** Has no state: how to reach a node's admin endpoint. */
public final class AdminConnection {
    private AdminConnection() {
    }

    /** Not connected yet; closed after the answer, so that it belongs to the caller's network namespace alone. */
    public static HttpURLConnection to(InetSocketAddress admin, ClusterTraffic traffic, String path) throws IOException {
        URL url = new URL(traffic.isClosed() ? "https" : "http", admin.getHostString(), admin.getPort(), path);
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        if (connection instanceof HttpsURLConnection https) {
            https.setSSLSocketFactory(traffic.context().getSocketFactory());
            https.setHostnameVerifier((name, session) -> true); // the key says who it is, not a name
        }
        // A kept connection to a machine that died meanwhile would only be found out by its timeout, and the pool of
        // kept ones is one for the whole process and knows no namespaces.
        connection.setRequestProperty("Connection", "close");
        return connection;
    }
}
