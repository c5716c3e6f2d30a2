package io.holdfast.test;

import io.holdfast.cli.testbed.Layout;
import io.holdfast.cli.testbed.NetworkThreads;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * One connection to the protected Redis, in the clear or under TLS, that keeps every byte the server sent as it came off the
 * wire. Owned by the test's thread; talks on a thread in the client's namespace.
 */
final class RecordedClient implements AutoCloseable {
    private static final int BOUND_SECONDS = 30;

    private final ExecutorService thread;
    private final String key;
    private final Recording socket = new Recording();
    private Socket session = socket;

    /** A socket that keeps what is read from it; below TLS, so what it keeps is encrypted then. */
    private static final class Recording extends Socket {
        private final ByteArrayOutputStream received = new ByteArrayOutputStream();

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    int next = super.read();
                    if (next >= 0) {
                        received.write(next);
                    }
                    return next;
                }

                @Override
                public int read(byte[] into, int offset, int length) throws IOException {
                    int count = super.read(into, offset, length);
                    if (count > 0) {
                        received.write(into, offset, count);
                    }
                    return count;
                }
            };
        }
    }

    RecordedClient(NetworkThreads threads, String key, int port, boolean tls) {
        this.thread = Executors.newSingleThreadExecutor(threads);
        this.key = key;
        inNamespace(() -> {
            socket.connect(new InetSocketAddress(Layout.VIP, port), BOUND_SECONDS * 1000);
            socket.setTcpNoDelay(true);
            if (tls) {
                session = trusting().getSocketFactory().createSocket(socket, Layout.VIP, port, true);
            }
            session.setSoTimeout(BOUND_SECONDS * 1000);
            return null;
        });
    }

    /** Counts so often; returns the last answer. */
    long count(int times) {
        long last = 0;
        for (int i = 0; i < times; i++) {
            last = Long.parseLong(ask("INCR " + key).substring(1));
        }
        return last;
    }

    /** Asks something that is answered in one line; returns that line. */
    String ask(String command) {
        return inNamespace(() -> {
            session.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
            session.getOutputStream().flush();
            return line();
        });
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = session.getInputStream().read(); next != '\n'; next = session.getInputStream().read()) {
            if (next < 0) {
                throw new IOException("the server ended the connection after '" + line + "'");
            }
            line.append((char) next);
        }
        return line.toString().strip();
    }

    /** The client's side as a connection's name begins. */
    String name() {
        return socket.getLocalAddress().getHostAddress() + ":" + socket.getLocalPort() + "->";
    }

    /** How many bytes the server has sent. */
    long receivedBytes() {
        return inNamespace(socket.received::size);
    }

    /** What the server has sent on the wire, from {@code offset}. */
    byte[] received(long offset, long length) {
        byte[] all = socket.received.toByteArray();
        return Arrays.copyOfRange(all, Math.toIntExact(offset), Math.toIntExact(offset + length));
    }

    private <T> T inNamespace(java.util.concurrent.Callable<T> work) {
        try {
            return thread.submit(work).get(2 * BOUND_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("client of key " + key, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /** What the test is about is not who the server is. */
    private static SSLContext trusting() throws GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new X509TrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String how) {
                // Everybody is.
            }

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String how) {
                // Everybody is.
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
                return new X509Certificate[0];
            }
        }}, null);
        return context;
    }

    @Override
    public void close() {
        inNamespace(() -> {
            session.close();
            return null;
        });
        thread.shutdown();
    }
}
